"""A live bar in a notebook: one output that is replaced in place, with IPython alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from html import escape
from typing import Any
from uuid import uuid4

from tinyfront.progress import AWAY, standing
from tinyfront.records import StudyState

# Shows a bundle of representations under an id; the third argument says whether it replaces one.
Show = Callable[[dict[str, str], str, bool], None]


class NotebookBar:
    """One line that is replaced. Widgets are not needed, so it is kept in the saved notebook."""

    def __init__(
        self, show: Show | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._show = _show if show is None else show
        self._clock = clock
        self._started_at = clock()
        self._id = uuid4().hex
        self._shown: dict[str, str] | None = None
        self._state: StudyState | None = None

    def update(self, state: StudyState) -> None:
        """Replace the line by the server's newest word."""
        self._state = state
        self._draw(standing(state))

    def away(self, reason: str) -> None:
        """Say in the line that the server is away."""
        self._draw(AWAY)

    def close(self) -> None:
        """Leave the last line standing."""

    def _draw(self, says: str) -> None:
        bundle = self._bundle(says)
        if bundle != self._shown:
            self._show(bundle, self._id, self._shown is not None)
            self._shown = bundle

    def _bundle(self, says: str) -> dict[str, str]:
        """The same line for browsers and for what shows text only."""
        state = self._state
        if state is None:
            return {"text/plain": says, "text/html": escape(says)}
        elapsed_s = int(self._clock() - self._started_at)
        elapsed = f"{elapsed_s // 3600}:{elapsed_s // 60 % 60:02}:{elapsed_s % 60:02}"
        words = f"{state.finished}/{state.trials} {elapsed} {says}"
        bar = (
            f'<progress value="{state.finished}" max="{max(state.trials, 1)}" '
            f'style="width: 16em; vertical-align: middle"></progress>'
        )
        return {
            "text/plain": f"{state.name} {words}",
            "text/html": f"<div><b>{escape(state.name)}</b> {bar} {escape(words)}</div>",
        }


def _show(bundle: dict[str, str], display_id: str, again: bool) -> None:
    from IPython import display  # there, or nobody would take this for a notebook

    show: Any = display.update_display if again else display.display
    show(bundle, raw=True, display_id=display_id)
