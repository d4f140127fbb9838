"""The expected improvement, compared with its definition by sampling."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from optimizer.acquisition import Acquisition
from optimizer.feasibility import Feasibility
from optimizer.hyperparameters import Hyperparameters
from optimizer.improvement import Improvement
from optimizer.pareto import hypervolume
from optimizer.scalarisation import best_reach, sphere_weights, volume_factor
from optimizer.space import Column
from optimizer.surrogate import Surrogate
from optimizer.targets import Targets

NO_FLOOR = -math.inf
DRAWS = np.random.default_rng(0).standard_normal((400_000, 3))


def tensor(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def improvement(weights: object, best: object, floors: object) -> Improvement:
    return Improvement(tensor(weights), tensor(best), tensor(floors))


def sampled(told: Improvement, mean: list[float], sd: list[float], known: list[float]) -> Tensor:
    """The expectation along each ray, by its definition."""
    measured = np.array(mean) + np.array(sd) * DRAWS[:, : len(mean)]
    scores = np.concatenate([measured, np.tile(known, (len(DRAWS), 1))], axis=1)
    kept = (measured >= told.floors.numpy()).all(axis=1)
    gains = []
    for weights, best in zip(told.weights.numpy(), told.best.numpy(), strict=True):
        reached = np.maximum((scores / weights).min(axis=1), 0)
        gain = np.maximum(reached ** len(weights) - best ** len(weights), 0)
        gains.append((gain * kept).mean())
    return tensor(gains)


@pytest.mark.parametrize("sd", [1.0, 0.3, 0.03])
@pytest.mark.parametrize("best", [0.0, 0.8, 1.3])
@pytest.mark.parametrize("known", [[], [0.9], [0.9, 1.4]])
def test_it_is_the_expectation_for_measured_and_known_objectives(
    sd: float, best: float, known: list[float]
) -> None:
    m = 2 + len(known)
    weights = sphere_weights(8, m, seed=1)
    told = improvement(weights, [best] * 8, [NO_FLOOR] * 2)
    mean, deviation = [0.7, 0.6], [sd, sd / 2]
    exact = told.log_gain(tensor([mean]), tensor([deviation]), tensor([known])).exp()
    expected = sampled(told, mean, deviation, known)
    assert exact[:, 0].numpy() == pytest.approx(expected.numpy(), rel=0.05, abs=2e-4)


@pytest.mark.parametrize("floor", [0.2, 0.65, 0.9])
def test_a_candidate_below_its_limit_counts_nothing(floor: float) -> None:
    told = improvement(sphere_weights(8, 2, seed=1), [0.3] * 8, [floor, NO_FLOOR])
    mean, deviation = [0.7, 0.6], [0.1, 0.2]
    exact = told.log_gain(tensor([mean]), tensor([deviation]), torch.empty(1, 0)).exp()
    expected = sampled(told, mean, deviation, [])
    assert exact[:, 0].numpy() == pytest.approx(expected.numpy(), rel=0.05, abs=2e-4)


def test_for_one_objective_it_is_the_textbook_expected_improvement() -> None:
    told = improvement([[1.0]], [0.5], [NO_FLOOR])
    mean = torch.linspace(-1, 2, 13, dtype=torch.float64)[:, None]
    deviation = torch.full_like(mean, 0.2)
    z = (mean - 0.5) / deviation
    normal = torch.distributions.Normal(tensor(0.0), tensor(1.0))
    textbook = deviation * (normal.log_prob(z).exp() + z * normal.cdf(z))
    exact = told.log_gain(mean, deviation, torch.empty(13, 0)).exp()
    assert exact[0].numpy() == pytest.approx(textbook[:, 0].numpy(), rel=2e-3, abs=1e-14)


def test_the_mean_over_rays_is_the_expected_hypervolume_improvement() -> None:
    front = np.array([[0.9, 0.2], [0.5, 0.5], [0.1, 0.8]])
    weights = sphere_weights(2048, 2, seed=0)
    told = improvement(weights, best_reach(front, weights), [NO_FLOOR] * 2)
    mean, sd = [0.6, 0.55], [0.2, 0.1]
    along = told.log_gain(tensor([mean]), tensor([sd]), torch.empty(1, 0)).exp()
    gains = [
        hypervolume(np.vstack([front, np.array(mean) + np.array(sd) * draw])) - hypervolume(front)
        for draw in DRAWS[:4000, :2]
    ]
    assert along.mean().item() * volume_factor(2) == pytest.approx(np.mean(gains), rel=0.05)


def test_a_sure_candidate_gains_the_difference_of_the_powers() -> None:
    told = improvement([[0.6, 0.8]], [0.5], [NO_FLOOR] * 2)
    gain = told.log_gain(tensor([[0.6, 0.8]]), tensor([[1e-9, 1e-9]]), torch.empty(1, 0))
    assert gain.exp().item() == pytest.approx(1.0 - 0.25, rel=1e-6)


def test_a_known_score_that_cannot_improve_makes_a_candidate_worthless() -> None:
    told = improvement([[0.6, 0.8]], [0.5], [NO_FLOOR])
    mean, deviation = tensor([[9.0], [9.0], [9.0]]), tensor([[1.0], [1.0], [1.0]])
    value = told.log_gain(mean, deviation, tensor([[0.4], [-3.0], [0.41]]))[0]
    assert value[:2].tolist() == [-math.inf, -math.inf]
    assert value[2].isfinite()


def test_far_from_any_improvement_the_logarithm_still_has_a_slope() -> None:
    told = improvement([[0.6, 0.8]], [1.0], [NO_FLOOR] * 2)
    mean = tensor([[-20.0, 0.5]]).requires_grad_()
    value = told.log_gain(mean, tensor([[0.1, 0.1]]), torch.empty(1, 0)).sum()
    (slope,) = torch.autograd.grad(value, mean)
    assert -math.inf < value.item() < -1000
    assert slope.isfinite().all()
    assert slope[0, 0] > 1


def test_its_gradient_is_that_of_the_value() -> None:
    told = improvement(sphere_weights(4, 3, seed=2), [0.4, 0.7, 0.1, 0.0], [NO_FLOOR] * 2)
    known = tensor([[0.8]])

    def value(mean: Tensor, deviation: Tensor) -> Tensor:
        return told.log_gain(mean, deviation, known).logsumexp(0)

    mean, deviation = tensor([[0.5, 0.4]]).requires_grad_(), tensor([[0.2, 0.3]]).requires_grad_()
    assert torch.autograd.gradcheck(value, (mean, deviation), eps=1e-6, rtol=1e-4)


def test_quickly_it_and_its_slopes_are_nearly_the_same() -> None:
    # The last candidate's known score cannot improve: no gain, no slope.
    told = improvement(sphere_weights(16, 3, seed=2), [0.3] * 16, [0.2, NO_FLOOR])
    mean, deviation = tensor([[0.5, 0.4], [-0.5, 0.3], [0.5, 0.4]]), tensor([[0.2, 0.3]] * 3)
    known, answers = tensor([[0.8], [0.7], [0.0]]), []
    for way in (told, replace(told, quick=True)):
        at = mean.clone().requires_grad_(), deviation.clone().requires_grad_()
        gain = way.log_gain(*at, known)
        total = gain[:, :2].sum() + gain[:, 2].clamp_min(-1e9).sum()
        answers.append((gain, *torch.autograd.grad(total, at)))
    assert answers[0][0][:, 2].tolist() == answers[1][0][:, 2].tolist() == [-math.inf] * 16
    torch.testing.assert_close(*answers, rtol=1e-3, atol=1e-6)
    assert not bool(answers[1][1][2].any() or answers[1][2][2].any())


def test_by_few_nodes_it_is_nearly_the_same_along_a_part_of_the_rays() -> None:
    told = improvement(sphere_weights(16, 2, seed=2), [0.3] * 16, [NO_FLOOR] * 2)
    candidate = tensor([[0.5, 0.4]]), tensor([[0.2, 0.3]]), tensor([[]])
    few, all_of_them = told.on(8, nodes=4).log_gain(*candidate), told.log_gain(*candidate)
    assert few.tolist() != all_of_them[:8].tolist()
    torch.testing.assert_close(few, all_of_them[:8], rtol=0.0, atol=0.1)


# Acquisition: models, rays and feasibility together.

COLUMNS = (Column("x"),)
X = np.array([[0.1], [0.5], [0.9]])


def surrogate(y: list[float]) -> Surrogate:
    found = Hyperparameters("gp", (0.3,), noise=1e-4, mean=0.0, shift=0.0, spread=1.0)
    return Surrogate(COLUMNS, found, Targets(X, np.array(y), np.zeros(3)))


def acquisition(rays: int = 64, feasibility: Feasibility | None = None) -> Acquisition:
    weights = sphere_weights(rays, 2, seed=0)
    models = [surrogate([0.2, 0.5, 0.3]), surrogate([0.3, 0.4, 0.6])]
    best = best_reach(np.array([[0.5, 0.4], [0.3, 0.6]]), weights)
    return Acquisition(models, improvement(weights, best, [NO_FLOOR] * 2), feasibility)


PLACES = torch.linspace(0, 1, 9, dtype=torch.float64)[:, None]
NOTHING = torch.empty(9, 0, dtype=torch.float64)


def test_the_worth_is_the_log_of_the_mean_over_the_rays() -> None:
    worth = acquisition()
    mean, deviation = worth.predict(PLACES)
    along = worth.improvement.log_gain(mean, deviation, NOTHING)
    expected = along.exp().mean(0).log()
    assert worth(PLACES, NOTHING).numpy() == pytest.approx(expected.numpy())


def test_fewer_rays_are_the_first_ones() -> None:
    worth = acquisition()
    mean, deviation = worth.predict(PLACES)
    along = worth.improvement.log_gain(mean, deviation, NOTHING)[:5]
    expected = along.exp().mean(0).log()
    assert worth.on(5)(PLACES, NOTHING).numpy() == pytest.approx(expected.numpy())


def test_only_where_it_is_quick_it_takes_fewer_nodes() -> None:
    exact = acquisition()
    quick, few = replace(exact, quick=True), exact.improvement.on(8, nodes=4)
    assert torch.equal(exact.on(8, nodes=4)(PLACES, NOTHING), exact.on(8)(PLACES, NOTHING))
    expected = replace(exact, improvement=few)(PLACES, NOTHING)
    assert torch.equal(quick.on(8, nodes=4)(PLACES, NOTHING), expected)


def test_a_place_beside_an_infeasible_trial_is_worth_its_chance_of_a_result() -> None:
    feasibility = Feasibility(COLUMNS, X, np.array([True, False, True]))
    chance = feasibility.log_probability(PLACES)
    lowered = acquisition(feasibility=feasibility)(PLACES, NOTHING)
    assert lowered.numpy() == pytest.approx((acquisition()(PLACES, NOTHING) + chance).numpy())
    assert chance[4] < chance[0] - 0.5


def test_hope_prefers_what_misses_the_reference_by_less() -> None:
    weights = sphere_weights(32, 2, seed=0)
    told = improvement(weights, [0.0] * 32, [NO_FLOOR])
    worth = Acquisition([surrogate([0.2, 0.5, 0.3])], told, None)
    known = tensor([[-2.0], [-0.1], [-1.0]])
    assert worth(tensor(X), known).tolist() == [-math.inf] * 3
    assert worth.hope(tensor(X), known).argsort(descending=True).tolist() == [1, 2, 0]


def test_sure_scores_gain_the_difference_of_the_powers_of_their_reach() -> None:
    told = Improvement(
        tensor([[0.6, 0.8]]), tensor([0.5]), tensor([0.7, NO_FLOOR]), tensor([0.1, 0.2])
    )
    scores = tensor([[0.7, 1.0], [0.4, 0.6], [0.65, 9.0], [-5.0, -5.0]])
    assert told.along(scores)[0, :2].tolist() == pytest.approx([1.0, 0.5])
    gains = told.log_sure_gain(scores).exp()[0].tolist()
    assert gains == pytest.approx([1.0 - 0.25, 0.0, 0.0, 0.0])


def test_what_is_drawn_is_worth_its_gain_and_its_chance_of_a_result() -> None:
    feasibility = Feasibility(COLUMNS, X, np.array([True, False, True]))
    worth, measured = acquisition(feasibility=feasibility), torch.full((9, 2), 0.9).double()
    gains = worth.improvement.log_sure_gain(measured).exp().mean(0).log()
    found = worth.gained(PLACES, measured, NOTHING)
    assert found.numpy() == pytest.approx(
        (gains + feasibility.log_probability(PLACES)).numpy(), rel=1e-9
    )
