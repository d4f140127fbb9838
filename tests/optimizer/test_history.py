"""Histories: where results turn into scores."""

import json
import math
from typing import Any

import numpy as np
import pytest

from optimizer.errors import InvalidObservation, InvalidProblem
from optimizer.history import History, Observation
from optimizer.problem import Objective, Problem
from optimizer.scale import Scale
from optimizer.space import space_from_json

X = {"name": "x", "kind": "real", "low": 0.0, "high": 1.0}
SPACE = space_from_json({"kind": "parameters", "parameters": [X]})
PROBLEM = Problem(
    SPACE,
    (
        Objective("cost", limit=8.0, scale=Scale(0.0, 10.0)),
        Objective("gain", goal="maximize", scale=Scale(4.0, 0.0)),
    ),
)


def seen(number: int, values: dict[str, float], **changes: Any) -> Observation:
    return Observation({"x": number / 100}, values, number, **changes)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_name(bad: float) -> None:
    with pytest.raises(InvalidObservation) as caught:
        seen(1, {"cost": 1.0, "gain": bad})
    assert caught.value.field == "values.gain"


def test_unknown_states_and_wrong_numbers_are_refused() -> None:
    with pytest.raises(InvalidObservation, match="status"):
        seen(1, {}, status="running")
    with pytest.raises(InvalidObservation, match="finish_no"):
        seen(0, {})
    with pytest.raises(InvalidObservation, match="rising"):
        History((seen(2, {}), seen(2, {})))


def test_the_version_is_the_largest_finish_number() -> None:
    assert History().version == 0
    assert History((seen(1, {}), seen(4, {}))).version == 4


def test_scores_are_larger_where_results_are_better_and_nan_where_missing() -> None:
    history = History(
        (
            seen(1, {"cost": 0.0, "gain": 4.0}),
            seen(2, {"cost": 10.0, "gain": 0.0, "other": 1.0}),
            seen(3, {"cost": 5.0}, status="stopped"),
            seen(4, {}, status="infeasible"),
        )
    )
    nan = math.nan
    expected = [[1.0, 1.0], [0.0, 0.0], [0.5, nan], [nan, nan]]
    assert np.array_equal(history.scores(PROBLEM), expected, equal_nan=True)
    assert History().scores(PROBLEM).shape == (0, 2)


def test_scores_need_a_scale() -> None:
    problem = Problem(SPACE, (Objective("cost"),))
    with pytest.raises(InvalidProblem) as caught:
        History((seen(1, {"cost": 1.0}),)).scores(problem)
    assert caught.value.field == "objectives.0.scale"


def test_values_keep_unit_and_direction() -> None:
    history = History((seen(1, {"cost": 3.0, "gain": 2.0}), seen(2, {"gain": 1.0})))
    assert np.array_equal(history.values(("gain", "cost")), [[2, 3], [1, math.nan]], equal_nan=True)


def test_the_front_holds_completed_trials_within_the_limits_alone() -> None:
    history = History(
        (
            seen(1, {"cost": 5.0, "gain": 1.0}),
            seen(2, {"cost": 6.0, "gain": 0.5}),
            seen(3, {"cost": 9.0, "gain": 3.0}),
            seen(4, {"cost": 1.0, "gain": 4.0}, status="stopped"),
            seen(5, {"cost": 6.0, "gain": 2.0}),
            seen(6, {}, status="failed"),
        )
    )
    assert history.completed.tolist() == [True, True, True, False, True, False]
    assert history.feasible(PROBLEM).tolist() == [True, True, False, False, True, False]
    assert history.front(PROBLEM).tolist() == [True, False, False, False, True, False]
    assert History().front(PROBLEM).tolist() == []


def test_keys_are_those_of_the_space_whatever_became_of_the_trial() -> None:
    history = History((seen(1, {}, status="failed"), seen(2, {}, key="given")))
    assert history.keys(SPACE) == {SPACE.key({"x": 0.01}), "given"}


def test_json_gives_back_the_observation() -> None:
    observation = seen(3, {"cost": 1.0}, origin="morph", epochs=30, key="k")
    assert Observation.from_json(json.loads(json.dumps(observation.to_json()))) == observation
