"""What models learn from a history, and predictions in an objective's own unit."""

import math
from dataclasses import replace

import numpy as np
import pytest

from optimizer.history import History, Observation
from optimizer.problem import Constraint, Objective, Problem
from optimizer.scale import Scale
from optimizer.space import space_from_json
from optimizer.targets import (
    compress,
    constraint_targets,
    expand,
    floor,
    prediction,
    targets,
    usable_rows,
)

SPACE = space_from_json(
    {"kind": "parameters", "parameters": [{"name": "x", "kind": "real", "low": 0, "high": 1}]}
)
COST = Objective("cost", scale=Scale(0.0, 10.0))
ERROR = Objective("error", scale=Scale(0.5 / 300, 0.45, log=True))
GAIN = Objective("gain", goal="maximize", scale=Scale(5.0, 1.0))
NO_POINTS = np.zeros((1, 1))


def history(*rows: Observation) -> History:
    return History(tuple(replace(row, finish_no=n) for n, row in enumerate(rows, 1)))


def trial(x: float, status: str = "completed", **values: float) -> Observation:
    return Observation({"x": x}, values, 1, status)  # type: ignore[arg-type]


def test_compressing_keeps_good_scores_and_the_order_of_bad_ones() -> None:
    scores = np.array([-1e300, -50.0, -1.0, -1e-9, 0.0, 0.3, 1.0, 4.0])
    squeezed = compress(scores)
    assert (np.diff(squeezed) > 0).all()
    assert (squeezed[4:] == scores[4:]).all()
    assert squeezed[1] > -5
    assert expand(squeezed[1:]) == pytest.approx(scores[1:])


def test_compressing_has_no_kink() -> None:
    near = np.linspace(-1e-3, 1e-3, 201)
    slopes = np.diff(compress(near)) / np.diff(near)
    assert np.abs(slopes - 1).max() < 1e-6


def test_only_completed_trials_with_every_measured_value_are_learnt_from() -> None:
    problem = Problem(SPACE, (COST, GAIN))
    told = history(
        trial(0.1, cost=1.0, gain=2.0),
        trial(0.2, "infeasible"),
        trial(0.3, "stopped", cost=1.0, gain=2.0),
        trial(0.4, cost=1.0),
        trial(0.5, "failed", cost=1.0, gain=2.0),
        trial(0.6, cost=3.0, gain=2.0),
        trial(0.7, "cancelled"),
    )
    assert usable_rows(problem, told, 100).tolist() == [0, 5]


def test_of_many_trials_the_front_the_newest_and_a_spread_are_kept() -> None:
    problem = Problem(SPACE, (COST, GAIN))
    rows = [trial(n / 500, cost=5.0 + n % 7 / 100, gain=1.5) for n in range(500)]
    rows[17], rows[230] = trial(0.034, cost=1.0, gain=1.2), trial(0.46, cost=3.0, gain=4.0)
    kept = usable_rows(problem, history(*rows), 90)
    assert len(kept) == 90
    assert {17, 230} <= set(kept)
    assert set(range(470, 500)) <= set(kept)
    assert np.diff(kept).max() < 20


def test_an_error_is_learnt_on_its_log_scale_with_its_binomial_variance() -> None:
    problem = Problem(SPACE, (ERROR,), validation=300)
    learnt = targets(problem, ERROR, NO_POINTS, np.array([6 / 300]))
    span = math.log(0.45 / (0.5 / 300))
    assert learnt.y[0] == pytest.approx(1 - math.log(6.5 / 301 / (0.5 / 300)) / span)
    assert learnt.variance[0] == pytest.approx((1 / 6.5 - 1 / 301) / span**2)


def test_the_binomial_variance_is_that_of_drawn_errors() -> None:
    problem = Problem(SPACE, (ERROR,), validation=300)
    drawn = np.random.default_rng(0).binomial(300, 0.1, 4000) / 300
    learnt = targets(problem, ERROR, np.zeros((4000, 1)), drawn)
    assert learnt.y.var() == pytest.approx(learnt.variance.mean(), rel=0.1)


