"""Keeps processes alive: restarts what dies, passes the end on, and never leaves one behind."""

import logging
import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from types import FrameType
from typing import Protocol

LOG = logging.getLogger(__name__)

LOOK_S = 0.2
# Who lives shorter than this died at once, and is started again after a pause that doubles.
SHORT_LIFE_S = 10.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
STOP_S = 10.0  # for everybody, after which they are killed
FORCED = 1  # the exit status when somebody had to be killed


class Running(Protocol):
    """A process, as the supervisor needs it."""

    @property
    def pid(self) -> int | None:
        """Its number."""

    def status(self) -> int | None:
        """How it ended; None while it runs."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""


class Program:
    """A program that was started by its command line."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(command, env=environment)
        self.pid: int | None = self._process.pid

    def status(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll()

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it, and wait until it is gone."""
        self._process.kill()
        self._process.wait()


class Fork:
    """A copy of this process that runs a function.

    It inherits the listening socket and, on SQLite, the lock on the file, which is free only when
    all of them are gone. To be made while this process has a single thread, and before it imports
    what starts some. The copy ends at once when its parent is gone (`ends_with_parent`).
    """

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        self._process = multiprocessing.get_context("fork").Process(target=work, name=name)
        self._process.start()
        self.pid: int | None = self._process.pid

    def status(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.exitcode

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it, and wait until it is gone."""
        self._process.kill()
        self._process.join()


@dataclass(slots=True)
class Member:
    """A process that shall always run, and how often in a row it died at once."""

    name: str
    start: Callable[[], Running]
    running: Running | None = None
    started_s: float = 0.0
    begin_s: float = 0.0  # not before this moment
    short_lives: int = 0

    def look(self, now_s: float) -> None:
        """Start the process if it does not run and its pause is over."""
        if self.running is not None and (status := self.running.status()) is not None:
            self._died(status, now_s)
        if self.running is None and now_s >= self.begin_s:
            self.running = self.start()
            self.started_s = now_s

    def _died(self, status: int, now_s: float) -> None:
        lived_s = now_s - self.started_s
        self.short_lives = self.short_lives + 1 if lived_s < SHORT_LIFE_S else 0
        pause_s = 0.0
        if self.short_lives:
            pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self.short_lives - 1, 10))
        LOG.warning(
            "%s (process %s) ended with status %d after %.0f s; it is started again in %g s.",
            *(self.name, self.running and self.running.pid, status, lived_s, pause_s),
        )
        self.running, self.begin_s = None, now_s + pause_s


@dataclass(slots=True)
class Supervisor:
    """Runs its members until SIGTERM or Ctrl-C; a second signal ends all at once."""

    members: Sequence[Member]
    ending: Callable[[], None]  # called at the first signal, before it is passed on
    _signals: int = field(default=0, init=False)

    def run(self) -> int:
        """Run.

        Returns:
            The exit status: 0 after a clean end, 1 if somebody had to be killed.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._noted)
        try:
            while not self._signals:
                for member in self.members:
                    member.look(time.monotonic())
                self._pause()
            self.ending()
            return self._stop()
        finally:
            for running in self._left():
                running.kill()

    def _noted(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _pause(self) -> None:
        # A signal does not end a sleep, so sleeps are short.
        time.sleep(LOOK_S)

    def _left(self) -> list[Running]:
        present = [member.running for member in self.members if member.running is not None]
        return [running for running in present if running.status() is None]

    def _stop(self) -> int:
        deadline_s = time.monotonic() + STOP_S
        for running in self._left():
            running.terminate()
        while left := self._left():
            if self._signals > 1 or time.monotonic() > deadline_s:
                LOG.warning("%d processes did not end and are killed.", len(left))
                return FORCED
            self._pause()
        return 0


def ends_with_parent(lifeline: int) -> None:
    """End this process at once when the other end of a pipe closes; for a thread of its own.

    Nothing is put in order: what may not be lost is in the database, and whoever starts the server
    again wants its address now.
    """
    wait([lifeline])
    os._exit(FORCED)
