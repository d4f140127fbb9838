"""Search spaces as the server reads them: parameters of a black box, or networks.

They are builders of wire JSON and no more: the server knows the rules, checks them in one place and
names the field that breaks one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


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

    def to_json(self) -> dict[str, Any]:
        """The wire form."""
        return {"name": self.name, "kind": "real", "low": self.low, "high": self.high} | (
            {"log": True} if self.log else {}
        )


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from `low` to `high`, both included."""

    name: str
    low: int
    high: int
    log: bool = False

    def to_json(self) -> dict[str, Any]:
        """The wire form."""
        return {"name": self.name, "kind": "integer", "low": self.low, "high": self.high} | (
            {"log": True} if self.log else {}
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values; `ordered` when neighbours in the list are alike."""

    name: str
    values: tuple[Any, ...] | list[Any]
    ordered: bool = False

    def to_json(self) -> dict[str, Any]:
        """The wire form."""
        return {"name": self.name, "kind": "choice", "values": list(self.values)} | (
            {"ordered": True} if self.ordered else {}
        )


Parameter = Real | Integer | Choice


@dataclass(frozen=True, slots=True, init=False)
class Parameters:
    """The parameters of a black box: `Parameters(Real("x", 0, 1), Choice("kind", ["a", "b"]))`."""

    parameters: tuple[Parameter, ...]

    def __init__(self, *parameters: Parameter) -> None:
        object.__setattr__(self, "parameters", parameters)

    def to_json(self) -> dict[str, Any]:
        """The wire form."""
        return {
            "kind": "parameters",
            "parameters": [parameter.to_json() for parameter in self.parameters],
        }


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
