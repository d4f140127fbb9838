"""Charts of studies as Plotly JSON."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field

from service import figures, studies
from service.api.charts import Chart
from service.api.parts import PartsDep, StudyRef
from service.api.schemas.body import METRIC_NAME
from service.figures import Axis, Figure, Point
from service.figures.rows import (
    MOST_POINTS,
    axes_of,
    foreseen_of,
    hypervolumes_of,
    objectives_of,
    points_of,
    thoughts_of,
)

router = APIRouter(tags=["figures"])

# A scatter in space is drawn point by point on every turn of the scene.
MOST_POINTS_3D = 3000
MOST_ALSO = 16


class FigureOut(BaseModel):
    """A chart as Plotly takes it."""

    data: list[dict[str, Any]]
    layout: dict[str, Any]


class AxesQuery(BaseModel):
    """Which objectives go along the axes, and whether their ratios count."""

    model_config = ConfigDict(extra="forbid")

    x: str | None = None
    y: str | None = None
    x_log: bool | None = None
    y_log: bool | None = None
    also: list[Annotated[str, Field(pattern=METRIC_NAME)]] = Field(
        default_factory=list,
        max_length=MOST_ALSO,
        description="Metrics beside the objectives that each point tells in its `customdata`.",
    )


class Axes3dQuery(AxesQuery):
    """The same in space."""

    z: str | None = None
    z_log: bool | None = None


@router.get("/studies/{study}/figures/front", response_model=FigureOut)
def front(
    study: StudyRef, query: Annotated[AxesQuery, Query()], request: Request, parts: PartsDep
) -> Response:
    """Draw the front over two objectives; by default a known one and the first measured one."""
    with parts.db.read() as session:
        found = studies.get(session, study)
        axes = axes_of(found)
        x, y = places(axes, {"x": query.x, "y": query.y})
        chosen = with_scales(axes, [(x, query.x_log), (y, query.y_log)])
        chart = Chart(request, parts.charts, found, ("front", query.model_dump_json()))
        if (known := chart.known()) is not None:
            return known
        points = points_of(session, found, MOST_POINTS, query.also)
    note = _note(points, MOST_POINTS)
    return chart.drawn(figures.front(points, chosen, x, y, query.also, note))


@router.get("/studies/{study}/figures/front3d", response_model=FigureOut)
def front3d(
    study: StudyRef, query: Annotated[Axes3dQuery, Query()], request: Request, parts: PartsDep
) -> Response:
    """Draw the front over three objectives."""
    with parts.db.read() as session:
        found = studies.get(session, study)
        axes = axes_of(found)
        if len(axes) < 3:
            need = f"a front in space needs three objectives, this study has {len(axes)}"
            raise refused("y", need)
        x, y, z = places(axes, {"x": query.x, "y": query.y, "z": query.z})
        chosen = with_scales(axes, [(x, query.x_log), (y, query.y_log), (z, query.z_log)])
        chart = Chart(request, parts.charts, found, ("front3d", query.model_dump_json()))
        if (known := chart.known()) is not None:
            return known
        points = points_of(session, found, MOST_POINTS_3D, query.also)
    note = _note(points, MOST_POINTS_3D)
    return chart.drawn(figures.front3d(points, chosen, (x, y, z), query.also, note))


def _note(points: Sequence[Point], most: int) -> str:
    """Say what a crowded chart leaves out."""
    if len(points) < most:
        return ""
    return f"The front and the newest other trials are drawn, {most:,} in all."


@router.get("/studies/{study}/figures/hypervolume", response_model=FigureOut)
def hypervolume(study: StudyRef, request: Request, parts: PartsDep) -> Response:
    """Draw how the hypervolume grew."""
    with parts.db.read() as session:
        found = studies.get(session, study)
        chart = Chart(request, parts.charts, found, "hypervolume")
        if (known := chart.known()) is not None:
            return known
        rows = hypervolumes_of(session, found)
        objectives, finish_no = objectives_of(found), found.finish_no
    return chart.drawn(figures.hypervolume(rows, finish_no, objectives))


@router.get("/studies/{study}/figures/prediction", response_model=FigureOut)
def prediction(
    study: StudyRef,
    request: Request,
    parts: PartsDep,
    objective: Annotated[
        str | None, Query(description="A measured objective; by default the first.")
    ] = None,
) -> Response:
    """Draw results against what was predicted of them, and say how far predictions are kept."""
    with parts.db.read() as session:
        found = studies.get(session, study)
        axis = _measured(axes_of(found), objective)
        chart = Chart(request, parts.charts, found, ("prediction", axis.name))
        if (known := chart.known()) is not None:
            return known
        rows = foreseen_of(session, found, axis.name)
    return chart.drawn(figures.prediction(rows, axis))


@router.get("/studies/{study}/figures/thinking", response_model=FigureOut)
def thinking(study: StudyRef, request: Request, parts: PartsDep) -> Response:
    """Draw how long the proposals took, and which a designer made in another one's place."""
    with parts.db.read() as session:
        found = studies.get(session, study)
        # No event tells of a proposal, but each has a number.
        chart = Chart(request, parts.charts, found, "thinking", beside=found.last_number)
        if (known := chart.known()) is not None:
            return known
        thoughts = thoughts_of(session, found)
    return chart.drawn(figures.thinking(thoughts))


def answer(figure: Figure) -> FigureOut:
    """Wrap a figure for the wire."""
    return FigureOut(data=figure["data"], layout=figure["layout"])


def _measured(axes: tuple[Axis, ...], wanted: str | None) -> Axis:
    known = [axis for axis in axes if axis.objective.role == "measured"]
    for axis in known:
        if wanted in (None, axis.name):
            return axis
    names = ", ".join(axis.name for axis in known) or "nothing: all objectives are known"
    raise refused("objective", f"need a measured objective ({names})", wanted)


def places(axes: Sequence[Axis], wanted: dict[str, str | None]) -> list[int]:
    """Find an objective for each axis; the ones that were not named follow from the others.

    Raises:
        RequestValidationError: the study has no such objective, or it was named twice.
    """
    names = [axis.name for axis in axes]
    chosen: dict[str, int] = {}
    for field, name in wanted.items():
        if name is None:
            continue
        if name not in names:
            raise refused(field, f"need one of {', '.join(names)}", name)
        if names.index(name) in chosen.values() and len(axes) > 1:
            raise refused(field, "need another objective on each axis", name)
        chosen[field] = names.index(name)
    if len(axes) == 1:
        return [0 for _ in wanted]
    # What is known goes to the right, what is measured goes up: size first, then error.
    known = [place for place, axis in enumerate(axes) if axis.objective.role == "known"]
    measured = [place for place, axis in enumerate(axes) if axis.objective.role == "measured"]
    order = {"x": [*known, *measured], "y": [*measured, *known], "z": range(len(axes))}
    for field in wanted:
        if field not in chosen:
            free = [place for place in order[field] if place not in chosen.values()]
            chosen[field] = free[0]
    return [chosen[field] for field in wanted]


def with_scales(
    axes: Sequence[Axis], wanted: Sequence[tuple[int, bool | None]]
) -> tuple[Axis, ...]:
    """Set for each of these axes whether it is logarithmic; None leaves it as it is judged."""
    changed = list(axes)
    for place, log in wanted:
        if log is not None:
            changed[place] = replace(changed[place], log=log)
    return tuple(changed)


def refused(field: str, need: str, value: str | None = None) -> RequestValidationError:
    """Say in the words of a validation that an axis cannot be drawn."""
    return RequestValidationError(
        [{"type": "value_error", "loc": ("query", field), "msg": need, "input": value}]
    )
