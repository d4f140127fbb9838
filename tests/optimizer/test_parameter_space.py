"""The space of named parameters."""

import random
from typing import Any

import pytest

from optimizer.errors import InvalidPoint, InvalidSpace
from optimizer.parameter_space import ParameterSpace
from optimizer.space import space_from_json

X = {"name": "x", "kind": "real", "low": 0.0, "high": 1.0}
N = {"name": "n", "kind": "integer", "low": 1, "high": 3}
C = {"name": "c", "kind": "choice", "values": ["a", "b"]}


def space(*parameters: dict[str, Any]) -> ParameterSpace:
    return ParameterSpace.from_json({"kind": "parameters", "parameters": list(parameters)})


def test_json_gives_back_the_space() -> None:
    built = space(X, N, C)
    assert space_from_json(built.to_json(), **built.context()) == built


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({"kind": "parameters"}, "space.parameters"),
        ({"kind": "parameters", "parameters": []}, "space.parameters"),
        ({"kind": "parameters", "parameters": [X, X]}, "space.parameters.1.name"),
        ({"kind": "parameters", "parameters": [X, {**N, "high": 0}]}, "space.parameters.1.low"),
        ({"kind": "parameters", "parameters": [X], "filters": 3}, "space.filters"),
        ({"kind": "cube"}, "space.kind"),
        ({}, "space.kind"),
        ([], "space"),
    ],
)
def test_a_wrong_space_is_refused_with_the_path_of_the_field(definition: Any, field: str) -> None:
    with pytest.raises(InvalidSpace) as caught:
        space_from_json(definition)
    assert caught.value.field == field


def test_samples_are_valid_and_depend_on_the_seed_alone() -> None:
    built = space(X, N, C)
    first, second = ([built.sample(random.Random(3)) for _ in range(50)] for _ in range(2))
    assert first == second
    for point in first:
        built.validate(point)


@pytest.mark.parametrize(
    ("point", "field"),
    [
        ({"x": 0.5, "n": 2}, "c"),
        ({"x": 0.5, "n": 2, "c": "a", "d": 1}, "d"),
        ({"x": 1.5, "n": 2, "c": "a"}, "x"),
        ({"x": float("nan"), "n": 2, "c": "a"}, "x"),
        ({"x": 0.5, "n": 2.5, "c": "a"}, "n"),
        ({"x": 0.5, "n": True, "c": "a"}, "n"),
        ({"x": 0.5, "n": 2, "c": "z"}, "c"),
        (None, "parameters"),
    ],
)
def test_a_point_outside_is_refused_with_the_name_of_the_parameter(point: Any, field: str) -> None:
    with pytest.raises(InvalidPoint) as caught:
        space(X, N, C).validate(point)
    assert caught.value.field == field


def test_equal_points_have_equal_keys_and_others_have_others() -> None:
    built = space(X, N, C)
    key = built.key({"x": 1.0, "n": 2, "c": "a"})
    assert built.key({"c": "a", "n": 2.0, "x": 1}) == key
    assert built.key({"c": "b", "n": 2, "x": 1.0}) != key
    assert len(key) == 64


def test_work_names_the_canonical_values() -> None:
    work = space(X, N).work({"x": 1, "n": 2.0})
    assert work == {"kind": "parameters", "parameters": {"x": 1.0, "n": 2}}
    assert isinstance(work["parameters"]["n"], int)


def test_a_finite_space_lists_each_point_once() -> None:
    built = space(N, C)
    points = list(built.points())
    assert built.cardinality == len(points) == len({built.key(p) for p in points}) == 6
    for point in points:
        built.validate(point)


def test_a_space_with_a_real_parameter_is_not_listed() -> None:
    assert space(X, N).cardinality is None
    with pytest.raises(InvalidSpace):
        list(space(X, N).points())


def test_a_morph_moves_one_parameter_and_leaves_the_point_alone() -> None:
    built = space(X, {**N, "high": 100}, C)
    rng = random.Random(0)
    point = built.sample(rng)
    before = dict(point)
    moved = set()
    for _ in range(200):
        child = built.morph(point, rng)
        built.validate(child)
        changed = {name for name in child if child[name] != point[name]}
        assert len(changed) <= 1
        moved |= changed
    assert moved == {"x", "n", "c"}
    assert point == before


def test_columns_and_coordinates_belong_together() -> None:
    built = space(X, N, C)
    assert [(c.name, c.kind) for c in built.columns] == [
        ("x", "real"),
        ("n", "real"),
        ("c", "category"),
    ]
    assert built.encode({"x": 0.25, "n": 2, "c": "b"}) == [0.25, 0.5, 1.0]


def test_decode_gives_every_cell_of_the_cube_a_point() -> None:
    built = space(X, N, C)
    assert built.decode([0.0, 0.0, 0.0]) == {"x": 0.0, "n": 1, "c": "a"}
    assert built.decode([1.0, 1.0, 1.0]) == {"x": 1.0, "n": 3, "c": "b"}
