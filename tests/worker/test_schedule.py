"""Learning rates of every step."""

from typing import Any

import pytest

from worker.recipe import Recipe
from worker.schedule import learning_rates


def rates(highest: float, steps: int, schedule: str = "one_cycle", **others: Any) -> list[float]:
    return learning_rates(Recipe(1, 2, highest, schedule=schedule, **others), steps)


def test_one_cycle_rises_for_a_quarter_then_falls_to_almost_nothing() -> None:
    found = rates(0.02, 100)
    assert len(found) == 100
    assert found[0] == pytest.approx(0.02 / 25)
    assert max(found) == found[25] == pytest.approx(0.02)
    assert found == sorted(found[:26]) + sorted(found[26:], reverse=True)
    assert found[-1] < 0.02 / 500


def test_one_step_is_enough_for_a_learning_rate() -> None:
    assert rates(0.1, 1) == pytest.approx([0.1 / 25])
    assert rates(0.1, 1, "cosine") == rates(0.1, 1, "constant") == [0.1]


def test_cosine_only_falls() -> None:
    found = rates(0.02, 100, "cosine")
    assert (len(found), found[0]) == (100, 0.02)
    assert found[50] == pytest.approx(0.01, rel=1e-3)
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.02 / 500


def test_constant_stays() -> None:
    assert rates(0.02, 7, "constant") == [0.02] * 7


def test_steps_follow_their_milestones_from_the_very_epoch_on() -> None:
    # 130 epochs of 7 steps, as muNAS trains on CIFAR-10: half from epoch 90, a tenth from 105.
    found = rates(0.01, 130 * 7, "steps", milestones=((90 / 130, 0.5), (105 / 130, 0.1)))
    assert found[: 90 * 7] == [0.01] * (90 * 7)
    assert found[90 * 7 : 105 * 7] == [0.005] * (15 * 7)
    assert found[105 * 7 :] == [0.001] * (25 * 7)
