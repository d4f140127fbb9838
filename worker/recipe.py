"""How a network is trained, checked when built."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from worker.errors import UnsupportedWork

# Pixels by which an image may move up, down, left and right.
AUGMENT = {"none": 0, "shift1": 1, "shift2": 2}


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
