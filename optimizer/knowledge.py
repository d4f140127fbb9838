"""What a model-based designer knows at one moment: models, front and feasibility."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from optimizer.acquisition import Acquisition, Improvement
from optimizer.feasibility import Feasibility
from optimizer.history import History
from optimizer.pareto import non_dominated
from optimizer.problem import Problem
from optimizer.scalarisation import best_reach
from optimizer.surrogate import Hyperparameters, Surrogate
from optimizer.targets import MOST_SCORE, expand, floor, targets, usable_rows

Floats = npt.NDArray[np.float64]

# Posteriors are exact up to here; the algebra of a thousand trials takes a few hundredths of a
# second. Beyond, the front, the newest and an even spread of the others stand for all.
MOST_REMEMBERED = 1_000
# Statuses that say that a point has no value; `cancelled` and `stopped` say nothing of that.
WITHOUT_VALUE = ("infeasible", "failed")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that the next proposal depends on, but chance.

    `front` is `n x m` scores, the measured objectives first, then the known ones. Its measured
    scores are what the models believe: of many noisy results the best is mostly a lucky one.
    """

    problem: Problem
    surrogates: Sequence[Surrogate]
    front: Floats
    feasibility: Feasibility | None

    @classmethod
    def of(
        cls, problem: Problem, history: History, fitted: Mapping[str, Hyperparameters]
    ) -> "Knowledge":
        """Condition the fitted models on a history."""
        rows = usable_rows(problem, history, MOST_REMEMBERED)
        x = encoded(problem, [history.observations[row].point for row in rows])
        values = history.values(problem.names)[rows]
        surrogates = []
        for objective in problem.measured:
            told = values[:, problem.names.index(objective.name)]
            learnt = targets(problem, objective, x, told)
            surrogates.append(Surrogate(problem.space.columns, fitted[objective.name], learnt))
        known = [place for place, o in enumerate(problem.objectives) if o.role == "known"]
        kept = history.feasible(problem)[rows]
        knowledge = cls(problem, surrogates, np.empty((0, len(problem.names))), None)
        scores = np.minimum(history.scores(problem)[rows][kept][:, known], MOST_SCORE)
        return replace(
            knowledge._joined(x[kept], scores),
            feasibility=_feasibility(problem, history),
        )

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each measured objective's model: "gp", or what it fell back to."""
        named = zip(self.problem.measured, self.surrogates, strict=True)
        return {objective.name: surrogate.kind for objective, surrogate in named}

    def believing(self, x: Floats, known: Floats) -> "Knowledge":
        """The same if trials at `x` gave exactly what is predicted; `known` are their scores."""
        surrogates = [surrogate.believing(x) for surrogate in self.surrogates]
        return replace(self, surrogates=surrogates)._joined(x, known)

    def _joined(self, x: Floats, known: Floats) -> "Knowledge":
        """The same with points (`p x d`) in the front, at their predicted scores."""
        means = [expand(s.mean(torch.from_numpy(x)).numpy()) for s in self.surrogates]
        scores = np.concatenate([np.stack(means, axis=1), known], axis=1)
        front = np.concatenate([self.front, scores])
        return replace(self, front=front[non_dominated(front)])

    def acquisition(self, weights: Floats) -> Acquisition:
        """What candidates are worth along these rays (`l x m`, columns as in `front`)."""
        improvement = Improvement(
            weights=torch.from_numpy(weights),
            best=torch.from_numpy(best_reach(self.front, weights)),
            floors=torch.tensor([floor(o) for o in self.problem.measured], dtype=torch.float64),
        )
        return Acquisition(self.surrogates, improvement, self.feasibility)


def encoded(problem: Problem, points: Sequence[dict[str, object]]) -> Floats:
    """Points as rows of coordinates, `n x d`."""
    rows = [problem.space.encode(point) for point in points]
    return np.array(rows, dtype=np.float64).reshape(len(points), len(problem.space.columns))


def _feasibility(problem: Problem, history: History) -> Feasibility | None:
    """A model of what fails; None while nothing has failed."""
    told = [o for o in history.observations if o.status in (*WITHOUT_VALUE, "completed")]
    told = told[-MOST_REMEMBERED:]
    feasible = np.array([o.status == "completed" for o in told], dtype=np.bool_)
    if feasible.all():
        return None
    return Feasibility(problem.space.columns, encoded(problem, [o.point for o in told]), feasible)
