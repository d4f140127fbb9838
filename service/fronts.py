"""Fronts: which trials are on them, their best, how their hypervolume grew, points for charts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Select, Text, func, select, type_coerce
from sqlalchemy.orm import Session

from optimizer.pareto import hypervolume as hypervolume_of_scores
from optimizer.pareto import non_dominated
from optimizer.problem import Problem
from optimizer.scale import Scale
from service import needs
from service.metrics import AT_ONCE, with_values
from service.models import Hypervolume, Metric, Study, Trial
from service.trial_lists import WITH_RESULT

Values = Mapping[str, float]

COLUMNS: Any = select(
    Trial.id,
    Trial.number,
    type_coerce(Trial.status, Text),
    Trial.finish_no,
    Trial.on_front,
    Trial.feasible,
)

# Who dominates whom does not depend on ideal and reference, so the front needs no fixed scale. The
# problem's own would even hide it: a log scale makes all values beyond its ideal equal.
ORDER_ONLY = {"minimize": Scale(0.0, 1.0), "maximize": Scale(0.0, -1.0)}


def front_of(problem: Problem, rows: Sequence[Values]) -> npt.NDArray[np.bool_]:
    """Mark the trials that no other one dominates.

    Args:
        rows: n trials, each with a value per objective in the objective's own unit.

    Returns:
        `n`, boolean. Trials with equal values are all marked.
    """
    columns = [
        -ORDER_ONLY[objective.goal].z([row[objective.name] for row in rows])
        for objective in problem.objectives
    ]
    return non_dominated(np.stack(columns, axis=1))


def hypervolume_of(problem: Problem, rows: Sequence[Values]) -> float | None:
    """Return the hypervolume of trials over the problem's reference; None while it has no scale."""
    return hypervolume_of_scores(scores_of(problem, rows)) if problem.scaled else None


def scores_of(problem: Problem, rows: Sequence[Values]) -> npt.NDArray[np.float64]:
    """Return the scores of trials on the scale of a problem that has one.

    Args:
        rows: n trials, each with a value per objective in the objective's own unit.

    Returns:
        `n x m`; larger is better, 0 is the reference, 1 the ideal.
    """
    scales = {objective.name: objective.scale for objective in problem.objectives}
    columns = [
        scale.score([row[name] for row in rows])
        for name, scale in scales.items()
        if scale is not None
    ]
    return np.stack(columns, axis=1)


def front(session: Session, study_id: int) -> Sequence[Trial]:
    """Return the trials on a study's front by number."""
    on_front = select(Trial).where(Trial.study_id == study_id, Trial.on_front)
    return session.scalars(on_front.order_by(Trial.number)).all()


def values_on(session: Session, study_id: int) -> dict[int, dict[str, float]]:
    """Return the values of the trials on a study's front, by the id of the trial, by its number."""
    rows = session.execute(
        select(Metric.trial_id, Metric.name, Metric.value)
        .join(Trial, Trial.id == Metric.trial_id)
        .where(Trial.study_id == study_id, Trial.on_front)
        .order_by(Trial.number, Metric.name)
    )
    values: dict[int, dict[str, float]] = {}
    for trial_id, name, value in rows:
        values.setdefault(trial_id, {})[name] = value
    return values


def hypervolume(session: Session, study_id: int) -> Sequence[Hypervolume]:
    """Return the hypervolume after each change of the front, oldest first."""
    rows = select(Hypervolume).where(Hypervolume.study_id == study_id)
    return session.scalars(rows.order_by(Hypervolume.finish_no)).all()


@dataclass(frozen=True, slots=True)
class Chart:
    """Finished trials as columns, equally long; where a trial has no value there is None."""

    trial_id: list[int]
    number: list[int]
    status: list[str]
    finish_no: list[int]
    on_front: list[bool]
    feasible: list[bool | None]
    values: dict[str, list[float | None]]


