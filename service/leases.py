"""Leases: keep them and hand them back; `service.lending` hands them out."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from service.attempts import Held, close, extend, of_token, requeue, take_back
from service.models import Trial
from service.states import Order, Outcome


@dataclass(frozen=True, slots=True)
class Renew:
    """A sign of life; without `lease_s` the lease keeps its length."""

    trial_id: int
    token: str
    lease_s: int | None = None


@dataclass(frozen=True, slots=True)
class Renewal:
    """What a worker is told when it renews."""

    order: Order
    expires_at: datetime


def renew(held: Held, wish: Renew, now: datetime) -> Renewal:
    """Prolong a lease and tell the worker whether to go on.

    A renewal that comes after the lease expired takes the trial back if it still waits. If not,
    the order is to cancel: another worker has the trial, or it has ended.
    """
    trial, attempt = held
    length_s = wish.lease_s or attempt.lease_s
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
