"""Fits are jobs of their own: begun when the newest fit is old and nobody waits for a proposal."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from optimizer.designers.designer import Fitted
from optimizer.problem import initial_count
from service import ledger, studies, thinking
from service.db import Database
from service.planner.pool import Pool, ThinkingFailed, ask
from service.planner.snapshot import Snapshot

LOG = logging.getLogger(__name__)
# A fit stays in use until the history has grown by this share: early every result counts, late
# one more of many hardly moves the hyperparameters.
GROWTH_OF_FIT = 0.05
# Beyond this a fit is begun although somebody waits: a study that always has a claim waiting would
# else propose from hyperparameters of its first results for ever.
MOST_GROWTH = 0.2
# A fit of 300 observations takes seconds. Behind this its process is killed, as one that hangs.
FIT_S = 60.0


class Fits:
    """Begins fits for the studies of a server, one at a time.

    A claim that comes while the only planner fits waits for the rest of the fit, at most `think_s`
    of its study; then the cheap designer answers and the trial says so. The fit is not killed for
    it: it would be begun again, and under steady claims none would ever end.
    """

    def __init__(self, db: Database, pool: Pool, done: Callable[[], None]) -> None:
        """Take the parts it works with; `done` is called when a fit has ended."""
        self._db, self._pool, self._done = db, pool, done
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fit")
        # Up to which place of its history a study was fitted, or it was found that nothing comes
        # of it: then it is left alone until there is more to learn from.
        self._tried: dict[int, int] = {}
        self._running = False
        self._lock = threading.Lock()

    def close(self) -> None:
        """Begin no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def look(self, finished: Mapping[int, int], calm: bool) -> None:
        """Begin the fit that is needed most, if one is and no other runs.

        Args:
            finished: how many trials have finished, by study.
            calm: whether a fit would leave a planner to whoever waits, or nobody does.
        """
        with self._lock:
            if self._running or not finished:
                return
        with self._db.read() as session:
            fitted = thinking.fitted_versions(session, finished)
        growth = {
            study_id: count / max(fitted[study_id], self._tried.get(study_id, 0), 1)
            for study_id, count in finished.items()
        }
        study_id = max(growth, key=lambda each: growth[each])
        if growth[study_id] > 1 + (GROWTH_OF_FIT if calm else MOST_GROWTH):
            with self._lock:
                self._running = True
            self._thread.submit(self._fit, study_id, finished[study_id])

    def _fit(self, study_id: int, version: int) -> None:
        try:
            fit_once(self._db, self._pool, study_id)
        except Exception:
            LOG.exception("Study %d could not be fitted.", study_id)
        with self._lock:
            self._tried[study_id] = version
            self._running = False
        self._done()


def fit_once(db: Database, pool: Pool, study_id: int) -> int | None:
    """Read, fit, store; no transaction is open while a process fits.

    Returns:
        The number of the fit; None where the designer learns nothing (yet), or where nothing is to
        be done any more.

    Raises:
        ThinkingFailed: the process died, or took longer than `FIT_S`.
    """
    with db.read() as session:
        study = studies.get(session, study_id)
        if study.finish_no < initial_count(studies.problem_of(study)):
            return None
    with pool.borrow(study_id) as planner:
        planner.await_ready()
        with db.begin() as session:
            study = studies.lock(session, study_id)
            now = db.now(session)
            ledger.advance(session, study_id, now)
            snapshot = Snapshot.of(session, study, planner.held.get(study_id), 0, now)
        if _is_fresh(snapshot):
            return None  # a thought or another server was faster
        answer = ask(planner, snapshot.request(fit=True, count=0), snapshot.holds, FIT_S)
        here = dict(planner.surroundings)
    if answer.trouble is not None:
        raise ThinkingFailed(answer.reason)
    if answer.fitted is None:
        return None
    with db.begin() as session:
        fitted = Fitted.from_json(answer.fitted)
        return save_fit(session, study_id, fitted, here, db.now(session))


def _is_fresh(snapshot: Snapshot) -> bool:
    if snapshot.fit is None:
        return False
    return snapshot.version <= snapshot.fit[1].history_version * (1 + GROWTH_OF_FIT)


def save_fit(
    session: Session,
    study_id: int,
    fitted: Fitted,
    surroundings: Mapping[str, str],
    now: datetime,
) -> int:
    """Store a fit with where it was made, and return the number by which proposals name it."""
    libraries = {**surroundings, **fitted.libraries}
    return thinking.save_fit(session, study_id, replace(fitted, libraries=libraries), now)
