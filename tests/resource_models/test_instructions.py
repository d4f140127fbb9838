"""The figure `instructions@CORE`: what it is called, and what a study keeps of it."""

import json
from dataclasses import replace

import pytest

from resource_models.counted import cores, instructions_on
from resource_models.devices import DEVICES, device
from resource_models.errors import InvalidFormula, UnknownCore
from resource_models.footprint import canonical, offered, unit_of
from resource_models.instructions import (
    Formula,
    core_of,
    formulas_from_json,
    formulas_to_json,
)
from resource_models.weights import weights
from tests.resource_models.networks import every_kind


@pytest.mark.parametrize(
    ("word", "core"),
    [
        ("m4", "m4"),
        ("cortex-m4", "m4"),
        ("Cortex-M4F", "m4"),
        ("Cortex-M0+", "m0"),
        ("M33", "m33"),
        ("stm32f746zg", "m7"),
    ],
)
def test_a_core_goes_by_arms_names_and_those_of_devices(word: str, core: str) -> None:
    assert core_of(word) == core


@pytest.mark.parametrize("word", ["", "m", "m55", "m4 ", "arduino-uno", "esp32-s3", "cortex-a7"])
def test_other_words_are_refused_with_the_cores_there_are(word: str) -> None:
    with pytest.raises(UnknownCore, match="need one of m0, m3, m4, m7, m33"):
        core_of(word)


def test_a_device_offers_the_instructions_of_its_own_core() -> None:
    told = {name: [each for each in offered(DEVICES[name]) if "@" in each] for name in DEVICES}
    assert told["stm32f446re"] == ["instructions@m4"]
    assert told["rp2040"] == ["instructions@m0"]
    assert told["arduino-uno"] == told["esp32-s3"] == []
    assert canonical("instructions", device("stm32h743")) == "instructions@m7"
    assert unit_of("instructions@m7") == "instructions"


@pytest.mark.parametrize("core", cores())
def test_a_formula_counts_the_layers_together(core: str) -> None:
    graph = every_kind()
    counted = sum(instructions_on(graph, core).values())
    assert Formula.fitted(core).count(graph, weights(graph)) == counted


def test_what_a_study_keeps_outlives_another_fit() -> None:
    graph = every_kind()
    now = Formula.fitted("m4")
    then = replace(
        now, costs={form: tuple(2 * c for c in costs) for form, costs in now.costs.items()}
    )
    [read] = formulas_from_json(json.loads(json.dumps(formulas_to_json([then]))))
    assert read == then != now
    assert read.count(graph, weights(graph)) > now.count(graph, weights(graph))
    # A kernel that is counted otherwise today has the costs of today.
    told = formulas_to_json([then])
    told["m4"]["add"].append(1.0)
    del told["m4"]["pad"]
    [read] = formulas_from_json(told)
    assert read.costs == {**then.costs, "add": now.costs["add"], "pad": now.costs["pad"]}


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ([], "instructions"),
        ({"m4": 1}, "instructions.m4"),
        ({"m4": {"add": 1}}, "instructions.m4.add"),
        ({"m4": {"add": [float("nan")]}}, "instructions.m4.add"),
        ({"m4": {"add": [True]}}, "instructions.m4.add"),
        ({"m4": {"add": [-1.0]}}, "instructions.m4.add"),
    ],
)
def test_what_is_no_cost_is_refused(told: object, field: str) -> None:
    with pytest.raises(InvalidFormula) as refused:
        formulas_from_json(told)
    assert refused.value.field == field


def test_a_core_that_went_is_unknown() -> None:
    with pytest.raises(UnknownCore):
        formulas_from_json({"m99": {}})
