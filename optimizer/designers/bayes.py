"""Models of what is measured, exact figures of what is known, and the hypervolume to gain."""

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from optimizer.acquisition import Acquisition
from optimizer.ascent import Best, best_of, next_best
from optimizer.designers.designer import Fitted
from optimizer.designers.initial import initial_design
from optimizer.designers.novelty import Candidate, drawn, nothing_new, seen_keys
from optimizer.designers.options import check_options
from optimizer.designers.scalarising import Scalarising
from optimizer.gains import optimism
from optimizer.history import History
from optimizer.hyperparameters import Hyperparameters, fit
from optimizer.kernel import library_versions
from optimizer.knowledge import Knowledge, learn, observed
from optimizer.networks.lineage import PARENT
from optimizer.pool import Pool, Source, first_pool
from optimizer.problem import Problem, initial_count
from optimizer.proposal import Origin, Proposal
from optimizer.scalarisation import volume_factor
from optimizer.space import Point
from optimizer.targets import prediction, usable_rows
from optimizer.thompson import best_of_draw
from optimizer.weights import draw_weights

# How `Fitted.values` is to be read; a row of another version is not used, but fitted anew.
VERSION = 1
# More observations make a fit slower and its hyperparameters hardly better.
MOST_FITTED = 300
# Drawn where nothing of the pool is left.
SPARE = 16


class BayesDesigner:
    """Proposes the candidate of largest expected improvement of the front's hypervolume.

    Until the scales are fixed and `initial_count` trials are completed it fills the space; once
    trials failed, half of that goes where a result is likely (`initial_design`).

    A proposal's `prediction` is that of a result: its deviation holds the model's uncertainty and
    the chance of a result. `details` names the acquisition, its value, the choices of
    `Scalarising`, the seed of the weights (and of a Thompson draw), the kind of each model and what
    was fitted on. The value is the logarithm of what is to be gained, by default the hypervolume,
    times the chance of a result ("hope" where no gain is possible: see `Acquisition`).
    """

    name = "bayes"

    def __init__(
        self,
        scalarising: Scalarising | None = None,
        source: Source | None = None,
        inherit: bool = True,
    ) -> None:
        """Set what a designer built on this one may change.

        Args:
            scalarising: how objectives become one number; as the study says where None.
            source: where candidates come from; the whole space where None.
            inherit: whether morphs of the front begin with its weights, where the space does so.
        """
        self._scalarising, self._source, self._inherit = scalarising, source, inherit

    def check(self, problem: Problem) -> None:
        """Every problem will do; refuse options that are not those of `Scalarising`."""
        check_options(self.name, problem)

    def fit(self, problem: Problem, history: History, seed: int) -> Fitted | None:
        """Fit a model per measured objective and constraint; None while the initial design runs.

        Nothing here is left to chance: `seed` changes nothing.
        """
        if not _past_initial_design(problem, history):
            return None
        rows = usable_rows(problem, history, MOST_FITTED)
        x = observed(problem, [history.observations[row] for row in rows])
        learnt = learn(problem, x, history.values(problem.reported)[rows])
        with _one_thread():
            models = {
                name: fit(problem.space.columns, told).to_json()
                for name, told in zip(problem.reported, learnt, strict=True)
            }
        return Fitted(
            version=VERSION,
            values={"columns": _column_names(problem), "models": models},
            history_version=history.version,
            observations=len(rows),
            libraries=library_versions(),
        )

    def suggest(
        self,
        problem: Problem,
        history: History,
        pending: Sequence[Point],
        fitted: Fitted | None,
        count: int,
        seed: int,
    ) -> list[Proposal]:
        """Propose one point after the other, each as if the earlier ones came out as predicted."""
        if fitted is None or not _suits(fitted, problem):
            fitted = self.fit(problem, history, seed)
        if fitted is None or not _past_initial_design(problem, history):
            with _one_thread():
                return initial_design(self.name, problem, history, pending, count, seed)
        models = fitted.values["models"]
        with _one_thread():
            hyperparameters = {name: Hyperparameters.from_json(m) for name, m in models.items()}
            knowledge = Knowledge.of(problem, history, hyperparameters, count)
            waiting = Pool.of(problem, [_candidate(problem, point) for point in pending])
            if len(waiting):
                knowledge = knowledge.believing(waiting.x, waiting.known)
            taken = seen_keys(problem, history, pending)
            rng, source = random.Random(seed), self._source or Source.of(problem.space)
            front = parents(problem, history, self._inherit)
            pool = first_pool(problem, front, set(taken), rng.getrandbits(63), source)
            judge = _Judge(self._scalarising or Scalarising.of(problem), optimism(len(history)))
            steps = _steps(knowledge, pool, source, taken, judge, rng)
            proposals = [step.proposal(fitted) for step in itertools.islice(steps, count)]
        if count and not proposals:
            raise nothing_new(problem)
        return proposals


@dataclass(frozen=True, slots=True)
class _Judge:
    """How candidates are judged; `deviations` is the height of an upper bound."""

    choice: Scalarising
    deviations: float

    def worth(self, knowledge: Knowledge, weights_seed: int) -> Acquisition:
        """What candidates are worth along rays of this seed."""
        choice = self.choice
        weights = draw_weights(choice, knowledge.problem, knowledge.reference, weights_seed)
        height = self.deviations if choice.acquisition == "ucb" else None
        return knowledge.acquisition(weights, choice.function, height)


