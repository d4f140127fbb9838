"""The kernel of all models here: how alike two points are.

The formulas are those of GPyTorch's Matérn kernel and BoTorch's categorical kernel, compared with
them in the tests. They are written out because the lazy tensors around the libraries' own take
several times as long as the algebra of the hundred rows that most studies have.
"""

import math
from collections.abc import Sequence
from typing import Any

import botorch
import gpytorch
import numpy as np
import scipy
import torch
from gpytorch.priors import LogNormalPrior
from torch import Tensor

from optimizer.matern import matern, matern_and_rate
from optimizer.space import INACTIVE, Column

SQRT_5 = math.sqrt(5)
# Distances below it have no slope: the derivative of a square root at 0 is none.
SMALLEST_SQUARE = 1e-18
# So many rows at a time: what lies between stays in the cache, which takes a fifth of the time.
ROWS, ROWS_QUICKLY = 128, 64
# Beyond so many results sums are made in quicker ways, which differ in the last bits. Up to there
# little would be gained, and what was once proposed stays the same to the last bit.
MANY = 500


def library_versions() -> dict[str, str]:
    """What a fit depends on beside its data."""
    libraries = (botorch, gpytorch, np, scipy, torch)
    return {library.__name__: str(library.__version__) for library in libraries}


def noise_prior(trained: bool) -> Any:
    """What is expected of an observation's variance, in units of the targets' variance.

    BoTorch's default: a result is mostly clean, but the data may say otherwise. Of a training,
    where the seed decides, more is expected (docs/adr/0009).
    """
    return LogNormalPrior(-2.5 if trained else -4.0, 1.0)


def log_density(prior: Any, logs: Tensor) -> Tensor:
    """Log density of log-normal values, up to a constant, from their logarithms.

    The density is that of the values themselves, not of the logarithms.
    """
    total: Tensor = -(0.5 * ((logs - prior.loc) / prior.scale).square() + logs).sum()
    return total


