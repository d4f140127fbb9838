"""The line that a model's mean follows along the columns with a trend; a constant mean elsewhere.

Far from its data a Gaussian process believes what is usual. A search looks just there, at networks
smaller than all before, and would believe each of them to be as good as the others on average.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from optimizer.space import Column

# Of a slope, in deviations of the targets per unit of the coordinate: its prior and its bound.
USUAL_SLOPE, MOST_SLOPE = 5.0, 50.0
# Coordinates lie in about [0, 1]; measured from here, slopes say little of the mean.
MIDDLE = 0.5


class Trend:
    """A linear function of the columns that have a trend."""

    def __init__(self, columns: Sequence[Column]) -> None:
        """Begin without any slope."""
        self._places = [place for place, column in enumerate(columns) if column.trend]
        self._slopes = torch.zeros(len(self._places), dtype=torch.float64, requires_grad=True)

    def __call__(self, x: Tensor) -> Tensor:
        """By how much the mean differs from that in the middle, `n`, at points (`n x d`)."""
        rise: Tensor = (x[:, self._places] - MIDDLE) @ self._slopes
        return rise

    @property
    def parameters(self) -> list[Tensor]:
        """What a fit learns."""
        return [self._slopes] if self._places else []

    def log_prior(self) -> Tensor:
        """Log density of the slopes, up to a constant."""
        return -0.5 * (self._slopes / USUAL_SLOPE).square().sum()

    @property
    def slopes(self) -> tuple[float, ...]:
        """One per column with a trend, in the order of the columns."""
        return tuple(self._slopes.tolist())

    def fixed(self, slopes: Sequence[float]) -> "Trend":
        """This trend with these slopes, no longer to be learnt; all are 0 where none are given."""
        told = slopes or [0.0] * len(self._places)
        self._slopes = torch.tensor(told, dtype=torch.float64)
        return self
