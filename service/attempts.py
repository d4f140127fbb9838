"""Attempts: one worker's tries at a trial. While an attempt is open, it is the lease."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session, undefer

from service import projects, tokens
from service.errors import AttemptEnded, AttemptNotFound, ServiceError, TrialNotFound, WrongToken
from service.models import Attempt, Report, Study, Trial
from service.states import MAY_STILL_DELIVER, FailedThrough, Order, Outcome, Status, check_move

# A trial that loses this many workers goes back to the queue each time; one more, and it fails: it
# may be the trial that kills them. Apart from the failures that workers report, since a fleet of
# preemptible machines loses workers without any fault of the trial.
LOSSES_ALLOWED = 5
# A trial that its holder has locked, and one of its attempts: in most uses that of a token.
Held = tuple[Trial, Attempt]


def lock_trial(session: Session, trial_id: int) -> Trial:
    """Return a trial as it is now; no other transaction changes it or its attempts meanwhile.

    Raises:
        TrialNotFound: there is none in the session's project.
    """
    trial = session.scalars(
        select(Trial)
        .join(Study, Study.id == Trial.study_id)
        .where(Trial.id == trial_id, projects.seen(session))
        .with_for_update(of=Trial, key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if trial is None:
        raise TrialNotFound(trial_id)
    return trial


def of_token(session: Session, trial_id: int, token: str) -> Held:
    """Lock a trial and find the attempt that the token was given for.

    Raises:
        TrialNotFound: there is none.
        WrongToken: the token is of none of its attempts.
    """
    (found,) = of_tokens(session, [(trial_id, token)], work=True)
    if isinstance(found, ServiceError):
        raise found
    return found


def of_tokens(
    session: Session, tokens_: Sequence[tuple[int, str]], work: bool
) -> list[Held | ServiceError]:
    """Lock trials and find the attempts that their tokens were given for, by one statement.

    Args:
        session: the session.
        tokens_: number of a trial and token.
        work: whether the trials are read with what their workers were sent.

    Returns:
        In the order of the tokens trial and attempt, or TrialNotFound or WrongToken.
    """
    trial_ids = sorted({trial_id for trial_id, _ in tokens_})
    statement = _locking(projects.of_session(session) is not None, work)
    rows = session.execute(
        statement, {"trial_ids": trial_ids, "project_id": projects.of_session(session)}
    )
    held: dict[int, list[Held]] = {}
    for trial, attempt in rows:
        held.setdefault(trial.id, []).append((trial, attempt))
    return [_of_token(session, held, trial_id, token) for trial_id, token in tokens_]


@cache
def _locking(limited: bool, work: bool) -> Select[Trial, Attempt]:
    """Select and lock trials with their attempts; built once, since all workers wait for it.

    By number, so that two transactions never wait for each other's trials. The attempts are locked,
    too: the database then gives them as they are once their trial is ours.
    """
    found = (
        select(Trial, Attempt)
        .join(Attempt, Attempt.trial_id == Trial.id)
        .join(Study, Study.id == Trial.study_id)
        .where(Trial.id.in_(bindparam("trial_ids", expanding=True)))
        .order_by(Trial.id, Attempt.number)
        .with_for_update(of=[Trial, Attempt], key_share=True)
        .options(*([undefer(Trial.work)] if work else []))
        .execution_options(populate_existing=True)
    )
    return found.where(Study.project_id == bindparam("project_id")) if limited else found


def _of_token(
    session: Session, held: Mapping[int, Sequence[Held]], trial_id: int, token: str
) -> Held | ServiceError:
    digest = tokens.digest(token)
    for trial, attempt in held.get(trial_id, ()):
        if tokens.same(digest, attempt.token_sha256):
            return trial, attempt
    if trial_id not in held and _is_nowhere(session, trial_id):
        return TrialNotFound(trial_id)
    return WrongToken(trial_id)


def _is_nowhere(session: Session, trial_id: int) -> bool:
    """Whether there is no such trial in the session's project, also none without attempts."""
    found = select(Trial.id).join(Study, Study.id == Trial.study_id)
    return session.scalar(found.where(Trial.id == trial_id, projects.seen(session))) is None


def get(session: Session, attempt_id: int) -> Attempt:
    """Return an attempt by its number.

    Raises:
        AttemptNotFound: there is none in the session's project.
    """
    attempt = session.scalars(
        select(Attempt)
        .join(Trial, Trial.id == Attempt.trial_id)
        .join(Study, Study.id == Trial.study_id)
        .where(Attempt.id == attempt_id, projects.seen(session))
    ).one_or_none()
    if attempt is None:
        raise AttemptNotFound(attempt_id)
    return attempt


