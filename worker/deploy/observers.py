"""How the range of a tensor is chosen from the values that it had: three observers.

All choose from one histogram. Zeros are left out of it: an int8 tensor holds zero exactly whatever
its range is, and behind a ReLU zeros would outweigh all else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

BINS = 2048
STEPS = 255
SYMMETRIC_STEPS = 127


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Values that are not zero: their least and most (both 0 if there are none), and how many of
    them lie in each of `BINS` equal parts between these."""

    low: float
    high: float
    counts: NDArray[np.int64]

    @property
    def edges(self) -> NDArray[np.float64]:
        """Where the parts begin and end."""
        return np.linspace(self.low, self.high, len(self.counts) + 1)


class Observer(Protocol):
    """Chooses the range of a tensor."""

    def range_of(self, seen: Histogram, symmetric: bool) -> tuple[float, float]:
        """Least and most value to represent; `symmetric` says that zero will lie in the middle."""
        ...


@dataclass(frozen=True, slots=True)
class MinMax:
    """All values that were seen."""

    def range_of(self, seen: Histogram, symmetric: bool) -> tuple[float, float]:
        """The least and the most."""
        return seen.low, seen.high


@dataclass(frozen=True, slots=True)
class Percentile:
    """All but a share of outliers, half of it at either end."""

    share: float = 1e-4

    def range_of(self, seen: Histogram, symmetric: bool) -> tuple[float, float]:
        """The least and the most of what is left."""
        total = int(seen.counts.sum())
        if not total:
            return seen.low, seen.high
        below = np.concatenate([[0], np.cumsum(seen.counts)]) / total
        low, high = np.interp([self.share / 2, 1 - self.share / 2], below, seen.edges)
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class MeanSquare:
    """The range whose rounding and clipping errors have the least mean square.

    The range of all values is narrowed, first both ends together, then each for itself.
    """

    tries: int = 60
    narrowest: float = 0.2

    def range_of(self, seen: Histogram, symmetric: bool) -> tuple[float, float]:
        """The best of the ranges that are tried."""
        edges = seen.edges
        values = (edges[1:] + edges[:-1]) / 2
        filled = seen.counts > 0
        values, counts = values[filled], seen.counts[filled]
        if not len(values):
            return seen.low, seen.high
        parts = np.linspace(1.0, self.narrowest, self.tries).tolist()

        def best(ranges: list[tuple[float, float]]) -> tuple[float, float]:
            # Of equals the first, which is the widest.
            return min(ranges, key=lambda ends: _error(values, counts, ends, symmetric))

        low, high = best([(seen.low * part, seen.high * part) for part in parts])
        if symmetric:
            return low, high
        low, high = best([(low, seen.high * part) for part in parts])
        return best([(seen.low * part, high) for part in parts])


def _error(
    values: NDArray[np.float64],
    counts: NDArray[np.int64],
    ends: tuple[float, float],
    symmetric: bool,
) -> float:
    low, high = min(ends[0], 0.0), max(ends[1], 0.0)
    if symmetric:
        high = max(-low, high)
        low = -high
    step = (high - low) / (2 * SYMMETRIC_STEPS if symmetric else STEPS)
    if not step:
        return float("inf")
    rounded = np.clip(np.rint(values / step) * step, low, high)
    return float(((rounded - values) ** 2 @ counts).item())


OBSERVERS: Mapping[str, Callable[[], Observer]] = {
    "min_max": MinMax,
    "percentile": Percentile,
    "mean_square": MeanSquare,
}
