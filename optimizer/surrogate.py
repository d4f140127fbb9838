"""A Gaussian process for one measured objective, in two steps.

`fit` finds the hyperparameters (MAP); `Surrogate` is the posterior for given hyperparameters. They
are apart so that a stored fit gives the same posterior again, bit for bit, without fitting.
Priors are GPyTorch's and BoTorch's. The algebra around them is written out: the prediction of
`ExactGP` also computes the covariances between all candidates, which made predicting a thousand of
them forty times slower.
"""

import math
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from torch import Tensor

from optimizer.kernel import Kernel, log_density, noise_prior
from optimizer.space import Column
from optimizer.targets import Targets

Floats = npt.NDArray[np.float64]

# Bounds the work of one fit: so many evaluations of the density, about a millisecond each.
FIT_STEPS = 60
# The variance of an observation, in units of the standardised targets' variance. Below the smallest
# the factors of close points break.
SMALLEST_NOISE, LARGEST_NOISE = 1e-6, 1.0
# What the noise is taken to be where the fit broke down.
BROAD_NOISE = 0.1
# Encoded columns span about [0, 1]: a shorter lengthscale is noise, a longer one constant.
SHORTEST, LONGEST = 0.02, 100.0
# So many results tell nearly all of a neighbourhood.
NEAR = 256


