"""Gains of sums, of augmented minima and of upper bounds, compared with sampling."""

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from optimizer.designers.scalarising import Function
from optimizer.gains import AUGMENTED_BY, Optimistic, gain_of, optimism
from optimizer.improvement import Gain
from optimizer.scalarisation import simplex_weights

Floats = npt.NDArray[np.float64]

NO_FLOOR = -math.inf
DRAWS = np.random.default_rng(0).standard_normal((400_000, 2))
FUNCTIONS: tuple[Function, ...] = ("tchebyshev", "augmented", "linear")
FRONT = np.array([[0.9, 0.2, 0.4], [0.5, 0.5, 0.3], [0.1, 0.8, 0.8]])
WEIGHTS = simplex_weights(8, 3, seed=1)
MEAN, KNOWN = [0.7, 0.6], [0.55]


def tensor(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def scalarised(function: Function, scores: Floats) -> Floats:
    """The functions' definitions, `l x n`: distances from the ideal are made small."""
    weighted = WEIGHTS[:, None] * (1.0 - scores)[None]
    largest, total = weighted.max(axis=2), weighted.sum(axis=2)
    parts = {
        "tchebyshev": largest,
        "linear": total,
        "augmented": largest + AUGMENTED_BY * total,
    }
    return -parts[function]


def told(function: Function, front: Floats = FRONT, floors: object = (NO_FLOOR,) * 2) -> Gain:
    return gain_of(function, torch.from_numpy(WEIGHTS), torch.from_numpy(front), tensor(floors))


def sampled(function: Function, sd: float, floors: Floats | float = NO_FLOOR) -> Floats:
    """The expectation along each ray, by its definition."""
    measured = np.array(MEAN) + np.array([sd, sd / 2]) * DRAWS
    best, kept, gains = scalarised(function, FRONT).max(axis=1), measured >= floors, []
    for row, highest in zip(_one_by_one(function, measured), best, strict=True):
        gains.append((np.maximum(row - highest, 0) * kept.all(axis=1)).mean())
    return np.array(gains)


def _one_by_one(function: Function, measured: Floats) -> Floats:
    return scalarised(function, np.concatenate([measured, np.tile(KNOWN, (len(DRAWS), 1))], axis=1))


def expected(gain: Gain, sd: float) -> Floats:
    found = gain.log_gain(tensor([MEAN]), tensor([[sd, sd / 2]]), tensor([KNOWN]))
    return np.asarray(found.exp()[:, 0].numpy())


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("sd", [1.0, 0.3, 0.1])
def test_it_is_the_expectation_of_the_improvement_on_the_front(
    function: Function, sd: float
) -> None:
    wanted = sampled(function, sd)
    assert wanted.max() > 0.005
    # 128 draws are exact to a few percent where the improvement is no rare event.
    rough = {"rel": 0.1, "abs": 1.5e-3} if function == "augmented" else {"rel": 0.03, "abs": 2e-4}
    assert expected(told(function), sd) == pytest.approx(wanted, **rough)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_below_a_limit_counts_nothing(function: Function) -> None:
    floors = np.array([0.75, NO_FLOOR])
    limited, free = sampled(function, 0.3, floors), sampled(function, 0.3)
    found = expected(told(function, floors=floors.tolist()), 0.3)
    if function == "linear":  # less than the expectation, and the improvement times its chance
        chance = (MEAN[0] + 0.3 * DRAWS[:, 0] >= 0.75).mean()
        assert found == pytest.approx(free * chance, rel=0.03, abs=2e-4)
        assert (found <= limited + 2e-4).all()
    else:
        assert found == pytest.approx(limited, rel=0.1, abs=2e-3)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_sure_scores_gain_the_difference_to_the_front(function: Function) -> None:
    scores = np.array([[0.95, 0.7, 0.6], [0.5, 0.5, 0.3], [1.4, 1.2, 1.1]])
    best = scalarised(function, FRONT).max(axis=1, keepdims=True)
    wanted = np.maximum(scalarised(function, scores) - best, 0)
    assert told(function).log_sure_gain(tensor(scores.tolist())).exp().numpy() == pytest.approx(
        wanted, abs=1e-12
    )
    floored = told(function, floors=[1.0, NO_FLOOR]).log_sure_gain(tensor(scores.tolist()))
    assert floored[:, :2].isneginf().all()
    assert floored[:, 2].isfinite().all()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_a_front_the_reference_is_to_be_improved_on(function: Function) -> None:
    empty = told(function, np.empty((0, 3)))
    assert empty.log_sure_gain(tensor([[0.0, 0.0, 0.0]])).isneginf().all()
    assert empty.log_sure_gain(tensor([[0.1, 0.1, 0.1]])).isfinite().all()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_front_below_the_reference_is_improved_on_as_well(function: Function) -> None:
    bad = told(function, np.full((1, 3), -2.0))
    assert bad.log_sure_gain(tensor([[-1.0, -1.0, -1.0]])).isfinite().all()
    assert bad.log_sure_gain(tensor([[-3.0, -3.0, -3.0]])).isneginf().all()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_its_gradient_is_that_of_the_value(function: Function) -> None:
    gain = told(function, floors=[0.3, NO_FLOOR])

    def value(mean: Tensor, deviation: Tensor) -> Tensor:
        return gain.log_gain(mean, deviation, tensor([KNOWN])).logsumexp(0)

    at = tensor([[0.5, 0.4]]).requires_grad_(), tensor([[0.2, 0.3]]).requires_grad_()
    assert torch.autograd.gradcheck(value, at, eps=1e-7, rtol=1e-3)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_far_from_any_improvement_the_logarithm_still_has_a_slope(function: Function) -> None:
    mean = tensor([[-20.0, -20.0]]).requires_grad_()
    value = told(function).log_gain(mean, tensor([[0.1, 0.1]]), tensor([[0.9]])).logsumexp(0).sum()
    (slope,) = torch.autograd.grad(value, mean)
    assert -math.inf < value.item() < -1000
    assert slope.isfinite().all()
    assert (slope > 0).any()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_fewer_rays_are_the_first_ones(function: Function) -> None:
    assert expected(told(function).on(3), 0.3) == pytest.approx(expected(told(function), 0.3)[:3])


def test_the_sum_beside_the_largest_sees_what_the_largest_alone_does_not() -> None:
    here, better_elsewhere = [0.5, 0.5, 0.5], [0.5, 0.5, 0.9]
    both = tensor([here, better_elsewhere])
    weights = tensor([[0.5, 0.3, 0.2]])
    plain = gain_of("tchebyshev", weights, both[:0], tensor([NO_FLOOR] * 2)).along(both)[0]
    summed = gain_of("augmented", weights, both[:0], tensor([NO_FLOOR] * 2)).along(both)[0]
    assert plain[1] == plain[0]
    assert summed[1] > summed[0]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_upper_bound_is_so_many_deviations_above_the_mean(function: Function) -> None:
    bound = Optimistic(told(function), 2.0)
    found = bound.log_gain(tensor([MEAN]), tensor([[0.2, 0.1]]), tensor([KNOWN]))
    raised = tensor([[MEAN[0] + 0.4, MEAN[1] + 0.2, *KNOWN]])
    assert found.tolist() == told(function).log_sure_gain(raised).tolist()
    assert found.isfinite().any()
    assert bound.on(3).log_gain(tensor([MEAN]), tensor([[0.2, 0.1]]), tensor([KNOWN])).shape[0] == 3


def test_optimism_grows_with_the_logarithm_of_the_trials() -> None:
    assert optimism(0) == 0
    assert optimism(54) == pytest.approx(2.0, abs=0.01)
    assert optimism(999) ** 2 == pytest.approx(2 * optimism(30) ** 2, rel=0.01)
