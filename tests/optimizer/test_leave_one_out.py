"""Leaving one out: in closed form what leaving out each result by itself gives."""

import json
import math

import numpy as np
import pytest
import torch

from optimizer.history import History, Observation
from optimizer.hyperparameters import Hyperparameters
from optimizer.leave_one_out import Judgement, leave_one_out
from optimizer.problem import Objective, Problem
from optimizer.scale import Scale
from optimizer.space import Column, space_from_json
from optimizer.surrogate import Surrogate
from optimizer.targets import Targets

TWO = (Column("a"), Column("b"))
REALS = [{"name": name, "kind": "real", "low": 0.0, "high": 1.0} for name in "xy"]
PROBLEM = Problem(
    space_from_json({"kind": "parameters", "parameters": REALS}),
    (Objective("cost", scale=Scale(0.0, 2.0)),),
)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def without(targets: Targets, row: int) -> Targets:
    parts = (np.delete(part, row, axis=0) for part in (targets.x, targets.y, targets.variance))
    return Targets(*parts)


def test_the_closed_form_is_what_each_model_without_one_result_predicts(
    rng: np.random.Generator,
) -> None:
    known = Hyperparameters("gp", (0.3, 0.8), 0.05, 0.2, 1.5, 2.0)
    x = rng.uniform(0, 1, (12, 2))
    targets = Targets(x, np.sin(5 * x[:, 0]) + rng.normal(0, 0.2, 12), rng.uniform(0, 0.3, 12))
    told, means, deviations = Surrogate(TWO, known, targets).left_out()
    assert told.tolist() == targets.y.tolist()
    for row in range(12):
        model = Surrogate(TWO, known, without(targets, row))
        mean, deviation = model.predict(torch.from_numpy(x[row : row + 1]))
        variance = deviation.item() ** 2 + model.result_variance + targets.variance[row]
        assert means[row].item() == pytest.approx(mean.item(), rel=1e-9)
        assert deviations[row].item() == pytest.approx(math.sqrt(variance), rel=1e-9)


def test_a_model_that_fell_back_predicts_the_mean_of_all(rng: np.random.Generator) -> None:
    broken = Hyperparameters("gp", (1.0, 1.0), -9.0, 0.0, 1.5, 2.0)  # no covariance
    x = rng.uniform(0, 1, (5, 2))
    model = Surrogate(TWO, broken, Targets(x, np.arange(5.0), np.zeros(5)))
    assert model.kind == "constant"
    _, means, deviations = model.left_out()
    assert (means.tolist(), deviations.tolist()) == ([1.5] * 5, [2.0] * 5)


def judged(rng: np.random.Generator, noise: float, chance: float, count: int = 200) -> Judgement:
    """Judge a model that takes results for as noisy as `noise`; their deviation is `chance`."""
    observations = []
    for number in range(1, count + 1):
        x, y = rng.uniform(0, 1, 2).tolist()
        cost = math.sin(4 * x) + rng.normal(0, chance)
        observations.append(Observation({"x": x, "y": y}, {"cost": cost}, number))
    model = Hyperparameters("gp", (0.4, 9.0), noise, 0.0, 0.5, 0.5)
    [found] = leave_one_out(PROBLEM, History(tuple(observations)), {"cost": model})
    return found


def test_a_model_that_knows_its_noise_is_calibrated(rng: np.random.Generator) -> None:
    found = judged(rng, noise=0.04, chance=0.2)  # scores are costs by two: 0.1 of a spread of 0.5
    assert (found.name, found.kind, found.observations) == ("cost", "gp", 200)
    assert found.squared == pytest.approx(1.0, abs=0.2)
    assert found.inside["50%"] == pytest.approx(0.5, abs=0.1)
    assert found.inside["80%"] == pytest.approx(0.8, abs=0.07)
    assert found.inside["95%"] == pytest.approx(0.95, abs=0.04)


def test_a_model_that_is_too_sure_is_found_out(rng: np.random.Generator) -> None:
    found = judged(rng, noise=0.0004, chance=0.2)
    assert found.squared > 5
    assert found.inside["95%"] < 0.8


def test_ranks_correlate_where_the_model_predicts_and_not_where_all_is_chance(
    rng: np.random.Generator,
) -> None:
    good, bad = judged(rng, 1e-4, 1e-3), judged(rng, 0.9, 50.0)
    assert good.kendall is not None
    assert good.spearman is not None
    assert good.kendall > 0.95
    assert good.spearman > good.kendall
    assert bad.spearman is not None
    assert abs(bad.spearman) < 0.2


def test_lengthscales_are_named_and_all_is_plain_json(rng: np.random.Generator) -> None:
    found = judged(rng, 0.04, 0.2)
    assert found.lengthscales == {"x": 0.4, "y": 9.0}
    assert found.noise_share == 0.04
    assert json.loads(json.dumps(found.to_json()))["inside"].keys() == {"50%", "80%", "95%"}


def test_two_results_and_equal_results_have_no_rank_correlation(rng: np.random.Generator) -> None:
    assert judged(rng, 0.04, 0.2, count=2).kendall is None
    equal = [Observation({"x": n / 9, "y": 0.0}, {"cost": 1.0}, n + 1) for n in range(9)]
    model = Hyperparameters("gp", (0.4, 9.0), 0.04, 0.0, 0.5, 1.0)
    [found] = leave_one_out(PROBLEM, History(tuple(equal)), {"cost": model})
    assert found.spearman is None
