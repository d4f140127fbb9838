"""The priors of a proposal's weights."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from optimizer.designers.scalarising import Function, Prior, Scalarising
from optimizer.problem import Objective, Problem
from optimizer.scalarisation import simplex_weights, sphere_weights
from optimizer.scale import Scale
from optimizer.space import space_from_json
from optimizer.weights import draw_weights

Floats = npt.NDArray[np.float64]

# Distances of the bounds from the ideal: 0.5 (size, on a log scale), 0.25 (cost), without a bound
# that of the reference: 1 (gain). Weights have the measured ones first: cost, gain, size.
SPACE = space_from_json(
    {
        "kind": "parameters",
        "parameters": [{"name": "x", "kind": "real", "low": 0.0, "high": 1.0}],
        "known": {"size": "1 + x"},
    }
)
PROBLEM = Problem(
    SPACE,
    (
        Objective("size", "known", bound=100.0, scale=Scale(1.0, 10_000.0, log=True)),
        Objective("cost", bound=5.0, scale=Scale(4.0, 8.0)),
        Objective("gain", goal="maximize", scale=Scale(1.0, 0.0)),
    ),
)


def drawn(
    prior: Prior, function: Function = "tchebyshev", reference: Floats | None = None
) -> Floats:
    choice = Scalarising(prior, function, 512)
    return draw_weights(choice, PROBLEM, np.zeros(3) if reference is None else reference, seed=1)


def wanted(weights: Floats) -> Floats:
    """The directions of the wanted points, with 1 for the third."""
    rays = 1 / weights
    return np.asarray(rays / rays[:, 1:2])


def test_the_default_is_the_sphere() -> None:
    assert (drawn("sphere", "hypervolume") == sphere_weights(512, 3, 1)).all()
    assert (drawn("simplex") == simplex_weights(512, 3, 1)).all()


@pytest.mark.parametrize("objectives", [1, 2, 3, 6])
def test_weights_of_the_simplex_are_positive_and_sum_to_one(objectives: int) -> None:
    weights = simplex_weights(100, objectives, seed=4)
    assert weights.shape == (100, objectives)
    assert (weights > 0).all()
    assert weights.sum(axis=1) == pytest.approx(np.ones(100))


def test_weights_are_uniform_on_the_simplex() -> None:
    two = simplex_weights(4096, 2, seed=0)[:, 0]
    assert np.histogram(two, bins=8, range=(0, 1))[0] == pytest.approx([512] * 8, abs=26)
    # In a flat Dirichlet distribution of three a weight exceeds a with probability (1 - a)^2.
    three = simplex_weights(4096, 3, seed=0)[:, 1]
    shares = [(three > a).mean() for a in (0.2, 0.5, 0.8)]
    assert shares == pytest.approx([0.64, 0.25, 0.04], abs=0.01)


@pytest.mark.parametrize("prior", ["box", "munas"])
def test_reciprocals_of_the_box_are_normalised(prior: Prior) -> None:
    weights = drawn(prior)
    assert (weights > 0).all()
    assert weights.sum(axis=1) == pytest.approx(np.ones(512))


def test_the_box_ends_at_the_bounds_or_else_at_the_reference() -> None:
    # u_cost / u_gain is a ratio of uniform numbers up to 0.25 and 1: below 0.25 half the time.
    rays = wanted(drawn("box"))
    assert np.median(rays[:, 0]) == pytest.approx(0.25, rel=0.05)
    assert np.median(rays[:, 2]) == pytest.approx(0.5, rel=0.05)


def test_munas_draws_values_evenly_instead_of_distances() -> None:
    # On the log scale of the size, values up to 100 are mostly near it: z is near 0.5.
    rays = wanted(drawn("munas"))
    assert np.median(rays[:, 0]) == pytest.approx(0.25, rel=0.05)
    plain = wanted(drawn("box"))
    assert np.median(rays[:, 2]) > 1.5 * np.median(plain[:, 2])


def test_hypervolume_looks_from_the_reference_into_the_box() -> None:
    weights = drawn("box", "hypervolume")
    assert np.linalg.norm(weights, axis=1) == pytest.approx(np.ones(512))
    # Wanted costs are at most 0.25 from the ideal: at least 0.75 from the reference.
    assert (weights[:, 0] / weights[:, 1] > 0.75 - 1e-9).all()
    assert (weights[:, 2] / weights[:, 1] > 0.5 - 1e-9).all()


def test_what_is_wanted_never_lies_beyond_the_reference_that_counts() -> None:
    near = np.array([0.8, 0.0, 0.9])
    weights = drawn("box", "hypervolume", near)
    assert np.median(weights[:, 0] / weights[:, 1]) == pytest.approx(0.2, rel=0.05)
    assert np.median(weights[:, 2] / weights[:, 1]) == pytest.approx(0.1, rel=0.05)


def test_a_bound_beyond_the_ideal_is_none() -> None:
    beyond, choice = replace(PROBLEM.objectives[1], bound=3.0), Scalarising("box", "tchebyshev")
    problem = replace(PROBLEM, objectives=(PROBLEM.objectives[0], beyond, PROBLEM.objectives[2]))
    rays = wanted(draw_weights(choice, problem, np.zeros(3), seed=1))
    assert np.median(rays[:, 0]) == pytest.approx(1.0, rel=0.05)
