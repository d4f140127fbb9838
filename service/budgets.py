"""Budgets of a study: trials, epochs, hours, and how long it goes on without growth."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from optimizer.problem import Problem, initial_count
from service.endings import PLATEAU_GROWTH
from service.models import Attempt, Hypervolume, Report, Study, Trial
from service.states import SEARCH, Ended, StudyStatus

REASONS = frozenset({Ended.BUDGET, Ended.EPOCHS, Ended.HOURS, Ended.PLATEAU})
# What the column holds. The steps of a black box may be anything, a time in seconds for one.
MOST_EPOCHS = 2**31 - 1
NAMES = ("trials", "epochs", "hours", "plateau")


class Budgets(TypedDict, total=False):
    """Budgets by name; None leaves one as it is."""

    trials: int | None
    epochs: int | None
    hours: float | None
    plateau: int | None


def set_all(study: Study, wanted: Budgets) -> None:
    """Change the budgets that are given."""
    for name, value in wanted.items():
        if value is not None:
            setattr(study, name, value)
    if wanted.get("trials") is not None:
        study.problem = {**study.problem, "budget": study.trials}


def of(study: Study) -> tuple[float | None, ...]:
    """Return all budgets, to compare them."""
    return tuple(getattr(study, name) for name in NAMES)


def due(session: Session, now: datetime) -> list[int]:
    """Return the studies with limited hours that were claimed from just now, or are over."""
    limited = session.execute(
        select(Study.id, Study.hours, Study.started_at).where(
            Study.hours.is_not(None), Study.status != StudyStatus.ENDED
        )
    ).all()
    begun = _claimed(session, [row.id for row in limited if row.started_at is None])
    over = [
        row.id
        for row in limited
        if row.started_at is not None and now >= row.started_at + timedelta(hours=row.hours)
    ]
    return [*begun, *over]


def _claimed(session: Session, study_ids: Sequence[int]) -> Sequence[int]:
    """Return those of the studies of which a trial was ever claimed."""
    if not study_ids:
        return []
    claimed = select(Trial.study_id).where(
        Trial.study_id.in_(study_ids), Trial.started_at.is_not(None), Trial.purpose == SEARCH
    )
    return session.scalars(claimed.distinct()).all()


def begin(session: Session, study: Study) -> None:
    """Note when the first trial was claimed, if hours are limited; the caller has the lock.

    A claim does not: it would wait for the study's row while it holds that of a trial.
    """
    if study.hours is not None and study.started_at is None:
        study.started_at = session.scalars(
            select(func.min(Trial.started_at)).where(
                Trial.study_id == study.id, Trial.purpose == SEARCH
            )
        ).one()


def epochs_of(session: Session, trial_ids: Sequence[int]) -> int:
    """Return how many epochs the attempts that counted for these trials have reported."""
    last = (
        select(func.max(Report.step).label("step"))
        .join(Attempt, Attempt.id == Report.attempt_id)
        .where(Attempt.trial_id.in_(trial_ids), Attempt.counts)
        .group_by(Attempt.id)
        .subquery()
    )
    return int(session.scalars(select(func.coalesce(func.sum(last.c.step), 0))).one())


def used_up(session: Session, study: Study, now: datetime) -> Ended | None:
    """Return which budget of a study is used up; None if it may go on.

    Running trials do not count before they have finished. There is no plateau before the initial
    design is done and so many trials have followed it, nor while nothing beats the reference.
    """
    if study.finish_no >= study.trials:
        return Ended.BUDGET
    if study.epochs is not None and study.epochs_done >= study.epochs:
        return Ended.EPOCHS
    if study.hours is not None and study.started_at is not None:
        if now >= study.started_at + timedelta(hours=study.hours):
            return Ended.HOURS
    return Ended.PLATEAU if _is_level(session, study) else None


def _is_level(session: Session, study: Study) -> bool:
    """Whether the hypervolume has not grown for as many trials as the study allows."""
    if study.plateau is None or not study.hypervolume:
        return False
    since = study.finish_no - study.plateau
    if since < initial_count(Problem.from_json(study.problem)):
        return False
    before = session.scalars(
        select(Hypervolume.value)
        .where(Hypervolume.study_id == study.id, Hypervolume.finish_no <= since)
        .order_by(Hypervolume.finish_no.desc())
        .limit(1)
    ).one_or_none()
    return before is not None and study.hypervolume <= before * (1 + growth(study))


def growth(study: Study) -> float:
    """Return by which share the hypervolume must grow, or the study is on a plateau."""
    asked = study.definition.get("plateau_growth")
    return PLATEAU_GROWTH if asked is None else float(asked)


def because(study: Study) -> str | None:
    """Return in words why a study ended; None while it goes on."""
    if study.ended_reason is None:
        return None
    if study.ended_reason is Ended.EXHAUSTED:
        return _exhausted(Problem.from_json(study.problem))
    share, level = 100 * growth(study), _counted(study.plateau or 0, "trial")
    words = {
        Ended.BUDGET: f"{_counted(study.trials, 'trial')} finished",
        Ended.CLOSED: "closed by a user",
        Ended.EPOCHS: f"{_counted(study.epochs or 0, 'epoch')} trained",
        Ended.HOURS: f"{study.hours or 0:g} h passed",
        Ended.PLATEAU: f"the hypervolume grew by no more than {share:g} % in {level}",
    }
    return words[study.ended_reason]


def _exhausted(problem: Problem) -> str:
    """Whether every point was looked at, or the search for another one gave up."""
    if problem.space.listable:
        return "the space has no point left"
    return "no new point was found that keeps constraints and limits; there may be some left"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
