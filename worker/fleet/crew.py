"""Keeps the berths of a fleet at work: starts, replaces, adds, takes away, ends."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from worker.cli import AWAY, FAILED
from worker.errors import Refused, ServerAway
from worker.fleet.berth import Errand
from worker.fleet.cluster import Began, Ended, Event, Lost
from worker.fleet.errors import FleetError, NameTaken
from worker.fleet.growth import Growth
from worker.fleet.lives import Lives
from worker.fleet.plan import Plan
from worker.fleet.slot import FINAL, STOP_S
from worker.fleet.stock import Item

LOG = logging.getLogger(__name__)
POLL_S = 0.5
ASK_S = 5.0  # how often the server is asked what waits
ROOM_S = 30.0  # after so long without a place it is worth a word
LEAVE_S = STOP_S + 5.0


class Engine(Protocol):
    """What a crew needs of a cluster."""

    def launch(self, plan: Plan, number: int, errand: Errand, items: Sequence[Item]) -> None:
        """Ask for a berth."""

    def poll(self, timeout_s: float) -> list[Event]:
        """What has happened."""

    def stop(self, number: int) -> None:
        """Tell a berth to end."""

    def drop(self, number: int) -> None:
        """End a berth at once."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What the server says: trials that wait, and workers of the fleet that hold one."""

    waiting: int
    busy: frozenset[str]


@dataclass(slots=True)
class _Member:
    """A berth as it should be, and what became of it."""

    lives: Lives = field(default_factory=Lives)
    asked: bool = False  # of the engine
    host: str | None = None  # where it is, once it has its place
    leaving: bool = False
    warned: bool = False


class Crew:
    """A fleet at work."""

    def __init__(  # noqa: PLR0913  what it is, does, works on, stands on, and heeds
        self,
        plan: Plan,
        errand: Errand,
        items: Sequence[Item],
        engine: Engine,
        demand: Callable[[], Demand],
        stopping: threading.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan, self._errand, self._items = plan, errand, items
        self._engine, self._demand, self._stopping = engine, demand, stopping
        self._clock = clock
        self._growth = Growth(plan)
        self._members = {number: _Member() for number in range(plan.berths)}
        self._ask_at_s = clock() + ASK_S
        self._has_ended = False  # a worker found nothing more to do, ever

    def run(self) -> None:
        """Work until told to stop, or until the study has ended.

        Raises:
            FleetError: the workers cannot work; the message says why.
        """
        try:
            while self._members and not self._stopping.is_set():
                self._launch()
                for event in self._engine.poll(POLL_S):
                    self._take(event)
                if self._plan.least < self._plan.most and not self._has_ended:
                    self._resize()
        finally:
            self._leave()

    def _launch(self) -> None:
        now_s = self._clock()
        for number, member in self._members.items():
            if member.asked:
                self._warn(number, member, now_s)
            elif now_s >= member.lives.again_at_s:
                member.lives.begin(now_s)
                try:
                    self._engine.launch(self._plan, number, self._errand, self._items)
                    member.asked = True
                except NameTaken as taken:  # one that died a moment ago may still have it
                    member.lives.end(now_s)
                    self._go_on(FAILED, str(taken))

    def _warn(self, number: int, member: _Member, now_s: float) -> None:
        if member.host is None and not member.warned and now_s - member.lives.begun_s >= ROOM_S:
            member.warned = True
            LOG.warning(
                "%s waits for room: no node has %g CPU and %g GPU free.",
                self._plan.berth(number),
                self._plan.cpus,
                self._plan.gpus,
            )

    def _take(self, event: Event) -> None:
        member = self._members.get(event.berth)
        if member is None:
            return
        name, now_s = self._plan.berth(event.berth), self._clock()
        if isinstance(event, Began):
            member.host = event.host
            member.lives.begin(now_s)
            LOG.info("%s works on %s.", name, event.host)
            return
        host, member.host, member.asked = member.host, None, False
        if member.leaving:
            del self._members[event.berth]
            LOG.info("%s has left.", name)
        elif isinstance(event, Lost):
            member.lives.end(now_s)
            where = "before it began" if host is None else f"on {host}"
            LOG.warning("%s is lost %s and started anew: %s", name, where, event.reason)
            self._go_on(FAILED, event.reason)
        else:
            self._end(event, member, now_s)

    def _end(self, event: Ended, member: _Member, now_s: float) -> None:
        wrong = next((end for end in event.ends if end.code), None)
        if wrong is None:
            self._has_ended = True
            del self._members[event.berth]
            LOG.info("%s has done its work.", self._plan.berth(event.berth))
            return
        if wrong.code in FINAL:
            raise FleetError(wrong.words, wrong.code)
        LOG.warning("%s cannot work: %s", wrong.worker, wrong.words)
        member.lives.end(now_s, useless=True)
        self._go_on(wrong.code, wrong.words)

    def _go_on(self, code: int, words: str) -> None:
        """Unless every berth was started in vain again and again: then end with the last reason."""
        if all(member.lives.in_vain for member in self._members.values()):
            raise FleetError(words, AWAY if code == AWAY else FAILED)

    def _resize(self) -> None:
        now_s = self._clock()
        if now_s < self._ask_at_s:
            return
        self._ask_at_s = now_s + ASK_S
        try:
            demand = self._demand()
        except ServerAway as away:
            LOG.warning("%s The fleet keeps its size.", away)
            return
        except Refused as refused:
            raise FleetError(str(refused)) from refused
        staying = {n: m for n, m in self._members.items() if not m.leaving}
        busy = len(demand.busy)
        wanted = self._growth.wanted(len(staying), demand.waiting, busy, now_s)
        if wanted > len(staying):
            self._add(wanted - len(staying), demand)
        elif wanted < len(staying):
            self._release(staying, len(staying) - wanted, demand)

    def _add(self, count: int, demand: Demand) -> None:
        LOG.info("%d trials wait: %d more workers.", demand.waiting, count * self._plan.slots)
        number = 0
        while count:
            if number not in self._members:
                self._members[number] = _Member()
                count -= 1
            number += 1

    def _release(self, staying: dict[int, _Member], count: int, demand: Demand) -> None:
        """Let the idle go, and those first that have no place yet; work is never cut short."""
        idle = [n for n in staying if demand.busy.isdisjoint(self._plan.workers(n))]
        idle.sort(key=lambda number: (staying[number].host is not None, -number))
        for number in idle[:count]:
            LOG.info("%s has nothing to do and leaves.", self._plan.berth(number))
            if staying[number].host is None:
                self._engine.drop(number)
                del self._members[number]
            else:
                staying[number].leaving = True
                self._engine.stop(number)

    def _leave(self) -> None:
        """Have all hand their trials back, and wait for that."""
        until_s = self._clock() + LEAVE_S
        asked = {number for number, member in self._members.items() if member.asked}
        for number in asked:
            member = self._members[number]
            member.leaving = True
            if member.host is None:
                self._engine.drop(number)
            else:
                self._engine.stop(number)
        waiting = {number for number in asked if self._members[number].host is not None}
        if waiting:
            LOG.info("%d workers hand back what they hold.", len(waiting) * self._plan.slots)
        while waiting and self._clock() < until_s:
            gone = self._engine.poll(POLL_S)
            waiting -= {event.berth for event in gone if not isinstance(event, Began)}
        for number in waiting:
            self._engine.drop(number)
