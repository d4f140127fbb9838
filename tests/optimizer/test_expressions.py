"""Expressions: a small language that is read completely, or refused with the place."""

import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer.errors import InvalidSpace
from optimizer.expressions import Inactive, Undefined, constraint, figure
from optimizer.terms import NUMBER, TEXT, TRUTH, Name

NAMES = {
    "x": Name(frozenset({NUMBER})),
    "y": Name(frozenset({NUMBER})),
    "oven.heat": Name(frozenset({NUMBER})),
    "kind": Name(frozenset({TEXT}), ("a", "b")),
    "flag": Name(frozenset({TRUTH}), (True, False)),
    "mixed": Name(frozenset({NUMBER, TEXT}), (1, "auto")),
    "extra": Name(frozenset({NUMBER}), conditional=True),
}
POINT = {"x": 1, "y": 2.5, "oven.heat": 3, "kind": "a", "flag": True, "mixed": "auto"}


def holds(text: str, **changes: Any) -> bool:
    return constraint(text, NAMES, "f").holds({**POINT, **changes})


def value(text: str, **changes: Any) -> float:
    return figure(text, NAMES, "f").number({**POINT, **changes})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + 2*y", 6.0),
        ("-x ** 2", -1.0),
        ("2 ** 3 ** 2", 512.0),
        ("(x - y) / 3 - 1", -1.5),
        ("min(x, y, 0.5) + max(x, y)", 3.0),
        ("abs(-3) + sqrt(16) + exp(0) + log(1)", 8.0),
        ("floor(y) + ceil(y)", 5.0),
        ("1 if kind == 'a' else 2", 1.0),
        ("oven.heat * 2", 6.0),
        ("extra if kind == 'b' else 7", 7.0),
        ("  x\n+ y ", 3.5),
        ("+x", 1.0),
    ],
)
def test_figures_are_computed_with_the_usual_precedence(text: str, expected: float) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + 2*y <= 6", True),
        ("x + 2*y < 6", False),
        ("0 <= x <= y < oven.heat", True),
        ("x == 1 and kind != 'b'", True),
        ("not flag or x > 5", False),
        ("flag == True", True),
        ("x >= 2 if kind == 'b' else True", True),
        ("mixed == 'auto'", True),
        ("mixed == 1", False),
        ("x != 1", False),
        ("kind == 'b' and log(x - 1) < 0", False),
    ],
)
def test_constraints_are_true_or_false_and_their_excess_says_so_too(
    text: str, expected: bool
) -> None:
    read = constraint(text, NAMES, "f")
    assert read.holds(POINT) is expected
    assert (read.excess(POINT) == 0.0) is expected


def test_excess_grows_with_the_distance_from_holding() -> None:
    read = constraint("x + y <= 1 and (x >= 2 or y <= 2)", NAMES, "f")
    near, far = read.excess({"x": 0.6, "y": 0.6}), read.excess({"x": 1.0, "y": 5.0})
    assert near == pytest.approx(0.2)
    assert far == pytest.approx(5.0 + 1.0)


@pytest.mark.parametrize(
    ("text", "at", "why"),
    [
        ("x +", 1, "invalid syntax"),
        ("x + heat <= 1", 5, "there is no parameter 'heat'; the parameters are x, y"),
        ("  é + x < 1", 3, "there is no parameter 'é'"),
        ("x <= 1 and kind + 1 < 2", 12, "need a number here, got a text"),
        ("kind == 'c'", 9, "kind is only ever one of 'a', 'b'"),
        ("x == kind", 6, "a number never equals a text"),
        ("not x", 5, "need true or false here, got a number"),
        ("x", 1, "need true or false here, got a number"),
        ("x % 2 == 0", 1, "between two numbers"),
        ("~x < 1", 1, "need - or not before a value"),
        ("x in y", 6, "need a comparison by"),
        ("min(x) < 1", 1, "min takes at least two values, got 1"),
        ("log(x, y) < 1", 1, "log takes one value, got 2"),
        ("log(x=1) < 1", 1, "log takes values without names"),
        ("round(x) < 1", 1, "need one of the functions min, max"),
        ("1e999 < x", 1, "this number is too large"),
        ("1j < x", 1, "need a number or a text, got 1j"),
        ("None == x", 1, "need a number or a text, got None"),
        ("x < 1\0", 1, "null bytes"),
        ("[x][0] < 1", 1, "not allowed; an expression has numbers"),
        ("__import__('os').system('x') == 1", 1, "need one of the functions"),
        ("x.__class__ == 1", 1, "there is no parameter 'x.__class__'"),
        ("(lambda: x)() < 1", 1, "need one of the functions"),
        ("max(*[x, y]) < 1", 1, "max takes at least two values"),
        ("f'{x}' == kind", 1, "not allowed"),
        ("(z := 1) < x", 2, "not allowed"),
    ],
)
def test_what_is_no_expression_is_refused_with_its_place(text: str, at: int, why: str) -> None:
    with pytest.raises(InvalidSpace, match=f"at character {at} of .*{why}") as caught:
        constraint(text, NAMES, "space.constraints.0")
    assert caught.value.field == "space.constraints.0"


