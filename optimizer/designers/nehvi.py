"""BoTorch's qLogNEHVI with BoTorch's own models: what the other designers are compared with."""

import itertools
import math
import random
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from botorch.acquisition.multi_objective import logei
from botorch.acquisition.multi_objective.objective import GenericMCMultiOutputObjective
from botorch.acquisition.multi_objective.utils import (
    get_default_partitioning_alpha,
    prune_inferior_points_multi_objective,
)
from botorch.optim import optimize_acqf
from botorch.sampling.normal import SobolQMCNormalSampler
from botorch.settings import validate_input_scaling
from torch import Tensor

from optimizer.designers.designer import Fitted
from optimizer.designers.initial import initial_design
from optimizer.designers.nehvi_models import Models, usable
from optimizer.designers.novelty import Candidate, candidates, drawn, nothing_new, seen_keys
from optimizer.designers.options import check_options
from optimizer.history import History
from optimizer.parameter_space import ParameterSpace
from optimizer.parameters import Real
from optimizer.pool import Pool, first_pool
from optimizer.problem import Problem, initial_count
from optimizer.proposal import Proposal
from optimizer.space import Point

# BoTorch would else compile a C++ extension for the first acquisition function of a process. That
# takes a minute, and a process that is killed meanwhile leaves a lock that the next one waits for.
logei._load_attempted = True

Floats = npt.NDArray[np.float64]

# Draws from the posterior. Each has a front and a box decomposition of its own, which takes half a
# second for 40 points and four objectives; from five on BoTorch approximates it.
SAMPLES, SAMPLES_OF_MANY, MANY = 64, 16, 4
# The observed points that are most likely on the front, at most.
MOST_BASELINE = 40
# Candidates that are ranked at once; more take more memory and no less time.
TOGETHER = 64
# The gradient climbs from so many of the best.
STARTS, CLIMB_STEPS = 4, 30
# Drawn where nothing of the pool is left.
SPARE = 16


class NehviDesigner:
    """Proposes the candidate of largest log noisy expected hypervolume improvement.

    For comparison: models and acquisition are BoTorch's defaults, on our scores. Candidates are
    samples of the space and morphs of the front; where all parameters are real, the best are moved
    up the gradient. Networks begin from scratch. Trials without a result teach its models nothing.
    Until the scales are fixed and `initial_count` trials are completed it fills the space.

    A proposal takes seconds, so a study needs a `think_s` of half a minute.
    """

    name = "nehvi"

    def __init__(self, samples: int | None = None) -> None:
        """Draw so many `samples` from the posterior; by default as the objectives demand."""
        self._samples = samples

    def check(self, problem: Problem) -> None:
        """Every problem will do, without options."""
        check_options(self.name, problem)

    def fit(self, problem: Problem, history: History, seed: int) -> Fitted | None:
        """Nothing is kept: `suggest` fits its own models."""
        return None

    def suggest(
        self,
        problem: Problem,
        history: History,
        pending: Sequence[Point],
        fitted: Fitted | None,
        count: int,
        seed: int,
    ) -> list[Proposal]:
        """Propose one point after the other, with the earlier ones as pending."""
        rows, rng = usable(problem, history), random.Random(seed)
        if len(rows) < max(initial_count(problem), 2):
            with _reproducible(seed):
                return initial_design(self.name, problem, history, pending, count, seed)
        taken = seen_keys(problem, history, pending)
        with _reproducible(rng.getrandbits(63)):
            search = _Search(
                models=Models.of(problem, history, rows),
                samples=self._samples or _samples(problem),
                pool=first_pool(problem, _front(problem, history), set(taken), rng.getrandbits(63)),
                rng=rng,
            )
            waiting = Pool.of(problem, [_candidate(problem, point) for point in pending])
            proposals = list(itertools.islice(search.steps(waiting, taken), count))
        if count and not proposals:
            raise nothing_new(problem)
        return proposals


