"""The front of a study in two and in three dimensions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from service.figures.axes import Axis
from service.figures.crowd import seen
from service.figures.layout import COLOUR, Figure, figure, markers, trace

# Fields of `customdata` before the objectives: the page opens the trial of a point by the first.
TRIAL_ID, NUMBER, FIRST = 0, 1, 2

NAMES = {"front": "front", "dominated": "dominated", "infeasible": "over a limit"}
LOOK = {"front": (9, 1.0), "dominated": (7, 0.7), "infeasible": (7, 0.7)}
DRAWING_ORDER = ("infeasible", "dominated", "front")


@dataclass(frozen=True, slots=True)
class Point:
    """A completed trial. `values` follows the study's objectives; None is a missing value."""

    trial_id: int
    number: int
    values: tuple[float | None, ...]
    on_front: bool
    feasible: bool

    @property
    def role(self) -> str:
        """How the point is drawn."""
        if self.on_front:
            return "front"
        return "dominated" if self.feasible else "infeasible"


def front(points: Sequence[Point], axes: Sequence[Axis], x: int, y: int) -> Figure:
    """Draw two objectives against each other; of a single objective, its course over the trials.

    Args:
        points: completed trials, in any order.
        axes: the study's objectives, as in `Point.values`.
        x: which of them goes to the right.
        y: which of them goes up; the same as `x` if the study has but one.
    """
    if x == y:
        return _course(points, axes, y)
    shown = [p for p in points if p.values[x] is not None and p.values[y] is not None]
    xs, ys = ([p.values[place] for p in shown] for place in (x, y))
    across, up = axes[x].fitting(xs), axes[y].fitting(ys)
    drawn = _thinned(shown, [across.places(xs), up.places(ys)])
    traces = _scatter(
        drawn,
        axes,
        lambda group: {
            "type": "scatter",
            "x": across.drawn([p.values[x] for p in group]),
            "y": up.drawn([p.values[y] for p in group]),
        },
    )
    traces.insert(-1, _step_line(_best_of_two(shown, axes, x, y), across, up))
    return figure(
        traces,
        f"Front: {up.name} against {across.name}",
        xaxis=across.layout(),
        yaxis=up.layout(),
        shapes=[*across.lines("x", xs), *up.lines("y", ys)],
        meta={
            "axes": [across.about("x", xs), up.about("y", ys)],
            "note": _note(len(drawn), len(shown)),
        },
        # Zoom and hidden traces survive new data, but not another choice of axes.
        uirevision=f"{across.name} {across.log} {up.name} {up.log}",
    )


def front3d(points: Sequence[Point], axes: Sequence[Axis], places: tuple[int, int, int]) -> Figure:
    """Draw three objectives in space.

    Args:
        points: completed trials, in any order.
        axes: the study's objectives, as in `Point.values`.
        places: which of them go along x, y and z.
    """
    shown = [p for p in points if all(p.values[place] is not None for place in places)]
    columns = [[p.values[place] for p in shown] for place in places]
    fitting = [axes[place].fitting(c) for place, c in zip(places, columns, strict=True)]
    named = list(zip("xyz", fitting, places, strict=True))
    traces = _scatter(
        shown,
        axes,
        lambda group: {
            "type": "scatter3d",
            **{name: axis.drawn([p.values[at] for p in group]) for name, axis, at in named},
        },
        size=0.5,
    )
    return figure(
        traces,
        "Front: " + ", ".join(axis.name for axis in fitting),
        scene={
            "aspectmode": "cube",
            "camera": {
                "eye": {"x": 1.75, "y": 1.75, "z": 0.9},
                "center": {"x": 0, "y": 0, "z": -0.12},
            },
            **{f"{name}axis": axis.layout() | {"nticks": 5} for name, axis, _ in named},
        },
        margin={"l": 0, "r": 0, "t": 48, "b": 0},
        meta={
            "axes": [
                axis.about(at[0], c) for at, axis, c in zip(named, fitting, columns, strict=True)
            ]
        },
        uirevision=" ".join(f"{axis.name} {axis.log}" for axis in fitting),
    )


