"""The designer `sobol`: one even sequence per study."""

import numpy as np
from scipy.stats import qmc

from optimizer.designers.sobol import SobolDesigner
from optimizer.history import History, Observation
from optimizer.problem import Objective, Problem
from optimizer.space import Point, space_from_json

BOX = space_from_json(
    {
        "kind": "parameters",
        "parameters": [
            {"name": name, "kind": "real", "low": 0.0, "high": 1.0} for name in ("x", "y", "z")
        ],
    }
)


def problem(seed: int) -> Problem:
    return Problem(BOX, (Objective("cost"),), seed=seed)


def points(seed: int, history: History, pending: list[Point], count: int) -> list[Point]:
    proposals = SobolDesigner().suggest(problem(seed), history, pending, None, count, 0)
    return [proposal.point for proposal in proposals]


def test_one_by_one_gives_the_same_points_as_all_at_once() -> None:
    at_once = points(7, History(), [], 12)
    history, pending = History(), list[Point]()
    for number in range(1, 13):
        point = points(7, history, pending, 1)[0]
        assert point == at_once[number - 1]
        if number % 3:
            history = History((*history.observations, Observation(point, {}, number)))
        else:
            pending.append(point)


def test_the_points_are_more_even_than_random_ones() -> None:
    sequence = np.array([list(point.values()) for point in points(1, History(), [], 64)])
    random = np.random.default_rng(0).random((64, 3))
    assert qmc.discrepancy(sequence) < qmc.discrepancy(random) / 4


def test_another_study_gets_another_sequence() -> None:
    assert points(1, History(), [], 4) != points(2, History(), [], 4)
