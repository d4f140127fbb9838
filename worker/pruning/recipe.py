"""How a network is pruned, checked when built."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from worker.errors import UnsupportedWork

# Which methods can rank what a scope removes.
METHODS: Mapping[str, tuple[str, ...]] = {
    "channels": ("magnitude", "feedback", "bayesian"),
    "inputs": ("magnitude", "feedback", "bayesian"),
    "both": ("magnitude", "feedback", "bayesian"),
    "weights": ("magnitude", "feedback", "variational"),
}
# Which methods can say by themselves what goes: those of the papers that have a threshold.
THRESHOLDS = ("bayesian", "variational")
WEIGHTINGS = ("none", "bytes", "macs")
MOST = 0.98


@dataclass(frozen=True, slots=True)
class Pruning:
    """What is removed, how it is found, and how much of it.

    `target` is the share of all that the scope could remove; the cut meets it exactly. None leaves
    it to the method's own threshold. `weighting` divides what a channel or an input is worth by
    the bytes or MACs that it costs; single weights all cost the same. Between the shares `start`
    and `end` of the epochs the method does its work; at `end` the network is cut, and what remains
    is trained on.
    """

    scope: str
    method: str
    target: float | None
    weighting: str = "none"
    start: float = 0.1
    end: float = 0.6

    def __post_init__(self) -> None:
        _need("scope", self.scope in METHODS, f"one of {', '.join(METHODS)}", self.scope)
        methods = METHODS[self.scope]
        _need("method", self.method in methods, f"one of {', '.join(methods)}", self.method)
        _need(
            "weighting",
            self.weighting in WEIGHTINGS,
            f"one of {', '.join(WEIGHTINGS)}",
            self.weighting,
        )
        if self.target is None:
            need = f"a number, since {self.method} has no threshold; null is for "
            need += " and ".join(THRESHOLDS)
            _need("target", self.method in THRESHOLDS, need, self.target)
        else:
            _need(
                "target",
                _is_share(self.target, MOST),
                f"null or a number from 0 to {MOST}",
                self.target,
            )
        _need("start", _is_share(self.start, 1.0), "a number from 0 to 1", self.start)
        _need("end", _is_share(self.end, 1.0), "a number from 0 to 1", self.end)
        _need("end", self.start < self.end, f"more than start, {self.start}", self.end)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Pruning":
        """Read a pruning recipe; a field that this version does not know raises."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(value) - known)
        if unknown:
            raise UnsupportedWork(f"pruning.{unknown[0]}: this worker knows no such field.")
        try:
            return cls(**value)
        except TypeError as error:
            raise UnsupportedWork(f"pruning: {error}.") from error


def _is_share(value: Any, most: float) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and 0 <= value <= most


def _need(field: str, ok: bool, need: str, value: Any) -> None:
    if not ok:
        raise UnsupportedWork(f"pruning.{field}: need {need}, got {value!r}.")
