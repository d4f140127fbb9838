"""Lending: hands queued trials out as leases, to one worker or to many at once."""

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.orm import Session

from service import bulk, stopping, tokens, workers
from service.attempts import lose
from service.claims import Claim, Fitness, Request, lendable, of_project, queued
from service.models import Attempt, Study, Trial
from service.states import Order, Status, check_move

SUSPECT = 2  # losses; one may be chance
RESUMED = "A worker of the same name started anew."
EARLIER = select(Attempt.worker, Attempt.request_id, Attempt.slot, Attempt.ended_at).where(
    tuple_(Attempt.worker, Attempt.request_id).in_(bindparam("requests", expanding=True))
)


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
class _Fit:
    """A trial that is fit for a claim, and what its lease and its attempt depend on."""

    trial: Trial
    study: str
    stopping: Mapping[str, Any] | None
    secret: bytes

    @property
    def suspect(self) -> bool:
        """Whether it may be the trial that its workers were lost by."""
        return self.trial.losses >= SUSPECT


def claim(session: Session, claims: Sequence[Claim], now: datetime) -> list[list[Lease]]:
    """Hand out the oldest queued trials of active studies that the workers can do.

    Of a study that has ended, confirm runs alone are handed out.

    The same request gets the same leases again while any of them is open, so an answer that was
    lost on its way costs nothing. Two that meet are told apart by the database (IntegrityError);
    the second must be repeated. With `resume`, trials that an earlier worker of this name left open
    come first.

    Returns:
        For each claim at most `claim.count` leases; none while there is nothing to do.
    """
    asked: dict[Request, Claim] = {}
    for wish in claims:
        asked.setdefault(wish.request, wish)
    slots, repeated = _earlier(session, list(asked))
    leases = {request: _again(session, asked[request]) for request in repeated}
    fresh = [wish for request, wish in asked.items() if not leases.get(request)]
    chosen = _chosen(session, fresh, now)
    if chosen:
        workers.seen(session, {wish.worker for wish, _ in chosen}, now)
        leases |= _open(session, chosen, slots, now)
    return [leases.get(wish.request, []) for wish in claims]


def _earlier(
    session: Session, requests: Sequence[Request]
) -> tuple[Mapping[Request, int], Collection[Request]]:
    """Return the next free slot of requests that came before, and those with an open lease."""
    rows = session.execute(EARLIER, {"requests": requests})
    slots: dict[Request, int] = {}
    repeated: set[Request] = set()
    for worker, request_id, slot, ended_at in rows:
        request = (worker, request_id)
        slots[request] = max(slots.get(request, 0), slot + 1)
        repeated |= {request} if ended_at is None else set()
    return slots, repeated


def _again(session: Session, claim: Claim) -> list[Lease]:
    """Return the leases of a request that came before, as far as they are open."""
    rows = session.execute(
        lendable()
        .add_columns(Attempt)
        .join(Attempt, Attempt.trial_id == Trial.id)
        .where(Attempt.worker == claim.worker, Attempt.request_id == claim.request_id)
        .where(Attempt.ended_at.is_(None), *of_project(claim.project_id))
        .order_by(Attempt.slot)
    )
    return [_lease(_Fit(*fit), attempt) for *fit, attempt in rows]


def _chosen(
    session: Session, claims: Sequence[Claim], now: datetime
) -> list[tuple[Claim, list[_Fit]]]:
    """Lock for each claim what it gets; of claims that are alike the first is served first."""
    left = {c.request: _left_open(session, c, now) if c.resume else [] for c in claims}
    taken = [fit.trial.id for fits in left.values() for fit in fits]
    alike: dict[Fitness, list[Claim]] = {}
    for wish in claims:
        alike.setdefault(wish.fitness, []).append(wish)
    for fitness, group in alike.items():
        missing = sum(wish.count - len(left[wish.request]) for wish in group)
        rows = session.execute(queued(fitness), {"taken": taken, "count": missing}).all()
        fits = deque(_Fit(*row) for row in rows)
        for wish in group:
            _fill(left[wish.request], fits, wish.count)
        taken += [row[0].id for row in rows]
    return [(wish, left[wish.request]) for wish in claims if left[wish.request]]


