"""Search spaces as the server reads them: parameters of a black box, or networks.

They are builders of wire JSON and no more: the server knows the rules, checks them in one place and
names the field that breaks one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

# Values by the name of a parameter that must have one of them.
When = Mapping[str, Sequence[Any]]


class Space(Protocol):
    """Anything that can be sent as a study's space."""

    def to_json(self) -> dict[str, Any]:
        """The wire form."""


@dataclass(frozen=True, slots=True)
class Real:
    """A real parameter on the closed interval from `low` to `high`."""

    name: str
    low: float
    high: float
    log: bool = False
    when: When | None = None

    def to_json(self) -> dict[str, Any]:
        """The wire form."""
        ends = {"name": self.name, "kind": "real", "low": self.low, "high": self.high}
        return ends | ({"log": True} if self.log else {}) | _condition(self.when)


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from `low` to `high`, both included."""

    name: str
    low: int
    high: int
    log: bool = False
    when: When | None = None

    def to_json(self) -> dict[str, Any]:
        """The wire form."""
        ends = {"name": self.name, "kind": "integer", "low": self.low, "high": self.high}
        return ends | ({"log": True} if self.log else {}) | _condition(self.when)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values; `ordered` when neighbours in the list are alike."""

    name: str
    values: tuple[Any, ...] | list[Any]
    ordered: bool = False
    when: When | None = None

    def to_json(self) -> dict[str, Any]:
        """The wire form."""
        listed = {"name": self.name, "kind": "choice", "values": list(self.values)}
        return listed | ({"ordered": True} if self.ordered else {}) | _condition(self.when)


Parameter = Real | Integer | Choice


def _condition(when: When | None) -> dict[str, Any]:
    return {"when": {name: list(values) for name, values in when.items()}} if when else {}


@dataclass(frozen=True, slots=True, init=False)
class Parameters:
    """The parameters of a black box: `Parameters(Real("x", 0, 1), Choice("kind", ["a", "b"]))`.

    A parameter with `when={"kind": ["b"]}` has a value only where `kind`, listed before it, is
    "b". Points keep all `constraints`, such as `x + 2*y <= 1`: no other is ever proposed.
    """

    parameters: tuple[Parameter, ...]
    constraints: tuple[str, ...]

    def __init__(self, *parameters: Parameter, constraints: Sequence[str] = ()) -> None:
        object.__setattr__(self, "parameters", parameters)
        object.__setattr__(self, "constraints", tuple(constraints))

    def to_json(self) -> dict[str, Any]:
        """The wire form."""
        listed = [parameter.to_json() for parameter in self.parameters]
        kept = {"constraints": list(self.constraints)} if self.constraints else {}
        return {"kind": "parameters", "parameters": listed, **kept}


@dataclass(frozen=True, slots=True, init=False)
class Cnn:
    """Small convolutional networks; every range of a preset can be overridden.

    `Cnn()` searches the whole space `tiny`; `Cnn(filters=[4, 32], max_macs=500_000)` a part of it;
    `Cnn(pruning_scopes=["none"])` without pruning. The presets `sparse` and `munas` have the ranges
    that two papers searched.
    """

    preset: str
    ranges: Mapping[str, Any]

    def __init__(self, preset: str = "tiny", **ranges: Any) -> None:
        object.__setattr__(self, "preset", preset)
        object.__setattr__(self, "ranges", dict(ranges))

    def to_json(self) -> dict[str, Any]:
        """The wire form."""
        return {"kind": self.preset, **self.ranges}
