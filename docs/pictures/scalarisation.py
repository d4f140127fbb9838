"""How weights turn two objectives into one number, drawn with the optimiser's own functions."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from docs.pictures.svg import BLUE, FAINT, GREEN, GREY, INK, ORANGE, TINTS, Frame, Sheet
from optimizer.scalarisation import reach, sphere_weights, volume_factor

Floats = npt.NDArray[np.float64]

# Scores of a study in the middle of its search: reference 0, ideal 1, larger is better.
FRONT = np.array([[0.18, 0.86], [0.38, 0.74], [0.60, 0.55], [0.74, 0.36], [0.88, 0.14]])
BEATEN = np.array([[0.12, 0.52], [0.30, 0.42], [0.45, 0.50], [0.55, 0.22], [0.66, 0.18]])
SHOWN = 8  # rays that are drawn
MANY = 512  # as the designer draws


def rays() -> str:
    """The front, what it dominates, and how far some rays come before they leave it."""
    sheet = Sheet(760, 400, "Rays from the reference, and how far the front reaches along each")
    frame = Frame(50, 50, 320, 310, (0, 1), (0, 1))
    corners = [(0.0, 0.0), (0.0, float(FRONT[0, 1]))]
    for (x, y), following in zip(FRONT, [*FRONT[1:], (FRONT[-1, 0], 0.0)], strict=True):
        corners += [(float(x), float(y)), (float(x), float(following[1]))]
    sheet.area([frame.at(*corner) for corner in corners], TINTS[0])
    frame.axes(sheet, "score of the size", "score of the error")
    weights = sphere_weights(SHOWN, 2, seed=1)
    best = reach(FRONT, weights)
    for weight, reached in zip(weights, best, strict=True):
        winner = int(reached.argmax())
        end = weight * reached.max()
        sheet.line(frame.at(0, 0), frame.at(*_within(weight)), FAINT, 1, "3 3")
        sheet.line(frame.at(0, 0), frame.at(*end), BLUE, 1.6)
        sheet.line(frame.at(*end), frame.at(*FRONT[winner]), ORANGE, 1, "2 2")
        sheet.dot(frame.at(*end), 2.6, BLUE)
    for place in BEATEN:
        sheet.dot(frame.at(*place), 4, GREY)
    for place in FRONT:
        sheet.dot(frame.at(*place), 5.5, GREEN)
    sheet.text((52, 378), "reference", GREY, size=12)
    sheet.text((374, 46), "ideal", GREY, anchor="end", size=12)
    _explain(sheet)
    return sheet.svg()


def _explain(sheet: Sheet) -> None:
    """What the picture shows, and the sum that it stands for."""
    draws = sphere_weights(MANY, 2, seed=1)
    mean = float((reach(FRONT, draws).max(axis=1) ** 2).mean()) * volume_factor(2)
    exact = float(sum(x * (y - low) for (x, y), low in zip(FRONT, [*FRONT[1:, 1], 0], strict=True)))
    x = 420
    for y, colour, words in (
        (70, GREEN, "results on the front"),
        (94, GREY, "results that others beat"),
        (118, BLUE, "how far the front reaches along a ray"),
        (142, ORANGE, "the result that reaches farthest there"),
    ):
        sheet.dot((x, y - 4), 5, colour)
        sheet.text((x + 14, y), words)
    for y, words in (
        (190, "A ray is one vector of weights. The best result"),
        (209, "for these weights is the one that lets the ray"),
        (228, "come farthest: the smallest score / weight counts."),
        (262, "Farther along a random ray means, on average,"),
        (281, "a larger blue area. For this front:"),
    ):
        sheet.text((x, y), words)
    sheet.text((x, 312), f"area, computed exactly: {exact:.3f}", bold=True)
    sheet.text((x, 333), f"mean over {MANY} rays: {mean:.3f}", bold=True)


def levels() -> str:
    """Which results are as good as which, for one vector of weights and four functions."""
    sheet = Sheet(760, 250, "Lines of equal value of four scalarisations")
    weight = np.array([0.8, 0.6])
    for place, (name, value) in enumerate(_functions(weight).items()):
        left = 40 + 182 * place
        frame = Frame(left, 62, 140, 140, (0, 1), (0, 1))
        sheet.box((left, 62), (140, 140), "none", FAINT, 0)
        for through, colour in ((0.25, GREY), (0.5, BLUE), (0.75, GREEN)):
            level = value(np.array([through, through]))
            sheet.path([frame.at(*each) for each in _line(value, level)], colour, 1.8)
        sheet.dot(frame.at(0.5, 0.5), 3.5, INK)
        sheet.text((left + 70, 40), name, anchor="middle", bold=True)
        sheet.text((left + 70, 222), "score 1", anchor="middle", size=11)
    sheet.text((32, 132), "2", anchor="end", size=11)
    sheet.text(
        (380, 242), "Weights 0.8 and 0.6; each line is one value.", GREY, anchor="middle", size=12
    )
    return sheet.svg()


def _functions(weight: Floats) -> dict[str, Callable[[Floats], float]]:
    """The four functions of a study's `designer_options`, larger is better."""
    return {
        "hypervolume": lambda y: float((y / weight).min()),
        "tchebyshev": lambda y: -float((weight * (1 - y)).max()),
        "augmented": lambda y: -float((weight * (1 - y)).max() + 0.05 * (weight * (1 - y)).sum()),
        "linear": lambda y: -float((weight * (1 - y)).sum()),
    }


def _line(value: Callable[[Floats], float], level: float) -> list[tuple[float, float]]:
    """Where a function that grows in both scores has a value, inside of the unit square."""
    found = []
    for aside in np.linspace(-0.5, 0.5, 161):
        low, high = -0.5, 1.5
        for _ in range(40):
            middle = (low + high) / 2
            below = value(np.array([middle + aside, middle - aside])) < level
            low, high = (middle, high) if below else (low, middle)
        place = (high + float(aside), high - float(aside))
        if all(0 <= each <= 1 for each in place):
            found.append(place)
    return found


def _within(weight: Floats) -> Floats:
    """The end of a ray on the edge of the unit square."""
    return np.asarray(weight / weight.max())
