"""The parameters of a parameter space: real, integer and choice.

With `when`, a parameter is active only where parameters before it are, and have one of the values.
"""

import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from optimizer.conditions import Scalar, When, checked_when, same
from optimizer.errors import InvalidPoint, InvalidSpace, OptimizerError
from optimizer.space import Column


def is_number(value: object) -> bool:
    """Whether a JSON value is a finite number; true and false are none, nor is 10**400."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max


def is_whole(value: object) -> bool:
    """Whether a JSON value is a whole number; 3.0 is one, since JSON does not tell it from 3."""
    return is_number(value) and float(value) == int(value)  # type: ignore[arg-type, call-overload]


@dataclass(frozen=True, slots=True)
class Real:
    """A real parameter on a closed interval."""

    name: str
    low: float
    high: float
    log: bool = False
    when: When = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "when", checked_when(self.when))
        if not (is_number(self.low) and is_number(self.high) and self.low < self.high):
            raise InvalidSpace("low", f"need finite low < high, got [{self.low}, {self.high}]")
        if not math.isfinite(self.high - self.low):
            raise InvalidSpace(
                "low", f"need a finite distance to high, got [{self.low}, {self.high}]"
            )
        if self.log and self.low <= 0:
            raise InvalidSpace("low", f"a log scale needs low above 0, got {self.low}")

    @property
    def column(self) -> Column:
        """Its coordinate."""
        return Column(self.name, conditional=bool(self.when))

    @property
    def count(self) -> int | None:
        """How many values there are; None for infinitely many."""
        return None

    def check(self, value: object) -> None:
        """Raise InvalidPoint unless the value lies in the interval."""
        if not (is_number(value) and self.low <= value <= self.high):  # type: ignore[operator]
            raise InvalidPoint(
                self.name, f"need a number in [{self.low}, {self.high}], got {value!r}"
            )

    def canonical(self, value: Any) -> float:
        """The one form of equal values: 1, 1.0 and -0.0 are no three proposals."""
        return float(value) + 0.0

    def encode(self, value: Any) -> float:
        """The coordinate of a value, in [0, 1]."""
        low, high = self._ends()
        at = math.log(value) if self.log else float(value)
        return (at - low) / (high - low)

    def place(self, value: Any) -> float:
        """The coordinate that `decode` turns into the value."""
        return self.encode(value)

    def decode(self, coordinate: float) -> float:
        """The value at a coordinate; the ends belong to the interval."""
        low, high = self._ends()
        at = low + min(max(coordinate, 0.0), 1.0) * (high - low)
        return min(max(math.exp(at) if self.log else at, self.low), self.high)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `parameter_from_json`."""
        ends = {"low": self.low, "high": self.high, "log": self.log}
        return {"name": self.name, "kind": "real", **ends, **_told(self.when)}

    def _ends(self) -> tuple[float, float]:
        return (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole parameter, both ends included."""

    name: str
    low: int
    high: int
    log: bool = False
    when: When = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "when", checked_when(self.when))
        if not (is_whole(self.low) and is_whole(self.high) and self.low < self.high):
            raise InvalidSpace("low", f"need whole low < high, got [{self.low}, {self.high}]")
        if self.log and self.low < 1:
            raise InvalidSpace("low", f"a log scale needs low of at least 1, got {self.low}")
        object.__setattr__(self, "low", int(self.low))
        object.__setattr__(self, "high", int(self.high))

    @property
    def column(self) -> Column:
        """Its coordinate."""
        return Column(self.name, conditional=bool(self.when))

    @property
    def count(self) -> int | None:
        """How many values there are."""
        return self.high - self.low + 1

    def check(self, value: object) -> None:
        """Raise InvalidPoint unless the value is whole and within the ends."""
        if not (is_whole(value) and self.low <= value <= self.high):  # type: ignore[operator]
            raise InvalidPoint(
                self.name, f"need a whole number in [{self.low}, {self.high}], got {value!r}"
            )

    def canonical(self, value: Any) -> int:
        """The one form of equal values."""
        return int(value)

    def encode(self, value: Any) -> float:
        """The middle of the value's cell in [0, 1]: cells are equal, so a uniform draw is fair."""
        low, high = self._ends()
        return ((math.log(value) if self.log else float(value)) - low) / (high - low)

    def place(self, value: Any) -> float:
        """A coordinate that `decode` turns into the value."""
        return self.encode(value)

    def decode(self, coordinate: float) -> int:
        """The value in whose cell the coordinate lies."""
        low, high = self._ends()
        at = low + min(max(coordinate, 0.0), 1.0) * (high - low)
        return min(max(round(math.exp(at) if self.log else at), self.low), self.high)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `parameter_from_json`."""
        ends = {"low": self.low, "high": self.high, "log": self.log}
        return {"name": self.name, "kind": "integer", **ends, **_told(self.when)}

    def _ends(self) -> tuple[float, float]:
        low, high = self.low - 0.5, self.high + 0.5
        return (math.log(low), math.log(high)) if self.log else (low, high)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of at least two values; `ordered` if neighbours in the list are alike."""

    name: str
    values: tuple[Scalar, ...]
    ordered: bool = False
    when: When = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "when", checked_when(self.when))
        if not (isinstance(self.values, list | tuple) and len(self.values) >= 2):
            raise InvalidSpace("values", f"need a list of at least two, got {self.values!r}")
        for value in self.values:
            if not (isinstance(value, str | bool) or is_number(value)):
                raise InvalidSpace("values", f"need texts, numbers or booleans, got {value!r}")
        if len({json.dumps(self.canonical(value)) for value in self.values}) < len(self.values):
            raise InvalidSpace("values", f"need each value once, got {list(self.values)!r}")
        object.__setattr__(self, "values", tuple(self.values))

    @property
    def column(self) -> Column:
        """Its coordinate."""
        if self.ordered:
            return Column(self.name, conditional=bool(self.when))
        return Column(self.name, "category", len(self.values), conditional=bool(self.when))

    @property
    def count(self) -> int | None:
        """How many values there are."""
        return len(self.values)

    def check(self, value: object) -> None:
        """Raise InvalidPoint unless the value is one of the list; true is not 1."""
        if self._index(value) is None:
            need = json.dumps(list(self.values))
            raise InvalidPoint(self.name, f"need one of {need}, got {value!r}")

    def canonical(self, value: Any) -> Scalar:
        """The one form of equal values: 1.0 is 1, but true is not."""
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return value  # type: ignore[no-any-return]

    def encode(self, value: Any) -> float:
        """The index if unordered, else the middle of the value's cell in [0, 1]."""
        return self.place(value) if self.ordered else float(self._index(value) or 0)

    def place(self, value: Any) -> float:
        """A coordinate that `decode` turns into the value: the middle of its cell."""
        return ((self._index(value) or 0) + 0.5) / len(self.values)

    def decode(self, coordinate: float) -> Scalar:
        """The value in whose cell of [0, 1] the coordinate lies, ordered or not."""
        index = int(min(max(coordinate, 0.0), 1.0) * len(self.values))
        return self.values[min(index, len(self.values) - 1)]

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `parameter_from_json`."""
        listed = {"values": list(self.values), "ordered": self.ordered}
        return {"name": self.name, "kind": "choice", **listed, **_told(self.when)}

    def _index(self, value: object) -> int | None:
        return next((index for index, own in enumerate(self.values) if same(own, value)), None)


def _told(when: When) -> dict[str, Any]:
    """A condition as JSON; nothing without one, as in definitions that know of none."""
    return {"when": {name: list(values) for name, values in when.items()}} if when else {}


Parameter = Real | Integer | Choice
_KINDS: Mapping[str, tuple[type[Parameter], frozenset[str], frozenset[str]]] = {
    "real": (Real, frozenset({"low", "high"}), frozenset({"log"})),
    "integer": (Integer, frozenset({"low", "high"}), frozenset({"log"})),
    "choice": (Choice, frozenset({"values"}), frozenset({"ordered"})),
}


def check_condition(parameter: Parameter, earlier: Sequence[Parameter], path: str) -> None:
    """Refuse a condition that names anything but values of choices and integers before it.

    Raises:
        InvalidSpace: with the field `PATH.when.NAME`.
    """
    before = {p.name: p for p in earlier}
    for name, values in parameter.when.items():
        named = before.get(name)
        if named is None or isinstance(named, Real):
            what = "is not listed before it" if named is None else "is real"
            raise InvalidSpace(
                f"{path}.when.{name}",
                f"need a choice or an integer listed before it; {name} {what}",
            )
        for value in values:
            try:
                named.check(value)
            except InvalidPoint as error:
                raise InvalidSpace(f"{path}.when.{name}", _without_field(error)) from None


def _without_field(error: OptimizerError) -> str:
    return str(error).removeprefix(f"{error.field}: ")


def parameter_from_json(data: object, path: str) -> Parameter:
    """Build one parameter; errors carry the path of the field."""
    if not isinstance(data, Mapping):
        raise InvalidSpace(path, f"need an object, got {data!r}")
    kind = data.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise InvalidSpace(f"{path}.kind", f"need one of {', '.join(_KINDS)}, got {kind!r}")
    name = data.get("name")
    if not (isinstance(name, str) and 0 < len(name) <= 64):
        raise InvalidSpace(f"{path}.name", f"need a text of 1 to 64 characters, got {name!r}")
    fields = {key: value for key, value in data.items() if key not in ("name", "kind", "when")}
    _check_names(kind, fields, path)
    try:
        return _KINDS[kind][0](name, **fields, when=data.get("when", {}))
    except InvalidSpace as error:
        raise InvalidSpace(f"{path}.{error.field}", _without_field(error)) from None


def _check_names(kind: str, fields: Mapping[str, Any], path: str) -> None:
    """Refuse what is missing, unknown or no flag where one is needed."""
    _, needed, optional = _KINDS[kind]
    for key in sorted(needed - fields.keys()):
        raise InvalidSpace(f"{path}.{key}", f"a {kind} parameter needs it")
    for key, value in fields.items():
        if key not in needed | optional:
            known = ", ".join(sorted(needed | optional | {"when"}))
            raise InvalidSpace(f"{path}.{key}", f"unknown; a {kind} parameter has {known}")
        if key in optional and not isinstance(value, bool):
            raise InvalidSpace(f"{path}.{key}", f"need true or false, got {value!r}")
