"""Wakes the claims and event streams of this process when the database has something for them.

A claim that finds nothing gives back its thread and its connection and takes a `Place` here. One
task per process asks the database every 0.25 s, for all of them together, which studies have queued
trials or new events. A place is woken when there is work for it, oldest first and no more of them
than there is work; it must then try to claim, since another process may have been faster.

Whoever proposes is told for how many trials claims wait: a proposal is made when claims wait for
one.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

from service.beat import REST
from service.claims import Claim
from service.db import Database
from service.keeper import NoPlanner, Planner
from service.open_studies import OpenStudy, Pulse, newest_events, open_studies, pulse

LOG = logging.getLogger(__name__)

# A waiter of any study counts for one study at a time, and for the next one after this time: longer
# than a proposal takes by default (`think_s` 5), so that few proposals are made for nobody.
TURN_S = 10.0
# A claim that was answered with nothing still counts for this time: a worker that polls without
# waiting would else never get a proposal, as proposals are made only for claims that wait.
ECHO_S = 5.0


@dataclass(eq=False, slots=True)
class Place:
    """A claim in the line. `study_id` is the study for which it counts at present."""

    claim: Claim
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    study_id: int | None = None
    turn_until_s: float = 0.0
    echo_until_s: float | None = None  # the claim was answered, with nothing

    def again(self) -> None:
        """Go on waiting, at the same place: somebody else was faster."""
        self.woken.clear()


@dataclass(eq=False, slots=True)
class Listener:
    """An event stream that has sent everything up to event number `seen`."""

    study_id: int
    seen: int
    woken: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False, slots=True)
class Onlooker:
    """A stream of all studies of a project, or of all there are, that has told all up to `seen`."""

    project_id: int | None
    seen: Pulse
    woken: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look at the database found for those who wait."""

    studies: list[OpenStudy]
    newest: Mapping[int, int]  # the number of the newest event, by study
    pulses: Mapping[int | None, Pulse]  # by project


