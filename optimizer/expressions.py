"""Constraints and objectives that users write as arithmetic over the parameters.

    x + 2*y <= 1
    kind == "a" or 0.5 <= rate < depth / 8
    3 * layers * width**2 if kind == "dense" else 9 * width

A checked grammar with Python's precedence (`optimizer/grammar.py`); never `eval`. All arithmetic is
that of floats.
"""

import ast
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from optimizer.errors import InvalidSpace
from optimizer.grammar import Reader
from optimizer.space import Point
from optimizer.terms import NUMBER, TRUTH, Inactive, Linear, Name, Refused, Term

MOST_CHARACTERS = 1_000
MOST_BRACKETS = 64
SHOWN_CHARACTERS = 40


class Undefined(Exception):
    """An expression has no value at a point: a division by zero, an overflow, a root below 0."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression, read once; `text` is what the user wrote.

    Every method raises `Inactive` where the expression reads a parameter that the point does not
    have, and `Undefined` where it has no finite value.
    """

    text: str
    term: Term

    @property
    def inequalities(self) -> tuple[Linear, ...] | None:
        """Linear forms that are all at most 0 exactly where it holds; None if there are none."""
        return self.term.inequalities

    @property
    def linear(self) -> Linear | None:
        """The linear form that it is as a number; None if it is none."""
        return self.term.linear

    def number(self, point: Point) -> float:
        """Its value, which is finite."""
        return evaluated(self.term.value, point)

    def holds(self, point: Point) -> bool:
        """Whether it is true."""
        return bool(evaluated(self.term.value, point))

    def excess(self, point: Point) -> float:
        """By how much it does not hold; 0 exactly if it holds."""
        return evaluated(self.term.gap, point)


def constraint(text: object, names: Mapping[str, Name], field: str) -> Expression:
    """Read an expression that is true or false.

    Raises:
        InvalidSpace: with this field, the place in the text and what is wrong there.
    """
    read, _ = _read(text, names, TRUTH, field)
    return read


def figure(text: object, names: Mapping[str, Name], field: str) -> Expression:
    """Read an expression that is a number for every point.

    Raises:
        InvalidSpace: as `constraint`, or a parameter with a condition is read without an `if`.
    """
    read, unguarded = _read(text, names, NUMBER, field)
    if unguarded:
        raise InvalidSpace(
            field,
            f"in {text!r}: {unguarded[0]} is not active in every point; write `... if ... else ...`"
            " around it",
        )
    return read


def evaluated(function: Callable[[Point], float], point: Point) -> float:
    """The finite value of a function at a point.

    Raises:
        Undefined: there is none.
        Inactive: the function reads what the point does not have.
    """
    try:
        value = function(point)
    except (ArithmeticError, ValueError) as error:
        raise Undefined(str(error)) from None
    if not math.isfinite(value):
        raise Undefined(f"the value is {value}")
    return value


def _read(
    text: object, names: Mapping[str, Name], wanted: str, field: str
) -> tuple[Expression, list[str]]:
    """An expression of the wanted type, and the conditional parameters it always reads."""
    if not isinstance(text, str) or not text.strip():
        raise InvalidSpace(field, f"need a text such as 'x + 2*y <= 1', got {text!r}")
    if len(text) > MOST_CHARACTERS:
        raise InvalidSpace(field, f"need at most {MOST_CHARACTERS} characters, got {len(text)}")
    if sum(text.count(bracket) for bracket in "([{") > MOST_BRACKETS:
        raise InvalidSpace(field, f"need at most {MOST_BRACKETS} pairs of brackets")
    reader, line = Reader(names), " ".join(text.splitlines())
    begin = len(line) - len(line.lstrip())
    try:
        node = ast.parse(line[begin:], mode="eval").body
        return Expression(text, reader.read(node, wanted)), reader.unguarded
    except SyntaxError as error:
        at, message = begin + (error.offset or 1), error.msg
    except Refused as error:
        at = begin + len(line[begin:].encode()[: error.node.col_offset].decode()) + 1
        message = str(error)
    except (ValueError, RecursionError, MemoryError) as error:  # NUL; a thousand signs in a row
        at, message = 1, str(error) or "nested too deeply"
    raise InvalidSpace(field, f"at character {at} of {_around(line, at)!r}: {message}")


def _around(text: str, at: int) -> str:
    """The part of a text around a character."""
    first, last = max(at - SHOWN_CHARACTERS, 0), at + SHOWN_CHARACTERS
    return f"{'...' * (first > 0)}{text[first:last]}{'...' * (last < len(text))}"


__all__ = ["Expression", "Inactive", "Undefined", "constraint", "evaluated", "figure"]
