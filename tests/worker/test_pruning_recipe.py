"""The pruning recipe: what is refused, and how it is said."""

from typing import Any

import pytest

from worker.errors import UnsupportedWork
from worker.pruning.methods import CLASSES
from worker.pruning.recipe import METHODS, Pruning

GOOD: dict[str, Any] = {"scope": "channels", "method": "magnitude", "target": 0.5}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scope": "rows"}, "pruning.scope: need one of channels, inputs, both, weights"),
        ({"method": "variational"}, "pruning.method: need one of magnitude, feedback, bayesian"),
        ({"scope": "weights", "method": "bayesian"}, "pruning.method: need one of magnitude"),
        ({"target": 0.99}, "pruning.target: need null or a number from 0 to 0.98, got 0.99"),
        ({"target": -0.1}, "pruning.target"),
        ({"target": "half"}, "pruning.target"),
        ({"target": True}, "pruning.target"),
        ({"target": float("nan")}, "pruning.target"),
        ({"target": None}, "magnitude has no threshold; null is for bayesian and variational"),
        ({"method": "feedback", "target": None}, "feedback has no threshold"),
        ({"weighting": "weights"}, "pruning.weighting: need one of none, bytes, macs"),
        ({"start": -0.1}, "pruning.start: need a number from 0 to 1"),
        ({"end": 1.5}, "pruning.end: need a number from 0 to 1"),
        ({"start": 0.6, "end": 0.6}, "pruning.end: need more than start, 0.6"),
        ({"speed": 1}, "pruning.speed: this worker knows no such field"),
    ],
)
def test_a_bad_recipe_names_field_need_and_value(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedWork, match=message):
        Pruning.from_json(GOOD | changes)


@pytest.mark.parametrize("field", ["scope", "method", "target"])
def test_a_field_without_default_is_needed(field: str) -> None:
    with pytest.raises(UnsupportedWork, match=field):
        Pruning.from_json({name: value for name, value in GOOD.items() if name != field})


@pytest.mark.parametrize("scope", [["channels"], None, 3])
def test_a_scope_that_is_no_text_is_refused(scope: Any) -> None:
    with pytest.raises(UnsupportedWork, match="pruning"):
        Pruning.from_json(GOOD | {"scope": scope})


def test_thresholds_are_for_the_methods_of_the_papers() -> None:
    assert Pruning("weights", "variational", None).target is None
    assert Pruning("both", "bayesian", None).target is None


def test_every_method_that_a_recipe_can_name_exists() -> None:
    assert set(CLASSES) == {method for methods in METHODS.values() for method in methods}
