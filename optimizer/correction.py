"""What pruned networks cost beside what an even cut predicts.

Before a network is trained, its pruned figures are predicted as those of a network whose layers all
lose the same share. What really goes depends on the layers, so results teach a Gaussian process on
ln(measured / predicted), whose mean is 0 where nothing is known: there the prediction stands.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from optimizer.history import Observation
from optimizer.hyperparameters import Hyperparameters
from optimizer.kernel import Kernel
from optimizer.problem import Objective, Problem
from optimizer.surrogate import Surrogate
from optimizer.targets import Targets

Floats = npt.NDArray[np.float64]

# Columns of a pruned network's genes; a network that keeps everything has 0 in all of them.
PRUNED = "pruned_"
# Ratios vary by about a quarter; how far the cut of one network strays says a little of the next.
SPREAD, NOISE = 0.25, 0.2


class Correction:
    """Corrects the known scores of pruned candidates; nothing is fitted.

    Only figures on a log scale are corrected: there a factor is a distance, whatever the size.
    """

    def __init__(self, columns: Sequence[int], spans: Floats, models: Sequence[Surrogate]) -> None:
        self._columns, self._spans, self._models = list(columns), spans, models

    @classmethod
    def of(
        cls, problem: Problem, known: Sequence[Objective], x: Floats, rows: Sequence[Observation]
    ) -> "Correction | None":
        """Learn from completed trials.

        Args:
            problem: whose space predicts.
            known: the objectives whose scores are to be corrected, in order.
            x: `n x d`, the coordinates of the trials.
            rows: the trials, n.

        Returns:
            None where no pruned network has a result, or no scale is logarithmic.
        """
        columns = [p for p, c in enumerate(problem.space.columns) if c.name.startswith(PRUNED)]
        pruned: list[int] = np.flatnonzero((x[:, columns] > 0).any(axis=1)).tolist()
        if not pruned or not any(o.scale is not None and o.scale.log for o in known):
            return None
        figures = [problem.space.figures(rows[row].point) for row in pruned]
        usual = Hyperparameters(
            "gp", Kernel(problem.space.columns).lengthscales, NOISE, 0.0, 0.0, SPREAD
        )
        spans, models = [], []
        for objective in known:
            ratios = [
                _log_ratio(rows[row].values[objective.name], told[objective.name])
                for row, told in zip(pruned, figures, strict=True)
            ]
            learnt = Targets(x[pruned], np.array(ratios), np.zeros(len(pruned)))
            models.append(Surrogate(problem.space.columns, usual, learnt))
            scale = objective.scale
            spans.append(scale.log_span if scale is not None and scale.log else math.inf)
        return cls(columns, np.array(spans), models)

    def __call__(self, x: Tensor, known: Tensor) -> Tensor:
        """The corrected scores of candidates, `n x k`; those of unpruned ones stay exact."""
        pruned = (x[:, self._columns] > 0).any(-1)
        factors = torch.stack([model.mean(x) for model in self._models], -1)
        shift = factors / torch.from_numpy(self._spans)
        return torch.where(pruned[:, None], known - shift, known)


def _log_ratio(measured: float, predicted: float) -> float:
    """At most a factor of e either way: a figure of a few bytes says nothing of large ones."""
    return min(max(math.log(max(measured, 1.0) / max(predicted, 1.0)), -1.0), 1.0)
