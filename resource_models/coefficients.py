"""What latency and energy are estimated from: a line per family of networks, and a power."""

import math
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any, ClassVar, Literal, get_args

from resource_models.errors import InvalidDevice

Family = Literal["separable", "bottleneck"]
AT_LEAST_0 = "a number >= 0"


@dataclass(frozen=True, slots=True)
class LatencyLine:
    """Latency of one family of networks on one device; 1 MAC is 2 operations.

    `from_mops` is the smallest network that was measured. Below it the offset has no support (on
    the F746ZG a network of 0.52 million operations took 3 ms, the line says 38), so there latency
    is taken as proportional to operations.
    """

    place: ClassVar[str] = "latency"

    family: Family
    ms_per_mops: float
    offset_ms: float
    source: str
    from_mops: float = 0.0
    networks: int | None = None
    r2: float | None = None
    error: float | None = None

    def __post_init__(self) -> None:
        _check(self, "family", self.family in get_args(Family), " or ".join(get_args(Family)))
        _check(self, "ms_per_mops", is_above(self.ms_per_mops, 0), "a number > 0")
        _check(self, "from_mops", is_number(self.from_mops) and self.from_mops >= 0, AT_LEAST_0)
        _check(self, "offset_ms", is_number(self.offset_ms), "a number")
        least_ms = self.ms_per_mops * self.from_mops + self.offset_ms
        # Nothing runs in no time, whatever a line says near its end.
        _check(self, "offset_ms", least_ms >= 0, "a smallest network that takes no time below 0")
        _check(self, "r2", self.r2 is None or (is_number(self.r2) and 0 <= self.r2 <= 1), "0 to 1")
        _check_source(self)

    def latency_ms(self, macs: int) -> float:
        """The latency of a network with so many multiply-accumulates."""
        mops = 2e-6 * macs
        if mops >= self.from_mops:
            return self.ms_per_mops * mops + self.offset_ms
        return (self.ms_per_mops + self.offset_ms / self.from_mops) * mops

    def to_json(self) -> dict[str, Any]:
        """The fields that say something."""
        return _told(self)

    @classmethod
    def from_json(cls, value: Any) -> "LatencyLine":
        """The line that `value` describes; missing and unknown fields raise."""
        return cls(**_fields(cls, value))


@dataclass(frozen=True, slots=True)
class Power:
    """What a board draws while a network runs; `error` is the spread over networks, as a share."""

    place: ClassVar[str] = "power"

    power_mw: float
    source: str
    networks: int | None = None
    error: float | None = None

    def __post_init__(self) -> None:
        _check(self, "power_mw", is_above(self.power_mw, 0), "a number > 0")
        _check_source(self)

    def energy_mj(self, latency_ms: float) -> float:
        """The energy of an inference that takes so long."""
        return self.power_mw * latency_ms / 1000

    def to_json(self) -> dict[str, Any]:
        """The fields that say something."""
        return _told(self)

    @classmethod
    def from_json(cls, value: Any) -> "Power":
        """The power that `value` describes; missing and unknown fields raise."""
        return cls(**_fields(cls, value))


def is_number(value: Any) -> bool:
    """A finite number; `True` is none."""
    return type(value) in (int, float) and math.isfinite(value)


def is_above(value: Any, least: float) -> bool:
    """A finite number above `least`."""
    return is_number(value) and value > least


def _check(owner: Any, field: str, ok: bool, need: str) -> None:
    if not ok:
        got = getattr(owner, field)
        raise InvalidDevice(f"{owner.place}.{field}", f"need {need}, got {got!r}.")


def _check_source(owner: Any) -> None:
    """The fields that say how far a figure can be trusted."""
    text = type(owner.source) is str and bool(owner.source.strip())
    _check(owner, "source", text, "a text")
    count = owner.networks
    _check(owner, "networks", count is None or (type(count) is int and count > 0), "an integer > 0")
    error = owner.error
    _check(owner, "error", error is None or (is_number(error) and error >= 0), AT_LEAST_0)


def _told(value: Any) -> dict[str, Any]:
    return {key: part for key, part in asdict(value).items() if part is not None}


def _fields(kind: Any, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidDevice(kind.place, f"need an object, got {value!r}.")
    known = {field.name: field for field in fields(kind)}
    for key in value:
        if key not in known:
            raise InvalidDevice(f"{kind.place}.{key}", f"need one of {', '.join(known)}.")
    for key, field in known.items():
        if field.default is MISSING and key not in value:
            raise InvalidDevice(f"{kind.place}.{key}", "needed, but missing.")
    return value
