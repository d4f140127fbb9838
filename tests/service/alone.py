"""What many workers ask together, asked by one of them alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service import trials
from service.errors import ServiceError
from service.models import Trial
from service.states import Order
from service.trials import Claim, Lease, Renew, Renewal, Result, StepReport


def only(answers: Sequence[Any]) -> Any:
    (answer,) = answers
    if isinstance(answer, ServiceError):
        raise answer
    return answer


def claim(session: Session, wish: Claim, now: datetime) -> list[Lease]:
    leases: list[Lease] = only(trials.claim(session, [wish], now))
    return leases


def renew(
    session: Session, trial_id: int, token: str, lease_s: int | None, now: datetime
) -> Renewal:
    renewal: Renewal = only(trials.hear(session, [Renew(trial_id, token, lease_s)], now))
    return renewal


def report(
    session: Session,
    trial_id: int,
    token: str,
    step: int,
    metrics: Mapping[str, float],
    now: datetime,
) -> Order:
    order: Order = only(trials.hear(session, [StepReport(trial_id, token, step, metrics)], now))
    return order


def complete(
    session: Session,
    trial_id: int,
    token: str,
    metrics: Mapping[str, float],
    details: Mapping[str, Any],
    now: datetime,
) -> Trial:
    trial: Trial = only(
        trials.hear(session, [Result(trial_id, token, metrics, details)], now)
    ).trial
    return trial
