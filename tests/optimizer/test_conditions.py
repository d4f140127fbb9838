"""Conditions: parameters that are active in some points only."""

import random
from typing import Any

import pytest

from optimizer.errors import InvalidPoint, InvalidSpace
from optimizer.parameter_space import ParameterSpace
from optimizer.space import INACTIVE, space_from_json

KIND = {"name": "kind", "kind": "choice", "values": ["a", "b", "c"]}
DEPTH = {"name": "depth", "kind": "integer", "low": 1, "high": 3, "when": {"kind": ["a", "b"]}}
WIDTH = {"name": "width", "kind": "integer", "low": 1, "high": 2, "when": {"depth": [2, 3]}}
RATE = {"name": "rate", "kind": "real", "low": 0.0, "high": 1.0, "when": {"kind": ["c"]}}


def space(*parameters: dict[str, Any]) -> ParameterSpace:
    return ParameterSpace.from_json({"kind": "parameters", "parameters": list(parameters)})


NESTED = space(KIND, DEPTH, WIDTH)


def test_json_gives_back_conditions_and_says_nothing_where_there_are_none() -> None:
    written = NESTED.to_json()
    assert space_from_json(written) == NESTED
    assert written["parameters"][1]["when"] == {"kind": ["a", "b"]}
    assert "when" not in written["parameters"][0]


@pytest.mark.parametrize(
    ("when", "field", "why"),
    [
        ({"depth": [1]}, "when.depth", "listed before it; depth is not listed before it"),
        ({"rate": [0.5]}, "when.rate", "need a choice or an integer listed before it; rate is rea"),
        ({"kind": ["z"]}, "when.kind", "need one of"),
        ({"kind": [True]}, "when.kind", "need one of"),
        ({"kind": []}, "when.kind", "need a list of values"),
        ({"kind": "a"}, "when.kind", "need a list of values"),
        ({"moon": ["a"]}, "when.moon", "listed before it"),
        (["kind"], "when", "need an object"),
        (None, "when", "need an object"),
    ],
)
def test_a_condition_names_values_of_choices_and_integers_before_it(
    when: Any, field: str, why: str
) -> None:
    rate = {"name": "rate", "kind": "real", "low": 0.0, "high": 1.0}
    late = {"name": "depth", "kind": "integer", "low": 1, "high": 3}
    with pytest.raises(InvalidSpace, match=why) as caught:
        space(KIND, rate, {"name": "x", "kind": "real", "low": 0, "high": 1, "when": when}, late)
    assert caught.value.field == f"space.parameters.2.{field}"


@pytest.mark.parametrize(
    ("point", "name", "why"),
    [
        ({"kind": "c", "depth": 1}, "depth", "needs no value, since kind is 'c', not 'a' or 'b'"),
        ({"kind": "a"}, "depth", "needs a value"),
        ({"kind": "a", "depth": 2}, "width", "needs a value"),
        ({"kind": "a", "depth": 1, "width": 1}, "width", "since depth is 1, not 2 or 3"),
        ({"kind": "c", "width": 1}, "width", "since depth is inactive"),
        ({"kind": "a", "depth": 4}, "depth", "need a whole number"),
    ],
)
def test_a_point_has_the_active_parameters_and_no_other(point: Any, name: str, why: str) -> None:
    with pytest.raises(InvalidPoint, match=why) as caught:
        NESTED.validate(point)
    assert caught.value.field == name


def test_points_are_listed_and_counted_once_each() -> None:
    points = list(NESTED.points())
    assert points[:4] == [
        {"kind": "a", "depth": 1},
        {"kind": "a", "depth": 2, "width": 1},
        {"kind": "a", "depth": 2, "width": 2},
        {"kind": "a", "depth": 3, "width": 1},
    ]
    assert NESTED.cardinality == len(points) == len({NESTED.key(p) for p in points}) == 11
    for point in points:
        NESTED.validate(point)


def test_counting_many_conditional_parameters_is_no_work() -> None:
    many = [{**DEPTH, "name": f"d{i}", "when": {"kind": ["a"]}} for i in range(400)]
    far = {"name": "n", "kind": "integer", "low": 1, "high": 10**6}
    last = {**WIDTH, "when": {"n": [7]}}
    assert space(KIND, far, *many, last).cardinality == (10**6 + 1) * (3**400 + 2)


def test_a_space_is_finite_if_its_real_parameters_are_never_active() -> None:
    never = {**RATE, "when": {"depth": [1], "kind": ["c"]}}
    assert space(KIND, DEPTH, never).cardinality == 7
    assert space(KIND, DEPTH, RATE).cardinality is None


def test_samples_are_valid_and_every_combination_comes_up() -> None:
    rng = random.Random(0)
    seen = set()
    for _ in range(300):
        point = NESTED.sample(rng)
        NESTED.validate(point)
        seen.add(NESTED.key(point))
    assert len(seen) == 11


def test_a_morph_draws_what_becomes_active_and_drops_what_becomes_inactive() -> None:
    built, rng = space(KIND, DEPTH, WIDTH, RATE), random.Random(1)
    arrived, left, depths = 0, 0, set()
    point = {"kind": "c", "rate": 0.25}
    for _ in range(400):
        child = built.morph(point, rng)
        built.validate(child)
        kept = child.keys() & point.keys()
        assert sum(child[name] != point[name] for name in kept) <= 1
        arrived += "depth" in child and "depth" not in point
        left += "rate" in point and "rate" not in child
        if "depth" in child and "depth" not in point:
            depths.add(child["depth"])
        point = child
    assert arrived > 5
    assert left > 5
    assert depths == {1, 2, 3}


def test_columns_say_what_is_conditional_and_inactive_ones_get_their_mark() -> None:
    size = {"name": "size", "kind": "choice", "values": ["s", "l"], "when": {"kind": ["a"]}}
    built = space(KIND, DEPTH, RATE, size, {**size, "name": "order", "ordered": True})
    assert [column.conditional for column in built.columns] == [False, True, True, True, True]
    assert built.encode({"kind": "c", "rate": 0.25}) == [2.0, INACTIVE, 0.25, INACTIVE, INACTIVE]


def test_decoding_reads_no_coordinate_of_an_inactive_parameter() -> None:
    built = space(KIND, DEPTH, WIDTH, RATE)
    first, second = built.decode([0.9, 0.1, 0.1, 0.5]), built.decode([0.9, 0.8, 0.9, 0.5])
    assert first == second == {"kind": "c", "rate": 0.5}
    for point in (first, {"kind": "a", "depth": 2, "width": 1}):
        assert built.decode(built.place(point, random.Random(0))) == point


def test_key_and_work_know_active_parameters_only() -> None:
    point = {"kind": "a", "depth": 1}
    assert NESTED.work(point)["parameters"] == point
    assert NESTED.key({**point, "width": 2}) == NESTED.key(point)
    assert NESTED.key({"kind": "b", "depth": 1}) != NESTED.key(point)
