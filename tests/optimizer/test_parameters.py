"""Parameters: what they refuse, and how they are encoded."""

import json
import math
from typing import Any

import pytest

from optimizer.errors import InvalidPoint, InvalidSpace
from optimizer.parameters import Choice, Integer, Real, parameter_from_json

RATE = {"name": "rate", "kind": "real", "low": 1e-3, "high": 1.0, "log": True}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"low": 2.0}, "p.low"),
        ({"low": 1.0, "high": 1.0}, "p.low"),
        ({"low": math.nan}, "p.low"),
        ({"high": math.inf}, "p.low"),
        ({"low": 0.0}, "p.low"),
        ({"low": "small"}, "p.low"),
        ({"low": True}, "p.low"),
        ({"log": 1}, "p.log"),
        ({"step": 1}, "p.step"),
        ({"kind": "complex"}, "p.kind"),
        ({"kind": ["real"]}, "p.kind"),
        ({"name": ""}, "p.name"),
        ({"name": 7}, "p.name"),
    ],
)
def test_a_wrong_real_parameter_is_refused_with_the_path_of_the_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidSpace) as caught:
        parameter_from_json({**RATE, **changes}, "p")
    assert caught.value.field == field
    assert str(caught.value).startswith(field)


def test_a_missing_end_and_a_parameter_that_is_no_object_are_refused() -> None:
    with pytest.raises(InvalidSpace, match=r"p\.high: a real parameter needs it"):
        parameter_from_json({"name": "x", "kind": "real", "low": 0}, "p")
    with pytest.raises(InvalidSpace, match="p: need an object"):
        parameter_from_json("x", "p")


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": 1.5, "high": 3},
        {"low": 3, "high": 1},
        {"low": 0, "high": 3, "log": True},
    ],
)
def test_a_wrong_integer_parameter_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpace) as caught:
        parameter_from_json({"name": "n", "kind": "integer", **wrong}, "p")
    assert caught.value.field == "p.low"


@pytest.mark.parametrize("values", [[], ["a"], ["a", "a"], [1, 1.0], ["a", None], ["a", [1]], "ab"])
def test_a_choice_needs_two_different_plain_values(values: Any) -> None:
    with pytest.raises(InvalidSpace) as caught:
        parameter_from_json({"name": "c", "kind": "choice", "values": values}, "p")
    assert caught.value.field == "p.values"


def test_true_and_one_are_two_values() -> None:
    choice = Choice("c", (True, 1))
    assert [choice.encode(True), choice.encode(1)] == [0.0, 1.0]
    with pytest.raises(InvalidPoint):
        Choice("c", (2, 1)).check(True)


@pytest.mark.parametrize(
    "parameter",
    [
        Real("r", -2.0, 3.0),
        Real("r", 1e-3, 10.0, log=True),
        Integer("i", -3, 4),
        Integer("i", 1, 1000, log=True),
        Choice("c", ("a", "b", "c"), ordered=True),
    ],
)
def test_decode_gives_back_what_encode_made(parameter: Real | Integer | Choice) -> None:
    for step in range(101):
        value = parameter.decode(step / 100)
        parameter.check(value)
        coordinate = parameter.encode(value)
        assert 0 <= coordinate <= 1
        assert parameter.decode(coordinate) == pytest.approx(value)


def test_both_ends_are_reached_and_never_passed() -> None:
    log = Real("r", 0.1, 0.7, log=True)
    ends = [log.decode(coordinate) for coordinate in (-1, 0, 1, 2)]
    assert ends == pytest.approx([0.1, 0.1, 0.7, 0.7])
    assert all(0.1 <= end <= 0.7 for end in ends)
    whole = Integer("i", 2, 5)
    assert [whole.decode(0), whole.decode(1)] == [2, 5]


def test_every_value_of_an_integer_and_a_choice_has_an_equal_cell() -> None:
    for parameter in (Integer("i", 1, 4), Choice("c", ("a", "b", "c", "d"))):
        drawn = [parameter.decode((step + 0.5) / 1000) for step in range(1000)]
        assert {drawn.count(value) for value in set(drawn)} == {250}


def test_equal_values_have_one_canonical_form() -> None:
    assert json.dumps(Real("r", -1, 1).canonical(-0.0)) == "0.0"
    assert json.dumps(Real("r", -1, 1).canonical(1)) == "1.0"
    assert json.dumps(Integer("i", 0, 9).canonical(3.0)) == "3"
    assert json.dumps(Choice("c", (1, 2)).canonical(1.0)) == "1"


def test_an_unordered_choice_is_encoded_by_its_index() -> None:
    choice = Choice("c", ("a", "b", "c"))
    assert [choice.encode(v) for v in ("a", "b", "c")] == [0.0, 1.0, 2.0]
    assert (choice.column.kind, choice.column.categories) == ("category", 3)
