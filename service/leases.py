"""Leases: hand trials out, keep them, take them back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, undefer

from service import needs, stopping, tokens, workers
from service.attempts import close, extend, lose, of_token, requeue, take_back
from service.models import Attempt, Study, Trial
from service.states import Kind, Order, Outcome, Status, StudyStatus, check_move

RESUMED = "A worker of the same name started anew."


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker asks for.

    `data` maps the names of the data sets it holds to their sha256, `can` holds the bits of
    `service.needs` for what it can do beyond release 0.1.0. A worker that says nothing of its
    accelerator or its memory gets no trial of a study that needs some.
    """

    worker: str
    request_id: str
    count: int = 1
    lease_s: int = 60
    study_id: int | None = None
    kinds: frozenset[Kind] = frozenset(Kind)
    data: Mapping[str, str] | None = None
    resume: bool = False
    can: int = 0
    accelerator: str | None = None
    memory_mib: int = 0
    project_id: int | None = None  # whose studies the worker may serve; None: of any


@dataclass(frozen=True, slots=True)
class Lease:
    """A trial in the hands of a worker. Only here does the token appear in clear."""

    attempt_id: int
    trial_id: int
    study_id: int
    study: str
    number: int
    attempt: int
    token: str
    expires_at: datetime
    lease_s: int
    work: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a worker is told when it renews."""

    order: Order
    expires_at: datetime


def claim(session: Session, claim: Claim, now: datetime) -> list[Lease]:
    """Hand out the oldest queued trials of active studies that the worker can do.

    Of a study that has ended, confirm runs alone are handed out.

    The same request gets the same leases again while any of them is open, so an answer that was
    lost on its way costs nothing. With `resume`, trials that an earlier worker of this name left
    open come first.

    Returns:
        At most `claim.count` leases; none while there is nothing to do.
    """
    _one_at_a_time(session, claim)
    again = _open_leases(session, claim)
    if again:
        return _leases(session, again)
    trials = _left_open(session, claim, now) if claim.resume else []
    trials += _queued(session, claim, [trial.id for trial in trials])
    if not trials:
        return []
    workers.seen(session, claim.worker, now)
    return _leases(session, _open(session, claim, trials, now))


def _one_at_a_time(session: Session, claim: Claim) -> None:
    """Let a repeated request wait for the first; writers on SQLite are one at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        key = f"{claim.worker}\n{claim.request_id}"
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def _open_leases(session: Session, claim: Claim) -> Sequence[tuple[Trial, Attempt]]:
    rows = session.execute(
        select(Trial, Attempt)
        .join(Attempt, Attempt.trial_id == Trial.id)
        .join(Study, Study.id == Trial.study_id)
        .where(Attempt.worker == claim.worker, Attempt.request_id == claim.request_id)
        .where(Attempt.ended_at.is_(None), *_of_project(claim))
        .order_by(Attempt.slot)
        .options(undefer(Trial.work))
    )
    return [(trial, attempt) for trial, attempt in rows]


def _of_project(claim: Claim) -> list[Any]:
    return [] if claim.project_id is None else [Study.project_id == claim.project_id]


def _wanted(claim: Claim) -> Any:
    """The condition that this worker can do a trial, and that its study hands it out."""
    # By its needs, which stand in the index, and not by its purpose.
    confirms = Trial.needs.bitwise_and(needs.CONFIRMING) != 0
    conditions = [
        or_(Study.status == StudyStatus.ACTIVE, and_(Study.status == StudyStatus.ENDED, confirms)),
        *_of_project(claim),
        Study.kind.in_(claim.kinds),
        Trial.needs.bitwise_and(needs.unmet(claim.can)) == 0,
        or_(Study.needs_accelerator.is_(None), Study.needs_accelerator == claim.accelerator),
        Study.needs_memory_mib <= claim.memory_mib,
    ]
    if claim.study_id is not None:
        conditions.append(Study.id == claim.study_id)
    if claim.data is not None:
        held = [
            and_(Study.data_name == name, Study.data_sha256 == sha256)
            for name, sha256 in claim.data.items()
        ]
        conditions.append(or_(Study.data_name.is_(None), *held))
    return and_(*conditions)


def _queued(session: Session, claim: Claim, taken: Sequence[int]) -> list[Trial]:
    """Lock the oldest queued trials but `taken`; what another claim locked is skipped."""
    count = claim.count - len(taken)
    if count < 1:
        return []
    queued = (
        select(Trial)
        .join(Study, Study.id == Trial.study_id)
        .where(Trial.status == Status.QUEUED, Trial.id.not_in(taken), _wanted(claim))
        .order_by(Trial.id)
        .limit(count)
        .with_for_update(of=Trial, skip_locked=True, key_share=True)
        .options(undefer(Trial.work))
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(queued))


