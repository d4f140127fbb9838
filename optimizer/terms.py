"""The parts that expressions are made of, each a small function of a point."""

import ast
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optimizer.conditions import Scalar
from optimizer.space import Point

NUMBER, TEXT, TRUTH = "a number", "a text", "true or false"
# What a strict comparison misses by where both sides are equal.
TINY = 1e-9
# Coefficients by name of parameter; under the empty name the constant.
Linear = Mapping[str, float]
Evaluate = Callable[[Point], Any]


class Refused(Exception):
    """Part of an expression that is not allowed; `node` says where it stands."""

    def __init__(self, node: ast.expr, message: str) -> None:
        super().__init__(message)
        self.node = node


class Inactive(Exception):
    """An expression reads a parameter that the point does not have."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is inactive there")


# What a part may raise where it has no value.
NO_VALUE = (Inactive, ArithmeticError, ValueError)


@dataclass(frozen=True, slots=True)
class Name:
    """What an expression must know of a parameter; `values` are those of a choice."""

    types: frozenset[str]
    values: tuple[Scalar, ...] = ()
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A part of an expression.

    `types` are those that its value may have. `excess` says by how much a truth does not hold: 0
    exactly if it holds. `linear` is what a number is, `inequalities` what a truth is (each at most
    0, all of them), where that is possible.
    """

    types: frozenset[str]
    value: Evaluate
    excess: Evaluate | None = None
    linear: Linear | None = None
    inequalities: tuple[Linear, ...] | None = None

    @property
    def gap(self) -> Evaluate:
        """The excess; of a truth that knows only yes and no, 0 or 1."""
        return self.excess or (lambda point: 0.0 if self.value(point) else 1.0)


def number(value: Evaluate, linear: Linear | None = None) -> Term:
    """A term that is a number."""
    return Term(frozenset({NUMBER}), value, linear=linear)


def truth(
    value: Evaluate,
    excess: Evaluate | None = None,
    inequalities: tuple[Linear, ...] | None = None,
) -> Term:
    """A term that is true or false."""
    return Term(frozenset({TRUTH}), value, excess, inequalities=inequalities)


def typed(term: Term, wanted: str, node: ast.expr) -> Term:
    """The term as one of the wanted type, checked when evaluated where it may be of another."""
    if wanted not in term.types:
        raise Refused(node, f"need {wanted} here, got {' or '.join(sorted(term.types))}")
    if term.types == {wanted}:
        return term

    def checked(point: Point) -> Any:
        found = term.value(point)
        if type_of(found) != wanted:
            raise ValueError(f"needs {wanted}, got {found!r}")
        return found

    return Term(frozenset({wanted}), checked)


def type_of(value: object) -> str:
    """The type of a value, as expressions tell them apart."""
    if isinstance(value, bool):
        return TRUTH
    return TEXT if isinstance(value, str) else NUMBER


def finite(value: float) -> float:
    """The value, unless it left the range of numbers."""
    if not math.isfinite(value):
        raise OverflowError("a value is too large")
    return value


def _log(value: float) -> float:
    if value <= 0:
        raise ValueError(f"log needs a value above 0, got {value:g}")
    return math.log(value)


def _sqrt(value: float) -> float:
    if value < 0:
        raise ValueError(f"sqrt needs a value of at least 0, got {value:g}")
    return math.sqrt(value)


OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: finite(a + b),
    ast.Sub: lambda a, b: finite(a - b),
    ast.Mult: lambda a, b: finite(a * b),
    ast.Div: lambda a, b: finite(a / b),
    # Of floats: the largest power ends in an overflow at once, and a root is never complex.
    ast.Pow: math.pow,
}
FUNCTIONS: Mapping[str, Callable[..., float]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "sqrt": _sqrt,
    "exp": math.exp,
    "log": _log,
    "floor": lambda value: float(math.floor(value)),
    "ceil": lambda value: float(math.ceil(value)),
}
OF_MANY = frozenset({"min", "max"})
ORDERS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def in_order(kind: type[ast.cmpop], left: Term, right: Term) -> Term:
    """`left < right`, or `<=`, `>`, `>=` between two numbers."""
    holds, a, b = ORDERS[kind], left.value, right.value
    low, high = (left, right) if kind in (ast.Lt, ast.LtE) else (right, left)
    difference = combined(ast.Sub, low.linear, high.linear)

    def excess(point: Point) -> float:
        x, y = a(point), b(point)
        return 0.0 if holds(x, y) else max(abs(x - y), TINY)

    return truth(
        lambda point: holds(a(point), b(point)),
        excess,
        None if difference is None else (difference,),
    )


def equal(wanted: bool, left: Term, right: Term) -> Term:
    """`left == right`, or if it is not wanted `left != right`."""
    a, b = left.value, right.value

    def value(point: Point) -> bool:
        x, y = a(point), b(point)
        return (type_of(x) == type_of(y) and x == y) is wanted

    if not wanted or not left.types == right.types == {NUMBER}:
        return truth(value)
    down = combined(ast.Sub, left.linear, right.linear)
    up = combined(ast.Sub, right.linear, left.linear)
    both = None if down is None or up is None else (down, up)
    return truth(value, lambda point: abs(a(point) - b(point)), both)


def all_of(terms: Sequence[Term]) -> Term:
    """Terms joined by `and`."""
    if len(terms) == 1:
        return terms[0]
    values, gaps = [t.value for t in terms], [t.gap for t in terms]

    def excess(point: Point) -> float:
        total = 0.0
        for gap in gaps:
            try:
                total += gap(point)
            except NO_VALUE:
                if total == 0.0:
                    raise
                break  # what does not hold guards what comes after it
        return total

    parts = [t.inequalities for t in terms]
    linear = [each for part in parts if part is not None for each in part]
    return truth(
        lambda point: all(value(point) for value in values),
        excess,
        None if None in parts else tuple(linear),
    )


def any_of(terms: Sequence[Term]) -> Term:
    """Terms joined by `or`."""
    values, gaps = [t.value for t in terms], [t.gap for t in terms]

    def excess(point: Point) -> float:
        least = math.inf
        for gap in gaps:
            least = min(least, gap(point))
            if least == 0.0:
                break
        return least

    return truth(lambda point: any(value(point) for value in values), excess)


def combined(kind: type[ast.operator], a: Linear | None, b: Linear | None) -> Linear | None:
    """The linear form of an operation on two; None where it is not linear."""
    if a is None or b is None:
        return None
    if kind in (ast.Add, ast.Sub):
        sign = 1.0 if kind is ast.Add else -1.0
        return {name: a.get(name, 0.0) + sign * b.get(name, 0.0) for name in {**a, **b}}
    if kind is ast.Mult and set(a) <= {""}:
        return scaled(b, a.get("", 0.0))
    if kind is ast.Mult and set(b) <= {""}:
        return scaled(a, b.get("", 0.0))
    if kind is ast.Div and set(b) <= {""} and b.get("", 0.0) != 0.0:
        return scaled(a, 1.0 / b[""])
    return None


def scaled(a: Linear | None, factor: float) -> Linear | None:
    """A linear form times a number."""
    return None if a is None else {name: factor * value for name, value in a.items()}
