"""The front of a study in two dimensions."""

from collections.abc import Sequence
from typing import Any

from service.figures.axes import Axis, leading
from service.figures.layout import COLOUR, Figure, figure, scatter_kind, trace
from service.figures.points import Point, columns, scatter


def front(
    points: Sequence[Point],
    axes: Sequence[Axis],
    x: int,
    y: int,
    more: Sequence[str] = (),
    note: str = "",
) -> Figure:
    """Draw two objectives against each other; of a single objective, its course over the trials.

    Args:
        points: completed trials, in any order.
        axes: the study's objectives, as in `Point.values`.
        x: which of them goes to the right.
        y: which of them goes up; the same as `x` if the study has but one.
        more: the names of `Point.more`.
        note: what is to be said below the chart.
    """
    if x == y:
        return _course(points, axes, y, more, note)
    shown = [p for p in points if p.values[x] is not None and p.values[y] is not None]
    xs, ys = ([p.values[place] for p in shown] for place in (x, y))
    across, up = axes[x].fitting(xs), axes[y].fitting(ys)
    kind = scatter_kind(len(shown))
    traces = scatter(
        shown,
        axes,
        lambda group: {
            "type": kind,
            "x": across.drawn([p.values[x] for p in group]),
            "y": up.drawn([p.values[y] for p in group]),
        },
    )
    reached = [
        (a, b)
        for p, a, b in zip(shown, xs, ys, strict=True)
        if p.on_front and a is not None and b is not None
    ]
    traces.insert(-1, _step_line(leading(reached, axes[x], axes[y]), across, up, kind))
    return figure(
        traces,
        f"Front: {up.name} against {across.name}",
        xaxis=across.layout(xs),
        yaxis=up.layout(ys),
        shapes=[*across.lines("x", xs), *up.lines("y", ys)],
        meta={
            "axes": [across.about("x", xs), up.about("y", ys)],
            "columns": columns(axes, more),
            "note": note,
        },
        # Zoom and hidden traces survive new data, but not another choice of axes.
        uirevision=f"{across.name} {across.log} {up.name} {up.log}",
    )


def _step_line(
    best: Sequence[tuple[float, float]], across: Axis, up: Axis, kind: str
) -> dict[str, Any]:
    """The edge of what has been reached: no diagonal, since nothing lies between two networks."""
    shape = "hv" if across.objective.goal == "minimize" else "vh"
    return trace(
        "line",
        type=kind,
        mode="lines",
        name="reached",
        x=across.drawn([a for a, _ in best]),
        y=up.drawn([b for _, b in best]),
        line={"shape": shape, "width": 1.5, "color": COLOUR["line"]},
        hoverinfo="skip",
        showlegend=False,
    )


def _course(
    points: Sequence[Point], axes: Sequence[Axis], y: int, more: Sequence[str], note: str
) -> Figure:
    """One objective over the number of the trial, with the best so far."""
    shown = sorted((p for p in points if p.values[y] is not None), key=lambda p: p.number)
    ys = [p.values[y] for p in shown]
    up = axes[y].fitting(ys)
    kind = scatter_kind(len(shown))
    traces = scatter(
        shown,
        axes,
        lambda group: {
            "type": kind,
            "x": [p.number for p in group],
            "y": up.drawn([p.values[y] for p in group]),
        },
    )
    numbers, best = _best_so_far([p for p in shown if p.feasible], up, y)
    traces.insert(
        -1,
        trace(
            "line",
            type=kind,
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
        yaxis=up.layout(ys),
        shapes=list(up.lines("y", ys)),
        meta={"axes": [up.about("y", ys)], "columns": columns(axes, more), "note": note},
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
