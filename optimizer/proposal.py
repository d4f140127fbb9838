"""What a designer hands over: a point and why it was chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from optimizer.errors import OptimizerError
from optimizer.space import Point

Origin = Literal["initial", "random", "model", "morph"]
ORIGINS = ("initial", "random", "model", "morph")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A point to try next.

    `known` holds the figures computed from the point, `prediction` a mean and a standard deviation
    (`{"mean", "sd"}`, in the objective's own unit) per measured objective, `details` what replay
    and the curious need: weights or their seed, acquisition, value.
    """

    point: Point
    key: str
    known: Mapping[str, float]
    designer: str
    origin: Origin
    prediction: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.origin not in ORIGINS:
            known = ", ".join(ORIGINS)
            raise OptimizerError("origin", f"need one of {known}, got {self.origin!r}")

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `from_json`."""
        return {
            "point": self.point,
            "key": self.key,
            "known": dict(self.known),
            "designer": self.designer,
            "origin": self.origin,
            "prediction": {name: dict(parts) for name, parts in self.prediction.items()},
            "details": dict(self.details),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Proposal":
        """Read what `to_json` wrote."""
        return cls(**data)
