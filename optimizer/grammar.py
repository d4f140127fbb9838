"""The grammar of expressions over parameters: what it allows.

Python's parser reads the text, so precedence is Python's; whatever is not listed here is refused.
Nothing of Python is ever executed: each part becomes a small function of its own.
"""

import ast
from collections.abc import Callable, Mapping
from typing import Any

from optimizer.conditions import same
from optimizer.space import Point
from optimizer.terms import (
    FUNCTIONS,
    NUMBER,
    OF_MANY,
    OPERATORS,
    ORDERS,
    TEXT,
    TRUTH,
    Inactive,
    Name,
    Refused,
    Term,
    all_of,
    any_of,
    combined,
    equal,
    finite,
    in_order,
    number,
    scaled,
    truth,
    typed,
)

MOST_DEPTH = 32
ALLOWED = (
    "not allowed; an expression has numbers, texts, names of parameters, + - * / **, "
    "parentheses, comparisons, and, or, not, `a if b else c`, and the functions "
    + ", ".join(FUNCTIONS)
)


class Reader:
    """Turns a parsed expression into terms.

    `unguarded` are the conditional parameters that are read outside of `if`, `and` and `or`.
    """

    def __init__(self, names: Mapping[str, Name]) -> None:
        self._names = names
        self._guards = 0
        self._depth = 0
        self.unguarded: list[str] = []
        self._readers: Mapping[type[ast.expr], Callable[[Any], Term]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._name,
            ast.BinOp: self._arithmetic,
            ast.UnaryOp: self._unary,
            ast.Call: self._call,
            ast.Compare: self._compare,
            ast.BoolOp: self._joined,
            ast.IfExp: self._either,
        }

    def read(self, node: ast.expr, wanted: str | None = None) -> Term:
        """The term of a node, of the wanted type if there is one.

        Raises:
            Refused: part of it is not allowed.
        """
        if type(node) not in self._readers:
            raise Refused(node, ALLOWED)
        if self._depth == MOST_DEPTH:
            raise Refused(node, f"need at most {MOST_DEPTH} levels of nesting")
        self._depth += 1
        term = self._readers[type(node)](node)
        self._depth -= 1
        return term if wanted is None else typed(term, wanted, node)

    def _guarded(self, node: ast.expr, wanted: str | None = None) -> Term:
        """The term of a node that is not always evaluated."""
        self._guards += 1
        term = self.read(node, wanted)
        self._guards -= 1
        return term

    def _constant(self, node: ast.Constant) -> Term:
        content = node.value
        if isinstance(content, bool):
            return truth(lambda point: content)
        if isinstance(content, str):
            return Term(frozenset({TEXT}), lambda point: content)
        if not isinstance(content, int | float):
            raise Refused(node, f"need a number or a text, got {content!r}")
        try:
            plain = finite(float(content))
        except OverflowError:
            raise Refused(node, "this number is too large") from None
        return number(lambda point: plain, {"": plain})

    def _name(self, node: ast.expr) -> Term:
        name = _dotted(node)
        if name not in self._names:
            known = ", ".join(self._names)
            raise Refused(node, f"there is no parameter {name!r}; the parameters are {known}")
        told = self._names[name]
        if told.conditional and not self._guards:
            self.unguarded.append(name)

        def value(point: Point) -> Any:
            if name not in point:
                raise Inactive(name)
            found = point[name]
            return found if isinstance(found, bool | str) else float(found)

        return Term(told.types, value, linear={name: 1.0} if told.types == {NUMBER} else None)

    def _arithmetic(self, node: ast.BinOp) -> Term:
        # Left to right in one go: a long sum is no deep one.
        spine, first = [node], node.left
        while isinstance(first, ast.BinOp):
            spine.append(first)
            first = first.left
        for each in spine:
            if type(each.op) not in OPERATORS:
                raise Refused(each, "need + - * / or ** between two numbers")
        begin = self.read(first, NUMBER)
        steps, linear = [], begin.linear
        for each in reversed(spine):
            right = self.read(each.right, NUMBER)
            steps.append((OPERATORS[type(each.op)], right.value))
            linear = combined(type(each.op), linear, right.linear)

        def value(point: Point) -> Any:
            total = begin.value(point)
            for function, operand in steps:
                total = function(total, operand(point))
            return total

        return number(value, linear)

    def _unary(self, node: ast.UnaryOp) -> Term:
        if isinstance(node.op, ast.Not):
            denied = self.read(node.operand, TRUTH).value
            return truth(lambda point: not denied(point))
        if not isinstance(node.op, ast.USub | ast.UAdd):
            raise Refused(node, "need - or not before a value")
        term = self.read(node.operand, NUMBER)
        if isinstance(node.op, ast.UAdd):
            return term
        return number(lambda point: -term.value(point), scaled(term.linear, -1.0))

    def _call(self, node: ast.Call) -> Term:
        name = _dotted(node.func)
        if name not in FUNCTIONS:
            raise Refused(node, f"need one of the functions {', '.join(FUNCTIONS)}, got {name!r}")
        if node.keywords:
            raise Refused(node, f"{name} takes values without names")
        given, many = len(node.args), name in OF_MANY
        if given < 2 if many else given != 1:
            need = "at least two values" if many else "one value"
            raise Refused(node, f"{name} takes {need}, got {given}")
        function, values = FUNCTIONS[name], [self.read(each, NUMBER).value for each in node.args]
        return number(lambda point: function(*[value(point) for value in values]))

    def _compare(self, node: ast.Compare) -> Term:
        nodes = [node.left, *node.comparators]
        terms = [self.read(each) for each in nodes]
        parts = []
        for at, op in enumerate(node.ops):
            if type(op) in ORDERS:
                left, right = (typed(terms[i], NUMBER, nodes[i]) for i in (at, at + 1))
                parts.append(in_order(type(op), left, right))
                continue
            if not isinstance(op, ast.Eq | ast.NotEq):
                raise Refused(nodes[at + 1], "need a comparison by < <= > >= == or !=")
            self._check_equals(nodes[at : at + 2], terms[at : at + 2])
            parts.append(equal(isinstance(op, ast.Eq), terms[at], terms[at + 1]))
        return all_of(parts)

    def _check_equals(self, nodes: list[ast.expr], terms: list[Term]) -> None:
        """Refuse to compare what can never be equal: a slip of the pen."""
        if not terms[0].types & terms[1].types:
            one, other = (" or ".join(sorted(term.types)) for term in terms)
            raise Refused(nodes[1], f"{one} never equals {other}")
        for one_node, other_node in (nodes, nodes[::-1]):
            told = self._names.get(_dotted(one_node))
            if told is None or not told.values or not isinstance(other_node, ast.Constant):
                continue
            if not any(same(value, other_node.value) for value in told.values):
                listed = ", ".join(map(repr, told.values))
                raise Refused(other_node, f"{_dotted(one_node)} is only ever one of {listed}")

    def _joined(self, node: ast.BoolOp) -> Term:
        first, *rest = node.values
        terms = [self.read(first, TRUTH), *(self._guarded(each, TRUTH) for each in rest)]
        return all_of(terms) if isinstance(node.op, ast.And) else any_of(terms)

    def _either(self, node: ast.IfExp) -> Term:
        test = self.read(node.test, TRUTH).value
        yes, no = self._guarded(node.body), self._guarded(node.orelse)

        def value(point: Point) -> Any:
            return yes.value(point) if test(point) else no.value(point)

        def excess(point: Point) -> Any:
            return yes.gap(point) if test(point) else no.gap(point)

        return Term(yes.types | no.types, value, excess)


def _dotted(node: ast.expr) -> str:
    """A name, also one with dots in it; empty for whatever else."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
