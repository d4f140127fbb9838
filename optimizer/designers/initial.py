"""The design before the first model."""

from collections.abc import Sequence
from dataclasses import replace

from optimizer.designers.designer import Designer
from optimizer.designers.random import RandomDesigner
from optimizer.designers.sobol import SobolDesigner
from optimizer.history import History
from optimizer.parameter_space import ParameterSpace
from optimizer.problem import Problem
from optimizer.proposal import Proposal
from optimizer.space import Point


def initial_design(
    designer: str,
    problem: Problem,
    history: History,
    pending: Sequence[Point],
    count: int,
    seed: int,
) -> list[Proposal]:
    """Proposals in the name of a designer: even in a parameter space, else from the prior."""
    even = isinstance(problem.space, ParameterSpace)
    source: Designer = SobolDesigner() if even else RandomDesigner()
    proposals = source.suggest(problem, history, pending, None, count, seed)
    return [replace(p, designer=designer, origin="initial") for p in proposals]
