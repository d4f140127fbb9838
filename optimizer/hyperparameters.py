"""What a Gaussian process learns of its data: the hyperparameters of largest posterior density.

Priors are GPyTorch's and BoTorch's; the algebra is written out (`optimizer.kernel`).
"""

import math
from collections.abc import Callable, Sequence
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
from optimizer.trend import MOST_SLOPE, Trend

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


class IllConditioned(Exception):
    """The covariance of these data has no Cholesky factor."""


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """All that a fit learns. Targets are standardised as `(target - shift) / spread`.

    `kind` is "gp", or "default" where the fit broke down: the prior's lengthscales, broad noise.
    `lengthscales` has one entry per column; `noise` is the learnt variance of an observation;
    `slopes` has one entry per column with a trend. A fit that knew no trends has none: all are 0.
    """

    kind: str
    lengthscales: tuple[float, ...]
    noise: float
    mean: float
    shift: float
    spread: float
    slopes: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `from_json`."""
        return {n: list(v) if isinstance(v, tuple) else v for n, v in asdict(self).items()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Hyperparameters":
        """Read what `to_json` wrote, exact to the last bit."""
        told: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in data.items()}
        return cls(**told)


class Density:
    """The parameters of one GP, and the log posterior density of them that a fit climbs."""

    def __init__(self, columns: Sequence[Column], trained: bool) -> None:
        self.kernel, self.trend = Kernel(columns), Trend(columns)
        self._noise_prior = noise_prior(trained)
        self.log_noise = self._noise_prior.mode.double().log().requires_grad_()
        self.mean = torch.zeros((), dtype=torch.float64, requires_grad=True)
        self._parameters = [
            self.log_noise,
            self.mean,
            *self.kernel.parameters,
            *self.trend.parameters,
        ]

    def __call__(self, x: Tensor, y: Tensor, variance: Tensor) -> Tensor:
        """Log density per observation; `y` and `variance` are standardised."""
        noise = self.log_noise.exp()
        factor = cholesky(self.kernel(x, x) + torch.diag(variance + noise))
        residual = solved(factor, (y - self.mean - self.trend(x))[:, None])
        data = -0.5 * residual.square().sum() - factor.diagonal().log().sum()
        prior = self.kernel.log_prior() + log_density(self._noise_prior, self.log_noise)
        prior = prior + self.trend.log_prior()
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
            steep = torch.autograd.grad(value, self._parameters)
            return value.item(), torch.cat([slope.flatten() for slope in steep]).numpy()

        start = torch.cat([p.detach().flatten() for p in self._parameters]).numpy()
        lengths = (math.log(SHORTEST), math.log(LONGEST))
        noise = (math.log(SMALLEST_NOISE), math.log(LARGEST_NOISE))
        slopes = [(-MOST_SLOPE, MOST_SLOPE)] * len(self.trend.slopes)
        ends = [lengths] * (len(start) - 2 - len(slopes))
        self._set(_minimum(loss, start, [noise, (-10.0, 10.0), *ends, *slopes]))

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
    density, kind = Density(columns, targets.trained), "gp"
    try:
        density.climb(*standardised(targets, shift, spread))
    except (IllConditioned, RuntimeError, ValueError):  # torch's, for numbers that went astray
        density, kind = Density(columns, targets.trained), "default"
    noise = math.exp(density.log_noise.item()) if kind == "gp" else BROAD_NOISE
    lengthscales, slopes = density.kernel.lengthscales, density.trend.slopes
    return Hyperparameters(kind, lengthscales, noise, density.mean.item(), shift, spread, slopes)


def standardised(targets: Targets, shift: float, spread: float) -> tuple[Tensor, Tensor, Tensor]:
    """x, y and known variances as tensors; y with a mean of about 0 and a variance of about 1."""
    return (
        torch.from_numpy(targets.x),
        torch.from_numpy((targets.y - shift) / spread),
        torch.from_numpy(targets.variance / spread**2),
    )


def solved(factor: Tensor, right: Tensor) -> Tensor:
    """What a lower factor makes these columns from."""
    found: Tensor = torch.linalg.solve_triangular(factor, right, upper=False)
    return found