@pytest.mark.parametrize("wrong", [None, 3, "", "   ", ["x <= 1"]])
def test_an_expression_is_a_text(wrong: Any) -> None:
    with pytest.raises(InvalidSpace, match="need a text such as"):
        constraint(wrong, NAMES, "f")


@pytest.mark.parametrize(
    "text",
    [
        "x < " + "1" * 20_000,
        "(" * 5_000 + "x" + ")" * 5_000 + " < 1",
        "(" * 60 + "x" + ")" * 60 + " < " + "-" * 800 + "1",
        "not " * 200 + "flag",
        "x" + "**x" * 300 + " < 1",
        "1 if flag else " * 60 + "2 < 3",
        "min(" * 70 + "x" + ", 1)" * 70 + " < 1",
    ],
)
def test_long_and_deep_texts_are_refused_at_once(text: str) -> None:
    began = time.process_time()
    with pytest.raises(InvalidSpace) as caught:
        constraint(text, NAMES, "f")
    assert time.process_time() - began < 1.0
    assert len(str(caught.value)) < 400


def test_a_long_sum_is_not_deep() -> None:
    assert value("+".join(["x"] * 450)) == 450.0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x / (y - 2.5)", "division by zero"),
        ("9**9**9 * x", "range"),
        ("exp(1000 * x)", "range"),
        ("1e300 * 1e300 * x", "too large"),
        ("(-x) ** 0.5", "domain"),
        ("log(x - 1)", "log needs a value above 0, got 0"),
        ("sqrt(-x)", "sqrt needs a value of at least 0, got -1"),
        ("0 ** -x", "domain"),
        ("x + (1 if flag else 'a')", None),
        ("x + mixed", "needs a number, got 'auto'"),
    ],
)
def test_what_has_no_finite_value_is_undefined(text: str, why: str | None) -> None:
    read = figure(text, NAMES, "f")
    if why is None:
        assert read.number(POINT) == 2.0
        return
    with pytest.raises(Undefined, match=why):
        read.number(POINT)


def test_reading_an_inactive_parameter_is_told_apart() -> None:
    with pytest.raises(Inactive, match="extra is inactive"):
        holds("extra <= 1")
    assert not holds("kind == 'b' and extra <= 1")
    assert holds("extra <= 1", extra=0.5)


def test_a_figure_reads_a_conditional_parameter_behind_an_if_only() -> None:
    with pytest.raises(InvalidSpace, match=r"extra is not active in every point; write .* if"):
        figure("2 * extra", NAMES, "space.known.cost")
    with pytest.raises(InvalidSpace):
        figure("1 if extra > 2 else 0", NAMES, "space.known.cost")
    assert value("extra if kind == 'b' else 0", kind="b", extra=4.0) == 4.0


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("x + 2*y <= 1", [{"x": 1.0, "y": 2.0, "": -1.0}]),
        ("3 >= -(x - y)/2", [{"x": -0.5, "y": 0.5, "": -3.0}]),
        ("0 < x < y", [{"": 0.0, "x": -1.0}, {"x": 1.0, "y": -1.0}]),
        ("x <= 1 and y <= 2", [{"x": 1.0, "": -1.0}, {"y": 1.0, "": -2.0}]),
        ("x == y", [{"x": 1.0, "y": -1.0}, {"y": 1.0, "x": -1.0}]),
    ],
)
def test_linear_constraints_are_known_as_such(text: str, forms: list[dict[str, float]]) -> None:
    assert list(constraint(text, NAMES, "f").inequalities or ()) == forms


@pytest.mark.parametrize("text", ["x*y <= 1", "x <= 1 or y <= 1", "not x <= 1", "kind == 'a'"])
def test_others_are_not(text: str) -> None:
    assert constraint(text, NAMES, "f").inequalities is None


ALPHABET = ["x", "y", "kind", "'a'", "1", "2.5", "+", "-", "*", "/", "**", "(", ")", "<=", "=="]
ALPHABET += ["and", "or", "not", "if", "else", "min(", ",", "log(", " ", "[", "lambda", ".", "\\"]


@given(st.lists(st.sampled_from(ALPHABET), max_size=40).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = constraint(text, NAMES, "f")
    except InvalidSpace:
        return
    try:
        assert isinstance(read.holds(POINT), bool)
        assert math.isfinite(read.excess(POINT))
    except Undefined:
        pass
