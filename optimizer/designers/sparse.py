"""SpArSe: explore the space, then morph what is on the front, then prune it.

Fedorov et al. 2019 search in stages: first over the whole space, then over morphs of the networks
on the front, which inherit their weights, at last with pruning. The model of `bayes` ranks the
candidates of every stage; what differs is where they come from. Confirming the front, the last
stage, needs no proposals: it is the service's (`confirm` of a study).
"""

import random
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Any

from optimizer.designers.bayes import BayesDesigner
from optimizer.designers.designer import Fitted
from optimizer.designers.options import check_options
from optimizer.designers.random import RandomDesigner
from optimizer.designers.stages import Stage, Stages
from optimizer.errors import SpaceExhausted
from optimizer.history import History
from optimizer.networks.ranges import Ranges
from optimizer.networks.space import NetworkSpace
from optimizer.networks.treatment import pruning_of
from optimizer.pool import Moves, Source
from optimizer.problem import Problem
from optimizer.proposal import Proposal
from optimizer.space import Point

# Where a study has no end, as if it had so many trials.
USUAL_BUDGET = 100
# One exploring proposal of so many is drawn from the prior, whatever the model believes.
RANDOM_EVERY = 3
# Candidates that the model ranks: children of the front, and samples of the whole space, which lead
# away from a front that is one family; a power of two, for Sobol's points of parameter spaces.
CHILDREN, SAMPLES = 500, 256
# For the children of a front whose neighbours were mostly tried, or lie over a limit.
TRIES = 1_500
# A child is one change away from its parent; with this probability it is one more, and so on.
FARTHER = 0.5
# Of the children of the last stage, so many are pruned whatever their parent was.
PRUNED = 0.75


class SparseDesigner:
    """Proposes by stages; `details.stage` says by which."""

    name = "sparse"

    def check(self, problem: Problem) -> None:
        """Refuse options that it does not have, or that make no sense."""
        check_options(self.name, problem)

    def fit(self, problem: Problem, history: History, seed: int) -> Fitted | None:
        """As `bayes`, whose model this is."""
        return BayesDesigner().fit(problem, history, seed)

    def suggest(
        self,
        problem: Problem,
        history: History,
        pending: Sequence[Point],
        fitted: Fitted | None,
        count: int,
        seed: int,
    ) -> list[Proposal]:
        """Propose for the stage that the study has reached; a batch belongs to one stage."""
        stages, number = Stages.of(problem), len(history) + len(pending)
        stage = stages.stage(number, problem.budget or USUAL_BUDGET)
        draws = 0
        if stage == "explore":
            draws = sum(n % RANDOM_EVERY == 0 for n in range(number + 1, number + count + 1))
        space = problem.space
        source = _source(space, stage)
        found: list[Proposal] = []
        if draws < count:
            thinker = BayesDesigner(source=source, inherit=stages.inherit)
            found = thinker.suggest(problem, history, pending, fitted, count - draws, seed)
        if draws:
            told = [*pending, *(p.point for p in found)]
            with suppress(SpaceExhausted) if found else nullcontext():
                found += RandomDesigner().suggest(problem, history, told, None, draws, seed)
        return [
            replace(p, designer=self.name, details={**p.details, "stage": stage}) for p in found
        ]


def _source(space: Any, stage: Stage) -> Source:
    """Where the candidates of a stage come from."""
    if not isinstance(space, NetworkSpace):
        whole = Source.of(space)
        return whole if stage == "explore" else _family(space)
    if stage == "prune":
        return _family(_Pruned(space))
    bare = _without_pruning(space)
    return Source(bare, SAMPLES, 0, 0) if stage == "explore" else _family(bare)


def _family(moves: Moves) -> Source:
    """Children of the front beside samples; more of these where it has few children, or none."""
    return Source(_Farther(moves), SAMPLES, CHILDREN, TRIES, least=SAMPLES + CHILDREN)


def _without_pruning(space: NetworkSpace) -> Moves:
    """The same networks, none of them pruned, where the study leaves that choice."""
    if "none" not in space.ranges.pruning_scopes:
        return space
    return _Whole(replace(space, ranges=replace(space.ranges, pruning_scopes=("none",))))


@dataclass(frozen=True, slots=True)
class _Farther:
    """The same samples, and morphs of one change or of several."""

    moves: Moves

    def sample(self, rng: random.Random) -> Point:
        """Draw a network of the prior."""
        return self.moves.sample(rng)

    def morph(self, point: Point, rng: random.Random) -> Point:
        """A neighbour, or a neighbour of one."""
        child = self.moves.morph(point, rng)
        while rng.random() < FARTHER:
            child = self.moves.morph(child, rng)
        return child


@dataclass(frozen=True, slots=True)
class _Whole:
    """A space that knows no pruning, and morphs that forget it."""

    space: NetworkSpace

    def sample(self, rng: random.Random) -> Point:
        """Draw a network of the prior."""
        return self.space.sample(rng)

    def morph(self, point: Point, rng: random.Random) -> Point:
        """A neighbour of a network as it was before it was pruned."""
        whole = {name: gene for name, gene in point.items() if name != "pruning"}
        return self.space.morph(whole, rng)


@dataclass(frozen=True, slots=True)
class _Pruned:
    """A space whose morphs are pruned, most of them."""

    space: NetworkSpace

    def sample(self, rng: random.Random) -> Point:
        """Draw a network of the prior."""
        return self.space.sample(rng)

    def morph(self, point: Point, rng: random.Random) -> Point:
        """A neighbour; one that would not be pruned mostly is."""
        child, scopes = self.space.morph(point, rng), _scopes(self.space.ranges)
        if "pruning" in child or not scopes or rng.random() >= PRUNED:
            return child
        return {**child, "pruning": pruning_of(rng.choice(scopes), self.space.ranges, rng)}


def _scopes(ranges: Ranges) -> list[str]:
    return [scope for scope in ranges.pruning_scopes if scope != "none"]
