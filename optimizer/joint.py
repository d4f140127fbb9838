"""What a model says of a few points together: all that the later proposals of a batch need.

They are chosen among what the search for the first one left. Nothing but that choice happens to the
models in between, and believing a prediction moves no mean. So the covariance of those points is
computed once, and each choice takes a product of a column with itself from it.
"""

from copy import copy
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Floats = npt.NDArray[np.float64]

# A variance is at least that, in units of the observations' variance.
SMALLEST_VARIANCE = 1e-12


class Posterior(Protocol):
    """What is believed of one objective's compressed scores.

    `kind` is "gp", or what it fell back to. `result_variance` is the variance of a result around
    the score, `spread` the deviation of the targets: the unit in which the model works.
    """

    kind: str
    result_variance: float

    @property
    def spread(self) -> float:
        """The unit of `covariance`, squared."""

    def mean(self, x: Tensor) -> Tensor:
        """The mean at points (`n x d`), `n`."""

    def predict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation at points (`n x d`), `n` each; no chance of a result."""

    def covariance(self, x: Tensor) -> Tensor:
        """How the scores at `x` (`n x d`) vary together, `n x n`, in units of `spread` squared."""

    def near(self, x: Tensor) -> "Posterior":
        """Nearly the same for points near `x` (`p x d`)."""

    def among(self, x: Tensor) -> "Posterior":
        """The same at these points (`p x d`) and nowhere else."""

    def believing(self, x: Floats) -> Self:
        """The same if trials at `x` (`p x d`) gave exactly what is predicted for them."""


class Joint:
    """The posterior at a few points. Asked of any other, it raises KeyError."""

    def __init__(self, posterior: Posterior, x: Tensor) -> None:
        """Take what a posterior says of points (`p x d`)."""
        self.kind, self.spread = posterior.kind, posterior.spread
        self.result_variance = posterior.result_variance
        places = list(dict.fromkeys(map(tuple, x.tolist())))
        self._places = {place: row for row, place in enumerate(places)}
        points = torch.tensor(places, dtype=x.dtype)
        self._means, self._covariance = posterior.mean(points), posterior.covariance(points)

    def mean(self, x: Tensor) -> Tensor:
        """The mean at some of the points (`n x d`), `n`."""
        return self._means[self._rows(x)]

    def predict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation at some of the points (`n x d`), `n` each."""
        rows = self._rows(x)
        variance = self._covariance.diagonal()[rows].clamp_min(SMALLEST_VARIANCE)
        return self._means[rows], self.spread * variance.sqrt()

    def covariance(self, x: Tensor) -> Tensor:
        """How the scores at some of the points (`n x d`) vary together, `n x n`."""
        rows = self._rows(x)
        return self._covariance[rows][:, rows]

    def near(self, x: Tensor) -> "Joint":
        """The same: it costs nothing."""
        return self

    def among(self, x: Tensor) -> "Joint":
        """The same at fewer points (`p x d`)."""
        return Joint(self, x)

    def believing(self, x: Floats) -> "Joint":
        """The same if trials at some of the points (`p x d`) gave exactly what is predicted."""
        told, noise = copy(self), self.result_variance / self.spread**2
        for row in self._rows(torch.from_numpy(x)).tolist():
            column = told._covariance[:, row]
            sure = column[row].clamp_min(0.0) + noise
            told._covariance = told._covariance - torch.outer(column, column) / sure
        return told

    def _rows(self, x: Tensor) -> Tensor:
        return torch.tensor([self._places[place] for place in map(tuple, x.tolist())])