def _fill(mine: list[_Fit], fits: deque[_Fit], count: int) -> None:
    """Take what comes next, until a claim has what it asked for; a suspect is lent alone.

    Else a trial that kills its workers would take along all that they hold.
    """
    while fits and len(mine) < count and not (mine and (mine[0].suspect or fits[0].suspect)):
        mine.append(fits.popleft())


def _left_open(session: Session, claim: Claim, now: datetime) -> list[_Fit]:
    """Take from this worker's earlier life what it left open, as lost; some trials may give up.

    As lost, since a trial that kills its worker each time would else be handed out for ever.
    """
    rows = session.execute(
        select(Trial.id)
        .join(Attempt, Attempt.trial_id == Trial.id)
        .join(Study, Study.id == Trial.study_id)
        .where(Attempt.worker == claim.worker, Attempt.ended_at.is_(None), claim.fitness.wanted)
        .order_by(Trial.id)
        .limit(claim.count)
        .with_for_update(of=Trial, skip_locked=True, key_share=True)
    ).all()
    # Read again: an attempt may have ended before its trial was locked.
    left = session.execute(
        lendable()
        .add_columns(Attempt)
        .join(Attempt, Attempt.trial_id == Trial.id)
        .where(Trial.id.in_([row.id for row in rows]), Attempt.ended_at.is_(None))
        .where(Attempt.worker == claim.worker)
        .order_by(Trial.id)
    ).all()
    fits: deque[_Fit] = deque()
    for *fit, attempt in left:
        found = _Fit(*fit)
        lose(found.trial, attempt, RESUMED, now)
        fits += [found] if found.trial.status is Status.QUEUED else []
    # The old attempts must be closed in the database before new ones open.
    session.flush()
    mine: list[_Fit] = []
    _fill(mine, fits, claim.count)
    return mine


def _open(
    session: Session,
    chosen: Sequence[tuple[Claim, Sequence[_Fit]]],
    slots: Mapping[Request, int],
    now: datetime,
) -> dict[Request, list[Lease]]:
    """Open an attempt at each trial."""
    numbers = iter(bulk.numbers(session, Attempt, sum(len(fits) for _, fits in chosen)))
    leases = {}
    for wish, fits in chosen:
        opened = [
            (fit, _attempt(wish, fit, next(numbers), slot, now))
            for slot, fit in enumerate(fits, slots.get(wish.request, 0))
        ]
        session.add_all(attempt for _, attempt in opened)
        leases[wish.request] = [_lease(fit, attempt) for fit, attempt in opened]
    return leases


def _attempt(claim: Claim, fit: _Fit, number: int, slot: int, now: datetime) -> Attempt:
    trial = fit.trial
    check_move(trial.status, Status.RUNNING)
    trial.status = Status.RUNNING
    trial.order = Order.CONTINUE
    trial.worker = claim.worker
    trial.attempts += 1
    trial.started_at = trial.started_at or now
    return Attempt(
        id=number,
        trial_id=trial.id,
        number=trial.attempts,
        worker=claim.worker,
        request_id=claim.request_id,
        slot=slot,
        token_sha256=tokens.digest(tokens.token(fit.secret, number, claim.request_id)),
        lease_s=claim.lease_s,
        started_at=now,
        expires_at=now + timedelta(seconds=claim.lease_s),
        rung=stopping.first_rung(fit.stopping, trial),
    )


def _token(fit: _Fit, attempt: Attempt) -> str:
    return tokens.token(fit.secret, attempt.id, attempt.request_id)


def _lease(fit: _Fit, attempt: Attempt) -> Lease:
    trial = fit.trial
    return Lease(
        attempt_id=attempt.id,
        trial_id=trial.id,
        study_id=trial.study_id,
        study=fit.study,
        number=trial.number,
        attempt=attempt.number,
        token=_token(fit, attempt),
        expires_at=attempt.expires_at,
        lease_s=attempt.lease_s,
        work=trial.work,
    )
