"""Trials as points of a chart: how each role looks, and what is told of a point."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from service.figures.axes import Axis
from service.figures.layout import markers, trace

# Fields of `customdata` before the objectives: the page opens the trial of a point by the first.
TRIAL_ID, NUMBER, ORIGIN, FIRST = 0, 1, 2, 3

NAMES = {"front": "front", "dominated": "dominated", "infeasible": "over a limit"}
LOOK = {"front": (9, 1.0), "dominated": (7, 0.7), "infeasible": (7, 0.7)}
DRAWING_ORDER = ("infeasible", "dominated", "front")


@dataclass(frozen=True, slots=True)
class Point:
    """A completed trial. `values` follows the study's objectives; None is a missing value.

    `more` holds what else was asked for, in the order in which it was.
    """

    trial_id: int
    number: int
    values: tuple[float | None, ...]
    on_front: bool
    feasible: bool
    origin: str = "user"
    more: tuple[float | None, ...] = ()

    @property
    def role(self) -> str:
        """How the point is drawn."""
        if self.on_front:
            return "front"
        return "dominated" if self.feasible else "infeasible"


def scatter(
    points: Sequence[Point],
    axes: Sequence[Axis],
    place: Callable[[list[Point]], dict[str, Any]],
    size: float = 1.0,
) -> list[dict[str, Any]]:
    """One trace a role, the front last and so on top."""
    template = _hover(axes)
    traces = []
    for role in DRAWING_ORDER:
        group = [point for point in points if point.role == role]
        look = markers(role, round(LOOK[role][0] * size), LOOK[role][1])
        traces.append(
            trace(
                role,
                mode="markers",
                name=NAMES[role],
                marker=look,
                customdata=[_facts(point, axes) for point in group],
                hovertemplate=template,
                # An empty entry in the legend would raise questions.
                showlegend=bool(group),
                **place(group),
            )
        )
    return traces


def columns(axes: Sequence[Axis], more: Sequence[str]) -> list[str | None]:
    """Name what `customdata` holds; what is no figure of a trial has no name."""
    percent = [None for axis in axes if axis.accuracy]
    return [None] * FIRST + [axis.name for axis in axes] + percent + list(more)


def _hover(axes: Sequence[Axis]) -> str:
    lines = [f"<b>Trial %{{customdata[{NUMBER}]}}</b> · %{{customdata[{ORIGIN}]}}"]
    percent = FIRST + len(axes)  # accuracies follow the values, as `_facts` writes them
    for place, axis in enumerate(axes):
        lines.append(axis.hover(FIRST + place))
        if axis.accuracy:
            lines[-1] += f" · accuracy %{{customdata[{percent}]:.2f}} %"
            percent += 1
    return "<br>".join(lines) + "<extra></extra>"


def _facts(point: Point, axes: Sequence[Axis]) -> list[float | str | None]:
    percent = [
        None if value is None else round(100 * (1 - value), 4)
        for value, axis in zip(point.values, axes, strict=True)
        if axis.accuracy
    ]
    return [point.trial_id, point.number, point.origin, *point.values, *percent, *point.more]
