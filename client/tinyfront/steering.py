"""What a user may do to a study: pause it, end it, give it more."""

from __future__ import annotations

from typing import Self

from tinyfront.calls import studies as calls
from tinyfront.errors import InvalidArgument
from tinyfront.handle import StudyHandle


class Steering(StudyHandle):
    """The part of a study that changes its course."""

    def pause(self) -> Self:
        """Hand out no more trials; those that run go on."""
        return self._take(calls.change(self.id, {"status": "paused"}))

    def resume(self) -> Self:
        """Go on after a pause."""
        return self._take(calls.change(self.id, {"status": "active"}))

    def close(self) -> Self:
        """End the study now."""
        return self._take(calls.change(self.id, {"status": "ended"}))

    def extend(
        self, trials: int = 0, *, epochs: int = 0, hours: float = 0.0, plateau: int = 0
    ) -> Self:
        """Give the study so much more of its budgets; one that it does not have begins at 0."""
        state = self.refresh().state
        more = {"trials": trials, "epochs": epochs, "hours": hours, "plateau": plateau}
        wanted = {
            name: (getattr(state, name) or 0) + amount for name, amount in more.items() if amount
        }
        if not wanted:
            raise InvalidArgument("trials", "need more of at least one budget.")
        return self._take(calls.change(self.id, wanted))

    def delete(self) -> None:
        """Delete the study with all its trials."""
        self._ask(calls.delete(self.id))
