"""Where an objective's ideal and its reference lie: the only scale on which results compare."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from optimizer.errors import InvalidProblem

Goal = Literal["minimize", "maximize"]
Array = npt.NDArray[np.float64]

# A log scale has no end on the bad side when maximising (ln 0); ten references away is bad enough.
WORST_Z = 10.0
# Ends of a scale lie below the first, so that their distance is a number; and no value is farther
# from them than the second, so that squares and sums are.
MOST_END, MOST_Z = 1e300, 1e150
# What the ends become where results or wishes are larger still; leaves room to widen.
MOST_QUANTILE = 1e299
# Of an end that the user gave, where results say nothing of the other: more than a rounding.
NARROWEST = 1e-6


@dataclass(frozen=True, slots=True)
class Scale:
    """An objective's ideal and reference; `log` measures the distance in factors.

    An ideal above the reference means that the objective is maximised.
    """

    ideal: float
    reference: float
    log: bool = False

    def __post_init__(self) -> None:
        if not (abs(self.ideal) <= MOST_END and abs(self.reference) <= MOST_END):
            raise InvalidProblem(
                "scale",
                f"need values from {-MOST_END} to {MOST_END}, "
                f"got {self.ideal} and {self.reference}",
            )
        if self.ideal == self.reference:
            raise InvalidProblem("scale", f"need ideal and reference apart, both are {self.ideal}")
        if self.log and min(self.ideal, self.reference) <= 0:
            least = min(self.ideal, self.reference)
            raise InvalidProblem("scale", f"a log scale needs values above 0, got {least}")

    @property
    def goal(self) -> Goal:
        """The direction in which values get better."""
        return "minimize" if self.ideal < self.reference else "maximize"

    @property
    def log_span(self) -> float:
        """ln(reference / ideal) of a log scale, without the ratio, which may be no number."""
        return math.log(self.reference) - math.log(self.ideal)

    def z(self, value: npt.ArrayLike) -> Array:
        """How far from the ideal: 0 is the ideal, 1 the reference, larger is worse.

        On a log scale a value beyond the ideal counts as the ideal, and nothing is worse than
        `WORST_Z`; a linear scale goes on in both directions, as far as `MOST_Z`.

        Args:
            value: any shape, in the objective's own unit; NaN stays NaN.

        Returns:
            The same shape.
        """
        y = np.asarray(value, dtype=np.float64)
        if not self.log:
            with np.errstate(over="ignore"):
                z = (y - self.ideal) / (self.reference - self.ideal)
            return np.asarray(np.clip(z, -MOST_Z, MOST_Z))
        span = self.log_span
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (np.log(np.maximum(y, 0.0)) - math.log(self.ideal)) / span
        return np.asarray(np.clip(z, 0.0, WORST_Z))

    def score(self, value: npt.ArrayLike) -> Array:
        """`1 - z`: larger is better, 0 is the reference, 1 the ideal. Shapes and NaN as in `z`."""
        return np.asarray(1.0 - self.z(value))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `from_json`."""
        return {"ideal": self.ideal, "reference": self.reference, "log": self.log}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Scale":
        """Read what `to_json` wrote."""
        return cls(float(data["ideal"]), float(data["reference"]), bool(data["log"]))


@dataclass(frozen=True, slots=True)
class GivenScale:
    """The parts of a scale that the user fixed; None is left to the defaults."""

    ideal: float | None = None
    reference: float | None = None
    log: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; the names are the fields."""
        return {"ideal": self.ideal, "reference": self.reference, "log": self.log}


def scales_from(values: Sequence[float], goal: Goal, given: GivenScale) -> Scale:
    """Fix the scale of a black box's objective after the initial design.

    The 10 % and 90 % quantiles, each moved outwards by a quarter of their distance: robust
    against one terrible value, which stretches a scale by the range so that nothing else counts.

    Args:
        values: the finite results of the initial design, at least one.
        goal: the direction in which values get better.
        given: what the user fixed, at most `MOST_QUANTILE` large.
    """
    y = np.clip(np.asarray(values, dtype=np.float64), -MOST_QUANTILE, MOST_QUANTILE)
    log = bool(given.log) and bool((y > 0).all())
    y = np.maximum(y, 1 / MOST_QUANTILE) if log else y
    low, high = (float(q) for q in np.quantile(np.log(y) if log else y, [0.1, 0.9]))
    if high <= low:  # all results are (nearly) equal: any width will do, as nothing is known
        low, high = float(np.min(y)), float(np.max(y))
        low, high = (math.log(low), math.log(high)) if log else (low, high)
    width = (high - low) or max(abs(low), 1.0)
    low, high = low - width / 4, high + width / 4
    if log:
        most = math.log(MOST_END)
        low, high = math.exp(max(low, -most)), min(math.exp(min(high, most)), MOST_END)
    ideal, reference = (low, high) if goal == "minimize" else (high, low)
    return _with_given(ideal, reference, log, given)


def _with_given(ideal: float, reference: float, log: bool, given: GivenScale) -> Scale:
    """Replace what the user fixed, keeping the other end on its own side."""
    width = abs(reference - ideal)
    sign = 1.0 if reference > ideal else -1.0
    if given.ideal is not None:
        ideal = given.ideal
        if given.reference is None and sign * (reference - ideal) <= 0:
            reference = ideal + sign * max(width, NARROWEST * abs(ideal))
    if given.reference is not None:
        reference = given.reference
        if given.ideal is None and sign * (reference - ideal) <= 0:
            ideal = reference - sign * max(width, NARROWEST * abs(reference))
    if log and min(ideal, reference) <= 0:
        log = False
    return Scale(ideal, reference, log)
