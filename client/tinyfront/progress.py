"""Show how a study gets on: a live bar on a terminal or in a notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tinyfront.records import StudyState

SECONDS_BETWEEN_LINES = 5.0
# A study that does not move for so long most likely has nobody who works on it.
SECONDS_BEFORE_HINT = 30.0
AWAY = "the server does not answer, trying again"


class Bar(Protocol):
    """Shows where a study stands."""

    def update(self, state: StudyState) -> None:
        """The server's newest word about the study."""

    def away(self, reason: str) -> None:
        """The server does not answer; the waiting goes on."""

    def close(self) -> None:
        """The waiting is over."""


class Display(Bar, Protocol):
    """What `Study.wait` tells about its waiting."""

    def left(self, state: StudyState) -> None:
        """The user has interrupted the waiting; the study goes on."""


class Silent:
    """Tells nothing."""

    def update(self, state: StudyState) -> None:
        """Keep silent."""

    def away(self, reason: str) -> None:
        """Keep silent."""

    def close(self) -> None:
        """Keep silent."""

    def left(self, state: StudyState) -> None:
        """Keep silent."""


class LiveBar:
    """One line that redraws itself."""

    def __init__(self, console: Console) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[says]}", markup=False),
            console=console,
        )
        self._task = self._progress.add_task("", says="", total=None)
        self._progress.start()

    def update(self, state: StudyState) -> None:
        """Redraw with the server's newest word."""
        self._progress.update(
            self._task,
            description=state.name,
            completed=state.finished,
            total=state.trials,
            says=standing(state),
        )

    def away(self, reason: str) -> None:
        """Say in the line that the server is away."""
        self._progress.update(self._task, says=AWAY)

    def close(self) -> None:
        """Leave the last line standing."""
        self._progress.stop()


class Lines:
    """A line whenever something changed, but not too often: for logs and pipes."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._last = ""
        self._printed_at = float("-inf")
        self._latest = ""

    def update(self, state: StudyState) -> None:
        """Print the standing if it changed and the last line is old enough."""
        self._latest = f"{state.name}: {state.finished} of {state.trials} trials, {standing(state)}"
        if self._clock() - self._printed_at >= SECONDS_BETWEEN_LINES:
            self._print()

    def away(self, reason: str) -> None:
        """Print once that the server is away."""
        self._latest = f"The server does not answer, trying again. {reason}"
        if self._clock() - self._printed_at >= SECONDS_BETWEEN_LINES:
            self._print()

    def close(self) -> None:
        """Print what was not printed yet."""
        self._print()

    def _print(self) -> None:
        if self._latest and self._latest != self._last:
            self._console.print(self._latest, markup=False, highlight=False, soft_wrap=True)
            self._last, self._printed_at = self._latest, self._clock()


class Hinting:
    """Adds to a bar what to do when nobody works on the study, or when the user leaves it."""

    def __init__(
        self, bar: Bar, console: Console, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bar = bar
        self._console = console
        self._clock = clock
        self._still_since: float | None = None
        self._finished = -1

    def update(self, state: StudyState) -> None:
        """Pass on; hint once when an active study has stood still for long with nothing running."""
        self._bar.update(state)
        moving = state.finished != self._finished or state.counts.get("running", 0) > 0
        if moving or state.status != "active":
            self._finished, self._still_since = state.finished, self._clock()
        elif self._still_since is not None:
            if self._clock() - self._still_since >= SECONDS_BEFORE_HINT:
                self._say(hint(state))
                self._still_since = None

    def away(self, reason: str) -> None:
        """Pass on."""
        self._bar.away(reason)

    def close(self) -> None:
        """Pass on."""
        self._bar.close()

    def left(self, state: StudyState) -> None:
        """Say that the study goes on."""
        self._bar.close()
        if state.status != "ended":
            self._say(f"Study {state.name} goes on.")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def display(shown: bool, console: Console | None = None) -> Display:
    """The display that suits where the output goes."""
    if not shown:
        return Silent()
    if console is None:
        # Not left to Rich, which takes FORCE_COLOR in a pipe for a terminal.
        console = Console(stderr=True, emoji=False, force_terminal=sys.stderr.isatty())
    return Hinting(_bar(console), console)


def _bar(console: Console) -> Bar:
    if console.is_jupyter:
        from tinyfront.notebooks import NotebookBar

        return NotebookBar()
    return LiveBar(console) if console.is_terminal else Lines(console)


def standing(state: StudyState) -> str:
    """Where a study stands, in a few words."""
    parts = [f"front {state.front_size}"]
    if state.hypervolume is not None:
        parts.append(f"hypervolume {state.hypervolume:.4g}")
    parts += [f"best {name} {value:.4g}" for name, value in state.best.items() if value is not None]
    if state.status != "active":
        reason = state.ended_because or state.ended_reason
        parts.append(f"ended: {reason}" if reason else state.status)
    return ", ".join(parts)


def hint(state: StudyState) -> str:
    """What to do about a study on which nobody works."""
    if state.is_black_box:
        how = "run a program that asks it: `for trial in study.ask(): ...`"
    else:
        how = "start one with `tinyfront-server worker --server URL`"
    return f"Nobody has worked on {state.name} for {SECONDS_BEFORE_HINT:.0f} s: {how}."
