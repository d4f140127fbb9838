"""Studies of a black box over a square, for tests of what thinks for them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from service import ledger, studies, trials
from service.db import Database
from service.models import Fit, Study, Trial
from service.states import Status
from tests.service import alone

SQUARE = [
    {"name": "x", "kind": "real", "low": 0.0, "high": 1.0},
    {"name": "y", "kind": "real", "low": 0.0, "high": 1.0},
]
INITIAL = 6  # proposals before the first model


def make_study(db: Database, **changes: Any) -> int:
    definition: dict[str, Any] = {
        "name": "box",
        "space": {"kind": "parameters", "parameters": SQUARE},
        "objectives": [{"name": "a"}, {"name": "b"}],
        "trials": 30,
        "designer": "random",
        "think_s": 30.0,
    }
    with db.begin() as session:
        study, _ = studies.create(session, definition | changes, db.now(session))
        return study.id


def queue(db: Database, study_id: int) -> list[Trial]:
    with db.read() as session:
        return list(trials.listing(session, study_id, trials.Wanted(status=Status.QUEUED)).trials)


def study_of(db: Database, study_id: int) -> Study:
    with db.read() as session:
        return studies.get(session, study_id)


def fits_of(db: Database, study_id: int) -> Sequence[Fit]:
    with db.read() as session:
        return session.scalars(select(Fit).where(Fit.study_id == study_id).order_by(Fit.id)).all()


def outcome(point: dict[str, Any]) -> dict[str, float]:
    """Two figures that pull apart."""
    x, y = point["x"], point["y"]
    return {"a": (x - 0.2) ** 2 + (y - 0.3) ** 2, "b": (x - 0.8) ** 2 + (y - 0.6) ** 2}


def finish(db: Database, study_id: int, count: int) -> None:
    """Enter so many results that a user brings along."""
    with db.begin() as session:
        study = studies.lock(session, study_id)
        for _ in range(count):
            number = study.last_number + 1
            point = {"x": number * 0.618 % 1, "y": number * 0.414 % 1}
            trials.enqueue(session, study_id, point, outcome(point), db.now(session))
        ledger.advance(session, study_id, db.now(session))


def evaluate(db: Database, study_id: int) -> None:
    """Let a worker finish all that is queued."""
    for trial in queue(db, study_id):
        with db.begin() as session:
            now = db.now(session)
            claim = trials.Claim("me", f"r{trial.id}", study_id=study_id)
            (lease,) = alone.claim(session, claim, now)
            alone.complete(session, lease.trial_id, lease.token, outcome(trial.point), {}, now)
            ledger.advance(session, study_id, now)
