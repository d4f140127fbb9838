"""Thins out crowds: of points that would cover each other, one is drawn.

Each point is an SVG element, and 10,000 of them make every redraw take a second. Plotly's way out,
the graphics card, is closed: its code is compiled in the browser, which the page's policy forbids.
"""

from collections.abc import Sequence

MANY = 2000  # fewer points are all drawn
CELLS = 110  # along each axis; at 750 pixels a cell is about as wide as a point


def seen(columns: Sequence[Sequence[float]]) -> list[int]:
    """Choose the points to draw.

    Args:
        columns: per axis, where each point lies on the screen, in any unit.

    Returns:
        The numbers of the chosen points: the first in each cell of the chart.
    """
    count = len(columns[0])
    if count <= MANY:
        return list(range(count))
    first: dict[tuple[int, ...], int] = {}
    for number, cell in enumerate(zip(*map(_cells, columns), strict=True)):
        first.setdefault(cell, number)
    return list(first.values())


def _cells(column: Sequence[float]) -> list[int]:
    low, high = min(column), max(column)
    width = (high - low) or 1.0
    return [min(CELLS - 1, int(CELLS * (place - low) / width)) for place in column]
