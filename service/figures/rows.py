"""From the tables to what the charts take: only the columns that are drawn."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from optimizer.problem import Objective
from resource_models.devices import DEVICES
from resource_models.footprint import memory_timeline
from resource_models.graph import Graph
from service import attempts, fronts
from service.figures.axes import Axis, budgets
from service.figures.points import Point
from service.figures.prediction import Foreseen
from service.figures.thinking import Thought
from service.metrics import with_values
from service.models import Hypervolume, Metric, Study, Trial
from service.states import Kind, Status

# As `fronts.points`: the front first, then the newest, so that a limit never hides the front.
MOST_POINTS = 10_000

COLUMNS: Any = select(
    Trial.id, Trial.number, Trial.finish_no, Trial.on_front, Trial.feasible, Trial.origin
)


def objectives_of(study: Study) -> tuple[Objective, ...]:
    """Return a study's objectives, without building its space."""
    return tuple(Objective.from_json(each) for each in study.problem["objectives"])


def axes_of(study: Study) -> tuple[Axis, ...]:
    """Return a study's objectives as axes, each on the scale on which it is judged."""
    device = DEVICES.get(str(study.definition.get("device")))
    budget = budgets(device)
    return tuple(
        Axis(
            objective,
            log=objective.scale.log if objective.scale is not None else bool(objective.given.log),
            accuracy=study.kind is Kind.NETWORK and objective.name == "error",
            budget=budget.get(objective.name.partition(":")[0])
            if objective.role == "known"
            else None,
        )
        for objective in objectives_of(study)
    )


def points_of(
    session: Session, study: Study, most: int = MOST_POINTS, more: Sequence[str] = ()
) -> list[Point]:
    """Return the completed trials of a study, at most so many: the front, then the newest.

    Args:
        more: the metrics beside the objectives that each point shall tell.
    """
    names = [objective.name for objective in objectives_of(study)]
    completed = with_values(COLUMNS, [*names, *more])
    completed = completed.where(Trial.study_id == study.id, Trial.status == Status.COMPLETED)
    rows, last = fronts.front_first(session, completed, most), len(names)
    return [
        Point(
            trial_id,
            number,
            tuple(values[:last]),
            on_front,
            feasible is not False,
            origin,
            tuple(values[last:]),
        )
        for trial_id, number, _, on_front, feasible, origin, *values in rows
    ]


def hypervolumes_of(session: Session, study: Study) -> list[tuple[int, float, int]]:
    """Return (finish_no, value, front size) wherever a study's front changed."""
    rows = session.execute(
        select(Hypervolume.finish_no, Hypervolume.value, Hypervolume.front_size)
        .where(Hypervolume.study_id == study.id)
        .order_by(Hypervolume.finish_no)
    )
    return [(finish_no, value, size) for finish_no, value, size in rows]


def thoughts_of(session: Session, study: Study, most: int = MOST_POINTS) -> list[Thought]:
    """Return how long the newest proposals of a study's designer took, by number."""
    think_s = Trial.details["think_s"].as_float()
    rows = session.execute(
        select(Trial.id, Trial.number, think_s, Trial.details["fallback"].as_string())
        .where(Trial.study_id == study.id, think_s.is_not(None))
        .order_by(Trial.number.desc())
        .limit(most)
    )
    return [Thought(*row) for row in rows][::-1]


def foreseen_of(
    session: Session, study: Study, name: str, most: int = MOST_POINTS
) -> list[Foreseen]:
    """Return the newest trials with a result of an objective and a prediction of it, by number."""
    mean = Trial.prediction[name]["mean"].as_float()
    sd = Trial.prediction[name]["sd"].as_float()
    rows = session.execute(
        select(Trial.id, Trial.number, mean, sd, Metric.value)
        .join(Metric, Metric.trial_id == Trial.id)
        .where(Metric.study_id == study.id, Metric.name == name)
        .where(mean.is_not(None), sd.is_not(None))
        .order_by(Trial.number.desc())
        .limit(most)
    )
    return [Foreseen(*row) for row in rows][::-1]


def reports_of(session: Session, trial: Trial) -> list[tuple[int, dict[str, float]]]:
    """Return (step, metrics) of the attempt that is shown of a trial.

    Without what no step changes: of a network that is cut, workers report its figures from then on.
    """
    attempt = attempts.shown(session, trial.id)
    if attempt is None:
        return []
    return [
        (report.step, {n: value for n, value in report.metrics.items() if n not in trial.known})
        for report in attempts.reports(session, attempt.id)
    ]


def timeline_of(graph: Graph | None) -> list[tuple[str, int]]:
    """Return the live bytes of each operator; none of a trial without a network."""
    return [] if graph is None else memory_timeline(graph)
