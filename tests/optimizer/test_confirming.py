"""Which front members are chosen to be confirmed: a greedy choice by hypervolume."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from optimizer.confirming import most_contributing
from optimizer.pareto import hypervolume


def plainly(scores: npt.NDArray[np.float64], count: int) -> list[int]:
    """The same choice, every row measured anew at every step."""
    chosen: list[int] = []
    while len(chosen) < min(count, len(scores)):
        left = [row for row in range(len(scores)) if row not in chosen]
        gains = [hypervolume(scores[[*chosen, row]]) for row in left]
        best = max(gains)
        chosen.append(next(r for r, gain in zip(left, gains, strict=True) if gain > best - 1e-12))
    return chosen


@pytest.mark.parametrize("objectives", [2, 3, 4])
@pytest.mark.parametrize("seed", range(5))
def test_the_choice_is_greedy_by_the_hypervolume_of_the_subset(seed: int, objectives: int) -> None:
    rng = np.random.default_rng(seed)
    direction = np.abs(rng.normal(size=(25, objectives)))
    scores = direction / np.linalg.norm(direction, axis=1, keepdims=True)
    assert most_contributing(scores, 8) == plainly(scores, 8)


def test_a_shorter_choice_is_the_beginning_of_a_longer_one() -> None:
    scores = np.random.default_rng(1).uniform(size=(12, 3))
    longest = most_contributing(scores, 12)
    assert sorted(longest) == list(range(12))
    assert all(most_contributing(scores, count) == longest[:count] for count in range(13))


def test_all_are_chosen_if_there_are_fewer() -> None:
    assert sorted(most_contributing([[0.2, 0.9], [0.9, 0.2]], 20)) == [0, 1]
    assert most_contributing(np.empty((0, 3)), 5) == []


def test_of_equals_the_first_goes_first_and_its_twin_last() -> None:
    scores = [[0.5, 0.5], [0.5, 0.5], [0.1, 0.6]]
    assert most_contributing(scores, 3) == [0, 2, 1]


def test_rows_beyond_the_reference_or_without_a_value_come_last() -> None:
    scores = [[-0.1, 2.0], [math.nan, 0.5], [0.1, 0.1]]
    assert most_contributing(scores, 3) == [2, 0, 1]
    assert most_contributing(scores, 1) == [2]
