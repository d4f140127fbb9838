"""NSGA-II (Deb et al. 2002) on a space of networks.

The population is the best `POPULATION` of all that was tried, by layers, then by crowding, on the
problem's log scales; parents win binary tournaments in the same order. What does not exceed the
reference point ranks last, as what breaks a constraint does in Deb's. A child has the blocks of one
parent and the head of another, then some of the space's own morphs; it is trained from scratch.

Children enter one by one, since the trainings come one by one: steady-state NSGA-II did better than
the generational one in Durillo et al. 2009, and 80 trials would be four generations of 20.

Chosen on a synthetic error (`branin_currin_inprocess.true_error`), 80 trials; mean hypervolumes: as
here 0.425, with crossover in half of the children 0.417, in none and twice as many morphs 0.406,
random networks 0.427 (12 seeds); without crossover 0.392, with a population of 40 0.394, of 10,
before the reference point counted, 0.371 (8 other seeds, random 0.412).
"""

import math
import random

import numpy as np
import numpy.typing as npt

from optimizer.designers.novelty import drawn, seen_keys, take
from optimizer.history import History, Observation
from optimizer.pareto import non_dominated
from optimizer.problem import Problem
from optimizer.proposal import Proposal
from optimizer.space import Point

POPULATION = 20
CROSSOVER = 0.9  # of the children, as in Deb's
# A child is so many morphs away from its parents.
MORPHS = (1, 2, 3)
HEAD = ("head", "learning_rate", "pruning")  # the genes that come from the second parent

Scores = npt.NDArray[np.float64]
Order = tuple[int, float]  # layer, then minus the crowding: smaller is better


class Nsga2:
    """Asked for one network after the other, told what came out."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._tried: list[Observation] = []

    def ask(self, number: int) -> Proposal:
        """The next network: of the prior until there is a population, then a child."""
        problem, history = self._problem, History(tuple(self._tried))
        rng = random.Random(f"nsga2/{problem.seed}/{number}")
        draw = self._child if len(self._tried) >= POPULATION else self._sample
        seen = seen_keys(problem, history, [])
        (chosen,) = take(problem, drawn(problem, lambda: draw(rng), seen, rng), 1)
        origin = "random" if len(self._tried) < POPULATION else "morph"
        return chosen.proposal("nsga2", origin)  # type: ignore[arg-type]

    def tell(self, observation: Observation) -> None:
        """Take note of a finished trial."""
        self._tried.append(observation)

    def _sample(self, rng: random.Random) -> Point:
        return self._problem.space.sample(rng)

    def _child(self, rng: random.Random) -> Point:
        order = ordered(scores_of(self._problem, self._tried))
        population = sorted(range(len(order)), key=lambda row: order[row])[:POPULATION]

        def winner() -> Point:
            return self._tried[min(rng.sample(population, 2), key=lambda row: order[row])].point

        point = winner()
        if rng.random() < CROSSOVER:
            point = crossed(point, winner())
        for _ in range(rng.choice(MORPHS)):
            point = self._problem.space.morph(point, rng)
        return point


def crossed(body: Point, head: Point) -> Point:
    """The input and the blocks of one network, the head and the training of another."""
    kept = {name: gene for name, gene in body.items() if name not in HEAD}
    return kept | {name: head[name] for name in HEAD if name in head}


def scores_of(problem: Problem, tried: list[Observation]) -> Scores:
    """`n x m`, larger is better; minus infinity for what has no result or adds no volume."""
    scores = History(tuple(tried)).scores(problem)
    scores[~(scores > 0).all(axis=1)] = -math.inf
    return scores


def ordered(scores: Scores) -> list[Order]:
    """The place of each row: its layer from 0, and within it minus its crowding distance.

    Args:
        scores: `n x m`, larger is better; rows of minus infinity come last.
    """
    layers = np.zeros(len(scores), dtype=np.intp)
    left = np.ones(len(scores), dtype=np.bool_)
    layer = 0
    crowding = np.zeros(len(scores))
    while left.any():
        rows = np.flatnonzero(left)
        front = rows[non_dominated(scores[rows])]
        layers[front], crowding[front] = layer, crowding_of(scores[front])
        left[front] = False
        layer += 1
    return [(int(at), -float(far)) for at, far in zip(layers, crowding, strict=True)]


def crowding_of(front: Scores) -> Scores:
    """Deb's crowding distance: how far the neighbours of each row lie apart, ends infinitely.

    Args:
        front: `n x m`.

    Returns:
        `n`.
    """
    distance = np.zeros(len(front))
    for column in front.T:
        order = np.argsort(column, kind="stable")
        distance[order[[0, -1]]] = math.inf
        if column[order[-1]] > column[order[0]]:
            width = column[order[-1]] - column[order[0]]
            distance[order[1:-1]] += (column[order[2:]] - column[order[:-2]]) / width
    return distance
