"""Where the candidates of a model-based designer come from, and how good ones are made better."""

import itertools
import random
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.stats import qmc
from torch import Tensor

from optimizer.designers.novelty import Candidate, candidates, drawn
from optimizer.errors import SpaceExhausted
from optimizer.knowledge import encoded
from optimizer.parameter_space import ParameterSpace
from optimizer.problem import Problem
from optimizer.space import Point, Space

Floats = npt.NDArray[np.float64]
Worth = Callable[[Tensor, Tensor], Tensor]

# How many samples of the space and morphs of the front are ranked. A point of a parameter space
# costs some microseconds, a sampled network about a millisecond, a morphed one a third of that.
SAMPLES, SAMPLES_OF_NETWORKS = 512, 48
MORPHS = 96
# A space of so few points is looked through completely.
MOST_LISTED = 1_024


@dataclass(frozen=True, slots=True)
class Pool:
    """Candidates with their coordinates (`n x d`) and known scores (`n x known objectives`)."""

    candidates: tuple[Candidate, ...]
    x: Floats
    known: Floats

    @classmethod
    def of(cls, problem: Problem, members: Iterable[Candidate]) -> "Pool":
        """Encode candidates."""
        listed = tuple(members)
        known = [o for o in problem.objectives if o.role == "known" and o.scale is not None]
        scores = [[float(o.scale.score(c.known[o.name])) for o in known if o.scale] for c in listed]
        return cls(
            listed,
            encoded(problem, [candidate.point for candidate in listed]),
            np.array(scores, dtype=np.float64).reshape(len(listed), len(known)),
        )

    def __len__(self) -> int:
        return len(self.candidates)

    def joined(self, other: "Pool") -> "Pool":
        """The candidates of both."""
        return Pool(
            self.candidates + other.candidates,
            np.concatenate([self.x, other.x]),
            np.concatenate([self.known, other.known]),
        )

    def at(self, rows: Sequence[int]) -> "Pool":
        """The candidates in these rows."""
        kept = list(rows)
        return Pool(tuple(self.candidates[row] for row in kept), self.x[kept], self.known[kept])

    def without(self, keys: set[str]) -> "Pool":
        """The candidates with other keys."""
        return self.at([row for row, c in enumerate(self.candidates) if c.key not in keys])


class Moves(Protocol):
    """How points are made: a space, or a part of one."""

    def sample(self, rng: random.Random) -> Point:
        """Draw a point."""

    def morph(self, point: Point, rng: random.Random) -> Point:
        """Draw a neighbour of a point."""


@dataclass(frozen=True, slots=True)
class Source:
    """How candidates are made, and how many there are before the best are made better.

    There are `morphs` of them from at most `tries` draws: some are known already, or over a limit.
    Where that makes fewer than `least` candidates, samples fill up.
    """

    moves: Moves
    samples: int
    morphs: int
    tries: int
    least: int = 0

    @classmethod
    def of(cls, space: Space) -> "Source":
        """The whole space and its own morphs."""
        boxed = isinstance(space, ParameterSpace)
        return cls(space, SAMPLES if boxed else SAMPLES_OF_NETWORKS, MORPHS, MORPHS)


def first_pool(
    problem: Problem,
    front: Sequence[Point],
    seen: set[str],
    seed: int,
    source: Source | None = None,
) -> Pool:
    """Samples of the whole space, and morphs of the front.

    Args:
        problem: whose limits on known figures every candidate keeps.
        front: the points to morph.
        seen: keys to leave out; the keys of the candidates are added.
        seed: decides all.
        source: how candidates are made; the whole space where nothing else is asked.
    """
    space, rng = problem.space, random.Random(seed)
    source = source or Source.of(space)
    if space.cardinality is not None and space.cardinality <= MOST_LISTED:
        return Pool.of(problem, candidates(problem, space.points(), seen))
    samples: Iterable[Candidate]
    if isinstance(space, ParameterSpace) and space.constrained:
        samples = candidates(problem, space.samples(source.samples, rng), seen)
    elif isinstance(space, ParameterSpace):
        engine = qmc.Sobol(len(space.parameters), scramble=True, rng=seed)
        cube = engine.random(source.samples).tolist()
        samples = candidates(problem, (space.decode(row) for row in cube), seen)
    else:
        fresh = drawn(problem, lambda: source.moves.sample(rng), seen, rng)
        samples = itertools.islice(fresh, source.samples)
    members, parents = list(samples), list(front)
    draws = (
        source.moves.morph(rng.choice(parents), rng) for _ in range(source.tries if parents else 0)
    )
    members += itertools.islice(candidates(problem, draws, seen), source.morphs)
    if len(members) < source.least:
        spare = drawn(problem, lambda: source.moves.sample(rng), seen, rng)
        # Else there are fewer; if there are none, the caller says so.
        with suppress(SpaceExhausted):
            members.extend(itertools.islice(spare, source.least - len(members)))
    return Pool.of(problem, members)
