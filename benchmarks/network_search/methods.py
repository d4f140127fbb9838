"""The methods that are compared, by name."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmarks.network_search.nsga2 import Nsga2
from benchmarks.network_search.optuna_methods import Optuna
from benchmarks.network_search.trials import Trial, Watch, never
from optimizer.designers import Fitted, designer
from optimizer.history import History, Observation
from optimizer.problem import Problem, initial_count
from optimizer.proposal import Proposal
from optimizer.space import Point

# A fit is used until the history has grown by this share, as the service's planner has it.
GROWTH_OF_FIT = 0.05


# What may end a trial early: made for each from the problem, the trials before it, its number and
# its proposal.
WatchOf = Callable[[Problem, Sequence[Trial], int, Proposal], Watch]


def unwatched(problem: Problem, before: Sequence[Trial], number: int, proposal: Proposal) -> Watch:
    """No trial is ended early."""
    return never


class Method(Protocol):
    """Proposes one network after the other; what it does depends on the problem's seed alone."""

    def ask(self, number: int) -> Proposal:
        """The network of trial `number`; told trials are those before it."""

    def tell(self, observation: Observation) -> None:
        """Take note of a finished trial, asked for or not."""


class Designed:
    """A designer of the optimiser, asked as the service asks it."""

    def __init__(self, problem: Problem, name: str) -> None:
        self._problem, self._designer = problem, designer(name)
        self._designer.check(problem)
        self._told: list[Observation] = []
        self._fitted: Fitted | None = None
        self._fit_due = initial_count(problem)

    def ask(self, number: int, pending: Sequence[Point] = ()) -> Proposal:
        """The designer's proposal, from the fit that is in use after so many results.

        Args:
            number: of the trial, which makes the seed.
            pending: networks that are trained at this moment.
        """
        history = History(tuple(self._told))
        seed = self._problem.seed * 1_000_003 + number
        self._fit(history)
        (proposal,) = self._designer.suggest(self._problem, history, pending, self._fitted, 1, seed)
        return proposal

    def tell(self, observation: Observation) -> None:
        """Take note of a finished trial."""
        self._told.append(observation)

    def _fit(self, history: History) -> None:
        """Make the fit that is due by now.

        When it was due depends on the number of results alone, and it is made of those that were
        there then: a run that goes on after a kill fits what it would have had without it.
        """
        while self._fit_due <= history.version:
            seen = self._fit_due
            next_due = math.floor(seen * (1 + GROWTH_OF_FIT)) + 1
            if self._fitted is None or next_due > history.version:
                cut = History(history.observations[:seen])
                self._fitted = self._designer.fit(self._problem, cut, self._problem.seed)
            self._fit_due = seen + 1 if self._fitted is None else next_due


@dataclass(frozen=True, slots=True)
class Entry:
    """How a method is run.

    Args:
        build: the method for a problem.
        inherits: whether its children may begin with their parents' weights.
        stops: whether the stopping rule ends trials.
        share: of the epochs that the others get.
    """

    build: Callable[[Problem], Method]
    inherits: bool = False
    stops: bool = False
    share: float = 1.0

    def watch_of(self) -> WatchOf:
        """What may end a trial of this method early."""
        if not self.stops:
            return unwatched
        from benchmarks.network_search.halving import watch_of

        return watch_of


METHODS: Mapping[str, Entry] = {
    "random": Entry(lambda problem: Designed(problem, "random")),
    "nsga2": Entry(Nsga2),
    "optuna_nsga2": Entry(lambda problem: Optuna(problem, "nsga2")),
    "tpe": Entry(lambda problem: Optuna(problem, "tpe")),
    "ageing_evolution": Entry(lambda problem: Designed(problem, "ageing-evolution")),
    "sparse": Entry(lambda problem: Designed(problem, "sparse")),
    "sparse_inheriting": Entry(lambda problem: Designed(problem, "sparse"), inherits=True),
    "sparse_stopping": Entry(lambda problem: Designed(problem, "sparse"), stops=True, share=0.6),
}
