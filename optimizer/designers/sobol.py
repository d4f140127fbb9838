"""Fills a parameter space evenly: a scrambled Sobol sequence, one per study."""

import itertools
import random
from collections.abc import Iterator, Sequence

from scipy.stats import qmc

from optimizer.designers.designer import Fitted
from optimizer.designers.novelty import drawn, seen_keys, take
from optimizer.designers.options import check_options
from optimizer.errors import InvalidProblem
from optimizer.history import History
from optimizer.parameter_space import ParameterSpace
from optimizer.problem import Problem
from optimizer.proposal import Proposal
from optimizer.space import Point


def sobol_points(space: ParameterSpace, seed: int, start: int) -> Iterator[Point]:
    """The points of one sequence, without end, less those that break a constraint.

    Where hardly a point of the cube keeps the constraints, an even filling of the cube is of no
    use: then they are samples of the space.

    Args:
        space: whose unit cube is filled.
        seed: names the sequence (its scrambling).
        start: how many points of it to leave out.
    """
    if not space.constrained:
        yield from _sequence(space, seed, start)
    if space.region.roomy:
        kept = (point for point in _sequence(space, seed, 0) if space.allows(point))
        yield from itertools.islice(kept, start, None)
    for number in itertools.count(start):
        yield space.sample(random.Random(f"{seed}/{number}"))


def _sequence(space: ParameterSpace, seed: int, start: int) -> Iterator[Point]:
    engine = qmc.Sobol(len(space.parameters), scramble=True, rng=seed)
    if start:
        engine.fast_forward(start)
    while True:  # one by one: SciPy warns of first blocks that are no power of two
        yield space.decode(engine.random(1)[0].tolist())


class SobolDesigner:
    """Goes along the sequence that the study's seed names, past what is tried or pending."""

    name = "sobol"

    def check(self, problem: Problem) -> None:
        """Refuse options, and spaces that are no box of parameters."""
        check_options(self.name, problem)
        self._space(problem)

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
        """The next `count` points of the sequence.

        `seed` only shuffles the rest of a nearly exhausted space: a sequence scrambled anew for
        each call would not be even.
        """
        start = len(history) + len(pending)
        points = sobol_points(self._space(problem), problem.seed, start)
        seen = seen_keys(problem, history, pending)
        source = drawn(problem, lambda: next(points), seen, random.Random(seed))
        return [
            candidate.proposal(self.name, "random") for candidate in take(problem, source, count)
        ]

    @staticmethod
    def _space(problem: Problem) -> ParameterSpace:
        if not isinstance(problem.space, ParameterSpace):
            raise InvalidProblem(
                "designer",
                f"sobol needs a space of kind parameters, got {problem.space.kind}; "
                "use bayes or random",
            )
        return problem.space