@dataclass(frozen=True)
class _Search:
    """What stays the same from one proposal of a call to the next."""

    models: Models
    samples: int
    pool: Pool
    rng: random.Random

    @property
    def problem(self) -> Problem:
        return self.models.problem

    def steps(self, waiting: Pool, taken: set[str]) -> Iterator[Proposal]:
        """One proposal after the other, until the space has no point left."""
        while True:
            rest = self.pool.without(taken)
            if len(rest) == 0:
                rest = self._spare(taken)
            if len(rest) == 0:
                return
            seed = self.rng.getrandbits(32)
            acquisition = self._acquisition(waiting, seed)
            values = _values(acquisition, self.models.inputs(rest))
            if _climbable(self.problem):
                better = self._climbed(acquisition, rest.at(_best(values)), set(taken))
                found = _values(acquisition, self.models.inputs(better))
                rest, values = rest.joined(better), np.concatenate([values, found])
            row = int(np.argmax(values))
            chosen = rest.at([row])
            yield self._proposal(chosen, float(values[row]), seed)
            waiting = waiting.joined(chosen)
            taken = taken | {chosen.candidates[0].key}

    def _spare(self, taken: set[str]) -> Pool:
        """Samples of the space, for when nothing is left of the pool."""
        problem, rng = self.problem, self.rng
        spare = drawn(problem, lambda: problem.space.sample(rng), set(taken), rng)
        return Pool.of(problem, itertools.islice(spare, SPARE))

    def _acquisition(self, waiting: Pool, seed: int) -> Any:
        """Log noisy expected hypervolume improvement over the reference, which has score 0."""
        models = self.models
        width = max(len(self.problem.objectives), 2)
        objective = GenericMCMultiOutputObjective(lambda samples, X: models.outcomes(samples, X))
        excesses = models.excesses or None
        baseline = prune_inferior_points_multi_objective(
            models.gps,
            models.x,
            torch.zeros(width, dtype=torch.float64),
            objective=objective,
            constraints=excesses,
            max_frac=min(1.0, MOST_BASELINE / len(models.x)),
        )
        return logei.qLogNoisyExpectedHypervolumeImprovement(
            models.gps,
            ref_point=[0.0] * width,
            X_baseline=baseline if len(baseline) else models.x[:1],
            sampler=SobolQMCNormalSampler(torch.Size([self.samples]), seed=seed),
            objective=objective,
            constraints=excesses,
            X_pending=models.inputs(waiting) if len(waiting) else None,
            alpha=get_default_partitioning_alpha(width),
        )

    def _climbed(self, acquisition: Any, starts: Pool, seen: set[str]) -> Pool:
        """These candidates moved up the gradient."""
        space = self.problem.space
        assert isinstance(space, ParameterSpace)
        unit = torch.tensor([[0.0], [1.0]], dtype=torch.float64).expand(2, starts.x.shape[1])
        ends, _ = optimize_acqf(
            acquisition,
            bounds=unit,
            q=1,
            num_restarts=len(starts),
            batch_initial_conditions=self.models.inputs(starts)[:, None],
            options={"maxiter": CLIMB_STEPS},
            return_best_only=False,
            retry_on_optimization_warning=False,
        )
        points = (space.decode(row) for row in ends[:, 0].tolist())
        return Pool.of(self.problem, candidates(self.problem, points, seen))

    def _proposal(self, chosen: Pool, value: float, seed: int) -> Proposal:
        """The choice, explained."""
        details = {
            "acquisition": "log_noisy_expected_hypervolume_improvement",
            "value": value if math.isfinite(value) else None,
            "samples": self.samples,
            "samples_seed": seed,
        }
        predictions = self.models.predictions(self.models.inputs(chosen)[0])
        named = chosen.candidates[0].proposal(NehviDesigner.name, "model")
        return replace(named, prediction=predictions, details=details)


def _samples(problem: Problem) -> int:
    return SAMPLES if len(problem.objectives) < MANY else SAMPLES_OF_MANY


def _values(acquisition: Any, x: Tensor) -> Floats:
    """The worth of each row, larger is better; minus infinity where there is none."""
    if len(x) == 0:
        return np.empty(0)
    with torch.no_grad():
        values = torch.cat([acquisition(rows[:, None]) for rows in torch.split(x, TOGETHER)])
    return np.asarray(np.nan_to_num(values.numpy(), nan=-np.inf, neginf=-np.inf))


def _best(values: Floats) -> list[int]:
    """The rows to climb from."""
    return [int(row) for row in np.argsort(-values, kind="stable")[:STARTS]]


def _climbable(problem: Problem) -> bool:
    """Whether a gradient can move everything that the acquisition depends on."""
    space = problem.space
    return (
        isinstance(space, ParameterSpace)
        and all(isinstance(p, Real) and not p.when for p in space.parameters)
        and len(problem.measured) == len(problem.objectives)
    )


def _candidate(problem: Problem, point: Point) -> Candidate:
    """A pending point as a candidate, whatever became of its limits."""
    return Candidate(point, problem.space.key(point), problem.space.figures(point))


def _front(problem: Problem, history: History) -> list[Point]:
    """The points of the present front, from scratch."""
    observed = zip(history.observations, history.front(problem), strict=True)
    return [problem.space.orphan(o.point) for o, kept in observed if kept]


@contextmanager
def _reproducible(seed: int) -> Iterator[None]:
    """Torch on one thread, with chance from the seed alone, and without BoTorch's advice.

    BoTorch draws from torch's global generator where a fit has to begin anew. Its warnings are of
    inputs beyond the unit cube (features of networks may be), and of searches cut off.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with (
            torch.random.fork_rng(devices=[]),
            validate_input_scaling(False),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