def _thinned(points: Sequence[Point], columns: Sequence[Sequence[float]]) -> list[Point]:
    """The front, and of all other points those that can be seen."""
    rest = [number for number, point in enumerate(points) if not point.on_front]
    chosen = {rest[place] for place in seen([[c[number] for number in rest] for c in columns])}
    return [point for number, point in enumerate(points) if point.on_front or number in chosen]


def _note(drawn: int, count: int) -> str:
    if drawn == count:
        return ""
    return f"{drawn:,} of {count:,} trials are drawn; the others would lie beneath them."


def _scatter(
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


def _hover(axes: Sequence[Axis]) -> str:
    lines = [f"<b>Trial %{{customdata[{NUMBER}]}}</b>"]
    percent = FIRST + len(axes)  # accuracies follow the values, as `_facts` writes them
    for place, axis in enumerate(axes):
        lines.append(axis.hover(FIRST + place))
        if axis.accuracy:
            lines[-1] += f" · accuracy %{{customdata[{percent}]:.2f}} %"
            percent += 1
    return "<br>".join(lines) + "<extra></extra>"


def _facts(point: Point, axes: Sequence[Axis]) -> list[float | None]:
    percent = [
        None if value is None else round(100 * (1 - value), 4)
        for value, axis in zip(point.values, axes, strict=True)
        if axis.accuracy
    ]
    return [point.trial_id, point.number, *point.values, *percent]


def _best_of_two(
    points: Sequence[Point], axes: Sequence[Axis], x: int, y: int
) -> list[tuple[float, float]]:
    """The points of the front that no other beats in these two objectives, by rising x."""
    right = 1 if axes[x].objective.goal == "minimize" else -1
    up = 1 if axes[y].objective.goal == "minimize" else -1
    pairs = [
        (right * a, up * b)
        for a, b in ((p.values[x], p.values[y]) for p in points if p.on_front)
        if a is not None and b is not None
    ]
    best: list[tuple[float, float]] = []
    for a, b in sorted(pairs):
        if not best or b < best[-1][1]:
            best.append((a, b))
    return sorted((right * a, up * b) for a, b in best)


def _step_line(best: Sequence[tuple[float, float]], across: Axis, up: Axis) -> dict[str, Any]:
    """The edge of what has been reached: no diagonal, since nothing lies between two networks."""
    shape = "hv" if across.objective.goal == "minimize" else "vh"
    return trace(
        "line",
        type="scatter",
        mode="lines",
        name="reached",
        x=across.drawn([a for a, _ in best]),
        y=up.drawn([b for _, b in best]),
        line={"shape": shape, "width": 1.5, "color": COLOUR["line"]},
        hoverinfo="skip",
        showlegend=False,
    )


def _course(points: Sequence[Point], axes: Sequence[Axis], y: int) -> Figure:
    """One objective over the number of the trial, with the best so far."""
    shown = sorted((p for p in points if p.values[y] is not None), key=lambda p: p.number)
    ys = [p.values[y] for p in shown]
    up = axes[y].fitting(ys)
    drawn = _thinned(shown, [[float(p.number) for p in shown], up.places(ys)])
    traces = _scatter(
        drawn,
        axes,
        lambda group: {
            "type": "scatter",
            "x": [p.number for p in group],
            "y": up.drawn([p.values[y] for p in group]),
        },
    )
    numbers, best = _best_so_far([p for p in shown if p.feasible], up, y)
    traces.insert(
        -1,
        trace(
            "line",
            type="scatter",
            mode="lines",
            name="best so far",
            x=numbers,
            y=up.drawn(best),
            line={"shape": "hv", "width": 1.5, "color": COLOUR["line"]},
            hoverinfo="skip",
        ),
    )
    return figure(
        traces,
        f"{up.name} over the trials",
        xaxis={"title": {"text": "trial"}, "zeroline": False},
        yaxis=up.layout(),
        shapes=list(up.lines("y", ys)),
        meta={"axes": [up.about("y", ys)], "note": _note(len(drawn), len(shown))},
        uirevision=f"{up.name} {up.log}",
    )


def _best_so_far(
    points: Sequence[Point], axis: Axis, y: int
) -> tuple[list[int], list[float | None]]:
    better = min if axis.objective.goal == "minimize" else max
    best: list[float | None] = []
    for point in points:
        value = point.values[y]
        assert value is not None
        last = best[-1] if best else None
        best.append(value if last is None else better(last, value))
    return [point.number for point in points], best
