"""How well the models of a study predict results that they were not told.

Every result is predicted from all others, in closed form: one factor instead of n. The
hyperparameters know all results, so the figures are a little too good where there are few.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau, norm, spearmanr

from optimizer.history import History
from optimizer.hyperparameters import Hyperparameters
from optimizer.knowledge import Knowledge
from optimizer.problem import Problem
from optimizer.surrogate import Surrogate

Floats = npt.NDArray[np.float64]
# Central intervals of which the share of results inside is counted.
INTERVALS = (0.5, 0.8, 0.95)
# Two results are always in order.
LEAST_RANKED = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """What leaving one out says of the model of one objective or constraint.

    Attributes:
        name: of what is predicted.
        kind: of the model: "gp", or what it fell back to.
        observations: how many results the model is told.
        kendall: rank correlation (tau-b) of predicted and told; None for fewer than three, and
            where all are equal.
        spearman: the same by Spearman.
        inside: share of the results inside each central interval of `INTERVALS`, by its name;
            equal to it if the model is as sure as it should be.
        squared: mean square of (result - mean) / deviation; above 1 the model is too sure.
        noise_share: share of the results' variance that is taken for chance.
        lengthscales: by column; the shortest matter most.
    """

    name: str
    kind: str
    observations: int
    kendall: float | None
    spearman: float | None
    inside: dict[str, float]
    squared: float
    noise_share: float
    lengthscales: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; the names are the fields."""
        return asdict(self)


def leave_one_out(
    problem: Problem, history: History, models: Mapping[str, Hyperparameters]
) -> list[Judgement]:
    """Judge the models of all measured objectives, then of all measured constraints.

    Args:
        problem: with all scales fixed.
        history: with at least one completed trial.
        models: hyperparameters by what is predicted.
    """
    knowledge = Knowledge.of(problem, history, models)
    posteriors = (*knowledge.surrogates, *knowledge.constraints)
    surrogates = [each for each in posteriors if isinstance(each, Surrogate)]  # all, of a history
    columns = [column.name for column in problem.space.columns]
    return [
        _judgement(name, surrogate, models[name], columns)
        for name, surrogate in zip(problem.reported, surrogates, strict=True)
    ]


def _judgement(
    name: str, surrogate: Surrogate, model: Hyperparameters, columns: list[str]
) -> Judgement:
    told, mean, deviation = (each.numpy() for each in surrogate.left_out())
    z = (told - mean) / deviation
    return Judgement(
        name=name,
        kind=surrogate.kind,
        observations=len(told),
        kendall=_correlation(kendalltau, told, mean),
        spearman=_correlation(spearmanr, told, mean),
        inside={
            f"{share:.0%}": float(np.mean(np.abs(z) <= norm.ppf(0.5 + share / 2)))
            for share in INTERVALS
        },
        squared=float(np.mean(z**2)),
        noise_share=model.noise,
        lengthscales=dict(zip(columns, model.lengthscales, strict=True)),
    )


def _correlation(measure: Any, told: Floats, mean: Floats) -> float | None:
    """A rank correlation; None where there is no order."""
    if len(told) < LEAST_RANKED or np.ptp(told) == 0 or np.ptp(mean) == 0:
        return None
    return float(measure(told, mean).statistic)