def test_a_network_without_a_mistake_has_a_finite_target() -> None:
    problem = Problem(SPACE, (ERROR,), validation=300)
    learnt = targets(problem, ERROR, NO_POINTS, np.array([0.0]))
    assert learnt.y[0] == pytest.approx(1.0, abs=0.01)
    assert np.isfinite(learnt.variance).all()
    assert learnt.variance[0] > 0


def test_other_objectives_have_no_known_variance() -> None:
    problem = Problem(SPACE, (COST,), validation=300)
    assert targets(problem, COST, NO_POINTS, np.array([4.0])).variance[0] == 0


@pytest.mark.parametrize("objective", [COST, GAIN, replace(COST, scale=Scale(0.1, 10.0, True))])
@pytest.mark.parametrize("value", [0.2, 3.0, 12.0, 40.0])
def test_a_prediction_is_in_the_objectives_own_unit(objective: Objective, value: float) -> None:
    problem = Problem(SPACE, (objective,))
    learnt = targets(problem, objective, NO_POINTS, np.array([value]))
    told = prediction(problem, objective, float(learnt.y[0]), 0.0)
    assert told == {"mean": pytest.approx(value), "sd": 0.0}


@pytest.mark.parametrize("objective", [COST, GAIN, replace(COST, scale=Scale(0.1, 10.0, True))])
@pytest.mark.parametrize("mean", [0.8, 0.1, -0.9])
def test_a_predicted_deviation_is_that_of_values_nearby(objective: Objective, mean: float) -> None:
    problem = Problem(SPACE, (objective,))
    told = prediction(problem, objective, mean, 1e-6)
    ahead = prediction(problem, objective, mean + 1e-3, 1e-6)["mean"]
    assert told["sd"] == pytest.approx(abs(ahead - told["mean"]), rel=0.01)


def test_a_predicted_error_is_as_uncertain_as_its_images_make_it() -> None:
    problem = Problem(SPACE, (ERROR,), validation=300)
    learnt = targets(problem, ERROR, NO_POINTS, np.array([0.1]))
    told = prediction(problem, ERROR, float(learnt.y[0]), 0.0)
    assert told["mean"] == pytest.approx(0.1, abs=0.002)
    assert told["sd"] == pytest.approx(math.sqrt(0.1 * 0.9 / 300), rel=0.02)


@pytest.mark.parametrize("mean", [-1e6, -400.0, 1e6])
@pytest.mark.parametrize("log", [False, True])
def test_predictions_stay_finite(mean: float, log: bool) -> None:
    objective = replace(COST, scale=Scale(1e-9, 1e9, log))
    told = prediction(Problem(SPACE, (objective,)), objective, mean, 1e12)
    assert math.isfinite(told["mean"])
    assert math.isfinite(told["sd"])


def test_a_limit_is_a_floor_of_the_score() -> None:
    assert floor(COST) == -math.inf
    assert floor(replace(COST, limit=4.0)) == pytest.approx(0.6)
    assert floor(replace(GAIN, limit=2.0)) == pytest.approx(0.25)
    assert floor(replace(COST, limit=20.0)) == pytest.approx(math.asinh(-1.0))


def test_margins_and_spans_of_any_size_are_numbers() -> None:
    x, values = np.zeros((3, 1)), np.array([-1e-300, 1e-300, 1e300])
    for goal, kept in (("minimize", [0]), ("maximize", [1, 2])):
        learnt = constraint_targets(Constraint("c", 0.0, goal), x, values)  # type: ignore[arg-type]
        assert np.flatnonzero(learnt.y > 0).tolist() == kept
    wide = Problem(SPACE, (Objective("a", scale=Scale(1e-300, 1e300, log=True)),))
    assert prediction(wide, wide.objectives[0], 0.5, 0.1)["mean"] == pytest.approx(1.0)
