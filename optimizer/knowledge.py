"""What a model-based designer knows at one moment: models, front and feasibility."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from optimizer.acquisition import Acquisition
from optimizer.correction import Correction
from optimizer.designers.scalarising import Function
from optimizer.feasibility import Feasibility
from optimizer.gains import Optimistic, gain_of
from optimizer.history import History, Observation
from optimizer.hyperparameters import Hyperparameters
from optimizer.improvement import Gain, Improvement
from optimizer.joint import Posterior
from optimizer.kernel import MANY
from optimizer.parameter_space import ParameterSpace
from optimizer.pareto import non_dominated
from optimizer.problem import Problem
from optimizer.scalarisation import best_reach
from optimizer.surrogate import Surrogate
from optimizer.targets import (
    MOST_SCORE,
    Targets,
    compress,
    constraint_targets,
    expand,
    floor,
    targets,
    usable_rows,
)

Floats = npt.NDArray[np.float64]

# Posteriors are exact up to here; the algebra of two thousand trials takes a few tenths of a
# second. Beyond, the front, the newest and an even spread of the others stand for all.
MOST_REMEMBERED = 2_000
# How far below the front's worst hypervolume is sought, as a share of the front's range; and every
# other time how far below the worst of all results, as a share of theirs. The first fills the front
# that is known, but finds no end that lies beyond, and never leaves a front that is one corner.
NEAR_MARGIN, FAR_MARGIN = 0.1, 0.5
# No result counts as worse than this compressed score when a reference is inferred: one terrible
# value would else send every other proposal to the ends of the front.
WORST_SCORE = -1.5
# Statuses that say that a point has no value; `cancelled` and `stopped` say nothing of that.
WITHOUT_VALUE = ("infeasible", "failed")


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that the next proposal depends on, but chance.

    `front` is `n x m` scores, the measured objectives first, then the known ones. Its measured
    scores are what the models believe, once confirmed: of many noisy results the best is mostly a
    lucky one. `reference` is `m` compressed scores, from where its hypervolume is sought. `quick`
    says that the last bits of what candidates are worth do not matter.
    """

    problem: Problem
    surrogates: Sequence[Posterior]
    constraints: Sequence[Posterior]
    front: Floats
    reference: Floats
    feasibility: Feasibility | None
    correction: Correction | None
    quick: bool = False

    @classmethod
    def of(
        cls,
        problem: Problem,
        history: History,
        fitted: Mapping[str, Hyperparameters],
        count: int = 1,
    ) -> "Knowledge":
        """Condition the fitted models on a history, to choose so many points from it."""
        chosen = usable_rows(problem, history, MOST_REMEMBERED)
        rows = [history.observations[row] for row in chosen]
        x, columns = observed(problem, rows), problem.space.columns
        values = history.values(problem.reported)[chosen]
        models = [
            Surrogate(columns, fitted[name], told)
            for name, told in zip(problem.reported, learn(problem, x, values), strict=True)
        ]
        measured = len(problem.measured)
        known = [o for o in problem.objectives if o.role == "known"]
        knowledge = cls(
            problem,
            models[:measured],
            models[measured:],
            np.empty((0, len(problem.names))),
            np.zeros(len(problem.names)),
            feasibility_of(problem, history),
            Correction.of(problem, known, x, rows),
            quick=len(rows) > MANY,
        )
        kept = history.feasible(problem)[chosen]
        places = [problem.names.index(o.name) for o in known]
        scores = np.minimum(history.scores(problem)[chosen][kept][:, places], MOST_SCORE)
        if problem.space.confirmed:
            means = knowledge._believed(x[kept])
        else:
            means = [model.smoothed()[torch.from_numpy(kept)] for model in models[:measured]]
        points = _points(means, scores)
        knowledge = knowledge._joined(points)
        # By batches: histories that grow by an even number would else never be seen from afar.
        far = history.version // max(count, 1) % 2 == 1
        reference = _reference(problem, points if far else knowledge.front, far)
        return replace(knowledge, reference=reference)

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each model: "gp", or what it fell back to."""
        models = (*self.surrogates, *self.constraints)
        return {n: model.kind for n, model in zip(self.problem.reported, models, strict=True)}

    def believing(self, x: Floats, known: Floats) -> "Knowledge":
        """The same if trials at `x` gave exactly what is predicted; `known` are their scores."""
        told = replace(
            self,
            surrogates=[surrogate.believing(x) for surrogate in self.surrogates],
            constraints=[constraint.believing(x) for constraint in self.constraints],
        )
        return told._joined(_points(told._believed(x), known))

    def among(self, x: Floats) -> "Knowledge":
        """The same of candidates at these points (`p x d`) only, where it costs little."""
        points = torch.from_numpy(np.concatenate([x, self._confirmed(x)]))
        return replace(
            self,
            surrogates=[surrogate.among(points) for surrogate in self.surrogates],
            constraints=[constraint.among(points) for constraint in self.constraints],
            feasibility=None if self.feasibility is None else self.feasibility.among(points),
            quick=True,
        )

    def _believed(self, x: Floats) -> list[Tensor]:
        """The mean of every measured score at `x` (`p x d`), once confirmed."""
        confirmed = torch.from_numpy(self._confirmed(x))
        return [surrogate.mean(confirmed) for surrogate in self.surrogates]

    def _confirmed(self, x: Floats) -> Floats:
        """Points as they would be in a confirm run, `p x d`."""
        x = x.copy()
        for column, value in self.problem.space.confirmed.items():
            x[:, column] = value
        return x

    def _joined(self, points: Floats) -> "Knowledge":
        """The same with points of these scores (`p x m`) in the front."""
        front = np.concatenate([self.front, points])
        return replace(self, front=front[non_dominated(front)])

    def acquisition(
        self,
        weights: Floats,
        function: Function = "hypervolume",
        deviations: float | None = None,
    ) -> Acquisition:
        """What candidates are worth along rays.

        Args:
            weights: `l x m`, columns as in `front`.
            function: what the weights weigh.
            deviations: so far above its mean every measured score is hoped to come out; None
                judges by the expectation.
        """
        measured, told = len(self.surrogates), torch.from_numpy(weights)
        front, reference = self.front.copy(), torch.from_numpy(self.reference)
        front[:, :measured] = compress(front[:, :measured])  # as the models see them
        floors = torch.tensor([floor(o) for o in self.problem.measured], dtype=torch.float64)
        gain: Gain
        if function == "hypervolume":
            best = torch.from_numpy(best_reach(front - self.reference, weights))
            gain = Improvement(told, best, floors, reference, quick=self.quick)
        else:
            gain = gain_of(function, told, torch.from_numpy(front), floors)
        improvement = gain if deviations is None else Optimistic(gain, deviations)
        return Acquisition(
            self.surrogates,
            improvement,
            self.feasibility,
            self.constraints,
            self.problem.space.confirmed,
            self.correction,
            self.quick,
        )


def learn(problem: Problem, x: Floats, values: Floats) -> list[Targets]:
    """What each model learns: of the measured objectives, then of the measured constraints.

    Args:
        problem: with all scales fixed.
        x: `n x d`, encoded points.
        values: `n x len(problem.reported)`, finite, in their own units.
    """
    objectives = zip(problem.measured, values.T, strict=False)
    constraints = zip(problem.measured_constraints, values.T[len(problem.measured) :], strict=True)
    return [
        *(targets(problem, objective, x, told) for objective, told in objectives),
        *(constraint_targets(constraint, x, told) for constraint, told in constraints),
    ]


def observed(problem: Problem, rows: Sequence[Observation]) -> Floats:
    """Trials as rows of coordinates, `n x d`: a stopped one as long as it was trained."""
    space = problem.space
    found = [
        space.observed(
            o.point, o.key or space.key(o.point), o.epochs if o.status == "stopped" else None
        )
        for o in rows
    ]
    return np.array(found, dtype=np.float64).reshape(len(rows), len(space.columns))


def _points(means: Sequence[Tensor], known: Floats) -> Floats:
    """Scores, `p x m`, of believed compressed ones (`p` per model) and known ones (`p x k`)."""
    measured = np.stack([expand(mean.numpy()) for mean in means], axis=1)
    return np.concatenate([measured, known], axis=1)


def _reference(problem: Problem, points: Floats, far: bool) -> Floats:
    """From where hypervolume is sought, `m` compressed scores.

    Only for references that nobody gave: those of a black box lie where its initial design was bad,
    far from any front, but there are fronts that go on beyond them. Ishibuchi et al. 2011; the
    near one follows BoTorch's infer_reference_point.

    Args:
        problem: what it was given stays 0.
        points: `n x m`, the scores of all results that count; of the front if not `far`.
        far: a share of the points' range below their worst; else of those above the scales' own
            references, and never below these.
    """
    ordered = [*problem.measured, *(o for o in problem.objectives if o.role == "known")]
    inferred = np.array([o.given.reference is None for o in ordered])
    if not isinstance(problem.space, ParameterSpace):
        return np.zeros(len(ordered))
    if far:
        found = _below(compress(points).clip(WORST_SCORE), FAR_MARGIN)
    else:
        found = _below(points[(points > 0).all(axis=1)], NEAR_MARGIN).clip(0.0)
    return np.where(inferred, found, 0.0)


def _below(scores: Floats, margin: float) -> Floats:
    """A share of the range (`n x m`) below the worst, `m`; 0 where there is no range."""
    if len(scores) < 2:
        return np.zeros(scores.shape[1])
    worst, best = scores.min(axis=0), scores.max(axis=0)
    return np.where(best > worst, worst - margin * (best - worst), 0.0)


def encoded(problem: Problem, points: Sequence[dict[str, object]]) -> Floats:
    """Points as rows of coordinates, `n x d`."""
    rows = [problem.space.encode(point) for point in points]
    return np.array(rows, dtype=np.float64).reshape(len(points), len(problem.space.columns))


def feasibility_of(problem: Problem, history: History) -> Feasibility | None:
    """A model of what fails; None while nothing has failed."""
    told = [o for o in history.observations if o.status in (*WITHOUT_VALUE, "completed")]
    told = told[-MOST_REMEMBERED:]
    feasible = np.array([o.status == "completed" for o in told], dtype=np.bool_)
    if feasible.all():
        return None
    return Feasibility(problem.space.columns, observed(problem, told), feasible)