def listing(session: Session, trial_id: int) -> Sequence[Attempt]:
    """Return the attempts at a trial, oldest first."""
    return session.scalars(
        select(Attempt)
        .where(Attempt.trial_id == trial_id)
        .order_by(Attempt.number)
        .execution_options(populate_existing=True)
    ).all()


def open_of(session: Session, trial: Trial) -> Attempt | None:
    """Return the open attempt at a trial whose row the caller has locked."""
    return session.scalars(
        select(Attempt)
        .where(Attempt.trial_id == trial.id, Attempt.ended_at.is_(None))
        .execution_options(populate_existing=True)
    ).one_or_none()


def shown(session: Session, trial_id: int) -> Attempt | None:
    """Return the attempt that is shown of a trial: the one that counted, or else the last."""
    attempts = listing(session, trial_id)
    counted = [attempt for attempt in attempts if attempt.counts]
    return next(iter(counted or attempts[-1:]), None)


def reports(session: Session, attempt_id: int) -> Sequence[Report]:
    """Return the reports of an attempt by step."""
    return session.scalars(
        select(Report).where(Report.attempt_id == attempt_id).order_by(Report.step)
    ).all()


def last_step(session: Session, attempt_id: int) -> int:
    """Return the last step that an attempt has reported; 0 if it has reported none."""
    last = select(func.max(Report.step)).where(Report.attempt_id == attempt_id)
    return session.scalars(last).one() or 0


def close(attempt: Attempt, outcome: Outcome, now: datetime, reason: str | None = None) -> None:
    """End an attempt."""
    attempt.ended_at = now
    attempt.outcome = outcome
    attempt.reason = reason


def lose(trial: Trial, attempt: Attempt, reason: str, now: datetime) -> None:
    """End the open attempt of a lost worker and queue the trial again, or give it up.

    In one transaction, so a trial is never without a lease and outside the queue.
    """
    close(attempt, Outcome.EXPIRED, now, reason)
    trial.losses += 1
    if trial.losses <= LOSSES_ALLOWED:
        requeue(trial)
        return
    finish(trial, Status.FAILED, now)
    trial.failed_through = FailedThrough.LOST_WORKERS
    trial.reason = f"Its worker was lost {trial.losses} times; the last time: {reason}"


def requeue(trial: Trial) -> None:
    """Put a running trial back into the queue; its place there is by age, so it comes first."""
    check_move(trial.status, Status.QUEUED)
    trial.status = Status.QUEUED
    trial.order = Order.CONTINUE


def finish(trial: Trial, status: Status, now: datetime) -> None:
    """End a trial. The ledger enters it later, and again if a late result changes it."""
    check_move(trial.status, status)
    trial.status = status
    trial.finished_at = now
    trial.entered_at = None
    trial.failed_through = None
    trial.reason = None


def take_back(trial: Trial, attempt: Attempt, lease_s: int, now: datetime) -> bool:
    """Open an expired attempt again if its trial still waits in the queue.

    Returns:
        Whether the attempt is open, be it again or still.
    """
    if _waits(trial, attempt):
        check_move(trial.status, Status.RUNNING)
        trial.status = Status.RUNNING
        trial.worker = attempt.worker
        trial.order = Order.CONTINUE if attempt.stop_reason is None else Order.STOP
        trial.losses -= 1  # the worker was not lost
        attempt.ended_at = attempt.outcome = attempt.reason = None
        extend(attempt, lease_s, now)
    return attempt.ended_at is None


def refuse_if_delivered(attempt: Attempt) -> None:
    """Check that an attempt has not delivered a result, nor ended as the worker itself said.

    Raises:
        AttemptEnded: it has.
    """
    if attempt.outcome is not None and attempt.outcome not in MAY_STILL_DELIVER:
        raise AttemptEnded(attempt.trial_id, str(attempt.outcome))


def may_go_on(trial: Trial, attempt: Attempt) -> bool:
    """Whether an attempt is open, or would be once it is taken back."""
    return attempt.ended_at is None or _waits(trial, attempt)


def _waits(trial: Trial, attempt: Attempt) -> bool:
    return attempt.outcome is Outcome.EXPIRED and trial.status is Status.QUEUED


def extend(attempt: Attempt, lease_s: int, now: datetime) -> None:
    """Let the lease of an open attempt run from now."""
    attempt.lease_s = lease_s
    attempt.expires_at = now + timedelta(seconds=lease_s)
