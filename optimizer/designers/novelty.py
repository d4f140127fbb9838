"""Points that nobody proposed before and that keep the limits: what every designer draws from."""

import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from optimizer.errors import SpaceExhausted
from optimizer.history import History
from optimizer.problem import Problem
from optimizer.proposal import Origin, Proposal
from optimizer.space import Point

# So many draws in a row that were all known or over a limit: time to look through a finite space,
# where that is possible, or to give up.
MISSES_BEFORE_LISTING = 50
MISSES_BEFORE_GIVING_UP = 2_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point that may be proposed, with what its key and its figures cost to compute."""

    point: Point
    key: str
    known: dict[str, float]

    def proposal(self, designer: str, origin: Origin) -> Proposal:
        """The proposal of this point; model-based designers add prediction and details."""
        return Proposal(self.point, self.key, self.known, designer, origin)


def seen_keys(problem: Problem, history: History, pending: Sequence[Point]) -> set[str]:
    """The keys that must not be proposed again."""
    space = problem.space
    return history.keys(space) | {space.key(point) for point in pending}


def candidates(problem: Problem, points: Iterable[Point], seen: set[str]) -> Iterator[Candidate]:
    """Those of the points that may be proposed, each key once.

    Args:
        problem: whose limits a candidate keeps.
        points: any points of the space, even an endless stream.
        seen: keys to leave out; the keys of the candidates are added.
    """
    for point in points:
        candidate = _candidate(problem, point, seen)
        if candidate is not None:
            yield candidate


def drawn(
    problem: Problem, draw: Callable[[], Point], seen: set[str], rng: random.Random
) -> Iterator[Candidate]:
    """New candidates from a source of points, until none is left or none is found any more.

    Args:
        problem: the problem.
        draw: gives the next point; may repeat itself.
        seen: keys to leave out; the keys of the candidates are added.
        rng: shuffles what is left of a finite space.
    """
    misses = 0
    while misses < MISSES_BEFORE_GIVING_UP:
        candidate = _candidate(problem, draw(), seen)
        if candidate is not None:
            misses = 0
            yield candidate
            continue
        misses += 1
        if misses == MISSES_BEFORE_LISTING and problem.space.listable:
            left = list(problem.space.points())
            rng.shuffle(left)
            yield from candidates(problem, left, seen)
            return


def take(problem: Problem, source: Iterator[Candidate], count: int) -> list[Candidate]:
    """The next `count` candidates, fewer if the source ends.

    Raises:
        SpaceExhausted: if the source has not a single one.
    """
    taken = list(itertools.islice(source, count))
    if count > 0 and not taken:
        raise nothing_new(problem)
    return taken


def nothing_new(problem: Problem) -> SpaceExhausted:
    """What to raise where `drawn` gave nothing: was everything proposed, or was nothing found?"""
    if problem.space.listable:
        return SpaceExhausted()
    return SpaceExhausted(
        f"none of {MISSES_BEFORE_GIVING_UP:,} draws in a row was a new point that keeps the limits"
    )


def _candidate(problem: Problem, point: Point, seen: set[str]) -> Candidate | None:
    key = problem.space.key(point)
    if key in seen or not problem.space.allows(point):
        return None
    known = problem.space.figures(point)
    if not problem.keeps_limits(known):
        return None
    seen.add(key)
    return Candidate(point, key, known)
