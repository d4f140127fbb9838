"""How likely a candidate is to give a result at all, judged by its neighbours."""

import math
from collections.abc import Sequence
from copy import copy

import numpy as np
import numpy.typing as npt
import torch
from scipy.special import ndtri
from torch import Tensor

from optimizer.hyperparameters import Hyperparameters
from optimizer.joint import Posterior
from optimizer.kernel import Kernel
from optimizer.space import Column
from optimizer.surrogate import Surrogate
from optimizer.targets import Targets

Floats = npt.NDArray[np.float64]

# The variance of a label: how little one trial says of its very place.
LABEL_NOISE = 0.1


class Feasibility:
    """A Gaussian process on labels: 1 for a trial with a result, -1 for one without.

    The probability is that of a value above 0, far from all trials the share of trials with a
    result. Nothing is fitted: lengthscales are at the mode of the surrogates' prior. A classifier
    proper would need more infeasible trials than most studies have.
    """

    def __init__(
        self, columns: Sequence[Column], x: Floats, feasible: npt.NDArray[np.bool_]
    ) -> None:
        rate = (feasible.sum() + 1) / (len(feasible) + 2)
        usual = Hyperparameters(
            kind="gp",
            lengthscales=Kernel(columns).lengthscales,
            noise=LABEL_NOISE,
            mean=float(ndtri(rate)) * math.sqrt(1 + LABEL_NOISE),
            shift=0.0,
            spread=1.0,
        )
        labels = np.where(feasible, 1.0, -1.0)
        self._latent: Posterior = Surrogate(columns, usual, Targets(x, labels, np.zeros(len(x))))

    def among(self, x: Tensor) -> "Feasibility":
        """The same at these points (`p x d`) and nowhere else, at no cost."""
        there = copy(self)
        there._latent = self._latent.among(x)
        return there

    def log_probability(self, x: Tensor) -> Tensor:
        """Log probability that trials at `x` (`n x d`) give a result; `n`."""
        mean, deviation = self._latent.predict(x)
        probability: Tensor = torch.special.log_ndtr(mean / (deviation**2 + LABEL_NOISE).sqrt())
        return probability
