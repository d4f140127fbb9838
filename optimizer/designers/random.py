"""Draws from the space's prior: the baseline of everything, and the answer when time is short."""

import random
from collections.abc import Sequence

from optimizer.designers.designer import Fitted
from optimizer.designers.novelty import drawn, seen_keys, take
from optimizer.designers.options import check_options
from optimizer.history import History
from optimizer.problem import Problem
from optimizer.proposal import Proposal
from optimizer.space import Point


class RandomDesigner:
    """Proposes samples of the prior, whatever came out before."""

    name = "random"

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
        """Draw `count` new points."""
        rng = random.Random(seed)
        seen = seen_keys(problem, history, pending)
        source = drawn(problem, lambda: problem.space.sample(rng), seen, rng)
        return [
            candidate.proposal(self.name, "random") for candidate in take(problem, source, count)
        ]
