"""What is known of the points of a parameter space: figures, and constraints that they keep."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from optimizer.errors import InvalidPoint, InvalidSpace
from optimizer.expressions import Inactive, Undefined, constraint, evaluated, figure
from optimizer.parameters import Choice, Parameter
from optimizer.space import Point
from optimizer.terms import NUMBER, Linear, Name, type_of

# A user's rule: an expression, or in process a function of the point's values by name.
Constraint = str | Callable[[Point], bool]
Figure = str | Callable[[Point], float]

MOST_CONSTRAINTS, MOST_FIGURES = 64, 6
FIGURE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_:.@-]{0,63}")
# Stands for "very far from holding" where an expression has no value at all.
HOPELESS = 1e300


class Rule(Protocol):
    """An expression, or a function in its place."""

    @property
    def text(self) -> str:
        """What people call it."""

    @property
    def inequalities(self) -> tuple[Linear, ...] | None:
        """As those of an expression."""

    @property
    def linear(self) -> Linear | None:
        """As that of an expression."""

    def number(self, point: Point) -> float:
        """The value of a figure."""

    def holds(self, point: Point) -> bool:
        """Whether a constraint is kept."""

    def excess(self, point: Point) -> float:
        """By how much a constraint is broken."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a known figure may be at most; with a sign of -1, what it must be at least."""

    name: str
    value: float
    sign: float = 1.0

    def keeps(self, figure: float) -> bool:
        """Whether a figure is within the limit."""
        return self.sign * figure <= self.sign * self.value

    def excess(self, figure: float) -> float:
        """By how much a figure is beyond the limit; 0 if it keeps it."""
        return max(self.sign * (figure - self.value), 0.0)

    def inequality(self, figure: Linear) -> Linear:
        """The linear form that is at most 0 where a linear figure keeps the limit."""
        form = {name: self.sign * slope for name, slope in figure.items()}
        return {**form, "": form.get("", 0.0) - self.sign * self.value}

    def __str__(self) -> str:
        return f"{self.name} {'<=' if self.sign > 0 else '>='} {self.value:g}"


@dataclass(frozen=True, slots=True)
class _Function:
    """A user's function; a parameter that it reads and the point lacks is an inactive one."""

    function: Callable[[Point], Any]
    names: frozenset[str]

    @property
    def text(self) -> str:
        return getattr(self.function, "__name__", "a function")

    @property
    def inequalities(self) -> None:
        return None

    @property
    def linear(self) -> None:
        return None

    def number(self, point: Point) -> float:
        return evaluated(self._value, point)

    def holds(self, point: Point) -> bool:
        return bool(evaluated(self._value, point))

    def excess(self, point: Point) -> float:
        return 0.0 if self.holds(point) else 1.0

    def _value(self, point: Point) -> float:
        try:
            return float(self.function(dict(point)))
        except KeyError as error:
            if error.args and error.args[0] in self.names and error.args[0] not in point:
                raise Inactive(error.args[0]) from None
            raise


