"""What workers deliver under a lease: reports, results, failures."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service import metrics as metrics_
from service import stopping
from service.attempts import close, finish, last_step, of_token, open_of, requeue, take_back
from service.errors import AttemptEnded, ReportConflict, ResultConflict
from service.models import Attempt, Report, Study, Trial
from service.states import MAY_STILL_DELIVER, FailedThrough, Order, Outcome, Status


@dataclass(frozen=True, slots=True)
class Failure:
    """What a worker says when it has no result."""

    reason: str
    infeasible: bool = False  # no value exists; trying again is no use
    retry: bool = True


def report(
    session: Session,
    trial_id: int,
    token: str,
    step: int,
    metrics: Mapping[str, float],
    now: datetime,
) -> Order:
    """Store the metrics of one step and tell the worker whether to go on.

    Raises:
        TrialNotFound: there is no such trial.
        WrongToken: the token is of none of its attempts.
        AttemptEnded: the worker itself has ended this attempt.
        InvalidMetrics: a name is malformed or a value is not finite.
        ReportConflict: the step was reported before with other metrics.
    """
    checked = metrics_.checked(metrics)
    trial, attempt = of_token(session, trial_id, token)
    if not take_back(trial, attempt, attempt.lease_s, now):
        _refuse_if_delivered(attempt)
        return Order.CANCEL
    present = session.get(Report, (attempt.id, step))
    if present is None:
        session.add(Report(attempt_id=attempt.id, step=step, metrics=checked, at=now))
    elif present.metrics != checked:
        raise ReportConflict(step)
    return trial.order


def _refuse_if_delivered(attempt: Attempt) -> None:
    if attempt.outcome not in MAY_STILL_DELIVER:
        raise AttemptEnded(attempt.trial_id, str(attempt.outcome))


def complete(
    session: Session,
    trial_id: int,
    token: str,
    metrics: Mapping[str, float],
    details: Mapping[str, Any],
    now: datetime,
) -> Trial:
    """Record the result of a trial. Writes its own rows only; the ledger does the rest.

    A result that comes after its lease expired finishes the trial if that is queued, runs
    elsewhere (that worker is told to cancel) or failed because its workers were lost. Otherwise
    the trial keeps what it has, and the result stays on the attempt as a replicate.

    Raises:
        TrialNotFound: there is no such trial.
        WrongToken: the token is of none of its attempts.
        AttemptEnded: the worker has ended this attempt as failed or infeasible.
        InvalidMetrics: metrics are misnamed, not finite, missing or at odds with known figures.
        ResultConflict: the attempt delivered other metrics before.
    """
    trial, attempt = of_token(session, trial_id, token)
    known = metrics_.known_of(trial)
    result = metrics_.checked_result(metrics, trial.work["metrics"], known)
    if attempt.result is not None:
        if attempt.result != result:
            raise ResultConflict(trial_id)
        return trial
    if attempt.ended_at is not None:
        _refuse_if_delivered(attempt)
    attempt.result = result
    attempt.details = dict(details)
    if _finishes(trial, attempt):
        _supersede(session, trial, attempt, now)
        _finish(session, trial, attempt, now)
        trial.worker = attempt.worker
        close(attempt, Outcome.COMPLETED, now)
        attempt.counts = True
        metrics_.store(session, trial, result)
    return trial


def _finish(session: Session, trial: Trial, attempt: Attempt, now: datetime) -> None:
    """End a trial as completed; as stopped if the rule told this attempt so before its end."""
    done, epochs = last_step(session, attempt.id), stopping.epochs_of(trial)
    if attempt.stop_reason is None or (epochs is not None and done >= epochs):
        finish(trial, Status.COMPLETED, now)
        return
    finish(trial, Status.STOPPED, now)
    trial.reason = stopping.told(trial, done, attempt.stop_reason)
    if epochs is not None:
        trial.epochs -= epochs - done  # those that it inherited stay


def _finishes(trial: Trial, attempt: Attempt) -> bool:
    """Whether a result of this attempt becomes the trial's own."""
    if attempt.ended_at is None or trial.status in {Status.QUEUED, Status.RUNNING}:
        return True
    return trial.failed_through is FailedThrough.LOST_WORKERS


def _supersede(session: Session, trial: Trial, attempt: Attempt, now: datetime) -> None:
    """End the attempt that runs elsewhere; its worker learns so at its next renewal."""
    other = open_of(session, trial)
    if other is not None and other.id != attempt.id:
        close(other, Outcome.SUPERSEDED, now, f"Attempt {attempt.number} delivered after all.")


def fail(session: Session, trial_id: int, token: str, failure: Failure, now: datetime) -> Trial:
    """Record that an attempt came to nothing.

    An infeasible trial ends: no value exists, and that teaches the model. Otherwise it returns to
    the queue until it has failed `max_attempts` times. Of an attempt that is over, only the reason
    is kept.

    Raises:
        TrialNotFound: there is no such trial.
        WrongToken: the token is of none of its attempts.
        AttemptEnded: the attempt has delivered a result.
    """
    trial, attempt = of_token(session, trial_id, token)
    outcome = Outcome.INFEASIBLE if failure.infeasible else Outcome.FAILED
    if not take_back(trial, attempt, attempt.lease_s, now):
        if attempt.outcome not in {outcome, *MAY_STILL_DELIVER}:
            raise AttemptEnded(trial_id, str(attempt.outcome))
        attempt.reason = failure.reason
        return trial
    close(attempt, outcome, now, failure.reason)
    if failure.infeasible:
        _give_up(trial, attempt, Status.INFEASIBLE, now)
        return trial
    trial.failures += 1
    study = session.get_one(Study, trial.study_id)
    if failure.retry and trial.failures < study.max_attempts:
        requeue(trial)
    else:
        _give_up(trial, attempt, Status.FAILED, now)
        trial.failed_through = FailedThrough.OBJECTIVE
    return trial


def _give_up(trial: Trial, attempt: Attempt, status: Status, now: datetime) -> None:
    finish(trial, status, now)
    trial.reason = attempt.reason
    attempt.counts = True
