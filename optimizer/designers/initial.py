"""The design before the first model."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from optimizer.designers.designer import Designer
from optimizer.designers.novelty import drawn, seen_keys
from optimizer.designers.random import RandomDesigner
from optimizer.designers.sobol import SobolDesigner, sobol_points
from optimizer.feasibility import Feasibility
from optimizer.history import History
from optimizer.knowledge import encoded, feasibility_of
from optimizer.parameter_space import ParameterSpace
from optimizer.problem import Problem
from optimizer.proposal import Proposal
from optimizer.space import Point

# Once trials failed, every second proposal goes where a result is likely. The others fill the space
# as before, for the first results may lie far from the best ones. Which ones is left to chance:
# all points of a Sobol sequence that have an even number lie in one half of the space.
HOPEFUL = 0.5
# The likeliest of so many points. One of them lies in a tenth of the space almost surely
# (1 - 0.9^32 = 0.97); many more would all lie beside the same result.
HOPEFUL_DRAWS = 32


def initial_design(
    designer: str,
    problem: Problem,
    history: History,
    pending: Sequence[Point],
    count: int,
    seed: int,
) -> list[Proposal]:
    """Proposals in the name of a designer: even in a parameter space, else from the prior.

    Once trials failed, half of them are the likeliest of some such points to give a result. Where
    hardly a point gives one, there would else be no first model for hundreds of trials.
    """
    feasibility, rng = feasibility_of(problem, history), random.Random(seed)
    hopeful = 0 if feasibility is None else sum(rng.random() < HOPEFUL for _ in range(count))
    even = isinstance(problem.space, ParameterSpace)
    source: Designer = SobolDesigner() if even else RandomDesigner()
    proposals = source.suggest(problem, history, pending, None, count - hopeful, seed)
    if feasibility is not None:
        told = [*pending, *(proposal.point for proposal in proposals)]
        seen = seen_keys(problem, history, told)
        proposals += itertools.islice(_likely(problem, feasibility, seen, rng), hopeful)
    return [replace(p, designer=designer, origin="initial") for p in proposals]


def _likely(
    problem: Problem, feasibility: Feasibility, seen: set[str], rng: random.Random
) -> Iterator[Proposal]:
    """New points, each the likeliest of some to give a result; `details.feasibility` says how."""
    while True:
        points = _filling(problem, rng)
        fresh = drawn(problem, lambda: next(points), set(seen), rng)  # noqa: B023  read at once
        candidates = list(itertools.islice(fresh, HOPEFUL_DRAWS))
        if not candidates:
            return
        x = torch.from_numpy(encoded(problem, [candidate.point for candidate in candidates]))
        chances = feasibility.log_probability(x).exp()
        best = int(chances.argmax())
        seen.add(candidates[best].key)
        named = candidates[best].proposal("", "initial")
        yield replace(named, details={"feasibility": chances[best].item()})


def _filling(problem: Problem, rng: random.Random) -> Iterator[Point]:
    """Points without end: a Sobol sequence of their own, or draws from the prior."""
    if isinstance(problem.space, ParameterSpace):
        return sobol_points(problem.space, rng.getrandbits(32), 0)
    return (problem.space.sample(rng) for _ in itertools.count())
