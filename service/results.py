"""What workers deliver under a lease: reports, results, failures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.orm import Session

from service import metrics as metrics_
from service import stopping
from service.attempts import (
    Held,
    close,
    finish,
    last_step,
    may_go_on,
    of_token,
    open_of,
    refuse_if_delivered,
    requeue,
    take_back,
)
from service.errors import AttemptEnded, ReportConflict, ResultConflict
from service.models import Attempt, Report, Study, Trial
from service.states import MAY_STILL_DELIVER, FailedThrough, Order, Outcome, Status

REPORTED = select(Report.attempt_id, Report.step, Report.metrics).where(
    tuple_(Report.attempt_id, Report.step).in_(bindparam("steps", expanding=True))
)
# What was reported before, by attempt and step.
Reported = dict[tuple[int, int], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class StepReport:
    """What a worker measured at one step."""

    trial_id: int
    token: str
    step: int
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a trial."""

    trial_id: int
    token: str
    metrics: Mapping[str, float]
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Completed:
    """A trial after its result was taken, with its values."""

    trial: Trial
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Failure:
    """What a worker says when it has no result."""

    reason: str
    infeasible: bool = False  # no value exists; trying again is no use
    retry: bool = True


def reported(session: Session, steps: Sequence[tuple[int, int]]) -> Reported:
    """Return what was reported before at some steps, each with its attempt."""
    if not steps:
        return {}
    rows = session.execute(REPORTED, {"steps": steps})
    return {(attempt_id, step): metrics for attempt_id, step, metrics in rows}


def report(
    session: Session, held: Held, told: StepReport, before: Reported, now: datetime
) -> Order:
    """Store the metrics of one step and tell the worker whether to go on.

    Args:
        session: the session.
        held: by the worker.
        told: by the worker.
        before: what `reported` gave of this step; a new report is added to it.
        now: the database's time.

    Raises:
        AttemptEnded: the worker itself has ended this attempt.
        InvalidMetrics: a name is malformed or a value is not finite.
        ReportConflict: the step was reported before with other metrics.
    """
    trial, attempt = held
    metrics = metrics_.checked(told.metrics)
    if not may_go_on(trial, attempt):
        refuse_if_delivered(attempt)
        return Order.CANCEL
    present = before.get((attempt.id, told.step))
    if present is not None and present != metrics:
        raise ReportConflict(told.step)
    take_back(trial, attempt, attempt.lease_s, now)
    if present is None:
        before[attempt.id, told.step] = metrics
        session.add(Report(attempt_id=attempt.id, step=told.step, metrics=metrics, at=now))
    return trial.order


def complete(session: Session, held: Held, result: Result, now: datetime) -> Completed:
    """Record the result of a trial. Writes its own rows only; the ledger does the rest.

    A result that comes after its lease expired finishes the trial if that is queued, runs
    elsewhere (that worker is told to cancel) or failed because its workers were lost. Otherwise
    the trial keeps what it has, and the result stays on the attempt as a replicate.

    Raises:
        AttemptEnded: the worker has ended this attempt as failed or infeasible.
        InvalidMetrics: metrics are misnamed, not finite, missing or at odds with known figures.
        ResultConflict: the attempt delivered other metrics before.
    """
    trial, attempt = held
    known = metrics_.known_of(trial)
    metrics = metrics_.checked_result(result.metrics, trial.work["metrics"], known)
    if attempt.result is not None:
        if attempt.result != metrics:
            raise ResultConflict(trial.id)
        return _as_it_is(session, trial)
    if attempt.ended_at is not None:
        refuse_if_delivered(attempt)
    attempt.result = metrics
    attempt.details = dict(result.details)
    if not _finishes(trial, attempt):
        return _as_it_is(session, trial)
    if attempt.ended_at is not None:  # else no other is open
        _supersede(session, trial, attempt, now)
    _finish(session, trial, attempt, now)
    trial.worker = attempt.worker
    close(attempt, Outcome.COMPLETED, now)
    attempt.counts = True
    return Completed(trial, metrics_.store(session, trial, metrics))


def _as_it_is(session: Session, trial: Trial) -> Completed:
    session.flush()
    return Completed(trial, metrics_.values_of(session, [trial])[trial.id])


def _finish(session: Session, trial: Trial, attempt: Attempt, now: datetime) -> None:
    """End a trial as completed; as stopped if the rule told this attempt so before its end."""
    if attempt.stop_reason is None:
        finish(trial, Status.COMPLETED, now)
        return
    done, epochs = last_step(session, attempt.id), stopping.epochs_of(trial)
    if epochs is not None and done >= epochs:
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
