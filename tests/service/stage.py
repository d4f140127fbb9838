"""A small stage for tests of the domain: a study of a black box, and workers that play on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from service import attempts, ledger, studies, trials
from service.db import Database
from service.models import Attempt, Study, Trial
from service.sweeper import Reach, sweep
from service.trials import Claim, Failure, Lease
from tests.service import alone

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def definition(**changes: Any) -> dict[str, Any]:
    """A study of two measured objectives over one real parameter."""
    return {
        "name": "hill",
        "space": {
            "kind": "parameters",
            "parameters": [{"name": "x", "kind": "real", "low": 0.0, "high": 1000.0}],
        },
        "objectives": [{"name": "cost"}, {"name": "gain", "goal": "maximize"}],
        "trials": 100,
        "designer": "random",
        **changes,
    }


class Stage:
    """Calls the domain as the routes do, one transaction each, at a time of its own."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.now = START
        self._requests = 0
        self._points = 0

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def expire(self) -> int:
        """Let every lease of a minute run out, and sweep."""
        self.wait(61)
        with self.begin() as session:
            return sweep(session, self.now, Reach(START - timedelta(days=9), self.now))

    def attempts(self, trial_id: int) -> list[Attempt]:
        with self.db.read() as session:
            return list(attempts.listing(session, trial_id))

    @contextmanager
    def begin(self) -> Iterator[Session]:
        with self.db.begin() as session:
            yield session

    def study(self, **changes: Any) -> int:
        with self.begin() as session:
            return studies.create(session, definition(**changes), self.now)[0].id

    def enqueue(self, study_id: int, count: int = 1) -> list[int]:
        """Queue points that were not there yet."""
        queued = []
        with self.begin() as session:
            for _ in range(count):
                self._points += 1
                point = {"x": float(self._points)}
                queued.append(trials.enqueue(session, study_id, point, None, self.now).id)
        return queued

    def claim(self, worker: str = "w", **wanted: Any) -> list[Lease]:
        self._requests += 1
        claim = Claim(worker, **{"request_id": f"r{self._requests}", **wanted})
        with self.begin() as session:
            return alone.claim(session, claim, self.now)

    def lease(self, worker: str = "w", **wanted: Any) -> Lease:
        (lease,) = self.claim(worker, **wanted)
        return lease

    def complete(self, lease: Lease, cost: float = 1.0, gain: float = 1.0, **more: float) -> Trial:
        metrics = {"cost": cost, "gain": gain, **more}
        with self.begin() as session:
            return alone.complete(session, lease.trial_id, lease.token, metrics, {}, self.now)

    def fail(self, lease: Lease, reason: str = "broke", **how: bool) -> Trial:
        with self.begin() as session:
            failure = Failure(reason, **how)
            return trials.fail(session, lease.trial_id, lease.token, failure, self.now)

    def renew(self, lease: Lease, lease_s: int | None = None) -> trials.Renewal:
        with self.begin() as session:
            return alone.renew(session, lease.trial_id, lease.token, lease_s, self.now)

    def report(self, lease: Lease, step: int, **metrics: float) -> str:
        with self.begin() as session:
            return alone.report(session, lease.trial_id, lease.token, step, metrics, self.now)

    def release(self, lease: Lease) -> Trial:
        with self.begin() as session:
            return trials.release(session, lease.trial_id, lease.token, "tired", self.now)

    def finish(self, study_id: int, cost: float, gain: float) -> Trial:
        """Queue, claim and complete one trial."""
        self.enqueue(study_id)
        return self.complete(self.lease(study_id=study_id), cost, gain)

    def advance(self, study_id: int) -> int:
        with self.begin() as session:
            return ledger.advance(session, study_id, self.now)

    def read_study(self, study_id: int) -> Study:
        with self.db.read() as session:
            return session.get_one(Study, study_id)

    def read_trial(self, trial_id: int) -> Trial:
        with self.db.read() as session:
            return trials.get(session, trial_id)

    def values(self, trial_id: int) -> dict[str, float]:
        with self.db.read() as session:
            return trials.values_of(session, [trials.get(session, trial_id)])[trial_id]
