"""Points inside linear constraints, by linear programmes."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from optimizer.parameters import Choice, Integer, Parameter, Real
from optimizer.space import Point
from optimizer.terms import Linear

Floats = npt.NDArray[np.float64]

# How many corners are looked for beside the middle.
CORNERS = 4
# A programme that branches more often is given up: the points of others will do. Counted and not
# timed, so that the same problem has the same points on a slow machine.
MOST_NODES = 1_000


def interior(
    parameters: Sequence[Parameter],
    inequalities: Sequence[Linear],
    point: Point,
    rng: random.Random,
) -> Iterator[Point]:
    """Points that keep linear inequalities, as far from breaking one as is possible.

    The first lies in the middle, the others half-way to random corners, so that together they span
    what may be a thin slice. Whoever takes one must check it: rounding may push it out.

    Args:
        parameters: of the space.
        inequalities: forms that shall be at most 0; those that read what the point lacks are kept.
        point: gives the choices, and all that conditions depend on.
        rng: draws the corners.
    """
    fixed = {name for p in parameters for name in p.when}
    free: list[Real | Integer] = [
        p
        for p in parameters
        if p.name in point and p.name not in fixed and not isinstance(p, Choice)
    ]
    forms = [form for form in inequalities if set(form) - {""} <= point.keys()]
    if not free or not forms:
        return
    programme = _Programme(free, forms, point)
    middle = programme.best(np.zeros(len(free)), slack=1.0)
    if middle is None:
        return
    yield {**point, **programme.values(middle)}
    for _ in range(CORNERS):
        towards = np.array([rng.gauss(0.0, 1.0) for _ in free])
        corner = programme.best(towards, least_slack=middle[-1] / 4)
        if corner is not None:
            yield {**point, **programme.values((middle + corner) / 2)}


class _Programme:
    """Linear inequalities over the free parameters in units of their ranges, and their slack."""

    def __init__(
        self, free: Sequence[Real | Integer], forms: Sequence[Linear], point: Mapping[str, Any]
    ) -> None:
        self._free = free
        spans = np.array([float(p.high) - float(p.low) for p in free])
        lows = np.array([float(p.low) for p in free])
        names = [p.name for p in free]
        slopes = np.array([[form.get(name, 0.0) for name in names] for form in forms])
        rests = np.array(
            [
                sum(c * (point[n] if n else 1.0) for n, c in form.items() if n not in names)
                for form in forms
            ]
        )
        self._spans, self._lows = spans, lows
        self._whole = np.array([isinstance(p, Integer) for p in free])
        with np.errstate(over="ignore", invalid="ignore"):  # looked for when a point is
            told = _unit(slopes * spans, rests + slopes @ lows)
        # The sides of the box, too; whole parameters may lie on them.
        box = np.eye(len(free))[~self._whole]
        self._slopes = np.concatenate([told[0], -box, box])
        self._rests = np.concatenate([told[1], np.zeros(len(box)), -np.ones(len(box))])

    def best(self, towards: Floats, slack: float = 0.0, least_slack: float = 0.0) -> Floats | None:
        """The farthest point in a direction, `d + 1`; the last is its slack. None if there is none.

        Args:
            towards: `d`, in units of the ranges.
            slack: how much more slack counts.
            least_slack: how much there must be.
        """
        # Late, since it takes a quarter of a server's start, and few spaces have such rules.
        from scipy.optimize import Bounds, LinearConstraint, milp

        steps = np.where(self._whole, self._spans, 1.0)  # whole parameters in units of one
        matrix = np.column_stack([self._slopes / steps, np.ones(len(self._rests))])
        if not (np.isfinite(matrix).all() and np.isfinite(self._rests).all()):
            return None
        found = milp(
            c=-np.append(towards / steps, slack),
            constraints=LinearConstraint(matrix, ub=-self._rests),
            bounds=Bounds(np.append(np.zeros(len(steps)), least_slack), np.append(steps, 1.0)),
            integrality=np.append(self._whole.astype(int), 0),
            options={"node_limit": MOST_NODES},
        )
        if found.x is None:
            return None
        return np.append(found.x[:-1] / steps, found.x[-1])

    def values(self, row: Floats) -> dict[str, float | int]:
        """The values of the free parameters at a row of `best`."""
        told = np.clip(self._lows + row[:-1] * self._spans, self._lows, self._lows + self._spans)
        return {
            p.name: round(float(value)) if isinstance(p, Integer) else float(value)
            for p, value in zip(self._free, told, strict=True)
        }


def _unit(slopes: Floats, rests: Floats) -> tuple[Floats, Floats]:
    """The same inequalities with slopes of length 1, so that a slack is a distance."""
    largest = np.abs(slopes).max(axis=1)
    largest[largest == 0.0] = 1.0
    slopes, rests = slopes / largest[:, None], rests / largest
    lengths = np.linalg.norm(slopes, axis=1)
    lengths[lengths == 0.0] = 1.0
    return slopes / lengths[:, None], rests / lengths
