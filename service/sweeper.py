"""The sweeper: takes trials back from workers that were not heard of, and tidies ended studies."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service import idempotency
from service.attempts import lose
from service.db import Database
from service.models import Attempt, Study, Trial
from service.states import SEARCH, Status, StudyStatus

EXPIRED = "The lease expired: its worker was not heard of."
BATCH = 500  # trials per transaction
# Longer between two looks at the database, and the look before does not count: the process or its
# machine slept, and renewals may wait to be read.
INTERRUPTION = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Reach:
    """Since when this process has reached the database without interruption."""

    since: datetime
    last: datetime

    @classmethod
    def begin(cls, now: datetime) -> "Reach":
        """The first look at the database."""
        return cls(now, now)

    def at(self, now: datetime) -> "Reach":
        """The next look; after an interruption, or if the clock was set back, it counts anew."""
        if timedelta(0) <= now - self.last <= INTERRUPTION:
            return replace(self, last=now)
        return Reach.begin(now)


class Sweeper:
    """Sweeps one database, and knows how long it has been able to."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._reach: Reach | None = None

    def step(self) -> int:
        """Sweep once; to be called every second or so.

        Returns:
            How many attempts were closed. An error of the database is passed on, and counts as an
            interruption.
        """
        reach, self._reach = self._reach, None
        with self._db.begin() as session:
            now = self._db.now(session)
            reach = Reach.begin(now) if reach is None else reach.at(now)
            swept = sweep(session, now, reach)
        self._reach = reach
        return swept


def sweep(session: Session, now: datetime, reach: Reach) -> int:
    """Close attempts whose lease has run out and queue their trials again, in one transaction.

    A lease expires only after the database was in reach for its whole length: after an outage
    workers first get the time to renew.

    Returns:
        How many attempts were closed.
    """
    due = (
        select(Trial.id, Attempt.lease_s)
        .join(Attempt, Attempt.trial_id == Trial.id)
        .where(Attempt.ended_at.is_(None), Attempt.expires_at < now)
        .where(Attempt.lease_s <= (now - reach.since).total_seconds())
        .order_by(Trial.id)
        .limit(BATCH)
        .with_for_update(of=Trial, skip_locked=True, key_share=True)
    )
    trial_ids = [row.id for row in session.execute(due)]
    # Read again: a lease may have been renewed before its trial was locked.
    expired = session.execute(
        select(Trial, Attempt)
        .join(Attempt, Attempt.trial_id == Trial.id)
        .where(Trial.id.in_(trial_ids), Attempt.ended_at.is_(None), Attempt.expires_at < now)
        .execution_options(populate_existing=True)
    ).all()
    for trial, attempt in expired:
        lose(trial, attempt, EXPIRED, now)
    session.flush()
    _tidy(session, now)
    idempotency.sweep(session, now)
    return len(expired)


def _tidy(session: Session, now: datetime) -> None:
    """Cancel what came back into the queue of a study after that had ended; confirm runs go on."""
    ended = select(Study.id).where(Study.status == StudyStatus.ENDED)
    session.execute(
        update(Trial)
        .where(Trial.status == Status.QUEUED, Trial.study_id.in_(ended))
        .where(Trial.purpose == SEARCH)
        .values(status=Status.CANCELLED, finished_at=now, reason="The study has ended.")
        .execution_options(synchronize_session=False)
    )
