"""How likely a candidate is to give a result at all, judged by its neighbours."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from optimizer.kernel import Kernel
from optimizer.space import Column

Floats = npt.NDArray[np.float64]

# The weight of the overall rate beside the neighbours; a trial at the same place weighs 1. Small,
# so that one infeasible trial without feasible neighbours already keeps the search away.
PRIOR_TRIALS = 0.25


class Feasibility:
    """A kernel-weighted share of feasible trials; nothing is fitted.

    The kernel has the lengthscales at the mode of the surrogates' prior. A classifier would need
    an approximate posterior and more infeasible trials than most studies have.
    """

    def __init__(
        self, columns: Sequence[Column], x: Floats, feasible: npt.NDArray[np.bool_]
    ) -> None:
        kernel = Kernel(columns)
        self._kernel = kernel.fixed(kernel.lengthscales)
        self._x = torch.from_numpy(x)
        self._feasible = torch.from_numpy(feasible.astype(np.float64))
        self._rate = (self._feasible.sum() + 1) / (len(feasible) + 2)

    def log_probability(self, x: Tensor) -> Tensor:
        """Log probability that trials at `x` (`n x d`) are feasible; `n`."""
        near = self._kernel(x, self._x)
        share = near @ self._feasible + PRIOR_TRIALS * self._rate
        return (share / (near.sum(-1) + PRIOR_TRIALS)).log()
