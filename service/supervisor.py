"""Keeps processes alive: restarts what dies, passes the end on, and never leaves one behind."""

import ctypes
import logging
import multiprocessing
import os
import signal
import subprocess
import sys
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
FIRST_STOP_S = 6.0  # for who ends first
STOP_S = 10.0  # for everybody after them; who has not ended by then is killed
FORCED = 1  # the exit status when somebody had to be killed
# A signal that comes again within this time is the same one, sent to the group and to us.
REPEAT_S = 1.0
# By this the supervisor ends a copy of itself. SIGTERM and Ctrl-C come to all processes of a group
# (systemd, a terminal), and who ends when is the supervisor's to say.
END = signal.SIGUSR1
# By these people, systemd and a terminal that is closed end a server.
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PR_SET_PDEATHSIG = 1  # from Linux' prctl.h


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
    """A program that was started by its command line. On Linux it is killed with its parent.

    To be made by the main thread: the kernel ends the program with the thread that made it.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(command, env=environment, preexec_fn=_killed_with_us())
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


def _killed_with_us() -> Callable[[], None] | None:
    """Return what has the kernel kill a new process with this one."""
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel knew
            os._exit(FORCED)

    return bind


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
        if self.pid is not None:
            os.kill(self.pid, END)

    def kill(self) -> None:
        """End it, and wait until it is gone."""
        self._process.kill()
        self._process.join()


@dataclass(slots=True)
class Member:
    """A process that shall always run, and how often in a row it died at once."""

    name: str
    start: Callable[[], Running]
    ends_first: bool = False  # the others serve it until it has ended
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
    """Runs its members until SIGTERM, Ctrl-C or SIGHUP; a later signal ends all at once."""

    members: Sequence[Member]
    ending: Callable[[], None]  # called when those who end first have ended
    # Called again and again, for what else is to be seen.
    looking: Callable[[], None] = lambda: None
    _told_s: float | None = field(default=None, init=False)
    _hurried: bool = field(default=False, init=False)

    def run(self) -> int:
        """Run.

        Returns:
            The exit status: 0 after a clean end, 1 if somebody had to be killed.
        """
        for number in ENDING:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, self._noted)
        try:
            while self._told_s is None:
                for member in self.members:
                    member.look(time.monotonic())
                self.looking()
                self._pause()
            first = self._stop([each for each in self.members if each.ends_first], FIRST_STOP_S)
            self.ending()
            return max(first, self._stop(self.members, STOP_S))
        finally:
            _kill(_left(self.members))

    def _noted(self, _number: int, _frame: FrameType | None) -> None:
        now_s = time.monotonic()
        if self._told_s is None:
            self._told_s = now_s
        elif now_s - self._told_s >= REPEAT_S:
            self._hurried = True

    def _pause(self) -> None:
        # A signal does not end a sleep, so sleeps are short.
        time.sleep(LOOK_S)

    def _stop(self, members: Sequence[Member], patience_s: float) -> int:
        deadline_s = time.monotonic() + patience_s
        for running in _left(members):
            running.terminate()
        while left := _left(members):
            if self._hurried or time.monotonic() > deadline_s:
                LOG.warning("%d processes did not end and are killed.", len(left))
                _kill(left)
                return FORCED
            self._pause()
        return 0


def _left(members: Sequence[Member]) -> list[Running]:
    present = [member.running for member in members if member.running is not None]
    return [running for running in present if running.status() is None]


def _kill(left: Sequence[Running]) -> None:
    for running in left:
        running.kill()


def ends_with_parent(lifeline: int) -> None:
    """End this process at once when the other end of a pipe closes; for a thread of its own.

    Nothing is put in order: what may not be lost is in the database, and whoever starts the server
    again wants its address now.
    """
    wait([lifeline])
    os._exit(FORCED)