class Watcher:
    """The line of waiting claims and the event streams of one process.

    Everything but `look_soon` and `close` belongs to the event loop.
    """

    def __init__(self, db: Database, every_s: float = 0.25) -> None:
        self._db = db
        self._every_s = every_s
        self._planner: Planner = NoPlanner()
        self._places: list[Place] = []
        self._listeners: list[Listener] = []
        self._onlookers: list[Onlooker] = []
        self._last_turn = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._nudged = asyncio.Event()
        self.closing = False

    def attach(self, planner: Planner) -> None:
        """Tell this planner for how many trials claims wait."""
        self._planner = planner

    @property
    def listening(self) -> int:
        """How many event streams are open in this process."""
        return len(self._listeners) + len(self._onlookers)

    def look_soon(self) -> None:
        """Ask the database now instead of at the next beat. Any thread may call this."""
        self._from_any_thread(self._nudged.set)

    def close(self) -> None:
        """Let every claim and stream end, now and from now on. Any thread may call this."""
        self.closing = True
        self._from_any_thread(self._wake_all)

    @asynccontextmanager
    async def place(self, claim: Claim) -> AsyncIterator[Place]:
        """Stand in line for as long as the block runs."""
        self._places = [
            place
            for place in self._places
            if place.echo_until_s is None or _whose(place.claim) != _whose(claim)
        ]
        place = Place(claim)
        self._places.append(place)
        self._arrived(place.woken)
        try:
            yield place
        finally:
            if place.echo_until_s is None:
                self._places.remove(place)
            self._count()

    def echo(self, place: Place) -> None:
        """Leave the line with nothing, but count a little longer: the worker will come again."""
        place.echo_until_s = asyncio.get_running_loop().time() + ECHO_S

    @asynccontextmanager
    async def listener(self, study_id: int, seen: int) -> AsyncIterator[Listener]:
        """Listen to the events of a study for as long as the block runs."""
        listener = Listener(study_id, seen)
        self._listeners.append(listener)
        self._arrived(listener.woken)
        try:
            yield listener
        finally:
            self._listeners.remove(listener)

    @asynccontextmanager
    async def onlooker(self, project_id: int | None, seen: Pulse) -> AsyncIterator[Onlooker]:
        """Listen to all studies of a project, or to all there are, while the block runs."""
        onlooker = Onlooker(project_id, seen)
        self._onlookers.append(onlooker)
        self._arrived(onlooker.woken)
        try:
            yield onlooker
        finally:
            self._onlookers.remove(onlooker)

    async def run(self) -> None:
        """Look at the database for whoever waits, until `close`."""
        self._loop = asyncio.get_running_loop()
        while not self.closing:
            self._nudged.clear()
            if self._places or self.listening:
                begun_s = self._loop.time()
                await self._look()
                # A thousand claims that come one by one must not be a thousand looks.
                await asyncio.sleep(min(REST * (self._loop.time() - begun_s), self._every_s))
            # Not `wait_for`: in Python 3.11 it may lose a cancellation.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await self._nudged.wait()

    async def _look(self) -> None:
        claims = bool(self._places)
        streams = frozenset(listener.study_id for listener in self._listeners)
        watched = frozenset(onlooker.project_id for onlooker in self._onlookers)
        try:
            found = await run_in_threadpool(self._read, claims, streams, watched)
        except Exception:
            # Whatever it is, it must not end the watch: the database may be away, and the claims
            # and streams meet the same trouble and answer for themselves.
            LOG.warning("The watcher could not look at the database.", exc_info=True)
            return
        self.serve(found.studies)
        for listener in self._listeners:
            # One that came during the look is not among those that were asked for.
            newest_no = found.newest.get(listener.study_id)
            gone = newest_no is None and listener.study_id in streams
            if gone or (newest_no or 0) > listener.seen:
                listener.woken.set()
        for onlooker in self._onlookers:
            if found.pulses.get(onlooker.project_id, onlooker.seen) != onlooker.seen:
                onlooker.woken.set()

    def _read(self, claims: bool, streams: frozenset[int], watched: frozenset[int | None]) -> _Look:
        pulses = {}
        for project_id in watched:
            with self._db.of_project(project_id).read() as session:
                pulses[project_id] = pulse(session)
        with self._db.read() as session:
            studies = open_studies(session) if claims else []
            return _Look(studies, newest_events(session, streams), pulses)

    def serve(self, studies: list[OpenStudy]) -> None:
        """Wake the oldest places that have work, and share out the others among the studies."""
        now_s = asyncio.get_running_loop().time()
        self._places = [
            place
            for place in self._places
            if place.echo_until_s is None or place.echo_until_s > now_s
        ]
        queues = {study.id: Counter(study.queued) for study in studies}
        # Those who are there before those who may come again.
        for place in sorted(self._places, key=lambda place: place.echo_until_s is not None):
            fitting = [study for study in studies if study.fits(place.claim)]
            if place.claim.study_id is not None and place.claim.study_id not in queues:
                place.woken.set()  # the study has ended, or is gone: nothing will come
            elif any(_taken(queues[study.id], study, place.claim) for study in fitting):
                place.study_id = None
                if place.echo_until_s is None:
                    place.woken.set()
                else:
                    self._places.remove(place)
            else:
                self._assign(place, fitting, now_s)
        self._count()

    def _assign(self, place: Place, fitting: Sequence[OpenStudy], now_s: float) -> None:
        """Let a place count for one study that may still propose, in turn."""
        hopeful = [study.id for study in fitting if study.open_budget > 0]
        if place.study_id in hopeful and now_s < place.turn_until_s:
            return
        if not hopeful:
            place.study_id = None
            return
        later = [study_id for study_id in hopeful if study_id > self._last_turn]
        place.study_id = self._last_turn = (later or hopeful)[0]
        place.turn_until_s = now_s + TURN_S

    def _count(self) -> None:
        """Tell the planner for how many trials claims wait."""
        counts: Counter[int] = Counter()
        for place in self._places:
            if place.study_id is not None and not place.woken.is_set():
                counts[place.study_id] += place.claim.count
        self._planner.waiting(counts)

    def _arrived(self, woken: asyncio.Event) -> None:
        self._nudged.set()
        if self.closing:  # all others were woken before
            woken.set()

    def _wake_all(self) -> None:
        self._nudged.set()
        for place in self._places:
            place.woken.set()
        for listener in self._listeners:
            listener.woken.set()
        for onlooker in self._onlookers:
            onlooker.woken.set()

    def _from_any_thread(self, note: Callable[[], None]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                self._loop.call_soon_threadsafe(note)


def _whose(claim: Claim) -> tuple[int | None, str, int | None]:
    return claim.project_id, claim.worker, claim.study_id


def _taken(queue: Counter[int], study: OpenStudy, claim: Claim) -> int:
    """Take from a study's queue, by needs, what a claim gets of it, and return how much."""
    left = claim.count
    for bits in study.offers(claim):
        share = min(left, queue[bits])
        queue[bits] -= share
        left -= share
    return claim.count - left