def points(
    session: Session,
    study_id: int,
    after_finish_no: int = 0,
    limit: int = 10_000,
    names: Sequence[str] = (),
) -> Chart:
    """Return finished trials for a chart, at most `limit`, with the values of some metrics.

    From the beginning (`after_finish_no` 0) the front comes first, then the newest, so that a
    limit never hides the front; later ones come in the ledger's order. Of a trial without a result
    only the known figures have values.
    """
    finished = with_values(COLUMNS, names).where(Trial.study_id == study_id)
    if after_finish_no:
        finished = finished.where(Trial.finish_no > after_finish_no).order_by(Trial.finish_no)
        rows = session.connection().execute(finished.limit(limit)).all()
    else:
        rows = front_first(session, finished, limit)
    columns = [list(column) for column in zip(*rows, strict=True)]
    trial_id, number, status, finish_no, on_front, feasible, *measured = columns or (
        [] for _ in range(6 + len(names))
    )
    values = dict(zip(names, measured, strict=True))
    chart = Chart(trial_id, number, status, finish_no, on_front, feasible, values)
    _add_known(session, chart)
    return chart


def front_first(session: Session, trials: Select[Any], limit: int) -> Sequence[Any]:
    """Run a query of a study's finished trials: the front, then the newest others.

    Args:
        trials: with `finish_no` among its columns.
        limit: at most so many in all.
    """
    # From the connection itself: results of the session take half as long again.
    connection = session.connection()
    # Two queries, each by its own index; one would sort all trials, and with a word of
    # `finish_no` the first would look through all of them for the few on the front.
    front = trials.where(Trial.on_front).order_by(Trial.number.desc()).limit(limit)
    rows = sorted(connection.execute(front), key=lambda row: -row.finish_no)
    others = trials.where(Trial.finish_no.is_not(None), ~Trial.on_front)
    others = others.order_by(Trial.finish_no.desc()).limit(limit - len(rows))
    return [*rows, *connection.execute(others)]


def _add_known(session: Session, chart: Chart) -> None:
    """Enter what is known of trials that have no result, since no metrics were stored of them."""
    places = {
        trial_id: at
        for at, (trial_id, status) in enumerate(zip(chart.trial_id, chart.status, strict=True))
        if status not in WITH_RESULT
    }
    trial_ids = list(places)
    for first in range(0, len(trial_ids), AT_ONCE):
        chunk = Trial.id.in_(trial_ids[first : first + AT_ONCE])
        exact = Trial.needs.bitwise_and(needs.PRUNING) == 0  # of a pruned one it is a prediction
        rows = select(Trial.id, Trial.known).where(chunk, exact)
        for trial_id, known in session.connection().execute(rows).all():
            for name, column in chart.values.items():
                column[places[trial_id]] = known.get(name)


def best(session: Session, study: Study) -> dict[str, float | None]:
    """Return the best value of each objective among the feasible trials; None while there is none.

    The best of each lies on the front, so that is all that is read.
    """
    return bests(session, [study])[study.id]


def bests(session: Session, studies: Sequence[Study]) -> dict[int, dict[str, float | None]]:
    """Return what `best` returns of each of these studies, by its id, from one query."""
    if not studies:
        return {}
    rows = session.execute(
        select(Trial.study_id, Metric.name, func.min(Metric.value), func.max(Metric.value))
        .join(Trial, Trial.id == Metric.trial_id)
        .where(Trial.study_id.in_([study.id for study in studies]), Trial.on_front)
        .group_by(Trial.study_id, Metric.name)
    )
    ends = {(study_id, name): (low, high) for study_id, name, low, high in rows}
    return {
        study.id: {
            each["name"]: ends.get((study.id, each["name"]), (None, None))[
                each["goal"] == "maximize"
            ]
            for each in study.problem["objectives"]
        }
        for study in studies
    }


def values_on_each(
    session: Session, study_ids: Sequence[int], names: Collection[str]
) -> dict[int, list[dict[str, float]]]:
    """Return the values that some metrics have on the front of each of these studies, by its id."""
    rows = session.connection().execute(
        select(Trial.study_id, Metric.trial_id, Metric.name, Metric.value)
        .join(Metric, Metric.trial_id == Trial.id)
        .where(Trial.study_id.in_(study_ids), Trial.on_front, Metric.name.in_(names))
    )
    found: dict[int, dict[int, dict[str, float]]] = {study_id: {} for study_id in study_ids}
    for study_id, trial_id, name, value in rows:
        found[study_id].setdefault(trial_id, {})[name] = value
    return {study_id: list(trials.values()) for study_id, trials in found.items()}
