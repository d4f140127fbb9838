"""Trials: one proposal each, and what became of it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from service import projects
from service.attempts import close, finish, lock_trial, open_of
from service.claims import Claim
from service.errors import TrialNotFound
from service.leases import Renew, Renewal, release
from service.lending import Lease, claim
from service.metrics import values_of
from service.models import Study, Trial
from service.proposals import enqueue, enqueue_proposals
from service.results import Completed, Failure, Result, StepReport, fail
from service.states import Outcome, Status
from service.trial_lists import Page, Place, Range, Rank, Wanted, Window, listing, ranked
from service.words import hear

__all__ = [
    "Claim",
    "Completed",
    "Failure",
    "Lease",
    "Page",
    "Place",
    "Range",
    "Rank",
    "Renew",
    "Renewal",
    "Result",
    "StepReport",
    "Wanted",
    "Window",
    "cancel",
    "claim",
    "enqueue",
    "enqueue_proposals",
    "fail",
    "get",
    "hear",
    "listing",
    "ranked",
    "release",
    "values_of",
]


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
