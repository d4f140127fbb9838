"""Planner processes: started by spawn, fed by a pipe, killed at the deadline, replaced when dead.

A `ProcessPoolExecutor` would be shorter, but is broken for ever after one of its processes was
killed, and cannot end a task that takes too long.
"""

import json
import logging
import multiprocessing
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

from service.planner import child
from service.planner.messages import Answer, Request, receive, send

LOG = logging.getLogger(__name__)
# Importing torch, GPyTorch and BoTorch takes 5 to 10 s, more on a busy machine.
START_S = 60.0


class ThinkingFailed(Exception):
    """A planner process gave no answer; the reason is for the trial's record."""


class NoPlannerFree(Exception):
    """All planner processes were lent for longer than the caller could wait."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds of a study: the history up to `version`, as it was at `read_at`."""

    problem: Mapping[str, Any]
    version: int
    read_at: datetime


class Planner:
    """One process and what it holds of each study. Used by one thread at a time.

    `surroundings` are those of the process, once it is ready.
    """

    def __init__(self) -> None:
        self.held: dict[int, Held] = {}
        self.surroundings: Mapping[str, str] = {}
        self._process: BaseProcess | None = None
        self._pipe: Connection
        self._ready = self._retired = False

    @property
    def pid(self) -> int | None:
        """The process, for those who want to watch or kill it."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the process, without waiting for it."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=child.main, args=(theirs,), name="tinyfront-planner", daemon=True
        )
        self._process.start()
        theirs.close()  # else the pipe would not close when the process dies
        self._ready = False
        self.held = {}

    def stop(self) -> None:
        """Kill the process: it holds nothing that the database does not."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None

    def retire(self) -> None:
        """Kill the process for good: a thought under way fails and does not replace it."""
        self._retired = True
        self.stop()

    def think(self, request: Request, deadline_s: float) -> Answer:
        """Ask and wait.

        Raises:
            ThinkingFailed: the process died or took longer than `deadline_s`; it is replaced.
        """
        try:
            if not self.await_ready():
                raise ThinkingFailed(f"the planner process was not ready within {START_S:g} s")
            send(self._pipe, request)
            if not self._pipe.poll(deadline_s):
                raise ThinkingFailed(f"no answer within {deadline_s:g} s")
            return receive(self._pipe, Answer)
        except (EOFError, OSError) as error:
            self._replace()
            raise ThinkingFailed("the planner process died while it thought") from error
        except ThinkingFailed:
            self._replace()
            raise

    def revive(self) -> None:
        """Replace the process if it died while nobody used it; it then holds nothing."""
        if self._process is None or not self._process.is_alive():
            self._replace()

    def await_ready(self) -> bool:
        """Wait until the process has loaded its libraries; False if it cannot."""
        try:
            if not self._ready and self._pipe.poll(START_S):
                self.surroundings = json.loads(self._pipe.recv_bytes())
                self._ready = True
        except (EOFError, OSError):
            self._replace()
        return self._ready

    def _replace(self) -> None:
        if self._retired:
            return
        LOG.warning("Planner process %s is replaced.", self.pid)
        self.stop()
        self.start()


class Pool:
    """Some planner processes, each lent to one thread at a time."""

    def __init__(self, size: int) -> None:
        self._idle = [Planner() for _ in range(size)]
        self._all = list(self._idle)
        self._freed = threading.Condition()

    def __enter__(self) -> Self:
        for planner in self._all:
            planner.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for planner in self._all:
            planner.retire()

    @property
    def pids(self) -> list[int]:
        """The processes, for those who want to watch or kill them."""
        return [planner.pid for planner in self._all if planner.pid is not None]

    @property
    def size(self) -> int:
        """How many processes there are."""
        return len(self._all)

    @contextmanager
    def borrow(self, study_id: int, patience_s: float | None = None) -> Iterator[Planner]:
        """Lend an idle planner, one that holds this study's history if there is one.

        Args:
            study_id: whose history is wanted.
            patience_s: how long to wait for an idle one; None for as long as it takes.

        Raises:
            NoPlannerFree: none became idle within `patience_s`.
        """
        with self._freed:
            if not self._freed.wait_for(lambda: self._idle, patience_s):
                raise NoPlannerFree(f"no planner process was free within {patience_s:g} s")
            holders = [planner for planner in self._idle if study_id in planner.held]
            planner = (holders or self._idle)[0]
            self._idle.remove(planner)
        try:
            planner.revive()
            yield planner
        finally:
            with self._freed:
                self._idle.append(planner)
                self._freed.notify()


def ask(planner: Planner, request: Request, holds: Held, deadline_s: float) -> Answer:
    """Ask, and remember that the planner `holds` this of the study from now on."""
    answer = planner.think(request, deadline_s)
    planner.held.pop(request.study_id, None)
    planner.held[request.study_id] = holds
    while len(planner.held) > child.STUDIES_KEPT:  # as the process itself forgets: oldest first
        planner.held.pop(next(iter(planner.held)))
    return answer
