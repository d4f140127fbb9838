"""The chance of a result, judged by neighbours."""

import numpy as np
import pytest
import torch

from optimizer.feasibility import Feasibility
from optimizer.space import Column

TWO = (Column("a"), Column("b"))


def chance(model: Feasibility, *places: tuple[float, float]) -> list[float]:
    found: list[float] = model.log_probability(torch.tensor(places, dtype=torch.float64)).exp()
    return [float(value) for value in found]


def test_beside_an_infeasible_trial_there_is_little_hope_of_a_result() -> None:
    x = np.array([[0.2, 0.2], [0.8, 0.8], [0.8, 0.2]])
    model = Feasibility(TWO, x, np.array([False, True, True]))
    near, beside, opposite = chance(model, (0.21, 0.2), (0.3, 0.25), (0.8, 0.75))
    assert near < 0.1
    assert near < beside < opposite
    assert opposite > 0.85


def test_more_infeasible_trials_leave_less_hope() -> None:
    x = np.array([[0.5, 0.5], [0.51, 0.5], [0.5, 0.51]])
    one = Feasibility(TWO, x[:1], np.array([False]))
    three = Feasibility(TWO, x, np.array([False] * 3))
    assert chance(three, (0.505, 0.505)) < chance(one, (0.505, 0.505))


def test_far_from_all_trials_it_is_their_share() -> None:
    x = np.random.default_rng(0).uniform(0, 0.1, (18, 2))
    model = Feasibility(TWO, x, np.arange(18) % 3 > 0)
    assert chance(model, (9.0, 9.0)) == [pytest.approx(13 / 20, abs=1e-6)]


def test_a_wall_is_found() -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 1, (40, 2))
    model = Feasibility(TWO, x, x[:, 0] < 0.6)
    places = rng.uniform(0, 1, (200, 2))
    told = np.array(chance(model, *map(tuple, places)))
    assert told[places[:, 0] < 0.5].mean() > 0.9
    assert told[places[:, 0] > 0.7].mean() < 0.2
