"""A Gaussian process for one measured objective: the posterior for given hyperparameters.

It is apart from their fit (`optimizer.hyperparameters`), so that a stored fit gives the same
posterior again, bit for bit, without fitting. The algebra is written out: the prediction of
GPyTorch's `ExactGP` also computes the covariances between all candidates, which made predicting a
thousand of them forty times slower.
"""

from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from optimizer.hyperparameters import (
    Hyperparameters,
    IllConditioned,
    cholesky,
    solved,
    standardised,
)
from optimizer.joint import SMALLEST_VARIANCE, Joint, Posterior
from optimizer.kernel import MANY, Kernel
from optimizer.space import Column
from optimizer.targets import Targets
from optimizer.trend import Trend

Floats = npt.NDArray[np.float64]

# So many results tell nearly all of a neighbourhood.
NEAR = 256


class Surrogate:
    """The posterior of one objective's compressed scores, for given hyperparameters.

    `kind` is that of the hyperparameters, or "constant" where these data have no Cholesky factor:
    then every prediction is the mean of the targets, with their deviation.
    """

    def __init__(
        self, columns: Sequence[Column], hyperparameters: Hyperparameters, targets: Targets
    ) -> None:
        known = hyperparameters
        self.kind = known.kind
        self.result_variance = known.noise * known.spread**2
        self._columns, self._known, self._targets = columns, known, targets
        self._quick = len(targets.y) > MANY
        self._kernel = Kernel(columns, self._quick).fixed(known.lengthscales)
        self._trend = Trend(columns).fixed(known.slopes)
        self._x, y, variance = standardised(targets, known.shift, known.spread)
        try:
            covariance = self._noisy(self._x, variance)
            self._factor = cholesky(covariance)
        except (IllConditioned, RuntimeError):
            self.kind = "constant"
            return
        self._there = self._kernel.placed(self._x)
        rise = self._trend(self._x)
        self._weights = self._solved((y - known.mean - rise)[:, None])
        noise = (variance + known.noise)[:, None] * self._weights
        self._smoothed = (covariance @ self._weights - noise).squeeze(-1) + rise
        # Whose results deviations know, and the factor of their covariance.
        self._support: Tensor | slice = slice(None)
        self._supported = self._factor
        # Points that were compared with all results before, and how alike they are.
        self._compared: tuple[Tensor, Tensor] | None = None

    def _solved(self, right: Tensor) -> Tensor:
        """What the covariance makes these columns from."""
        if not self._quick:
            return torch.cholesky_solve(right, self._factor)  # slower: it copies the factor
        half = solved(self._factor, right)
        found: Tensor = torch.linalg.solve_triangular(self._factor.T, half, upper=True)
        return found

    def _noisy(self, x: Tensor, variance: Tensor) -> Tensor:
        """How results at `x` vary together, `n x n`."""
        covariance = self._kernel.among(x)
        covariance.diagonal().add_(variance + self._known.noise)
        return covariance

    def smoothed(self) -> Tensor:
        """The means at the points learnt from, `n`: what `mean` says there, at no cost."""
        if self.kind == "constant":
            return torch.full((len(self._targets.y),), self._known.shift, dtype=torch.float64)
        return self._known.shift + self._known.spread * (self._known.mean + self._smoothed)

    def mean(self, x: Tensor) -> Tensor:
        """The mean of `predict` alone, `n`, without the cost of the deviation."""
        if self.kind == "constant":
            return self._known.shift + 0.0 * x.sum(-1)  # keeps the gradient's path: a slope of 0
        return self._mean(x, self._kernel(x, self._x))

    def predict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of the compressed score, the chance of a result left out.

        Args:
            x: `n x d`; gradients flow back to its real columns.

        Returns:
            Two of `n`. The deviation is at least a millionth of the observations' spread.
        """
        if self.kind == "constant":
            mean = self.mean(x)
            return mean, torch.full_like(mean, self._known.spread)
        if self._quick and x.requires_grad:
            places = self._kernel.placed(x)
            steep: tuple[Tensor, Tensor] = _Steep.apply(places, x.detach(), self)  # type: ignore[no-untyped-call]
            return steep
        mean, deviation, _ = self._told(x, self._cross(x))
        return mean, deviation

    def _told(self, x: Tensor, cross: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and deviation at points so alike (`n x` results), and what explains their scores."""
        explained = solved(self._supported, cross[:, self._support].T)
        variance = (1.0 - explained.square().sum(0)).clamp_min(SMALLEST_VARIANCE)
        return self._mean(x, cross), self._known.spread * variance.sqrt(), explained

    def _cross(self, x: Tensor) -> Tensor:
        """How alike points (`n x d`) and results are, `n x` results."""
        if self._compared is not None and not x.requires_grad:
            points, cross = self._compared
            if torch.equal(x, points):
                return cross
        return self._kernel(x, self._x)

    def _mean(self, x: Tensor, cross: Tensor) -> Tensor:
        standardised: Tensor = self._known.mean + (cross @ self._weights).squeeze(-1)
        return self._known.shift + self._known.spread * (standardised + self._trend(x))

    @property
    def spread(self) -> float:
        """The deviation of the targets: the unit in which the model works."""
        return self._known.spread

    def covariance(self, x: Tensor) -> Tensor:
        """How the scores at `x` (`n x d`) vary together, `n x n`, in units of `spread` squared."""
        explained = solved(self._factor, self._kernel(self._x, x))
        joint: Tensor = self._kernel(x, x) - explained.T @ explained
        return joint

    def left_out(self) -> tuple[Tensor, Tensor, Tensor]:
        """What each observation was, and what all others predict of it; nothing is fitted anew.

        Rasmussen and Williams 2006, equation 5.12.

        Returns:
            Three of `n`: the compressed scores, their means and the deviations of the results, the
            chance of a result and its known variance included.
        """
        told, spread = torch.from_numpy(self._targets.y), self._known.spread
        if self.kind == "constant":
            return told, torch.full_like(told, self._known.shift), torch.full_like(told, spread)
        precision = torch.cholesky_inverse(self._factor).diagonal()
        residual = spread * self._weights.squeeze(-1) / precision
        return told, told - residual, spread * precision.rsqrt()

    def near(self, x: Tensor) -> "Surrogate":
        """The same means everywhere, and deviations for the neighbourhood of `x` (`p x d`).

        They are what they would be if only the `NEAR` results most like those points were known:
        never smaller than they are, and hardly larger there, at a fraction of the cost.
        """
        if self.kind == "constant" or len(self._x) <= NEAR:
            return self
        each = -(-NEAR // len(x))
        cross = self._kernel(x, self._x)
        likeness, rows = cross.topk(each)
        nearest = rows.flatten()[likeness.flatten().argsort(descending=True, stable=True)]
        support = torch.tensor(list(dict.fromkeys(nearest.tolist()))[:NEAR])
        _, _, variance = standardised(self._targets, self._known.shift, self._known.spread)
        close = copy(self)
        close._support, close._compared = support, (x, cross)
        close._supported = cholesky(self._noisy(self._x[support], variance[support]))
        return close

    def among(self, x: Tensor) -> Posterior:
        """The same at these points (`p x d`) and nowhere else; then believing costs little."""
        return self if self.kind == "constant" else Joint(self, x)

    def believing(self, x: Floats) -> "Surrogate":
        """The posterior if trials at `x` (`p x d`) gave exactly what is predicted for them.

        Means stay as they are; the factor grows by p rows, at the cost of a product.
        """
        learnt, more = self._targets, torch.from_numpy(x)
        mean = self.mean(more)
        believed = Targets(
            x=np.concatenate([learnt.x, x]),
            y=np.concatenate([learnt.y, mean.detach().numpy()]),
            variance=np.concatenate([learnt.variance, np.zeros(len(x))]),
        )
        grown = copy(self)
        grown._targets = believed
        if self.kind == "constant":
            return grown
        below = solved(self._factor, self._kernel(self._x, more)).T  # p x n
        noise = self._known.noise * torch.eye(len(x), dtype=below.dtype)
        try:
            corner = cholesky(self._kernel(more, more) + noise - below @ below.T)
        except IllConditioned:
            return Surrogate(self._columns, self._known, believed)
        right = torch.zeros(len(self._x), len(x), dtype=below.dtype)
        grown._x = torch.cat([self._x, more])
        grown._there = torch.cat([self._there, self._kernel.placed(more)])
        grown._factor = grown._supported = _blocks(self._factor, right, below, corner)
        grown._support, grown._compared = slice(None), None
        told = ((mean.detach() - self._known.shift) / self._known.spread) - self._known.mean
        grown._smoothed = torch.cat([self._smoothed, told])
        grown._weights = torch.cat([self._weights, torch.zeros(len(x), 1, dtype=below.dtype)])
        return grown


class _Steep(torch.autograd.Function):
    """A prediction with a slope that is written out: torch's own takes thrice as long.

    Of the kernel alone: what a gradient moves are parameters, and none of these has a trend.
    """

    @staticmethod
    def forward(ctx: Any, places: Tensor, x: Tensor, model: Surrogate) -> tuple[Tensor, Tensor]:
        cross, rate = model._kernel.steep((places, model._there), x, model._x)
        mean, deviation, explained = model._told(x, cross)
        ctx.save_for_backward(places, rate, deviation, explained)
        ctx.model = model
        return mean, deviation

    @staticmethod
    def backward(ctx: Any, by_mean: Tensor, by_deviation: Tensor) -> tuple[Tensor, None, None]:
        places, rate, deviation, explained = ctx.saved_tensors
        model, spread = ctx.model, ctx.model._known.spread
        # By the likeness of each pair: of the mean, then of the deviation.
        pull = spread * by_mean[:, None] * model._weights.T
        back = torch.linalg.solve_triangular(model._supported.T, explained, upper=True)
        pull[:, model._support] -= (spread**2 * by_deviation / deviation * back).T
        pull *= rate
        return pull @ model._there - pull.sum(-1, keepdim=True) * places, None, None


def _blocks(top: Tensor, right: Tensor, below: Tensor, corner: Tensor) -> Tensor:
    """A matrix of four."""
    return torch.cat([torch.cat([top, right], 1), torch.cat([below, corner], 1)])
