"""Optuna's samplers on a space of networks, drawn gene by gene.

What a sampler suggests may have too many operations or break a limit, since it draws from priors of
its own. That costs no epochs: it is told of it and asked again. TPE learns it as a constraint with
the known figures; NSGA-II has it as failed, so that all of a population was trained.
"""

import math
import random
import warnings
from collections.abc import Mapping
from typing import Any, Literal

from benchmarks.network_search.genes import described, suggested
from benchmarks.network_search.setting import network_space
from optimizer.designers.novelty import Candidate
from optimizer.history import Observation
from optimizer.problem import Problem
from optimizer.proposal import Proposal
from optimizer.space import Point

POPULATION = 20
# After so many suggestions that cannot be trained or were trained before, a network of the prior.
MOST_REDRAWN = 200
WORST_ERROR = 1.0

Sampler = Literal["tpe", "nsga2"]


class Optuna:
    """Asked for one network after the other, told what came out.

    A study is not stored. When a run goes on after a kill, `tell` repeats what was asked, which
    the seed decides, and raises RuntimeError if that is another network by now.
    """

    def __init__(self, problem: Problem, sampler: Sampler) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
        seed = problem.seed
        samplers: dict[str, Any] = {
            "tpe": lambda: optuna.samplers.TPESampler(multivariate=True, group=True, seed=seed),
            "nsga2": lambda: optuna.samplers.NSGAIISampler(population_size=POPULATION, seed=seed),
        }
        self._problem, self._space, self._name = problem, network_space(problem), sampler
        self._study = optuna.create_study(
            directions=["minimize"] * len(problem.objectives), sampler=samplers[sampler]()
        )
        self._failed = optuna.trial.TrialState.FAIL
        self._seen: set[str] = set()
        self._open: tuple[Any, Proposal] | None = None

    def ask(self, number: int) -> Proposal:
        """The next network that can be trained and was not trained before."""
        for _ in range(MOST_REDRAWN):
            proposal = self._asked()
            if proposal is not None:
                return proposal
        rng = random.Random(f"{self._name}/{self._problem.seed}/{number}")
        while True:
            proposal = self._enqueued(self._space.sample(rng))
            if proposal is not None:
                return proposal

    def tell(self, observation: Observation) -> None:
        """Take note of a finished trial; one that was not asked for is entered as it is."""
        if self._open is None and observation.origin == "initial":
            self._enqueued(observation.point)
        elif self._open is None:
            self.ask(observation.finish_no)
        assert self._open is not None
        trial, proposal = self._open
        if proposal.key != observation.key:
            raise RuntimeError("this run began with other code: remove its log to begin anew")
        self._open = None
        losses = self._losses(observation.values)
        # What does not exceed the reference point is of no use, however small it is.
        trial.set_constraint("reference", max(losses) - 1.0 if max(losses) >= 1.0 else 0.0)
        self._study.tell(trial, losses)

    def _enqueued(self, point: Point) -> Proposal | None:
        self._study.enqueue_trial(described(point, self._space))
        return self._asked()

    def _asked(self) -> Proposal | None:
        """One suggestion; None if it must not be trained, which is told."""
        trial = self._study.ask()
        point = suggested(trial, self._space)
        known = self._space.figures(point)
        key = self._space.key(point)
        over = self._violation(point, known)
        if over > 0 and self._name == "tpe":
            trial.set_constraint("limits", over)
            self._study.tell(trial, self._losses(known))
            return None
        if over > 0 or key in self._seen:
            self._study.tell(trial, state=self._failed)
            return None
        self._seen.add(key)
        proposal = Candidate(point, key, known).proposal(self._name, "model")
        self._open = trial, proposal
        return proposal

    def _violation(self, point: Point, known: dict[str, float]) -> float:
        """By how much limits are broken, on log scales; 0 if all are kept."""
        whole = {name: gene for name, gene in point.items() if name != "pruning"}
        over = max(0.0, math.log(self._space.figures(whole)["macs"] / self._space.ranges.max_macs))
        for objective in self._problem.objectives:
            if objective.name in known and not objective.keeps_limit(known[objective.name]):
                assert objective.limit is not None
                over += math.log(known[objective.name] / objective.limit)
        return over

    def _losses(self, values: Mapping[str, float]) -> list[float]:
        """On the problem's scales; without a result as bad as can be."""
        return [
            float(o.scale.z(values.get(o.name, WORST_ERROR)))
            for o in self._problem.objectives
            if o.scale is not None
        ]