@dataclass(frozen=True, slots=True)
class _Step:
    """One choice, with what it was based on."""

    knowledge: Knowledge
    best: Best
    choice: Scalarising
    weights_seed: int

    def proposal(self, fitted: Fitted) -> Proposal:
        """The choice, explained."""
        known, chosen = self.knowledge, self.best.candidate
        predictions = {}
        for objective, surrogate in zip(known.problem.measured, known.surrogates, strict=True):
            mean, deviation = surrogate.predict(torch.from_numpy(self.best.x[None]))
            variance = deviation.item() ** 2 + surrogate.result_variance
            told = prediction(known.problem, objective, mean.item(), variance)
            predictions[objective.name] = told
        acquisition, value = self._worth()
        details: dict[str, Any] = {
            "acquisition": acquisition,
            "value": value,
            "prior": self.choice.prior,
            "function": self.choice.function,
            "rays": self.choice.rays,
            "weights_seed": self.weights_seed,
            "models": known.kinds,
            "fitted": {
                "history_version": fitted.history_version,
                "observations": fitted.observations,
            },
        }
        if known.feasibility is not None:
            chance = known.feasibility.log_probability(torch.from_numpy(self.best.x[None])).exp()
            details["feasibility"] = chance.item()
        inherits = known.problem.space.inherits and PARENT in chosen.point
        origin: Origin = "morph" if inherits else "model"
        return replace(
            chosen.proposal(BayesDesigner.name, origin), prediction=predictions, details=details
        )

    def _worth(self) -> tuple[str, float]:
        """The name and the value of what was maximised."""
        choice = self.choice
        if self.best.acquisition == "hope":
            return "hope", self.best.value
        if choice.acquisition != "improvement":
            return choice.acquisition, self.best.value
        if choice.rays == 1 or (choice.prior, choice.function) != ("sphere", "hypervolume"):
            return "log_expected_improvement", self.best.value
        volume = math.log(volume_factor(len(self.knowledge.problem.names)))
        return "log_expected_hypervolume_improvement", self.best.value + volume


def _steps(
    knowledge: Knowledge,
    pool: Pool,
    source: Source,
    taken: set[str],
    judge: _Judge,
    rng: random.Random,
) -> Iterator[_Step]:
    """One choice after the other, until the space has no point left."""
    problem, left = knowledge.problem, pool.at([])
    whole, chosen = knowledge, list[Best]()  # what the whole does not believe yet
    while True:
        if not left and chosen:
            whole = knowledge = _believing(whole, chosen)
            chosen = []
        weights_seed = rng.getrandbits(32)
        worth = judge.worth(knowledge, weights_seed)
        rest = left or pool.without(taken)
        if len(rest) == 0:
            spare = drawn(problem, lambda: source.moves.sample(rng), set(taken), rng)
            rest = Pool.of(problem, itertools.islice(spare, SPARE))
        if len(rest) == 0:
            return
        if judge.choice.acquisition == "thompson":
            best = best_of_draw(rest, worth, weights_seed)
        elif left:  # the search for the first of a batch has looked at what is good
            best = next_best(rest, worth)
        else:
            best = best_of(rest, problem, worth, set(taken), rng.getrandbits(63), source.moves)
        yield _Step(knowledge, best, judge.choice, weights_seed)
        if not left:
            knowledge = knowledge.among(np.concatenate([best.rest.x, best.x[None]]))
        left = best.rest
        taken = taken | {best.candidate.key}
        chosen.append(best)
        knowledge = _believing(knowledge, [best])


def _believing(knowledge: Knowledge, chosen: Sequence[Best]) -> Knowledge:
    """What is known once these are believed to come out as predicted."""
    return knowledge.believing(
        np.stack([best.x for best in chosen]), np.stack([best.known for best in chosen])
    )


def _past_initial_design(problem: Problem, history: History) -> bool:
    """Whether there is enough to learn from."""
    if not problem.scaled:
        return False
    return len(usable_rows(problem, history, len(history))) >= max(initial_count(problem), 1)


def _suits(fitted: Fitted, problem: Problem) -> bool:
    """Whether these hyperparameters are for this problem, and written by this version."""
    return (
        fitted.version == VERSION
        and fitted.values["columns"] == _column_names(problem)
        and set(fitted.values["models"]) == set(problem.reported)
    )


def _column_names(problem: Problem) -> list[str]:
    return [column.name for column in problem.space.columns]


def _candidate(problem: Problem, point: Point) -> Candidate:
    """A pending point as a candidate, whatever became of its limits."""
    return Candidate(point, problem.space.key(point), problem.space.figures(point))


def parents(problem: Problem, history: History, inherit: bool) -> list[Point]:
    """The points to morph, of the present front; where weights are inherited, theirs come along.

    Those beyond the reference in some objective are left out while there are others: what is small
    and knows nothing is on the front, but its children know nothing either.
    """
    marked, space = history.front(problem), problem.space
    useful = marked & (history.scores(problem) > 0).all(axis=1)
    marked = useful if useful.any() else marked
    kept = [o for o, kept in zip(history.observations, marked, strict=True) if kept]
    if not inherit:
        return [space.orphan(o.point) for o in kept]
    return [space.heir(o.point, o.key or space.key(o.point), o.epochs) for o in kept]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Keep torch on one thread: the order of its sums, and so the last bit, depends on it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
