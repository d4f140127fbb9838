"""The kernel of all models here, from GPyTorch's and BoTorch's parts."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy
import torch
from torch import Tensor

from optimizer.space import Column

with warnings.catch_warnings():
    # A dependency of GPyTorch compiles a few functions with `torch.jit.script` when it is imported,
    # which torch 2.13 calls deprecated. None of them is used here.
    warnings.filterwarnings("ignore", message=".*torch.jit.script", category=DeprecationWarning)
    import botorch
    import gpytorch
    from botorch.models.kernels.categorical import CategoricalKernel
    from gpytorch.constraints import Positive
    from gpytorch.kernels import MaternKernel
    from gpytorch.priors import LogNormalPrior


def library_versions() -> dict[str, str]:
    """What a fit depends on beside its data."""
    libraries = (botorch, gpytorch, np, scipy, torch)
    return {library.__name__: str(library.__version__) for library in libraries}


def noise_prior() -> Any:
    """What is expected of an observation's variance, in units of the targets' variance.

    BoTorch's default: a result is mostly clean, but the data may say otherwise.
    """
    return LogNormalPrior(-4.0, 1.0)


class Kernel:
    """Matérn 5/2 over the real columns times a Hamming kernel over the categories, both ARD."""

    def __init__(self, columns: Sequence[Column]) -> None:
        real = [place for place, column in enumerate(columns) if column.kind == "real"]
        category = [place for place, column in enumerate(columns) if column.kind == "category"]
        self._factors: list[Any] = []
        if real:
            # Hvarfner et al. 2024, BoTorch's default: the more columns, the farther apart random
            # points lie, so lengthscales must grow for the model not to be flat between them.
            prior = LogNormalPrior(math.sqrt(2) + math.log(len(real)) / 2, math.sqrt(3))
            self._factors.append(_factor(MaternKernel, real, prior))
        if category:
            # Mode 1: points that differ in all categories start with correlation exp(-1). The
            # kernel itself divides by the number of columns.
            prior = LogNormalPrior(0.5, math.sqrt(0.5))
            self._factors.append(_factor(CategoricalKernel, category, prior))
        self._order = torch.argsort(torch.tensor([*real, *category]))

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """Correlations of the rows of `a` and `b`, `len(a) x len(b)`."""
        correlation: Tensor = self._factors[0](a, b).to_dense()
        for factor in self._factors[1:]:
            correlation = correlation * factor(a, b).to_dense()
        return correlation

    @property
    def parameters(self) -> list[Tensor]:
        """The logarithms of the lengthscales, in the order of the factors."""
        return [factor.raw_lengthscale for factor in self._factors]

    def log_prior(self) -> Tensor:
        """Log density of the lengthscales."""
        densities = [f.lengthscale_prior.log_prob(f.lengthscale).sum() for f in self._factors]
        return torch.stack(densities).sum()

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """One per column, in the order of the columns."""
        flat = torch.cat([factor.lengthscale.detach().flatten() for factor in self._factors])
        return tuple(flat[self._order].tolist())

    def fixed(self, lengthscales: Sequence[float]) -> "Kernel":
        """This kernel with these lengthscales, no longer to be learnt."""
        values = torch.tensor(lengthscales, dtype=torch.float64)
        for factor in self._factors:
            factor.lengthscale = values[factor.active_dims]
            factor.requires_grad_(False)
        return self


def _factor(build: Any, places: list[int], prior: Any) -> Any:
    """A kernel over some columns, at the mode of its prior; it learns on a log scale."""
    kernel = build(
        ard_num_dims=len(places),
        active_dims=places,
        lengthscale_prior=prior,
        lengthscale_constraint=Positive(transform=torch.exp, inv_transform=torch.log),
    ).double()
    kernel.lengthscale = prior.mode.item()
    return kernel