class IllConditioned(Exception):
    """The covariance of these data has no Cholesky factor."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """All that a fit learns. Targets are standardised as `(target - shift) / spread`.

    `kind` is "gp", or "default" where the fit broke down: the prior's lengthscales, broad noise.
    `lengthscales` has one entry per column; `noise` is the learnt variance of an observation.
    """

    kind: str
    lengthscales: tuple[float, ...]
    noise: float
    mean: float
    shift: float
    spread: float

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `from_json`."""
        return asdict(self) | {"lengthscales": list(self.lengthscales)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Hyperparameters":
        """Read what `to_json` wrote, exact to the last bit."""
        return cls(**(data | {"lengthscales": tuple(data["lengthscales"])}))


class Density:
    """The parameters of one GP, and the log posterior density of them that a fit climbs."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self.kernel = Kernel(columns)
        self._noise_prior = noise_prior()
        self.log_noise = self._noise_prior.mode.double().log().requires_grad_()
        self.mean = torch.zeros((), dtype=torch.float64, requires_grad=True)
        self._parameters = [self.log_noise, self.mean, *self.kernel.parameters]

    def __call__(self, x: Tensor, y: Tensor, variance: Tensor) -> Tensor:
        """Log density per observation; `y` and `variance` are standardised."""
        noise = self.log_noise.exp()
        factor = cholesky(self.kernel(x, x) + torch.diag(variance + noise))
        residual = solved(factor, (y - self.mean)[:, None])
        data = -0.5 * residual.square().sum() - factor.diagonal().log().sum()
        prior = self.kernel.log_prior() + log_density(self._noise_prior, self.log_noise)
        total: Tensor = (data + prior) / max(len(y), 1)
        return total

    def climb(self, x: Tensor, y: Tensor, variance: Tensor) -> None:
        """Go to a maximum by L-BFGS, within bounds and `FIT_STEPS`.

        Raises:
            IllConditioned: where the density cannot be computed.
        """

        def loss(flat: Floats) -> tuple[float, Floats]:
            self._set(flat)
            value = -self(x, y, variance)
            slopes = torch.autograd.grad(value, self._parameters)
            return value.item(), torch.cat([slope.flatten() for slope in slopes]).numpy()

        start = torch.cat([p.detach().flatten() for p in self._parameters]).numpy()
        lengths = (math.log(SHORTEST), math.log(LONGEST))
        noise = (math.log(SMALLEST_NOISE), math.log(LARGEST_NOISE))
        found = _minimum(loss, start, [noise, (-10.0, 10.0), *[lengths] * (len(start) - 2)])
        self._set(found)

    def _set(self, flat: Floats) -> None:
        """Give the parameters these values."""
        rest = torch.from_numpy(flat)
        with torch.no_grad():
            for parameter in self._parameters:
                mine, rest = rest[: parameter.numel()], rest[parameter.numel() :]
                parameter.copy_(mine.reshape(parameter.shape))


def _minimum(
    loss: Callable[[Floats], tuple[float, Floats]],
    start: Floats,
    bounds: list[tuple[float, float]],
) -> Floats:
    """Where L-BFGS finds a finite value of the loss smallest."""
    options = {"maxiter": FIT_STEPS, "maxfun": FIT_STEPS}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    if not (np.isfinite(found.x).all() and math.isfinite(found.fun)):
        raise IllConditioned
    return np.asarray(found.x, dtype=np.float64)


def cholesky(matrix: Tensor) -> Tensor:
    """The lower factor, with a little more on the diagonal where it takes that.

    Raises:
        IllConditioned: where a ten-thousandth on the diagonal does not help.
    """
    for extra in (0.0, 1e-8, 1e-6, 1e-4):
        widened = matrix + extra * torch.eye(len(matrix), dtype=matrix.dtype) if extra else matrix
        factor: Tensor
        factor, failed = torch.linalg.cholesky_ex(widened)
        if not failed and bool(factor.diagonal().isfinite().all()):
            return factor
    raise IllConditioned


def fit(columns: Sequence[Column], targets: Targets) -> Hyperparameters:
    """Find the hyperparameters of largest posterior density.

    Never raises: where the search breaks down, the answer is of kind "default".
    """
    shift = float(np.mean(targets.y)) if len(targets.y) else 0.0
    spread = float(np.std(targets.y)) if len(targets.y) else 0.0
    spread = spread if spread > 1e-12 else 1.0
    density, kind = Density(columns), "gp"
    try:
        density.climb(*_standardised(targets, shift, spread))
    except (IllConditioned, RuntimeError, ValueError):  # torch's, for numbers that went astray
        density, kind = Density(columns), "default"
    noise = math.exp(density.log_noise.item()) if kind == "gp" else BROAD_NOISE
    lengthscales = density.kernel.lengthscales
    return Hyperparameters(kind, lengthscales, noise, density.mean.item(), shift, spread)


def _standardised(targets: Targets, shift: float, spread: float) -> tuple[Tensor, Tensor, Tensor]:
    """x, y and known variances; y with a mean of about 0 and a variance of about 1."""
    return (
        torch.from_numpy(targets.x),
        torch.from_numpy((targets.y - shift) / spread),
        torch.from_numpy(targets.variance / spread**2),
    )


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
        self._kernel = Kernel(columns).fixed(known.lengthscales)
        self._x, y, variance = _standardised(targets, known.shift, known.spread)
        try:
            covariance = self._noisy(self._x, variance)
            self._factor = cholesky(covariance)
        except (IllConditioned, RuntimeError):
            self.kind = "constant"
            return
        self._weights = torch.cholesky_solve((y - known.mean)[:, None], self._factor)
        noise = (variance + known.noise)[:, None] * self._weights
        self._smoothed = (covariance @ self._weights - noise).squeeze(-1)
        # Whose results deviations know, and the factor of their covariance.
        self._support: Tensor | slice = slice(None)
        self._supported = self._factor

    def _noisy(self, x: Tensor, variance: Tensor) -> Tensor:
        """How results at `x` vary together, `n x n`."""
        covariance = self._kernel(x, x)
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
        return self._mean(self._kernel(x, self._x))

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
        cross = self._kernel(x, self._x)
        explained = solved(self._supported, cross[:, self._support].T)
        deviation: Tensor = (1.0 - explained.square().sum(0)).clamp_min(1e-12).sqrt()
        return self._mean(cross), self._known.spread * deviation

    def _mean(self, cross: Tensor) -> Tensor:
        standardised: Tensor = self._known.mean + (cross @ self._weights).squeeze(-1)
        return self._known.shift + self._known.spread * standardised

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
        likeness, rows = self._kernel(x, self._x).topk(each)
        nearest = rows.flatten()[likeness.flatten().argsort(descending=True, stable=True)]
        support = torch.tensor(list(dict.fromkeys(nearest.tolist()))[:NEAR])
        _, _, variance = _standardised(self._targets, self._known.shift, self._known.spread)
        close = copy(self)
        close._support = support
        close._supported = cholesky(self._noisy(self._x[support], variance[support]))
        return close

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
        grown._factor = grown._supported = _blocks(self._factor, right, below, corner)
        grown._support = slice(None)
        told = ((mean.detach() - self._known.shift) / self._known.spread) - self._known.mean
        grown._smoothed = torch.cat([self._smoothed, told])
        grown._weights = torch.cat([self._weights, torch.zeros(len(x), 1, dtype=below.dtype)])
        return grown


def solved(factor: Tensor, right: Tensor) -> Tensor:
    """What a lower factor makes these columns from."""
    found: Tensor = torch.linalg.solve_triangular(factor, right, upper=False)
    return found


def _blocks(top: Tensor, right: Tensor, below: Tensor, corner: Tensor) -> Tensor:
    """A matrix of four."""
    return torch.cat([torch.cat([top, right], 1), torch.cat([below, corner], 1)])
