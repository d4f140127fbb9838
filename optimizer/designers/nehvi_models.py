"""The models of `nehvi`: BoTorch's defaults, one for each figure that only a worker can tell."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from botorch.exceptions.errors import ModelFittingError
from botorch.fit import fit_gpytorch_mll
from botorch.models import ModelListGP, SingleTaskGP
from botorch.models.kernels.categorical import CategoricalKernel
from botorch.models.utils.gpytorch_modules import get_covar_module_with_dim_scaled_prior
from gpytorch.mlls import ExactMarginalLogLikelihood
from linear_operator.utils.errors import NanError
from torch import Tensor

from optimizer.history import History
from optimizer.knowledge import encoded, learn
from optimizer.pool import Pool
from optimizer.problem import Problem
from optimizer.space import Column
from optimizer.targets import MOST_SCORE, floor, prediction, usable_rows

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

# As many as `bayes` fits on, and as many steps as a fit of so few needs.
MOST_FITTED = 300
FIT_STEPS = 100


def usable(problem: Problem, history: History) -> Rows:
    """The completed trials to learn from; none while a scale is not fixed."""
    if not problem.scaled:
        return np.empty(0, dtype=np.intp)
    rows = usable_rows(problem, history, MOST_FITTED)
    complete = history.completed & np.isfinite(history.scores(problem)).all(axis=1)
    return rows[complete[rows]]


@dataclass(frozen=True)
class Models:
    """What the observed trials say.

    `gps` has one output per measured objective (its compressed score) and then one per measured
    constraint (at least 0 where it is kept). `x` is `n x (d + known objectives)`: the observed
    points, encoded, with their known scores, which the models leave out and `outcomes` takes over.
    """

    problem: Problem
    gps: Any
    x: Tensor

    @classmethod
    def of(cls, problem: Problem, history: History, rows: Rows) -> "Models":
        """Fit the models on these rows of a history."""
        x = encoded(problem, [history.observations[row].point for row in rows])
        places = [place for place, o in enumerate(problem.objectives) if o.role == "known"]
        inputs = _joined(x, history.scores(problem)[rows][:, places])
        learnt = learn(problem, x, history.values(problem.reported)[rows])
        models = [_fitted(problem.space.columns, inputs, told.y) for told in learnt]
        return cls(problem, ModelListGP(*models), inputs)

    def inputs(self, pool: Pool) -> Tensor:
        """Candidates as rows of `x`."""
        return _joined(pool.x, pool.known)

    def outcomes(self, samples: Tensor, x: Tensor) -> Tensor:
        """Scores of all objectives, from samples of the models and the rows that they belong to.

        Args:
            samples: `... x q x outputs`.
            x: `... x q x (d + known objectives)`.

        Returns:
            `... x q x m`, the measured objectives first. A single objective gets a companion that
            is always 1, since a volume needs two.
        """
        measured = samples[..., : len(self.problem.measured)]
        known = x[..., len(self.problem.space.columns) :]
        parts = [measured, known.expand(*samples.shape[:-1], -1)]
        if len(self.problem.objectives) == 1:
            parts.append(torch.ones_like(measured))
        return torch.cat(parts, dim=-1)

    @property
    def excesses(self) -> list[Callable[[Tensor], Tensor]]:
        """One function of samples per limit on what is measured; negative where it is kept."""
        floors = [floor(objective) for objective in self.problem.measured]
        floors += [0.0] * len(self.problem.measured_constraints)
        return [
            partial(_excess, place, least)
            for place, least in enumerate(floors)
            if least > -math.inf
        ]

    def predictions(self, row: Tensor) -> dict[str, dict[str, float]]:
        """Mean and deviation of a result at one row of `inputs`, by objective."""
        with torch.no_grad():
            posterior = self.gps.posterior(row[None], observation_noise=True)
        told = zip(self.problem.measured, posterior.mean[0], posterior.variance[0], strict=False)
        return {
            objective.name: prediction(self.problem, objective, mean.item(), variance.item())
            for objective, mean, variance in told
        }


def _excess(place: int, least: float, samples: Tensor) -> Tensor:
    """How far one output stays below what it must reach."""
    return least - samples[..., place]


def _joined(x: Floats, known: Floats) -> Tensor:
    """Encoded points with their known scores, which must not be infinite."""
    return torch.from_numpy(np.concatenate([x, np.clip(known, -MOST_SCORE, MOST_SCORE)], axis=1))


def _fitted(columns: Sequence[Column], x: Tensor, y: Floats) -> Any:
    """BoTorch's model of one output, fitted; at the modes of its priors where that breaks down."""
    model = _model(columns, x, y)
    try:
        fit_gpytorch_mll(
            ExactMarginalLogLikelihood(model.likelihood, model),
            optimizer_kwargs={"options": {"maxiter": FIT_STEPS}},
        )
    except (ModelFittingError, NanError):
        return _model(columns, x, y)
    return model


def _model(columns: Sequence[Column], x: Tensor, y: Floats) -> Any:
    """A model with the kernel that `SingleTaskGP` has by default, times one over categories."""
    real = [place for place, column in enumerate(columns) if column.kind == "real"]
    category = [place for place, column in enumerate(columns) if column.kind == "category"]
    factors = []
    if real:
        factors.append(get_covar_module_with_dim_scaled_prior(len(real), active_dims=real))
    if category:
        factors.append(CategoricalKernel(ard_num_dims=len(category), active_dims=category))
    return SingleTaskGP(
        x, torch.from_numpy(y)[:, None], covar_module=math.prod(factors[1:], start=factors[0])
    )
