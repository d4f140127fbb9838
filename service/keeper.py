"""The keeper of a server: what happens without a request.

A server's only process keeps itself (`service.own_keeper`); where several answer, a process of its
own keeps for all (`service.bells`).
"""

from collections.abc import Mapping
from typing import Protocol


class Planner(Protocol):
    """What proposes; both calls only leave a note and return at once, from any thread."""

    def waiting(self, counts: Mapping[int, int]) -> None:
        """Note for how many trials claims wait now, by study; none wait for any other."""

    def wake(self) -> None:
        """Note that a queue or a history changed, in any study."""


class NoPlanner:
    """Proposes nothing; trials come from users alone."""

    def waiting(self, counts: Mapping[int, int]) -> None:
        """Do nothing."""

    def wake(self) -> None:
        """Do nothing."""


class Keeper(Planner, Protocol):
    """Who keeps for a process that answers requests."""

    def trials_changed(self) -> None:
        """Note that trials were queued, closed or finished. Any thread may call this."""

    def start(self) -> None:
        """Begin; called in the event loop of the process."""

    def stop(self) -> None:
        """End; may take some seconds."""
