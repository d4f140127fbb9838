"""The ranges of a space of networks; a study may override each of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from optimizer.errors import InvalidSpace
from optimizer.networks.recipe import OPEN_SCHEDULES
from optimizer.parameters import is_number, is_whole
from resource_models.even_cut import MOST

KINDS = ("conv", "conv1x1", "depthwise", "separable", "downsampled", "inverted")
LAST_POOLS = ("none", "avg", "max", "global")
JOINS = ("none", "parallel", "skip")
EXITS = ("none", "global", "flat")
SCOPES = ("none", "channels", "inputs", "both", "weights")
# Which methods can rank what a scope removes, as workers know them.
METHODS: Mapping[str, tuple[str, ...]] = {
    "channels": ("magnitude", "feedback", "bayesian"),
    "inputs": ("magnitude", "feedback", "bayesian"),
    "both": ("magnitude", "feedback", "bayesian"),
    "weights": ("magnitude", "feedback", "variational"),
}
ALL_METHODS = ("magnitude", "feedback", "variational", "bayesian")
THRESHOLDS = ("variational", "bayesian")  # have one of their own, so they need no target
WEIGHTINGS = ("none", "bytes", "macs")
BATCH_SIZES = (2, 65_536)

# Beyond these the trainer or the exporters have never been: name, lowest, highest, whole.
_WHOLE: dict[str, tuple[float, float]] = {
    "blocks": (0, 20),
    "layers": (1, 6),
    "filters": (1, 1024),
    "expansion": (1, 12),
    "dense_layers": (0, 6),
    "units": (1, 4096),
}
_REAL: dict[str, tuple[float, float]] = {
    "shrink": (1.0, 16.0),
    "dropout": (0.0, 0.9),
    "learning_rate": (1e-6, 1.0),
    "pruning_targets": (0.0, MOST),
    "pruning_epochs": (0.0, 1.0),
    "weight_decay": (1e-8, 1.0),
}
_SETS: Mapping[str, tuple[Any, ...]] = {
    "grey": (False, True),
    "joins": JOINS,
    "exits": EXITS,
    "kinds": KINDS,
    "kernels": (1, 2, 3, 4, 5, 6, 7, 9, 11),
    "strides": (1, 2, 3, 4),
    "pre_pool": (False, True),
    "batch_norm": (False, True),
    "relu": (False, True),
    "paddings": ("same", "valid"),
    "last_pools": LAST_POOLS,
    "windows": tuple(range(2, 17)),
    "pruning_scopes": SCOPES,
    "pruning_methods": ALL_METHODS,
    "pruning_thresholds": (False, True),
    "schedules": OPEN_SCHEDULES,
}


@dataclass(frozen=True, slots=True)
class Ranges:
    """What a genotype may be. A pair is a range with both ends, the others list what is allowed.

    `shrink` divides the side of the input. `rectangular` kernels may differ in height and width;
    None allows it for inputs that are not square themselves (sound and sensor features).
    `pruning_thresholds` says whether the threshold of a method may stand in for a target;
    `pruning_epochs` are the shares of the training in which pruning begins and ends. Those two
    and `pruning_weighting` are for all networks of the study. What the training recipe does not
    leave open ignores its range.
    """

    shrink: tuple[float, float] = (1.0, 4.0)
    grey: tuple[bool, ...] = (False, True)
    blocks: tuple[int, int] = (0, 10)
    joins: tuple[str, ...] = JOINS
    exits: tuple[str, ...] = EXITS
    layers: tuple[int, int] = (1, 3)
    kinds: tuple[str, ...] = KINDS
    kernels: tuple[int, ...] = (1, 3, 5, 7)
    rectangular: bool | None = None
    filters: tuple[int, int] = (1, 128)
    strides: tuple[int, ...] = (1, 2)
    pre_pool: tuple[bool, ...] = (False, True)
    batch_norm: tuple[bool, ...] = (False, True)
    relu: tuple[bool, ...] = (False, True)
    paddings: tuple[str, ...] = ("same", "valid")
    expansion: tuple[int, int] = (1, 6)
    last_pools: tuple[str, ...] = LAST_POOLS
    windows: tuple[int, ...] = (2, 4, 6)
    dense_layers: tuple[int, int] = (0, 3)
    units: tuple[int, int] = (4, 256)
    dropout: tuple[float, float] = (0.0, 0.5)
    pruning_scopes: tuple[str, ...] = SCOPES
    pruning_methods: tuple[str, ...] = ALL_METHODS
    pruning_targets: tuple[float, float] = (0.0, MOST)
    pruning_thresholds: tuple[bool, ...] = (False,)
    pruning_weighting: str = "none"
    pruning_epochs: tuple[float, float] = (0.1, 0.6)
    learning_rate: tuple[float, float] = (1e-3, 1e-1)
    weight_decay: tuple[float, float] = (1e-5, 1e-1)
    batch_sizes: tuple[int, ...] = (16, 32, 64, 128)
    schedules: tuple[str, ...] = OPEN_SCHEDULES
    max_macs: int = 2_000_000

    def __post_init__(self) -> None:
        for name, ends in (_WHOLE | _REAL).items():
            kind = int if name in _WHOLE else float
            low, high = _range(name, getattr(self, name), ends, whole=kind is int)
            object.__setattr__(self, name, (kind(low), kind(high)))
        for name, allowed in _SETS.items():
            object.__setattr__(self, name, _subset(name, getattr(self, name), allowed))
        if not isinstance(self.rectangular, bool | None):
            raise InvalidSpace(
                "space.rectangular", f"need true, false or null, got {self.rectangular!r}"
            )
        if not (is_whole(self.max_macs) and self.max_macs >= 1):
            raise InvalidSpace(
                "space.max_macs", f"need a whole number of at least 1, got {self.max_macs!r}"
            )
        object.__setattr__(self, "batch_sizes", _sizes("batch_sizes", self.batch_sizes))
        self._check_pruning()

    def _check_pruning(self) -> None:
        if self.pruning_weighting not in WEIGHTINGS:
            need = f"need one of {', '.join(WEIGHTINGS)}"
            raise InvalidSpace("space.pruning_weighting", f"{need}, got {self.pruning_weighting!r}")
        if self.pruning_epochs[0] == self.pruning_epochs[1]:
            need = "need an end behind the start"
            raise InvalidSpace("space.pruning_epochs", f"{need}, got {list(self.pruning_epochs)}")
        for scope in self.pruning_scopes:
            able = METHODS.get(scope)
            if able and not set(able) & set(self.pruning_methods):
                need = f"need one of {', '.join(able)} for the scope {scope}"
                raise InvalidSpace(
                    "space.pruning_methods", f"{need}, got {', '.join(self.pruning_methods)}"
                )

    @classmethod
    def from_json(cls, data: Mapping[str, Any], preset: "Ranges | None" = None) -> "Ranges":
        """Read a study's `space`; what it leaves out is as in the preset, by default `tiny`."""
        known = [f.name for f in fields(cls)]
        for name in data:
            if name != "kind" and name not in known:
                need = f"unknown; a space of networks has {', '.join(known)}"
                raise InvalidSpace(f"space.{name}", need)
        given = {name: value for name, value in data.items() if name != "kind"}
        return cls(**({} if preset is None else preset.values()) | given)

    def values(self) -> dict[str, Any]:
        """Every range by its name."""
        return asdict(self)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON with every range, read by `from_json`."""
        listed = self.values()
        return {name: list(v) if isinstance(v, tuple) else v for name, v in listed.items()}


def _range(name: str, value: Any, ends: tuple[float, float], whole: bool) -> tuple[Any, Any]:
    """A pair of numbers in order and within the ends, else InvalidSpace."""
    path = f"space.{name}"
    kind = "whole numbers" if whole else "numbers"
    check = is_whole if whole else is_number
    if not (isinstance(value, list | tuple) and len(value) == 2 and all(map(check, value))):
        raise InvalidSpace(path, f"need [low, high], two {kind}, got {value!r}")
    low, high = value
    if low > high:
        raise InvalidSpace(path, f"need low <= high, got [{low}, {high}]")
    if low < ends[0] or high > ends[1]:
        raise InvalidSpace(path, f"need a range in [{ends[0]}, {ends[1]}], got [{low}, {high}]")
    return low, high


def _subset(name: str, value: Any, allowed: tuple[Any, ...]) -> tuple[Any, ...]:
    """A list of allowed values, each once and in our order, else InvalidSpace."""
    path = f"space.{name}"
    need = ", ".join(str(item).lower() for item in allowed)
    if not (isinstance(value, list | tuple) and value):
        raise InvalidSpace(path, f"need a list with some of {need}, got {value!r}")
    for item in value:
        if not any(
            item == own and isinstance(item, bool) == isinstance(own, bool) for own in allowed
        ):
            raise InvalidSpace(path, f"need a list with some of {need}, got {item!r}")
    return tuple(own for own in allowed if own in value)


def _sizes(name: str, value: Any) -> tuple[int, ...]:
    """A list of sizes of a batch, each once and rising, else InvalidSpace."""
    low, high = BATCH_SIZES
    if not (
        isinstance(value, list | tuple)
        and value
        and all(is_whole(size) and low <= size <= high for size in value)
    ):
        need = f"need a list of whole numbers from {low} to {high}"
        raise InvalidSpace(f"space.{name}", f"{need}, got {value!r}")
    return tuple(sorted({int(size) for size in value}))
