"""Decides when a study thinks: when more claims wait for it than trials are queued.

Between thoughts, studies are fitted (`service.planner.fits`).
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

from optimizer.designers import LEARN, NEED_TORCH
from service import thinking
from service.beat import Beat
from service.db import Database
from service.monitor import Monitor
from service.planner.fits import Fits
from service.planner.pool import Pool
from service.planner.thought import nobody, think_once

LOG = logging.getLogger(__name__)
# More at once would be blind to results that come in meanwhile; a study that thinks ahead is blind
# to many anyway, and may make an eighth of what it is ahead in one thought.
MOST_AT_ONCE, SHARE_AT_ONCE = 8, 8
# What needs no model proposes in no time: a study that lags behind catches up by halves.
SHARE_WITHOUT_MODEL = 2
# A study whose last thought led to nothing rests so long.
REST_S = 1.0
# Between looks that no claim waits for.
BEAT_S, LOOK_REST_S = 0.5, 0.1


class Conductor:
    """The `Planner` of a server: fills the queues that claims wait at."""

    def __init__(
        self,
        db: Database,
        pool: Pool,
        queued: Callable[[], None],
        threads: int = 1,
        monitor: Monitor | None = None,
    ) -> None:
        """Take the parts it works with.

        Args:
            db: where studies and proposals lie.
            pool: the planner processes.
            queued: called when proposals were written.
            threads: how many studies may think at the same time.
            monitor: told of each thought; None if nobody wants to know.
        """
        self._db, self._pool, self._queued = db, pool, queued
        self._waiting: Mapping[int, int] = {}  # for how many trials claims wait, by study
        self._told = nobody if monitor is None else monitor.proposed
        self._fits = Fits(db, pool, self.wake)
        # Only these are fitted: who has claimed here will claim again, and another server's studies
        # are fitted there.
        self._served: set[int] = set()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="think")
        self._busy: set[int] = set()
        self._rest_until: dict[int, float] = {}
        self._lock = threading.Lock()
        # The beat is for studies that think ahead, and for notes that other servers got.
        self._beat = Beat("conductor", self._look, BEAT_S, LOOK_REST_S)

    def __enter__(self) -> Self:
        self._beat.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._beat.stop(5)
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._fits.close()

    def waiting(self, counts: Mapping[int, int]) -> None:
        """Note for how many trials claims wait now, by study."""
        before, self._waiting = self._waiting, dict(counts)
        if any(count > before.get(study_id, 0) for study_id, count in counts.items()):
            self._beat.hurry()

    def wake(self) -> None:
        """Note that a queue or a history changed."""
        self._beat.wake()

    def _look(self) -> None:
        """Let every study think that has fewer queued trials than claims that wait, and fit one."""
        with self._lock:
            busy = set(self._busy)  # before the counts are read: a thought may end meanwhile
        with self._db.read() as session:
            active = thinking.open_studies(session)
            queued = thinking.queued(session, [study.id for study in active])
            # Left alone, and not tried: a thought that leads to nothing lets a study rest.
            busy |= thinking.taken(active, self._db.now(session))
        waiting = self._waiting
        wanted = {
            study.id: _wanted(waiting.get(study.id, 0), study.ahead, queued[study.id])
            for study in active
        }
        at_once = {study.id: _at_once(study.ahead, study.designer) for study in active}
        for study_id, count in wanted.items():
            if count > 0 and study_id not in busy:
                self._begin(study_id, min(count, at_once[study_id]))
        with self._lock:
            thoughts = len(self._busy)
        nobody_waits = thoughts == 0 and all(count <= 0 for count in wanted.values())
        served = {
            study.id: study.finish_no
            for study in active
            if study.id in self._served and study.designer in LEARN
        }
        # Proposals come first: a fit takes no planner that a thought could need.
        self._fits.look(served, calm=nobody_waits or thoughts + 1 < self._pool.size)

    def _begin(self, study_id: int, count: int) -> None:
        with self._lock:
            rests = time.monotonic() < self._rest_until.get(study_id, 0.0)
            if rests or study_id in self._busy:
                return
            self._busy.add(study_id)
        self._threads.submit(self._think, study_id, count)

    def _think(self, study_id: int, count: int) -> None:
        written = 0
        try:
            written = think_once(self._db, self._pool, study_id, count, self._told)
            self._served.add(study_id)
        except Exception:
            LOG.exception("Study %d could not think.", study_id)
        with self._lock:
            self._busy.discard(study_id)
            self._rest_until[study_id] = 0.0 if written else time.monotonic() + REST_S
        if written:
            self._queued()
        self._beat.hurry()  # what was wished for meanwhile has waited for a whole thought


def _at_once(ahead: int, designer: str) -> int:
    """Return how many proposals one thought may make at most."""
    share = SHARE_AT_ONCE if designer in NEED_TORCH else SHARE_WITHOUT_MODEL
    return max(MOST_AT_ONCE, ahead // share)


def _wanted(waiting: int, ahead: int, queued: int) -> int:
    """Return how many proposals a study lacks.

    While no claim waits, a study that thinks ahead is left alone until it lacks a good share of
    what it thinks ahead: a thought for a single proposal reads as much as one for many.
    """
    lacks = waiting + ahead - queued
    return lacks if waiting > queued or lacks >= ahead // SHARE_AT_ONCE else 0