def _left_open(session: Session, claim: Claim, now: datetime) -> list[Trial]:
    """Take from this worker's earlier life what it left open, as lost; some trials may give up.

    As lost, since a trial that kills its worker each time would else be handed out for ever.
    """
    rows = session.execute(
        select(Trial.id)
        .join(Attempt, Attempt.trial_id == Trial.id)
        .join(Study, Study.id == Trial.study_id)
        .where(Attempt.worker == claim.worker, Attempt.ended_at.is_(None), _wanted(claim))
        .order_by(Trial.id)
        .limit(claim.count)
        .with_for_update(of=Trial, skip_locked=True, key_share=True)
    ).all()
    # Read again: an attempt may have ended before its trial was locked.
    left = session.execute(
        select(Trial, Attempt)
        .join(Attempt, Attempt.trial_id == Trial.id)
        .where(Trial.id.in_([row.id for row in rows]), Attempt.ended_at.is_(None))
        .where(Attempt.worker == claim.worker)
        .order_by(Trial.id)
        .options(undefer(Trial.work))
        .execution_options(populate_existing=True)
    ).all()
    for trial, attempt in left:
        lose(trial, attempt, RESUMED, now)
    # The old attempts must be closed in the database before new ones open.
    session.flush()
    return [trial for trial, _ in left if trial.status is Status.QUEUED]


def _open(
    session: Session, claim: Claim, trials: Sequence[Trial], now: datetime
) -> list[tuple[Trial, Attempt]]:
    """Open an attempt at each trial. Its token needs its number, so the rows are written first."""
    first_slot = session.scalars(
        select(func.coalesce(func.max(Attempt.slot) + 1, 0)).where(
            Attempt.worker == claim.worker, Attempt.request_id == claim.request_id
        )
    ).one()
    opened = []
    for slot, trial in enumerate(trials, first_slot):
        check_move(trial.status, Status.RUNNING)
        trial.status = Status.RUNNING
        trial.order = Order.CONTINUE
        trial.worker = claim.worker
        trial.attempts += 1
        trial.started_at = trial.started_at or now
        attempt = Attempt(
            trial_id=trial.id,
            number=trial.attempts,
            worker=claim.worker,
            request_id=claim.request_id,
            slot=slot,
            token_sha256="",
            lease_s=claim.lease_s,
            started_at=now,
            expires_at=now + timedelta(seconds=claim.lease_s),
        )
        opened.append((trial, attempt))
    session.add_all(attempt for _, attempt in opened)
    session.flush()
    rules = _rules(session, trials)
    secret = tokens.secret(session)
    for trial, attempt in opened:
        attempt.rung = stopping.first_rung(rules.get(trial.study_id), trial)
        token = tokens.token(secret, attempt.id, claim.request_id)
        attempt.token_sha256 = tokens.digest(token)
    return opened


def _rules(session: Session, trials: Sequence[Trial]) -> dict[int, dict[str, Any] | None]:
    """Return the stopping rules of the studies of some trials."""
    study_ids = {trial.study_id for trial in trials}
    rows = session.execute(select(Study.id, Study.stopping).where(Study.id.in_(study_ids)))
    return {study_id: rule for study_id, rule in rows}


def _leases(session: Session, opened: Sequence[tuple[Trial, Attempt]]) -> list[Lease]:
    secret = tokens.secret(session)
    study_ids = {trial.study_id for trial, _ in opened}
    rows = session.execute(select(Study.id, Study.name).where(Study.id.in_(study_ids)))
    names = {study_id: name for study_id, name in rows}
    return [
        Lease(
            attempt_id=attempt.id,
            trial_id=trial.id,
            study_id=trial.study_id,
            study=names[trial.study_id],
            number=trial.number,
            attempt=attempt.number,
            token=tokens.token(secret, attempt.id, attempt.request_id),
            expires_at=attempt.expires_at,
            lease_s=attempt.lease_s,
            work=trial.work,
        )
        for trial, attempt in opened
    ]


def renew(
    session: Session, trial_id: int, token: str, lease_s: int | None, now: datetime
) -> Renewal:
    """Prolong a lease and tell the worker whether to go on.

    A renewal that comes after the lease expired takes the trial back if it still waits. If not,
    the order is to cancel: another worker has the trial, or it has ended.

    Args:
        lease_s: the length of the lease from now on; None to keep it.

    Raises:
        TrialNotFound: there is no such trial.
        WrongToken: the token is of none of its attempts.
    """
    trial, attempt = of_token(session, trial_id, token)
    length_s = lease_s or attempt.lease_s
    if not take_back(trial, attempt, length_s, now):
        return Renewal(Order.CANCEL, attempt.expires_at)
    extend(attempt, length_s, now)
    return Renewal(trial.order, attempt.expires_at)


def release(session: Session, trial_id: int, token: str, reason: str, now: datetime) -> Trial:
    """Hand a trial back without any count against it; nothing if the lease is over already.

    Raises:
        TrialNotFound: there is no such trial.
        WrongToken: the token is of none of its attempts.
    """
    trial, attempt = of_token(session, trial_id, token)
    if attempt.ended_at is None:
        close(attempt, Outcome.RELEASED, now, reason or None)
        requeue(trial)
    return trial
