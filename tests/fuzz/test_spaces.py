"""Space JSON and points from anybody: a space that samples, or a refusal that names the field."""

import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from optimizer.errors import InvalidPoint, InvalidSpace
from optimizer.space import Space, space_from_json
from tests.fuzz.spoiled import ANYTHING, BLACK_BOX, FUZZ, at_most, check_told, spoiled

NETWORKS = {"input_shape": (8, 8, 1), "classes": 10, "train_images": 897}


def network_space() -> Space:
    return space_from_json({"kind": "tiny"}, **NETWORKS)  # type: ignore[arg-type]


TINY = json.loads(json.dumps(network_space().to_json()))
SPACE = space_from_json(BLACK_BOX)
POINT = json.loads(json.dumps(network_space().sample(random.Random(0))))
MEMORY_BYTES = 100 * 2**20


def build(value: Any, **facts: Any) -> None:
    try:
        space = space_from_json(value, **facts)
    except InvalidSpace as error:
        check_told(error)
        return
    again = space_from_json(json.loads(json.dumps(space.to_json())), **facts)
    assert again.to_json() == space.to_json()


@FUZZ
@given(spoiled(BLACK_BOX))
def test_a_space_of_parameters_with_a_mistake_is_built_or_refused(value: Any) -> None:
    with at_most(MEMORY_BYTES):
        build(value)


@FUZZ
@given(spoiled(TINY))
def test_a_space_of_networks_with_a_mistake_is_built_or_refused(value: Any) -> None:
    with at_most(MEMORY_BYTES):
        build(value, **NETWORKS)


@FUZZ
@given(ANYTHING, st.sampled_from(["parameters", "tiny", "sparse", "munas"]))
def test_what_is_no_space_is_refused(value: Any, kind: str) -> None:
    build(value)
    build({"kind": kind, "parameters": value})
    build({"kind": kind, "blocks": value, "filters": value}, **NETWORKS)


@FUZZ
@given(spoiled(POINT))
def test_a_genotype_with_a_mistake_is_valid_or_refused(point: Any) -> None:
    space = network_space()
    try:
        space.validate(point)
    except InvalidPoint as error:
        check_told(error)
        return
    assert len(space.key(point)) == 64
    assert space.figures(point)["macs"] >= 0


@FUZZ
@given(spoiled({"x": 0.5, "n": 3, "k": "a"}) | ANYTHING)
def test_parameters_with_a_mistake_are_valid_or_refused(point: Any) -> None:
    try:
        SPACE.validate(point)
    except InvalidPoint as error:
        check_told(error)
        return
    assert len(SPACE.key(point)) == 64