class Kernel:
    """Matérn 5/2 over the real columns times a Hamming kernel over the categories, both ARD.

    A conditional real column is placed on a quarter of a circle around the points that do not have
    it (Swersky et al. 2014, the Arc kernel, with its angle fixed): two points that have it differ
    by their values, one that has it and one that does not always differ as much, and two that do
    not have it not at all.
    """

    def __init__(self, columns: Sequence[Column], quick: bool = False) -> None:
        """Begin with the lengthscales of the prior.

        Args:
            columns: of the points.
            quick: whether the last bits do not matter. Then no gradients flow back to points:
                `steep` tells how fast correlations change.
        """
        self._quick = quick
        self._matern, self._rows = (matern, ROWS_QUICKLY) if quick else (_matern, ROWS)
        real = [place for place, column in enumerate(columns) if column.kind == "real"]
        category = [place for place, column in enumerate(columns) if column.kind == "category"]
        self._real = [place for place in real if not columns[place].conditional]
        self._arc = [place for place in real if columns[place].conditional]
        self._category = category
        # Hvarfner et al. 2024, BoTorch's default: the more columns, the farther apart random points
        # lie, so lengthscales must grow for the model not to be flat between them.
        typical = math.sqrt(2) + math.log(max(len(real), 1)) / 2
        # Mode 1: points that differ in all categories start with correlation exp(-1).
        priors = (LogNormalPrior(typical, math.sqrt(3)), LogNormalPrior(0.5, math.sqrt(0.5)))
        self._priors = [
            (prior, len(places))
            for prior, places in zip(priors, (real, category), strict=True)
            if places
        ]
        # In the order real, arc, category; a fit learns them on a log scale.
        self._order = [*self._real, *self._arc, *category]
        start = torch.cat(
            [torch.full((count,), prior.mode.double().log()) for prior, count in self._priors]
        )
        self._logs = start.double().requires_grad_()

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        """Correlations of the rows of `a` and `b`, `len(a) x len(b)`."""
        if len(a) <= self._rows or (torch.is_grad_enabled() and self._learns(a, b)):
            return self._correlations(a, b)
        rows, there = self._rows, self.placed(b) if self._quick else None
        parts = [self._correlations(a[at : at + rows], b, there) for at in range(0, len(a), rows)]
        return torch.cat(parts)

    def among(self, x: Tensor) -> Tensor:
        """How alike the rows of `x` are, `n x n`; quickly only half of them are compared."""
        if not self._quick:
            return self(x, x)
        found, there = x.new_empty(len(x), len(x)), self.placed(x)
        for at in range(0, len(x), self._rows):
            end = at + self._rows
            part = self._correlations(x[at:end], x[:end], there[:end])
            found[at:end, :end] = part
            found[:end, at:end] = part.T
        return found

    def _learns(self, *points: Tensor) -> bool:
        """Whether a slope is asked for, of the lengthscales or of points."""
        return any(of.requires_grad for of in (self._logs, *points))

    def _correlations(self, a: Tensor, b: Tensor, there: Tensor | None = None) -> Tensor:
        """All pairs at once; `there` are the places of `b` where they are known."""
        lengths = self._logs.exp()  # once: how its slope is summed decides a fit's last bits
        correlation = torch.ones((), dtype=a.dtype)
        if self._real or self._arc:
            here = self._placed(a, lengths)
            there = self._placed(b, lengths) if there is None else there
            correlation = self._matern(here, there)
        if self._category:
            correlation = correlation * self._alike(a, b, lengths)
        return correlation

    def steep(self, places: tuple[Tensor, Tensor], a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
        """Correlations of the rows of `a` and `b`, and how fast they change with places.

        Args:
            places: those of `a` and of `b`, as `placed` tells them.
            a: `n x d`.
            b: `m x d`.

        Returns:
            Two of `n x m`; see `matern_and_rate`.
        """
        correlation, rate = matern_and_rate(*places)
        if self._category:
            alike = self._alike(a, b, self._logs.exp())
            correlation, rate = correlation * alike, rate * alike
        return correlation, rate

    def _alike(self, a: Tensor, b: Tensor, lengths: Tensor) -> Tensor:
        """How alike the categories of two arrays of points are, `len(a) x len(b)`."""
        differ = a[:, None, self._category] != b[None, :, self._category]
        shares = (differ / lengths[-len(self._category) :]).mean(-1)
        return torch.exp(-shares)

    def placed(self, x: Tensor) -> Tensor:
        """The real columns in units of their lengthscales; an arc takes two coordinates."""
        return self._placed(x, self._logs.exp())

    def _placed(self, x: Tensor, lengths: Tensor) -> Tensor:
        ends = len(self._real), len(self._real) + len(self._arc)
        plain = x[:, self._real] / lengths[: ends[0]]
        if not self._arc:
            return plain
        arc = x[:, self._arc]
        radius = (arc != INACTIVE) / lengths[ends[0] : ends[1]]
        angle = arc * (math.pi / 2)
        return torch.cat([plain, radius * torch.sin(angle), radius * torch.cos(angle)], -1)

    @property
    def parameters(self) -> list[Tensor]:
        """The logarithms of the lengthscales."""
        return [self._logs]

    def log_prior(self) -> Tensor:
        """Log density of the lengthscales."""
        total, rest = torch.zeros((), dtype=torch.float64), self._logs
        for prior, count in self._priors:
            total, rest = total + log_density(prior, rest[:count]), rest[count:]
        return total

    @property
    def lengthscales(self) -> tuple[float, ...]:
        """One per column, in the order of the columns."""
        found = dict(zip(self._order, self._logs.detach().exp().tolist(), strict=True))
        return tuple(found[place] for place in sorted(found))

    def fixed(self, lengthscales: Sequence[float]) -> "Kernel":
        """This kernel with these lengthscales, no longer to be learnt."""
        values = torch.tensor([lengthscales[place] for place in self._order], dtype=torch.float64)
        self._logs = values.log()
        return self


def _matern(a: Tensor, b: Tensor) -> Tensor:
    """Matérn 5/2 of the distances between rows in units of their lengthscales."""
    centre = a.mean(0, keepdim=True).detach()  # of large squares, little would be left
    a, b = a - centre, b - centre
    squares = a.square().sum(-1)[:, None] + b.square().sum(-1) - 2 * (a @ b.T)
    distance = SQRT_5 * squares.clamp_min(SMALLEST_SQUARE).sqrt()
    return (1 + distance + distance.square() / 3) * torch.exp(-distance)
