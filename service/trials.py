"""Trials: one proposal each, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from service import projects
from service.attempts import close, finish, lock_trial, open_of
from service.errors import TrialNotFound
from service.leases import Claim, Lease, Renewal, claim, release, renew
from service.metrics import values_of
from service.models import Study, Trial
from service.proposals import enqueue, enqueue_proposals
from service.results import Failure, complete, fail, report
from service.states import SEARCH, Outcome, Status

__all__ = [
    "Claim",
    "Failure",
    "Lease",
    "Page",
    "Renewal",
    "Wanted",
    "cancel",
    "claim",
    "complete",
    "enqueue",
    "enqueue_proposals",
    "fail",
    "get",
    "listing",
    "release",
    "renew",
    "report",
    "values_of",
]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which trials a listing shows: of the search or confirm runs; of one status or of any."""

    purpose: str = SEARCH
    status: Status | None = None


ALL_OF_SEARCH = Wanted()


@dataclass(frozen=True, slots=True)
class Page:
    """Some trials of a listing, and how many there are in all."""

    trials: Sequence[Trial]
    total: int
    more: bool


def get(session: Session, trial_id: int) -> Trial:
    """Return a trial with the work that its worker is sent.

    Raises:
        TrialNotFound: there is none in the session's project.
    """
    trial = session.scalars(
        select(Trial)
        .join(Study, Study.id == Trial.study_id)
        .where(Trial.id == trial_id, projects.seen(session))
        .options(undefer(Trial.work))
    ).one_or_none()
    if trial is None:
        raise TrialNotFound(trial_id)
    return trial


def listing(
    session: Session,
    study_id: int,
    wanted: Wanted = ALL_OF_SEARCH,
    after: int | None = None,
    limit: int = 100,
    newest_first: bool = False,
) -> Page:
    """Return the trials of a study by number.

    Args:
        after: continue behind the trial of this number.
    """
    where = [Trial.study_id == study_id, Trial.purpose == wanted.purpose]
    if wanted.status is not None:
        where.append(Trial.status == wanted.status)
    total = session.scalars(select(func.count()).select_from(Trial).where(*where)).one()
    rows = select(Trial).where(*where)
    if after is not None:
        rows = rows.where(Trial.number < after if newest_first else Trial.number > after)
    order = Trial.number.desc() if newest_first else Trial.number
    found = session.scalars(rows.order_by(order).limit(limit + 1)).all()
    return Page(found[:limit], total, len(found) > limit)


def cancel(session: Session, trial_id: int, now: datetime) -> Trial:
    """Close a trial that is open; its worker is told at its next renewal. Twice is fine.

    Raises:
        TrialNotFound: there is none.
        IllegalMove: it has finished.
    """
    trial = lock_trial(session, trial_id)
    if trial.status is Status.CANCELLED:
        return trial
    finish(trial, Status.CANCELLED, now)
    trial.reason = "Cancelled by a user."
    attempt = open_of(session, trial)
    if attempt is not None:
        close(attempt, Outcome.CANCELLED, now, trial.reason)
    return trial
