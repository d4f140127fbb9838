"""A front so small that a list can show one for each of its studies."""

from collections.abc import Sequence
from dataclasses import dataclass

from service.figures.axes import Axis, leading

MOST_POINTS = 60

Value = float | None


@dataclass(frozen=True, slots=True)
class SmallFront:
    """Points of a front over two objectives, where they are drawn.

    The first `leading` of them, from left to right, are what no other dominates in these two
    objectives alone; the others are on the front by a third.
    """

    x: Axis
    y: Axis
    points: list[tuple[float, float]]
    leading: int


def small(rows: Sequence[tuple[Value, Value]], x: Axis, y: Axis) -> SmallFront:
    """Choose what is drawn of a front: its ends always, of many points evenly many.

    Args:
        rows: the values of each trial on the front; one without both is left out.
        x: what lies to the right.
        y: what lies up.
    """
    whole = [row for row in rows if None not in row]
    x, y = x.fitting([row[0] for row in whole]), y.fitting([row[1] for row in whole])
    columns = zip(x.drawn([r[0] for r in whole]), y.drawn([r[1] for r in whole]), strict=True)
    drawn = sorted({(a, b) for a, b in columns if a is not None and b is not None})
    found = leading(drawn, x, y)
    chosen = set(found)
    first = _thinned(found, MOST_POINTS)
    others = [point for point in drawn if point not in chosen]
    points = first + _thinned(others, MOST_POINTS - len(first))
    return SmallFront(x, y, points, len(first))


def _thinned(points: list[tuple[float, float]], most: int) -> list[tuple[float, float]]:
    """At most so many of the points, evenly, with both ends."""
    if len(points) <= most:
        return points
    if most < 2:
        return points[:most]
    last = len(points) - 1
    return [points[round(at * last / (most - 1))] for at in range(most)]
