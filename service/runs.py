"""The attempts of a study, newest first, as its timeline draws them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from service.figures.timeline import Run
from service.metrics import AT_ONCE, with_values
from service.models import Attempt, Study, Trial
from service.states import Outcome, Status

RUNNING = "running"


def runs(
    session: Session, study: Study, limit: int, before: int | None = None
) -> tuple[list[Run], int | None]:
    """Return the newest attempts of a study, and where older ones go on; None if there are none.

    Args:
        limit: so many, and those that still run.
        before: only attempts older than this one; then none is added that still runs.
    """
    mine = select(Attempt.id).join(Trial, Trial.id == Attempt.trial_id)
    mine = mine.where(Trial.study_id == study.id)
    newest = mine if before is None else mine.where(Attempt.id < before)
    # Not plainly by id: a database would then look through the attempts of all studies.
    ids = session.scalars(newest.order_by((Attempt.id + 0).desc()).limit(limit + 1)).all()
    older = ids[limit - 1] if len(ids) > limit else None
    wanted = set(ids[:limit])
    if before is None:
        wanted.update(session.scalars(mine.where(Attempt.ended_at.is_(None))))
    rows = session.execute(
        select(
            Attempt.id,
            Attempt.trial_id,
            Trial.number,
            Attempt.number,
            Attempt.worker,
            Attempt.started_at,
            Attempt.ended_at,
            Attempt.outcome,
            Attempt.reason,
            Attempt.stop_reason,
            Trial.status,
        )
        .join(Trial, Trial.id == Attempt.trial_id)
        .where(Attempt.id.in_(wanted))
        .order_by(Attempt.id.desc())
    )
    return [_run(row) for row in rows], older


def with_figures(session: Session, shown: Sequence[Run], names: Sequence[str]) -> list[Run]:
    """Let attempts tell these metrics of their trials; None where a trial has none, or is open."""
    trial_ids = sorted({run.trial_id for run in shown})
    found: dict[int, tuple[float | None, ...]] = {}
    for first in range(0, len(trial_ids), AT_ONCE):
        chunk = Trial.id.in_(trial_ids[first : first + AT_ONCE])
        rows = session.execute(with_values(select(Trial.id), names).where(chunk))
        found.update({trial_id: tuple(values) for trial_id, *values in rows})
    return [replace(run, figures=found[run.trial_id]) for run in shown]


def _run(row: Row[*tuple[Any, ...]]) -> Run:
    attempt_id, trial_id, number, attempt, worker, *times, outcome, reason, order, status = row
    started_at, ended_at = times
    # An order to stop that came after the last epoch stopped nothing.
    stopped = outcome is Outcome.COMPLETED and order is not None and status is Status.STOPPED
    told = RUNNING if outcome is None else "stopped" if stopped else str(outcome)
    why = order if stopped else reason
    return Run(attempt_id, trial_id, number, attempt, worker, started_at, ended_at, told, why)
