"""Weights on the sphere, and what a point reaches along them."""

import numpy as np
import pytest

from optimizer.pareto import hypervolume
from optimizer.scalarisation import best_reach, reach, sphere_weights, volume_factor


@pytest.mark.parametrize("objectives", [1, 2, 3, 6])
def test_weights_are_positive_and_of_length_one(objectives: int) -> None:
    weights = sphere_weights(100, objectives, seed=4)
    assert weights.shape == (100, objectives)
    assert (weights > 0).all()
    assert np.allclose(np.linalg.norm(weights, axis=1), 1.0)


def test_weights_are_uniform_on_the_sphere() -> None:
    weights = sphere_weights(4096, 2, seed=0)
    angles = np.arctan2(weights[:, 1], weights[:, 0]) / (np.pi / 2)
    assert np.histogram(angles, bins=8, range=(0, 1))[0] == pytest.approx([512] * 8, abs=26)
    # Archimedes: each coordinate of a uniform point on the sphere in three dimensions is uniform.
    heights = sphere_weights(4096, 3, seed=0)[:, 2]
    assert np.histogram(heights, bins=8, range=(0, 1))[0] == pytest.approx([512] * 8, abs=26)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    assert (sphere_weights(8, 3, seed=1) == sphere_weights(8, 3, seed=1)).all()
    assert (sphere_weights(8, 3, seed=1) != sphere_weights(8, 3, seed=2)).all()


@pytest.mark.parametrize("objectives", [1, 2, 3, 4])
def test_the_mean_over_the_weights_is_the_hypervolume(objectives: int) -> None:
    rng = np.random.default_rng(objectives)
    front = rng.uniform(0.1, 1.3, (6, objectives))
    weights = sphere_weights(8192, objectives, seed=0)
    mean = (best_reach(front, weights) ** objectives).mean()
    assert mean * volume_factor(objectives) == pytest.approx(hypervolume(front), rel=0.01)


def test_a_point_that_misses_the_reference_in_one_objective_reaches_nothing() -> None:
    weights = sphere_weights(16, 2, seed=0)
    assert (reach(np.array([[2.0, -0.1], [-5.0, -5.0], [3.0, 0.0]]), weights) == 0).all()


def test_scores_beyond_the_ideal_reach_further() -> None:
    weights = np.array([[0.6, 0.8]])
    assert reach(np.array([[3.0, 4.0]]), weights) == pytest.approx(5.0)
    assert reach(np.array([[3.0, 8.0]]), weights) == pytest.approx(5.0)


def test_a_row_with_nan_reaches_nothing() -> None:
    weights = sphere_weights(4, 2, seed=0)
    scores = np.array([[np.nan, 0.5], [np.nan, np.nan], [0.5, 0.5]])
    assert (reach(scores, weights)[:, :2] == 0).all()
    assert (best_reach(scores, weights) == reach(scores[2:], weights)[:, 0]).all()


def test_without_points_nothing_is_reached() -> None:
    assert (best_reach(np.empty((0, 3)), sphere_weights(5, 3, seed=0)) == np.zeros(5)).all()
