"""Shares of variance, computed exactly for a small example."""

import numpy as np
import numpy.typing as npt

from docs.pictures.svg import FAINT, GREY, TINTS, Frame, Sheet

Floats = npt.NDArray[np.float64]

SIDE = 41  # points along each parameter
LEVELS = 20  # cells of the map along each side


def draw() -> str:
    """A function of two parameters, and how much of its variance each accounts for."""
    sheet = Sheet(760, 330, "A result over two parameters, and what its variance is made of")
    grid = (np.arange(SIDE) + 0.5) / SIDE
    values = _result(grid[:, None], grid[None, :])
    _map(sheet)
    first, second, both = _parts(values)
    shares = {
        "learning rate alone": first,
        "width alone": second,
        "only both together": both,
        "learning rate, in all": first + both / 2,
        "width, in all": second + both / 2,
    }
    sheet.text((380, 60), "of the variance of the error", GREY, size=12)
    for place, (name, share) in enumerate(shares.items()):
        y = 76 + 34 * place + (18 if place > 2 else 0)
        sheet.text((530, y + 16), name, anchor="end", bold=place > 2)
        sheet.box((542, y), (150 * share, 22), TINTS[2] if place > 2 else TINTS[0], FAINT)
        sheet.text((548 + 150 * share, y + 16), f"{share:.0%}", GREY, size=12)
    sheet.text((380, 298), "The last two are what is shown: together they are 100 %.", size=12)
    return sheet.svg()


def _result(rate: Floats, width: Floats) -> Floats:
    """An error: a valley over the learning rate that moves a little with the width."""
    return np.asarray(0.05 + 1.6 * (rate - 0.35 - 0.3 * width) ** 2 + 0.22 * (1 - width) ** 2)


def _map(sheet: Sheet) -> None:
    frame = Frame(56, 50, 250, 220, (0, 1), (0, 1))
    cells = (np.arange(LEVELS) + 0.5) / LEVELS
    values = _result(cells[:, None], cells[None, :])
    low, high = float(values.min()), float(values.max())
    width, height = 250 / LEVELS, 220 / LEVELS
    for i, x in enumerate(cells):
        for j, y in enumerate(cells):
            dark = 1 - (float(values[i, j]) - low) / (high - low)
            left, middle = frame.at(float(x), float(y))  # cells overlap: no paper shines through
            sheet.area(
                [
                    (left - width / 2, middle - height / 2 - 1),
                    (left + width / 2 + 1, middle - height / 2 - 1),
                    (left + width / 2 + 1, middle + height / 2),
                    (left - width / 2, middle + height / 2),
                ],
                _blue(dark),
            )
    frame.axes(sheet, "learning rate", "width")
    sheet.text((56, 310), "dark: a small error", GREY, size=12)


def _blue(dark: float) -> str:
    """A colour from nearly white to blue."""
    ends = ((238, 243, 252), (36, 86, 179))
    return "#" + "".join(f"{round(a + (b - a) * dark**2):02x}" for a, b in zip(*ends, strict=True))


def _parts(values: Floats) -> tuple[float, float, float]:
    """The shares of the first parameter, the second, and of what only both explain."""
    whole = values.var()
    first, second = values.mean(1).var() / whole, values.mean(0).var() / whole
    return float(first), float(second), float(1 - first - second)
