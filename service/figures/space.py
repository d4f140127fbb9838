"""The front of a study in three dimensions."""

from collections.abc import Iterator, Sequence
from typing import Any

from service.figures.axes import Axis
from service.figures.layout import COLOUR, WARN, Figure, figure, trace
from service.figures.points import Point, columns, scatter


def front3d(
    points: Sequence[Point],
    axes: Sequence[Axis],
    places: tuple[int, int, int],
    more: Sequence[str] = (),
    note: str = "",
) -> Figure:
    """Draw three objectives in space, with a frame where a bound, a limit or a budget lies.

    Args:
        points: completed trials, in any order.
        axes: the study's objectives, as in `Point.values`.
        places: which of them go along x, y and z.
        more: the names of `Point.more`.
        note: what is to be said below the chart.
    """
    shown = [p for p in points if all(p.values[place] is not None for place in places)]
    values = [[p.values[place] for p in shown] for place in places]
    fitting = [axes[place].fitting(c) for place, c in zip(places, values, strict=True)]
    named = list(zip("xyz", fitting, places, strict=True))
    traces = scatter(
        shown,
        axes,
        lambda group: {
            "type": "scatter3d",
            **{name: axis.drawn([p.values[at] for p in group]) for name, axis, at in named},
        },
        size=0.5,
    )
    return figure(
        [*_frames(fitting, values), *traces],
        "Front: " + ", ".join(axis.name for axis in fitting),
        scene={
            "aspectmode": "cube",
            "camera": {
                "eye": {"x": 1.75, "y": 1.75, "z": 0.9},
                "center": {"x": 0, "y": 0, "z": -0.12},
            },
            # Of a log axis few: else Plotly writes all of 1 to 9 in a decade, one over the other.
            **{
                f"{name}axis": axis.layout(drawn) | {"nticks": 3 if axis.log else 5}
                for (name, axis, _), drawn in zip(named, values, strict=True)
            },
        },
        margin={"l": 0, "r": 0, "t": 48, "b": 0},
        meta={
            "axes": [
                axis.about(at[0], c) for at, axis, c in zip(named, fitting, values, strict=True)
            ],
            "columns": columns(axes, more),
            "note": note,
        },
        uirevision=" ".join(f"{axis.name} {axis.log}" for axis in fitting),
    )


def _frames(
    axes: Sequence[Axis], values: Sequence[Sequence[float | None]]
) -> Iterator[dict[str, Any]]:
    """Where an upright line would stand in the plane, a frame stands across the points."""
    marks = [list(axis.marks(column)) for axis, column in zip(axes, values, strict=True)]
    ends = []
    for axis, column, mine in zip(axes, values, marks, strict=True):
        drawn = [value for value in axis.drawn(column) if value is not None]
        drawn += [mark.at for mark in mine]
        ends.append((min(drawn), max(drawn)) if drawn else None)
    for place, axis in enumerate(axes):
        a, b = (ends[other] for other in range(3) if other != place)
        if a is None or b is None:
            continue
        for mark in marks[place]:
            corners = [[a[0], a[1], a[1], a[0], a[0]], [b[0], b[0], b[1], b[1], b[0]]]
            corners.insert(place, [mark.at] * 5)
            yield trace(
                mark.name,
                type="scatter3d",
                mode="lines",
                name=f"{axis.name}: {mark.text}",
                **dict(zip("xyz", corners, strict=True)),
                line={
                    "width": 3,
                    "color": WARN if mark.name == "limit" else COLOUR["second"],
                    "dash": "dash" if mark.name == "bound" else "dot",
                },
                hoverinfo="skip",
            )
