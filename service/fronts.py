"""Fronts: which trials are on them, their best, how their hypervolume grew, points for charts."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from sqlalchemy import func, select
from sqlalchemy.orm import Session, load_only

from optimizer.pareto import hypervolume as hypervolume_of_scores
from optimizer.pareto import non_dominated
from optimizer.problem import Problem
from optimizer.scale import Scale
from service.models import Hypervolume, Metric, Study, Trial

Values = Mapping[str, float]

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


def hypervolume(session: Session, study_id: int) -> Sequence[Hypervolume]:
    """Return the hypervolume after each change of the front, oldest first."""
    rows = select(Hypervolume).where(Hypervolume.study_id == study_id)
    return session.scalars(rows.order_by(Hypervolume.finish_no)).all()


def points(
    session: Session, study_id: int, after_finish_no: int = 0, limit: int = 10_000
) -> Sequence[Trial]:
    """Return finished trials for a chart, at most `limit`.

    From the beginning (`after_finish_no` 0) the front comes first, then the newest, so that a
    limit never hides the front; later ones come in the ledger's order. Points, predictions and
    details are not read.
    """
    read = load_only(
        Trial.number,
        Trial.status,
        Trial.known,
        Trial.needs,
        Trial.finish_no,
        Trial.on_front,
        Trial.feasible,
        raiseload=True,
    )
    finished = select(Trial).options(read)
    finished = finished.where(Trial.study_id == study_id, Trial.finish_no > after_finish_no)
    if after_finish_no == 0:
        finished = finished.order_by(Trial.on_front.desc(), Trial.finish_no.desc())
    else:
        finished = finished.order_by(Trial.finish_no)
    return session.scalars(finished.limit(limit)).all()


def best(session: Session, study: Study) -> dict[str, float | None]:
    """Return the best value of each objective among the feasible trials; None while there is none.

    The best of each lies on the front, so that is all that is read.
    """
    rows = session.execute(
        select(Metric.name, func.min(Metric.value), func.max(Metric.value))
        .join(Trial, Trial.id == Metric.trial_id)
        .where(Trial.study_id == study.id, Trial.on_front)
        .group_by(Metric.name)
    )
    ends = {name: {"minimize": low, "maximize": high} for name, low, high in rows}
    return {
        objective["name"]: ends.get(objective["name"], {}).get(objective["goal"])
        for objective in study.problem["objectives"]
    }
