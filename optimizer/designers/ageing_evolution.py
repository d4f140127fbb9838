"""Ageing evolution as in μNAS: children of the newest trials, each chosen by its own pressures."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from optimizer.designers.designer import Fitted
from optimizer.designers.novelty import candidates, drawn, nothing_new, seen_keys
from optimizer.designers.options import check_options
from optimizer.history import History
from optimizer.problem import Objective, Problem
from optimizer.proposal import Proposal
from optimizer.space import Point

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# μNAS has a population of 100 and tournaments of 25, for 2,000 trials and more.
LEAST_POPULATION, MOST_POPULATION = 10, 100
TRIALS_PER_MEMBER, MEMBERS_PER_ENTRANT = 5, 4
# μNAS's cap: what needs more than ten times its bound is as bad as what needs ten times.
MOST_RATIO = 10.0
# So many children per proposal may be known already or break a limit; then the prior helps out.
TRIES = 50


class AgeingEvolutionDesigner:
    """Proposes a small change of a tournament's winner, to be trained from scratch.

    The population is the newest trials that finished; a child thus drives out the eldest. Until it
    is complete (pending trials count), and while a scale is not fixed or no trial has a result,
    points are drawn from the prior. What is known before training is used: unlike in μNAS, a child
    that breaks a limit on a known figure is never proposed.

    `details` of a child names the key and the fitness of the winner (None if it has no result), the
    pressures of the tournament, and how many of how many took part.
    """

    name = "ageing-evolution"

    def check(self, problem: Problem) -> None:
        """Every problem will do, without options."""
        check_options(self.name, problem)

    def fit(self, problem: Problem, history: History, seed: int) -> Fitted | None:
        """Nothing is learnt."""
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
        """Hold a tournament for each proposal."""
        rng, seen = random.Random(seed), seen_keys(problem, history, pending)
        size = population_size(problem.budget)
        population = Population.of(problem, history, size) if problem.scaled else None
        proposals: list[Proposal] = []
        if population is not None and population.ranked.any():
            missing = max(size - len(population) - len(pending), 0)
            wanted = max(count - missing, 0)
            children = _children(problem, population, seen, rng, TRIES * wanted)
            proposals.extend(itertools.islice(children, wanted))
        others = drawn(problem, lambda: problem.space.sample(rng), seen, rng)
        for candidate in itertools.islice(others, count - len(proposals)):
            proposals.append(candidate.proposal(self.name, "random"))
        if count and not proposals:
            raise nothing_new(problem)
        return proposals


def population_size(budget: int | None) -> int:
    """A fifth of the study's trials, from 10 to μNAS's 100; 100 where there is no budget."""
    if budget is None:
        return MOST_POPULATION
    return min(MOST_POPULATION, max(LEAST_POPULATION, budget // TRIALS_PER_MEMBER))


@dataclass(frozen=True, slots=True)
class Winner:
    """The best of a tournament: its row in the population, its fitness, and by which pressures."""

    row: int
    fitness: float
    pressures: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Population:
    """The newest trials that finished.

    `points` and `keys` have one entry per member, `ratios` is `n x m`: see `ratio`, infinite where
    a trial has no result. `ranked` is `n`, whether a trial has a result, `feasible` is `n`, whether
    it keeps all limits.
    """

    points: tuple[Point, ...]
    keys: tuple[str, ...]
    ratios: Floats
    ranked: Mask
    feasible: Mask

    @classmethod
    def of(cls, problem: Problem, history: History, size: int) -> "Population":
        """The newest `size` trials; those that a user cancelled say nothing and are left out."""
        told = [o for o in history.observations if o.status != "cancelled"][-size:]
        newest = History(tuple(told))
        values = newest.values(problem.names)
        ranked = newest.completed & np.isfinite(values).all(axis=1)
        columns = zip(problem.objectives, values.T, strict=True)
        ratios = np.stack([ratio(objective, told) for objective, told in columns], axis=1)
        return cls(
            points=tuple(o.point for o in told),
            keys=tuple(o.key or problem.space.key(o.point) for o in told),
            ratios=np.where(ranked[:, None], ratios, np.inf),
            ranked=ranked,
            feasible=newest.feasible(problem),
        )

    def __len__(self) -> int:
        return len(self.points)

    @property
    def entrants(self) -> int:
        """How many take part in a tournament."""
        return len(self) // MEMBERS_PER_ENTRANT or 1

    def tournament(self, rng: random.Random) -> Winner:
        """Draw pressures and members (with replacement), and let the fittest win.

        The fitness is `-max_i(ratio_i / u_i)` with `u_i` uniform in (0, 1]: the smaller `u_i`, the
        harder that objective presses. A trial without a result loses to all others, then one that
        breaks a limit; of equals the one drawn first wins.
        """
        pressures = tuple(1.0 - rng.random() for _ in range(self.ratios.shape[1]))
        fitness = -(self.ratios / np.array(pressures)).max(axis=1)
        rows = rng.choices(range(len(self)), k=self.entrants)
        best = max(rows, key=lambda row: (self.ranked[row], self.feasible[row], fitness[row]))
        return Winner(best, float(fitness[best]), pressures)


def ratio(objective: Objective, values: Floats) -> Floats:
    """How much of its bound each value takes, from 0 to 10; above 1 is beyond the bound.

    As in μNAS `value / bound`. Where there is no bound, or none worse than the best thinkable, the
    reference of the scale stands for it. Objectives to maximise, and those that may be negative,
    are counted from the scale's ideal instead of 0: `(value - ideal) / (bound - ideal)`.

    Args:
        objective: with a scale.
        values: any shape, in the objective's own unit; NaN counts as the worst.
    """
    scale = objective.scale
    if scale is None:
        raise ValueError(f"{objective.name} has no scale yet; ask Problem.scaled before.")
    sign = 1.0 if objective.goal == "minimize" else -1.0
    start = 0.0 if sign > 0 and scale.ideal >= 0 else scale.ideal
    bound = objective.bound
    end = bound if bound is not None and sign * (bound - start) > 0 else scale.reference
    with np.errstate(all="ignore"):
        # Halves, since the distance of two large numbers may be too large for a number.
        taken = (values / 2 - start / 2) / (end / 2 - start / 2)
    return np.nan_to_num(np.clip(taken, 0.0, MOST_RATIO), nan=MOST_RATIO)


def _children(
    problem: Problem, population: Population, seen: set[str], rng: random.Random, tries: int
) -> Iterator[Proposal]:
    """Morphs of winners that may be proposed, out of so many tries."""
    space = problem.space
    for _ in range(tries):
        winner = population.tournament(rng)
        child = space.morph(space.orphan(population.points[winner.row]), rng)
        details: dict[str, Any] = {
            "winner": population.keys[winner.row],
            "fitness": winner.fitness if population.ranked[winner.row] else None,
            "pressures": list(winner.pressures),
            "entrants": population.entrants,
            "population": len(population),
        }
        for candidate in candidates(problem, [child], seen):
            named = candidate.proposal(AgeingEvolutionDesigner.name, "morph")
            yield replace(named, details=details)
