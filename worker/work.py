"""What the server asks of a worker for one trial, checked when built."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from resource_models.errors import InvalidGraph, UnknownKind
from resource_models.graph import Graph
from worker.errors import Infeasible, UnsupportedWork

# Pixels by which an image may move up, down, left and right.
AUGMENT = {"none": 0, "shift1": 1, "shift2": 2}
METRICS = ("error",)
SEEDS = 2**63  # what torch accepts


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train: one-cycle learning rate up to `learning_rate`, AdamW."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.01
    dropout: float = 0.0
    schedule: str = "one_cycle"
    optimizer: str = "adamw"
    augment: str = "none"

    def __post_init__(self) -> None:
        _need("epochs", self.epochs, _is_count, "a whole number from 1")
        _need("batch_size", self.batch_size, _is_batch, "a whole number from 2")
        _need("learning_rate", self.learning_rate, lambda x: x > 0, "a finite number above 0")
        _need("weight_decay", self.weight_decay, lambda x: x >= 0, "a finite number from 0")
        _need("dropout", self.dropout, lambda x: 0 <= x < 1, "a number from 0 to below 1")
        _need("schedule", self.schedule, lambda x: x == "one_cycle", "one_cycle")
        _need("optimizer", self.optimizer, lambda x: x == "adamw", "adamw")
        _need("augment", self.augment, lambda x: x in AUGMENT, " or ".join(AUGMENT))

    @property
    def shift(self) -> int:
        """Pixels by which a training image may move."""
        return AUGMENT[self.augment]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Recipe":
        """Read a recipe; a field that this version does not know raises."""
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(value) - known)
        if unknown:
            raise UnsupportedWork(f"training.{unknown[0]}: this worker knows no such field.")
        try:
            return cls(**value)
        except TypeError as error:
            raise UnsupportedWork(f"training: {error}.") from error


@dataclass(frozen=True, slots=True)
class Work:
    """One network to train, and on what."""

    graph: Graph
    recipe: Recipe
    data: str
    data_sha256: str
    split_sha256: str
    seed: int

    def __post_init__(self) -> None:
        if type(self.seed) is not int or not 0 <= self.seed < SEEDS:
            raise UnsupportedWork(f"seed: need a whole number from 0 below 2**63, got {self.seed}.")

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Work":
        """Read the work of a lease.

        Fields that say nothing new to a worker (purpose, replicate) are left alone. What changes
        the result and is not known here raises `UnsupportedWork`; a network that cannot exist
        raises `Infeasible`.
        """
        _check_supported(value)
        try:
            graph = Graph.from_json(value["graph"])
            recipe = Recipe.from_json(value["training"])
            named = {name: value[name] for name in ("data", "data_sha256", "split_sha256", "seed")}
        except KeyError as missing:
            raise UnsupportedWork(f"{missing.args[0]} is missing from the work.") from missing
        except UnknownKind as unknown:
            raise UnsupportedWork(f"graph: {unknown}") from unknown
        except InvalidGraph as invalid:
            raise Infeasible(f"The network cannot be built: {invalid}") from invalid
        return cls(graph=graph, recipe=recipe, **named)


def _check_supported(value: Mapping[str, Any]) -> None:
    if value.get("kind") != "network":
        raise UnsupportedWork(f"kind: this worker trains networks, got {value.get('kind')!r}.")
    for field in ("pruning", "parent"):
        if value.get(field) is not None:
            raise UnsupportedWork(f"{field}: this worker cannot do that yet.")
    for metric in value.get("metrics", METRICS):
        if metric not in METRICS:
            raise UnsupportedWork(f"metrics: this worker measures no {metric!r}.")


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 1


def _is_batch(value: Any) -> bool:
    return type(value) is int and value >= 2  # batch norm has no deviation of one sample


def _need(field: str, value: Any, fits: Callable[[Any], bool], need: str) -> None:
    number = type(value) in (int, float) and math.isfinite(value)
    if not ((number or type(value) is str) and _fits(fits, value)):
        raise UnsupportedWork(f"training.{field}: need {need}, got {value!r}.")


def _fits(fits: Callable[[Any], bool], value: Any) -> bool:
    try:
        return fits(value)
    except TypeError:  # a text where a number should be
        return False
