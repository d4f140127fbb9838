"""Fronts and hypervolume."""

import math
import time

import moocore
import numpy as np
import pytest

from optimizer.pareto import hypervolume, non_dominated


def by_definition(scores: np.ndarray) -> list[bool]:
    """Compare each row with each other row."""
    kept = []
    for row in scores:
        beaten = ((scores >= row).all(axis=1) & (scores > row).any(axis=1)).any()
        kept.append(not beaten and not np.isnan(row).any())
    return kept


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_the_front_is_that_of_the_definition(m: int) -> None:
    rng = np.random.default_rng(m)
    for n in (1, 2, 7, 60):
        scores = rng.integers(0, 6, (n, m)).astype(float)  # few levels: ties and equal rows
        assert non_dominated(scores).tolist() == by_definition(scores)


def test_a_row_with_nan_is_never_marked_and_dominates_nothing() -> None:
    scores = [[0.1, 0.2], [0.5, 0.6], [0.9, math.nan], [math.nan, math.nan]]
    assert non_dominated(scores).tolist() == [False, True, False, False]


def test_equal_rows_are_all_marked() -> None:
    assert non_dominated([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]).tolist() == [True, True, True]


def test_no_rows_give_an_empty_front_without_volume() -> None:
    assert non_dominated(np.empty((0, 2))).tolist() == []
    assert hypervolume(np.empty((0, 2))) == 0.0


def test_the_ideal_alone_has_volume_one() -> None:
    for m in (1, 2, 3, 5):
        assert hypervolume(np.ones((1, m))) == pytest.approx(1.0)


def test_the_volume_of_two_rows_is_that_of_their_union() -> None:
    assert hypervolume([[0.5, 1.0], [1.0, 0.5]]) == pytest.approx(0.75)


def test_rows_that_do_not_exceed_the_reference_add_nothing() -> None:
    scores = [[0.5, 0.5], [2.0, 0.0], [3.0, -1.0], [math.nan, 1.0], [math.inf, 1.0]]
    assert hypervolume(scores) == pytest.approx(0.25)
    assert hypervolume(scores[1:]) == 0.0


@pytest.mark.parametrize("m", [7, 8])
def test_with_many_objectives_the_volume_is_near_the_exact_one(m: int) -> None:
    directions = np.abs(np.random.default_rng(m).normal(size=(60, m)))
    scores = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    exact = moocore.hypervolume(scores, ref=np.zeros(m), maximise=True)
    assert hypervolume(scores) == pytest.approx(exact, rel=0.005)
    below = np.vstack([scores, -scores, np.full((1, m), math.nan)])
    assert hypervolume(below) == hypervolume(scores)


def test_with_many_objectives_more_rows_never_have_less_volume() -> None:
    scores = np.random.default_rng(0).uniform(0, 1, (40, 8))
    volumes = [hypervolume(scores[:n]) for n in range(41)]
    assert volumes == sorted(volumes)
    assert len(set(volumes)) > 10


def test_with_many_objectives_a_large_front_takes_no_minutes() -> None:
    directions = np.abs(np.random.default_rng(1).normal(size=(1000, 8)))
    start = time.process_time()
    assert hypervolume(directions / np.linalg.norm(directions, axis=1, keepdims=True)) > 0
    assert time.process_time() - start < 10


def test_volumes_are_finite_however_large_the_scores() -> None:
    for m in (1, 2, 6, 8):
        assert math.isfinite(hypervolume(np.full((2, m), 1e300)))
