"""What happened in a study, numbered without a gap; the numbers are the ids of its event stream."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import Event, Study, Trial
from service.states import EventKind


def record(
    session: Session, study: Study, kind: EventKind, data: Mapping[str, Any], now: datetime
) -> None:
    """Add an event. The caller has locked the study's row, so the numbers stay without a gap."""
    study.event_no += 1
    event = Event(study_id=study.id, number=study.event_no, kind=kind, data=dict(data), at=now)
    session.add(event)


def of_trial(trial: Trial, values: Mapping[str, float]) -> dict[str, Any]:
    """Return what an event tells of a finished trial."""
    return {
        "id": trial.id,
        "number": trial.number,
        "purpose": trial.purpose,
        "status": trial.status,
        "finish_no": trial.finish_no,
        "feasible": trial.feasible,
        "on_front": trial.on_front,
        "verified": trial.verified,
        "values": dict(values),
    }


def after(session: Session, study_id: int, number: int, limit: int = 500) -> Sequence[Event]:
    """Return the events that follow event `number`, oldest first."""
    return session.scalars(
        select(Event)
        .where(Event.study_id == study_id, Event.number > number)
        .order_by(Event.number)
        .limit(limit)
    ).all()
