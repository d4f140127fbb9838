"""What thinks for a study: the right to do so, what it is told, and what its fits found."""

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, false, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session, aliased

from optimizer.designers import Fitted
from optimizer.history import Observation
from optimizer.space import Point
from service import needs, studies
from service.models import Fit, Metric, Study, Trial
from service.states import SEARCH, Ended, Status, StudyStatus


def take_thinker(
    session: Session, study_id: int, token: str, now: datetime, until: datetime
) -> bool:
    """Become the one that thinks for an active study, until then at most.

    Returns:
        False if another one thinks; True if `token` may think, or already did and goes on.
    """
    free = or_(
        Study.thinker_token.is_(None), Study.thinker_token == token, Study.thinker_until <= now
    )
    taken = session.execute(
        update(Study)
        .where(and_(Study.id == study_id, Study.status == StudyStatus.ACTIVE, free))
        .values(thinker_token=token, thinker_until=until)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(taken, CursorResult)
    return taken.rowcount == 1


def drop_thinker(session: Session, study_id: int, token: str) -> None:
    """Let another one think; nothing if another one does already."""
    session.execute(
        update(Study)
        .where(Study.id == study_id, Study.thinker_token == token)
        .values(thinker_token=None, thinker_until=None)
        .execution_options(synchronize_session=False)
    )


def taken(active: Sequence[Study], now: datetime) -> set[int]:
    """Return which of these studies somebody thinks for, of this server or of another."""
    until = {study.id: study.thinker_until for study in active}
    return {study_id for study_id, moment in until.items() if moment is not None and moment > now}


def history_rows(
    session: Session, study: Study, after_finish_no: int = 0, up_to_finish_no: int | None = None
) -> list[Observation]:
    """Return finished trials in the ledger's order.

    Args:
        after_finish_no: those that follow this place; 0 for all.
        up_to_finish_no: the last place; None for the newest.
    """
    judged = [*study.problem["objectives"], *study.problem.get("constraints", ())]
    names = [each["name"] for each in judged]
    last = study.finish_no if up_to_finish_no is None else up_to_finish_no
    chosen = Trial.finish_no.between(after_finish_no + 1, last)
    trials = session.execute(
        select(
            Trial.id,
            Trial.point,
            Trial.known,
            Trial.finish_no,
            Trial.status,
            Trial.origin,
            Trial.epochs,
            Trial.key,
        )
        .where(Trial.study_id == study.id, chosen)
        .order_by(Trial.finish_no)
    ).all()
    metrics = session.execute(
        select(Metric.trial_id, Metric.name, Metric.value)
        .join(Trial, Trial.id == Metric.trial_id)
        .where(Metric.study_id == study.id, Metric.name.in_(names), chosen)
    )
    values: dict[int, dict[str, Any]] = {}
    for trial_id, name, value in metrics:
        values.setdefault(trial_id, {})[name] = value
    return [
        Observation(
            point=trial.point,
            values={name: trial.known[name] for name in names if name in trial.known}
            | values.get(trial.id, {}),
            finish_no=trial.finish_no,
            status=trial.status.value,
            origin=trial.origin,
            epochs=trial.epochs,
            key=trial.key,
        )
        for trial in trials
    ]


def changed_since(session: Session, study_id: int, version: int, moment: datetime) -> Sequence[int]:
    """Return the numbers of the trials of a history that got another result after a moment.

    Args:
        session: the session.
        study_id: the study.
        version: the last place of the history.
        moment: when the history was read, the study's row being locked.
    """
    changed = or_(Trial.entered_at.is_(None), Trial.entered_at > moment)
    numbers = select(Trial.number).where(
        Trial.study_id == study_id, Trial.finish_no <= version, changed
    )
    return session.scalars(numbers.order_by(Trial.number)).all()


def pending(session: Session, study: Study) -> dict[int, Point]:
    """Return the points that are proposed and not in the history, by number, oldest first.

    Cancelled ones too: no worker evaluates them, but they must not be proposed a second time.
    """
    points = select(Trial.number, Trial.point)
    points = points.where(Trial.study_id == study.id, Trial.finish_no.is_(None))
    points = points.where(Trial.purpose == SEARCH)
    return {number: point for number, point in session.execute(points.order_by(Trial.number))}


def points_of(session: Session, study_id: int, numbers: Sequence[tuple[int, int]]) -> list[Point]:
    """Return the points of trials by number.

    Args:
        session: the session.
        study_id: the study.
        numbers: runs of numbers, each by its first and its last one.
    """
    chosen = or_(false(), *(Trial.number.between(first, last) for first, last in numbers))
    points = select(Trial.point).where(Trial.study_id == study_id, chosen)
    return list(session.scalars(points.order_by(Trial.number)))


def room(session: Session, study: Study) -> int:
    """Return how many proposals the budgets still admit beside the finished and the open trials.

    Results that the ledger has not entered yet take room, too. Trials that are open take as many
    epochs as they are to be trained for; what is stopped early gives room back.
    """
    used = select(func.count()).where(Trial.study_id == study.id, Trial.status != Status.CANCELLED)
    used = used.where(Trial.purpose == SEARCH)
    left = max(0, study.trials - session.scalars(used).one())
    return left if study.epochs is None else min(left, _room_of_epochs(session, study))


def _room_of_epochs(session: Session, study: Study) -> int:
    """Return how many trainings from scratch begin before the epochs are used up."""
    parent = aliased(Trial)
    own = Trial.epochs - func.coalesce(parent.epochs, 0.0)
    search = (Trial.study_id == study.id, Trial.purpose == SEARCH)
    unentered = (Trial.finish_no.is_(None), Trial.status != Status.CANCELLED)
    taken = select(func.coalesce(func.sum(own), 0.0)).where(*search, *unentered)
    taken = taken.outerjoin_from(Trial, parent, parent.id == Trial.parent_id)
    left = (study.epochs or 0) - study.epochs_done - session.scalars(taken).one()
    return max(0, math.ceil(left / (study.definition["training"].get("epochs") or 1)))


def queued(session: Session, study_ids: Collection[int]) -> Mapping[int, int]:
    """Return how many trials of each search wait for a worker; however many have finished."""
    # By its needs, which stand in an index, and not by its purpose.
    searches = Trial.needs.bitwise_and(needs.CONFIRMING) == 0
    rows = session.execute(
        select(Trial.study_id, func.count())
        .where(Trial.study_id.in_(study_ids), Trial.status == Status.QUEUED, searches)
        .group_by(Trial.study_id)
    )
    return dict.fromkeys(study_ids, 0) | {study_id: count for study_id, count in rows}


def exhaust(session: Session, study_id: int, token: str, now: datetime) -> bool:
    """End a study for which no new point is left or found, once nothing of it is open.

    Returns:
        Whether it ended: False while trials are open or not entered yet, or if another one thinks.
    """
    study = studies.lock(session, study_id)
    if study.thinker_token != token or study.status is not StudyStatus.ACTIVE:
        return False
    unentered = select(func.count()).where(
        Trial.study_id == study_id,
        Trial.finish_no.is_(None),
        Trial.status != Status.CANCELLED,
        Trial.purpose == SEARCH,
    )
    if session.scalars(unentered).one():
        return False
    studies.end(session, study, Ended.EXHAUSTED, now)
    return True


def save_fit(session: Session, study_id: int, fitted: Fitted, now: datetime) -> int:
    """Store what a fit found out and return the number by which proposals name it."""
    fit = Fit(study_id=study_id, created_at=now, **fitted.to_json())
    session.add(fit)
    session.flush()
    return fit.id


def newest_fit(session: Session, study_id: int) -> tuple[int, Fitted] | None:
    """Return the number and the content of the newest fit; None if there is none."""
    newest = select(Fit).where(Fit.study_id == study_id).order_by(Fit.id.desc()).limit(1)
    fit = session.scalars(newest).one_or_none()
    return None if fit is None else (fit.id, _content(fit))


def fit_of(session: Session, trial: Trial) -> Fitted | None:
    """Return the fit that a proposal names; None if it names none."""
    return None if trial.fit_id is None else _content(session.get_one(Fit, trial.fit_id))


def _content(fit: Fit) -> Fitted:
    return Fitted(fit.version, fit.values, fit.history_version, fit.observations, fit.libraries)


def fitted_versions(session: Session, study_ids: Collection[int]) -> dict[int, int]:
    """Return up to which place of its history each study was fitted; 0 without a fit."""
    newest = (
        select(Fit.study_id, func.max(Fit.history_version))
        .where(Fit.study_id.in_(study_ids))
        .group_by(Fit.study_id)
    )
    found = {study_id: version for study_id, version in session.execute(newest)}
    return {study_id: found.get(study_id, 0) for study_id in study_ids}


def open_studies(session: Session) -> Sequence[Study]:
    """Return the active studies, oldest first."""
    active = select(Study).where(Study.status == StudyStatus.ACTIVE)
    return session.scalars(active.order_by(Study.id)).all()