class Rules:
    """The constraints and the known figures of a space, ready to be asked.

    A constraint that reads an inactive parameter is kept. One without a finite value (a division
    by zero, an overflow) is broken, and so is a point at which a known figure has none.
    """

    def __init__(
        self,
        parameters: Sequence[Parameter],
        constraints: Sequence[Constraint],
        known: Mapping[str, Figure],
        limits: Sequence[Limit],
    ) -> None:
        """Read the rules.

        Args:
            parameters: what they may read.
            constraints: what every point keeps.
            known: figures by name.
            limits: what known figures must keep.

        Raises:
            InvalidSpace: one cannot be read; with the path of its field.
        """
        names = {p.name: _name(p) for p in parameters}
        owned = frozenset(names)
        _check_numbers(constraints, known)
        self.constraints: tuple[Rule, ...] = tuple(
            _Function(rule, owned)
            if callable(rule)
            else constraint(rule, names, f"space.constraints.{number}")
            for number, rule in enumerate(constraints)
        )
        self.known: Mapping[str, Rule] = {
            name: _Function(rule, owned)
            if callable(rule)
            else figure(rule, names, f"space.known.{name}")
            for name, rule in known.items()
        }
        self._limits = limits

    @property
    def inequalities(self) -> list[Linear]:
        """The linear forms that are at most 0 in every point, as far as there are such."""
        forms = [each for rule in self.constraints for each in rule.inequalities or ()]
        figures = [(limit, self.known[limit.name].linear) for limit in self._limits]
        forms += [limit.inequality(linear) for limit, linear in figures if linear is not None]
        return [each for each in forms if set(each) - {""}]

    def figures(self, point: Point) -> dict[str, float]:
        """The known figures of a point.

        Raises:
            InvalidPoint: one has no value there.
        """
        found = {}
        for name, rule in self.known.items():
            try:
                found[name] = rule.number(point)
            except (Undefined, Inactive) as error:
                raise InvalidPoint(name, f"has no value at this point: {error}") from None
        return found

    def check(self, point: Point) -> None:
        """Raise InvalidPoint, naming the rule, unless every constraint is kept.

        Limits are not judged: who knows a result may tell it.
        """
        for number, rule in enumerate(self.constraints):
            try:
                kept, why = rule.holds(point), ""
            except Inactive:
                continue
            except Undefined as error:
                kept, why = False, f", which has no value there: {error}"
            if not kept:
                raise InvalidPoint(f"constraints.{number}", f"breaks {rule.text!r}{why}")
        self.figures(point)

    def allows(self, point: Point) -> bool:
        """Whether a point keeps every constraint and every limit."""
        if not self.constraints and not self.known:
            return True
        try:
            self.check(point)
        except InvalidPoint:
            return False
        return self.broken(point) is None

    def broken(self, point: Point) -> Limit | None:
        """The first limit that a point breaks, if there is one; its figures have values."""
        found = self.figures(point) if self._limits else {}
        return next((limit for limit in self._limits if not limit.keeps(found[limit.name])), None)

    def excess(self, point: Point) -> float:
        """By how much the point breaks constraints and limits in all; 0 if it keeps them."""
        try:
            found = self.figures(point)
        except InvalidPoint:
            return HOPELESS
        total = sum(limit.excess(found[limit.name]) for limit in self._limits)
        for rule in self.constraints:
            try:
                total += rule.excess(point)
            except Inactive:
                continue
            except Undefined:
                return HOPELESS
        return total


def to_json(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Constraints and figures as plain JSON; the names are the fields, empty ones are left out.

    Raises:
        InvalidSpace: one is a function.
    """
    told = {}
    for field, listed in rules.items():
        pairs = listed.items() if isinstance(listed, Mapping) else enumerate(listed)
        for name, rule in pairs:
            if callable(rule):
                raise InvalidSpace(
                    f"space.{field}.{name}",
                    "a function cannot be written as JSON; write an expression, or ask a designer "
                    "in this process",
                )
        if listed:
            told[field] = dict(listed) if isinstance(listed, Mapping) else list(listed)
    return told


def _name(parameter: Parameter) -> Name:
    if not isinstance(parameter, Choice):
        return Name(frozenset({NUMBER}), conditional=bool(parameter.when))
    types = frozenset(map(type_of, parameter.values))
    return Name(types, parameter.values, bool(parameter.when))


def _check_numbers(constraints: Sequence[Constraint], known: Mapping[str, Figure]) -> None:
    if len(constraints) > MOST_CONSTRAINTS:
        raise InvalidSpace(
            "space.constraints", f"need at most {MOST_CONSTRAINTS}, got {len(constraints)}"
        )
    if len(known) > MOST_FIGURES:
        raise InvalidSpace("space.known", f"need at most {MOST_FIGURES}, got {len(known)}")
    for name in known:
        if not isinstance(name, str) or FIGURE_NAME.fullmatch(name) is None:
            raise InvalidSpace(
                "space.known", f"need names of up to 64 letters, digits and _:.@-, got {name!r}"
            )
