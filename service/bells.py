"""Notes between the processes of one server: those that answer requests, and the one that keeps.

All go through pipes that the supervisor makes before anybody is started, so they outlive each of
their users. Nobody ever waits to write: a note that finds its pipe full is left out, since the
reader has enough to wake for, and how many claims wait is told again and again while any does.
"""

import asyncio
import json
import os
import select
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from service.keeper import Keeper

TRIALS_CHANGED, WAKE = "trials changed", "wake"
# How many studies one note tells of: a line of this length goes into a pipe whole or not at all.
STUDIES_AT_ONCE = 12
# Claims that wait are told again so often, and no longer believed after so long: their process may
# have died.
AGAIN_S, BELIEVED_S = 0.2, 5.0
# Notes that come within this time after others are met together.
TOGETHER_S = 0.01
LOOK_S = 0.5
CHUNK = 1 << 16


class Bells:
    """The pipes of a server of several processes."""

    def __init__(self, processes: int) -> None:
        """Make the pipes; to be called before the processes are started."""
        self._notes = os.pipe()
        self._queued = [os.pipe() for _ in range(processes)]
        for pipe in (self._notes, *self._queued):
            for end in pipe:
                os.set_blocking(end, False)

    def keeper_of(self, process: int, look_soon: Callable[[], None]) -> "FarKeeper":
        """Return the keeper as one of the processes sees it.

        Args:
            process: its number, from 0.
            look_soon: called when the database has something for its claims and event streams.
        """
        return FarKeeper(process, self._notes[1], self._queued[process][0], look_soon)

    def ring(self) -> None:
        """Tell all processes that the database has something for claims and event streams."""
        for _, end in self._queued:
            _write(end, b"!")

    def desk(self, keeper: Keeper) -> "Desk":
        """Return where the keeper reads the notes."""
        return Desk(self._notes[0], keeper)


class FarKeeper:
    """A `Keeper` that is another process of this server."""

    def __init__(
        self, process: int, notes: int, queued: int, look_soon: Callable[[], None]
    ) -> None:
        self._process, self._notes, self._queued = process, notes, queued
        self._look_soon = look_soon
        self._told: Mapping[int, int] = {}
        self._again_s = 0.0

    def start(self) -> None:
        """Begin to listen, in the running event loop."""
        asyncio.get_running_loop().add_reader(self._queued, self._rung)

    def stop(self) -> None:
        """Do nothing: the loop ends, and with it the listening."""

    def waiting(self, counts: Mapping[int, int]) -> None:
        """Tell for how many trials claims wait, if that changed or was told some time ago."""
        now_s = time.monotonic()
        if counts == self._told and (not counts or now_s < self._again_s):
            return
        news = dict.fromkeys(self._told, 0) | dict(counts)
        studies = list(news)
        parts = [studies[at : at + STUDIES_AT_ONCE] for at in range(0, len(news), STUDIES_AT_ONCE)]
        # Not a generator: each shall be sent, whatever became of the one before.
        sent = [self._send([self._process, {each: news[each] for each in part}]) for part in parts]
        if all(sent):  # else it would not be told again of whom nobody waits for any more
            self._told, self._again_s = dict(counts), now_s + AGAIN_S

    def wake(self) -> None:
        """Tell that a queue or a history changed."""
        self._send(WAKE)

    def trials_changed(self) -> None:
        """Tell that trials were queued, closed or finished."""
        self._send(TRIALS_CHANGED)

    def _send(self, note: Any) -> bool:
        return _write(self._notes, json.dumps(note).encode() + b"\n")

    def _rung(self) -> None:
        _read(self._queued)
        self._look_soon()


class Desk:
    """Where the keeper reads what the other processes tell it."""

    def __init__(self, notes: int, keeper: Keeper) -> None:
        self._notes, self._keeper = notes, keeper
        self._left = b""
        # By process and study: for how many trials claims wait, and until when that is believed.
        self._waiting: dict[tuple[int, int], tuple[int, float]] = {}

    def look(self, wait_s: float = LOOK_S) -> None:
        """Act on the notes that are there, or that come within this time."""
        if select.select([self._notes], [], [], wait_s)[0]:
            time.sleep(TOGETHER_S)
        *lines, self._left = (self._left + _read(self._notes)).split(b"\n")
        notes = []
        for line in lines:
            with suppress(ValueError):  # a keeper that was killed had read the first half of it
                notes.append(json.loads(line))
        for note in notes:
            if isinstance(note, list):
                self._hear(*note)
        self._forget()
        self._keeper.waiting(self._sums())
        if TRIALS_CHANGED in notes:
            self._keeper.trials_changed()
        elif WAKE in notes:
            self._keeper.wake()

    def _hear(self, process: int, waiting: Mapping[str, int]) -> None:
        until_s = time.monotonic() + BELIEVED_S
        for study_id, count in waiting.items():
            self._waiting[process, int(study_id)] = count, until_s

    def _forget(self) -> None:
        now_s = time.monotonic()
        self._waiting = {
            key: (count, until_s)
            for key, (count, until_s) in self._waiting.items()
            if count and now_s < until_s
        }

    def _sums(self) -> Mapping[int, int]:
        sums: Counter[int] = Counter()
        for (_, study_id), (count, _) in self._waiting.items():
            sums[study_id] += count
        return sums


def _write(end: int, data: bytes) -> bool:
    """Write at once and whole; returns whether there was room."""
    try:
        return os.write(end, data) == len(data)
    except BlockingIOError:
        return False


def _read(end: int) -> bytes:
    with suppress(BlockingIOError):
        return os.read(end, CHUNK)
    return b""
