"""How a network is trained, checked when built."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

from worker.errors import UnsupportedWork

SCHEDULES = ("one_cycle", "cosine", "constant", "steps")
QUANTISATIONS = ("none", "post_training", "aware")
WEIGHT_BITS = (8, 4)
OPTIMIZERS = ("adamw", "sgd", "nesterov")
# One recipe has one spelling, since trials are told apart by it: each term once, in this order.
RANK = {"shift": 0, "frames": 0, "mirror": 1, "rotate": 2}
TERM = re.compile(r"(?P<name>mirror|rotate|shift|frames)(?P<most>[1-9]|[12][0-9]|3[0-2])?")
AUGMENT = "none, or shiftN or framesN (N to 32), mirror and rotate in this order, joined by +"


@dataclass(frozen=True, slots=True)
class Moves:
    """How far training images move: pixels up and down, pixels to the sides, and how else.

    Features of sound are images of frames; they move along their frames, the rows, alone.
    """

    rows: int = 0
    columns: int = 0
    mirror: bool = False
    rotate: bool = False

    def __bool__(self) -> bool:
        return self != Moves()

    @classmethod
    def parse(cls, text: Any) -> "Moves | None":
        """Read the recipe's `augment`; None if it says nothing that is known."""
        if text == "none":
            return cls()
        found = [TERM.fullmatch(term) for term in text.split("+")] if type(text) is str else [None]
        terms = {term["name"]: int(term["most"] or 0) for term in found if term is not None}
        ranks = [RANK[name] for name in terms]
        if len(terms) != len(found) or ranks != sorted(set(ranks)):
            return None
        if any((terms[name] > 0) != (RANK[name] == 0) for name in terms):
            return None
        shift = terms.get("shift", 0)
        rows = max(shift, terms.get("frames", 0))
        return cls(rows, shift, "mirror" in terms, "rotate" in terms)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train, with learning rates up to `learning_rate`.

    `one_cycle` rises for a quarter of the steps and falls on a cosine, `cosine` only falls,
    `constant` stays. `steps` follows `milestones`, pairs of a share of the epochs and the factor
    on the learning rate from there on. `sgd` has a momentum of 0.9, `nesterov` that of Nesterov.
    Weight decay is decoupled and scales with the learning rate in all of them.

    `quantisation` says what the error is of: of the trained network (`none`), of its integers,
    whose scales are chosen after the training (`post_training`), or learnt (`aware`) while the last
    `aware_share` of the epochs rounds as they will. Their weights have `weight_bits`, 8 or 4.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.01
    dropout: float = 0.0
    schedule: str = "one_cycle"
    optimizer: str = "adamw"
    augment: str = "none"
    label_smoothing: float = 0.0
    milestones: tuple[tuple[float, float], ...] = ()
    quantisation: str = "none"
    aware_share: float = 0.25
    weight_bits: int = 8

    def __post_init__(self) -> None:
        _need("epochs", self.epochs, _is_count, "a whole number from 1")
        _need("batch_size", self.batch_size, _is_batch, "a whole number from 2")
        _need("learning_rate", self.learning_rate, lambda x: x > 0, "a finite number above 0")
        _need("weight_decay", self.weight_decay, lambda x: x >= 0, "a finite number from 0")
        _need("dropout", self.dropout, lambda x: 0 <= x < 1, "a number from 0 to below 1")
        _need("schedule", self.schedule, lambda x: x in SCHEDULES, " or ".join(SCHEDULES))
        _need("optimizer", self.optimizer, lambda x: x in OPTIMIZERS, " or ".join(OPTIMIZERS))
        _need("augment", self.augment, lambda x: Moves.parse(x) is not None, AUGMENT)
        smooth = "a number from 0 to below 1"
        _need("label_smoothing", self.label_smoothing, lambda x: 0 <= x < 1, smooth)
        self._check_milestones()
        ways = QUANTISATIONS
        _need("quantisation", self.quantisation, lambda x: x in ways, " or ".join(ways))
        _need("aware_share", self.aware_share, lambda x: 0 < x <= 1, "a number above 0 to 1")
        _need("weight_bits", self.weight_bits, _is_width, "8 or 4")

    def aware_after(self, inherits: bool) -> int:
        """The epoch after which training rounds as the integers will; all of them if it never does.

        What begins from scratch has an epoch before.
        """
        if self.quantisation != "aware":
            return self.epochs
        first = self.epochs - max(1, round(self.aware_share * self.epochs))
        return first if inherits else max(1, first)

    def _check_milestones(self) -> None:
        if not _are_milestones(self.milestones):
            raise _wrong(
                "milestones",
                "pairs [share of the epochs, factor], shares rising between 0 and 1, "
                "factors above 0 to 1",
                self.milestones,
            )
        if bool(self.milestones) != (self.schedule == "steps"):
            need = "one or more with the schedule steps, none with another"
            raise _wrong("milestones", need, self.milestones)
        pairs = tuple((float(share), float(factor)) for share, factor in self.milestones)
        object.__setattr__(self, "milestones", pairs)

    @property
    def moves(self) -> Moves:
        """How training images move."""
        moves = Moves.parse(self.augment)
        assert moves is not None
        return moves

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


def _is_width(value: Any) -> bool:
    return type(value) is int and value in WEIGHT_BITS


def _is_batch(value: Any) -> bool:
    return type(value) is int and value >= 2  # batch norm has no deviation of one sample


def _are_milestones(value: Any) -> bool:
    if not isinstance(value, list | tuple):
        return False
    pairs = [tuple(pair) if isinstance(pair, list | tuple) else () for pair in value]
    if any(len(pair) != 2 or not all(map(_is_number, pair)) for pair in pairs):
        return False
    shares = [0.0, *(pair[0] for pair in pairs), 1.0]
    rising = all(before < after for before, after in pairwise(shares))
    return rising and all(0 < pair[1] <= 1 for pair in pairs)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _need(field: str, value: Any, fits: Callable[[Any], bool], need: str) -> None:
    if not ((_is_number(value) or type(value) is str) and _fits(fits, value)):
        raise _wrong(field, need, value)


def _wrong(field: str, need: str, value: Any) -> UnsupportedWork:
    return UnsupportedWork(f"training.{field}: need {need}, got {value!r}.")


def _fits(fits: Callable[[Any], bool], value: Any) -> bool:
    try:
        return fits(value)
    except TypeError:  # a text where a number should be
        return False
