"""The features of trials as columns: the parameters of a black box, or the traits of networks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from optimizer.networks.traits import TRAITS, traits
from optimizer.parameters import Choice, Integer, Parameter, Real, parameter_from_json
from optimizer.space import Column, Point
from service import fronts
from service.metrics import AT_ONCE
from service.models import Study, Trial
from service.states import Kind, Status

Value = float | None


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature of trials, as a column.

    A choice is told by the place of its value among `labels`. None is a parameter that a point does
    not have.
    """

    name: str
    values: tuple[Value, ...]
    log: bool = False
    whole: bool = False
    labels: tuple[str, ...] = ()
    ordered: bool = False  # of a choice

    @property
    def column(self) -> Column:
        """What the values mean to a model."""
        if self.labels and not self.ordered:
            return Column(self.name, "category", len(self.labels) + 1)
        return Column(self.name)

    @property
    def coordinates(self) -> list[float]:
        """The values for a model; what is not there lies apart from all others."""
        known = [value for value in self.values if value is not None]
        apart = float(len(self.labels)) if self.labels else min(known, default=0.0) - 1.0
        return [apart if value is None else value for value in self.values]


@dataclass(frozen=True, slots=True)
class Results:
    """Completed trials of a study as columns, equally long, in the order in which they finished.

    `figures` are those of the objectives and what else was asked for.
    """

    trial_id: list[int]
    number: list[int]
    on_front: list[bool]
    feasible: list[bool]
    figures: Mapping[str, list[Value]]
    features: tuple[Feature, ...]


@dataclass(frozen=True, slots=True)
class Completed:
    """What is read of completed trials: where they stand in a chart, and their points."""

    study: Study
    chart: fronts.Chart
    places: Sequence[int]
    points: Sequence[Point]


def completed(session: Session, study: Study, most: int, also: Sequence[str] = ()) -> Completed:
    """Read the front of a study and its newest completed trials, at most so many in all.

    Args:
        also: metrics beside the objectives to be read of each.
    """
    objectives = [objective["name"] for objective in study.problem["objectives"]]
    names = list(dict.fromkeys([*objectives, *also]))
    chart = fronts.points(session, study.id, limit=most, names=names)
    places = [at for at, status in enumerate(chart.status) if status == Status.COMPLETED]
    places.sort(key=chart.finish_no.__getitem__)
    points = _points(session, [chart.trial_id[at] for at in places])
    return Completed(study, chart, places, points)


def results(found: Completed) -> Results:
    """Return the columns of completed trials.

    The traits of ten thousand networks take a second, so not in a transaction.
    """
    chart, places = found.chart, found.places
    return Results(
        [chart.trial_id[at] for at in places],
        [chart.number[at] for at in places],
        [chart.on_front[at] for at in places],
        [chart.feasible[at] is not False for at in places],
        {name: [values[at] for at in places] for name, values in chart.values.items()},
        features_of(found.study, found.points),
    )


def _points(session: Session, trial_ids: Sequence[int]) -> list[Point]:
    found: dict[int, Point] = {}
    for first in range(0, len(trial_ids), AT_ONCE):
        chunk = Trial.id.in_(trial_ids[first : first + AT_ONCE])
        rows = session.connection().execute(select(Trial.id, Trial.point).where(chunk))
        found.update({trial_id: point for trial_id, point in rows.all()})
    return [found[trial_id] for trial_id in trial_ids]


def features_of(study: Study, points: Sequence[Point]) -> tuple[Feature, ...]:
    """Return the features of points of a study."""
    if study.kind is Kind.NETWORK:
        return _of_networks(study, points)
    listed = study.problem["space"]["parameters"]
    parameters = [parameter_from_json(each, "parameter") for each in listed]
    return tuple(_of_parameter(each, points) for each in parameters)


def _of_parameter(parameter: Parameter, points: Sequence[Point]) -> Feature:
    name = parameter.name
    told = [point.get(name) for point in points]
    if isinstance(parameter, Real | Integer):
        whole = isinstance(parameter, Integer)
        values = tuple(None if value is None else float(value) for value in told)
        return Feature(name, values, log=parameter.log, whole=whole)
    places = tuple(None if value is None else float(_place(parameter, value)) for value in told)
    labels = tuple(_word(value) for value in parameter.values)
    return Feature(name, places, labels=labels, ordered=parameter.ordered)


def _place(choice: Choice, value: Any) -> int:
    """The place of a value in its list."""
    return int(choice.place(value) * len(choice.values))


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_networks(study: Study, points: Sequence[Point]) -> tuple[Feature, ...]:
    """The traits that differ among the networks: most studies leave only some of them open."""
    rows = [traits(point) for point in points]
    recipe = study.problem["context"]["training"] or {}
    # A gene whose field the study's recipe fixes is there and says nothing.
    mute = {
        name.replace("_", " ")
        for name in ("learning_rate", "dropout")
        if recipe.get(name) is not None
    }
    found = []
    for trait in TRAITS:
        told = [row[trait.name] for row in rows]
        if trait.name in mute or len(set(told)) < 2:
            continue
        if trait.choice:
            labels = sorted({str(value) for value in told if value is not None})
            places = tuple(None if v is None else float(labels.index(str(v))) for v in told)
            found.append(Feature(trait.name, places, labels=tuple(labels)))
        else:
            numbers = tuple(None if value is None else float(value) for value in told)
            whole = all(value is None or value.is_integer() for value in numbers)
            found.append(Feature(trait.name, numbers, log=trait.log, whole=whole))
    return tuple(found)
