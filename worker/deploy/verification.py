"""What was checked of a deployed network, level by level: a record that is kept and shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from worker.deploy.errors import InvalidVerification

VERSION = 1
State = Literal["passed", "failed", "not verified"]
PASSED: State = "passed"
FAILED: State = "failed"
NOT_VERIFIED: State = "not verified"
STATES = get_args(State)
NONE = "none"
# Formulas; runs on this machine; linked for the device; run under QEMU.
NAMES = ("L0", "L1", "L2", "L3")


@dataclass(frozen=True, slots=True)
class Level:
    """One level.

    Args:
        name: one of `NAMES`.
        state: how it ended. What cannot be checked here is "not verified", never guessed.
        reason: why it did not pass, with what to do about it; empty if it passed.
        figures: whole numbers, units in their names: of L0 by formula, of the others measured.
        tools: what checked it, and the version of each.
    """

    name: str
    state: State
    reason: str = ""
    figures: Mapping[str, int] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise InvalidVerification("name", f"need one of {', '.join(NAMES)}, got {self.name!r}.")
        if self.state not in STATES:
            need = f"need one of {', '.join(STATES)}, got {self.state!r}."
            raise InvalidVerification(f"{self.name}.state", need)
        if type(self.reason) is not str or (self.state == PASSED) is bool(self.reason):
            need = "need a reason, of a level that did not pass and of no other"
            raise InvalidVerification(f"{self.name}.reason", f"{need}, got {self.reason!r}.")
        for part, kind in (("figures", int), ("tools", str)):
            found = getattr(self, part)
            if not isinstance(found, Mapping):
                need = f"need an object, got {type(found).__name__}."
                raise InvalidVerification(f"{self.name}.{part}", need)
            for name, value in found.items():
                if type(name) is not str or type(value) is not kind:
                    need = f"need {kind.__name__}, got {value!r}."
                    raise InvalidVerification(f"{self.name}.{part}.{name}", need)
            object.__setattr__(self, part, MappingProxyType(dict(found)))

    def to_json(self) -> dict[str, Any]:
        """The level as `of_json` reads it."""
        told: dict[str, Any] = {"name": self.name, "state": self.state, "reason": self.reason}
        return told | {"figures": dict(self.figures), "tools": dict(self.tools)}

    @classmethod
    def of_json(cls, value: Any) -> "Level":
        """The level that `value` describes; missing and unknown fields raise."""
        return cls(**_fields("level", value, tuple(cls.__slots__)))


@dataclass(frozen=True, slots=True)
class Verification:
    """All levels of one network for one device.

    Args:
        device: its name.
        inputs: on how many inputs answers were compared.
        levels: one for each of `NAMES`, in order.
    """

    device: str
    inputs: int
    levels: tuple[Level, ...]

    def __post_init__(self) -> None:
        if type(self.device) is not str or not self.device:
            raise InvalidVerification("device", f"need its name, got {self.device!r}.")
        if type(self.inputs) is not int or self.inputs < 0:
            raise InvalidVerification("inputs", f"need an integer >= 0, got {self.inputs!r}.")
        found = tuple(level.name for level in self.levels)
        if found != NAMES:
            need = f"need {', '.join(NAMES)}, got {', '.join(found) or 'none'}."
            raise InvalidVerification("levels", need)

    @property
    def failed(self) -> Level | None:
        """The level that failed, if one did."""
        return next((level for level in self.levels if level.state == FAILED), None)

    @property
    def verdict(self) -> str:
        """In one word: `failed`, or the last level up to which all passed; `none` if not even L0.

        A level that passed above one that could not be checked does not count.
        """
        if self.failed is not None:
            return "failed"
        reached = NONE
        for level in self.levels:
            if level.state != PASSED:
                break
            reached = level.name
        return reached

    def to_json(self) -> dict[str, Any]:
        """The record as `of_json` reads it."""
        levels = [level.to_json() for level in self.levels]
        told = {"version": VERSION, "device": self.device, "inputs": self.inputs}
        return told | {"levels": levels}

    @classmethod
    def of_json(cls, value: Any) -> "Verification":
        """The record that `value` describes; whatever does not belong there raises."""
        found = _fields("verification", value, ("version", "device", "inputs", "levels"))
        version, levels = found.pop("version"), found.pop("levels")
        if type(version) is not int or version != VERSION:
            raise InvalidVerification("version", f"need {VERSION}, got {version!r}.")
        if not isinstance(levels, list):
            raise InvalidVerification("levels", f"need a list, got {type(levels).__name__}.")
        return cls(levels=tuple(map(Level.of_json, levels)), **found)


def _fields(what: str, value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(value, dict) or value.keys() != set(names):
        raise InvalidVerification(what, f"need an object of {', '.join(names)}, got {value!r}.")
    return dict(value)
