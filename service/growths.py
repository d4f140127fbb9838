"""How the hypervolumes of studies grew over trials and time."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service import fronts
from service.figures.overlay import Growth, Step
from service.figures.rows import objectives_of
from service.models import Attempt, Study, Trial


def growth(session: Session, study: Study, now: datetime) -> Growth:
    """Return how the hypervolume of a study grew until it ended, or until now."""
    start = _start(session, study)
    steps = tuple(
        Step(row.finish_no, row.value, row.front_size, max(0.0, (row.at - start).total_seconds()))
        for row in fronts.hypervolume(session, study.id)
    )
    lasted_s = max(0.0, ((study.ended_at or now) - start).total_seconds())
    return Growth(study.id, study.name, objectives_of(study), steps, study.finish_no, lasted_s)


def _start(session: Session, study: Study) -> datetime:
    """When work on the study began; of one with imported results only, when it was created."""
    if study.started_at is not None:
        return study.started_at
    first = select(Attempt.started_at).join(Trial, Trial.id == Attempt.trial_id)
    # As in `service.runs`.
    first = first.where(Trial.study_id == study.id).order_by(Attempt.id + 0).limit(1)
    return session.scalars(first).one_or_none() or study.created_at
