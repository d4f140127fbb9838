"""How a network is trained: fixed by the study, except for what the genotype searches."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from optimizer.errors import InvalidSpace
from optimizer.networks.augment import NEED as AUGMENT
from optimizer.networks.augment import is_augment, moves
from optimizer.networks.training_presets import PRESETS
from optimizer.parameters import is_number, is_whole

# 30 epochs. Few images come in smaller batches, since small networks want their number of steps:
# on the digits, 30 epochs of 32 images equal 100 epochs of 64 in a third of the time (networks of
# 600 to 900 B reach errors of 0.024 to 0.044, one of 10 kB 0.009). On many images there are fewer
# epochs: on MNIST, 3 give networks of 14 to 18 kB an error of 0.0105 and take 20 s on one core.
EPOCHS, LEAST_EPOCHS = 30, 3
FEW_IMAGES, MANY_IMAGES = 3_000, 8_000
FEW_BATCH, BATCH, MANY_BATCH = 32, 64, 128
# What a network that inherits is trained for, in whole epochs: the shortest training that was tried
# whose errors rank networks about as long trainings from scratch do (docs/adr/0006).
INHERIT_STEPS = 375
# Of a whole training, so much is the most that a child may take. A longer one spares little, and
# the front fills with networks that were trained many times as long as a confirm run trains.
INHERIT_SHARE = 1 / 3
# What a study's errors are of, unless it says otherwise: of what is deployed (docs/adr/0017).
QUANTISATION = "post_training"
AWARE_SHARE = 0.25
WEIGHT_BITS = (8, 4)

# What a searched schedule may be; `steps` would need milestones, too.
OPEN_SCHEDULES = ("one_cycle", "cosine", "constant")
# Those of the fields that a study may leave to the search, in the order of `searched`.
OPEN = ("learning_rate", "dropout", "weight_decay", "batch_size", "schedule")
# What a worker of release 0.1.0 knows. The others are told only where they say something: then
# stored trials keep their keys, and old workers can follow recipes that ask for nothing new.
ALWAYS = (
    "epochs",
    "batch_size",
    "learning_rate",
    "weight_decay",
    "dropout",
    "schedule",
    "optimizer",
    "augment",
)

ALSO = ("inherit_epochs", "quantisation")

_WHOLE = {"epochs": (1, 10_000), "batch_size": (2, 65_536), "inherit_epochs": (1, 10_000)}
_REAL = {
    "learning_rate": (1e-6, 1.0),
    "weight_decay": (0.0, 1.0),
    "dropout": (0.0, 0.9),
    "label_smoothing": (0.0, 0.5),
    "aware_share": (0.01, 1.0),
}
_WORDS = {
    "schedule": (*OPEN_SCHEDULES, "steps"),
    "optimizer": ("adamw", "sgd", "nesterov"),
    "quantisation": ("none", "post_training", "aware"),
}
_NULL = (*OPEN, "inherit_epochs")


@dataclass(frozen=True, slots=True)
class Recipe:
    """The training of every network of a study.

    None is searched, as a gene of the network; as `inherit_epochs` it means that no network
    inherits weights. `worker.recipe.Recipe` says what the fields do.
    """

    epochs: int
    batch_size: int | None
    weight_decay: float | None = 1e-3
    schedule: str | None = "one_cycle"
    optimizer: str = "adamw"
    augment: str = "none"
    learning_rate: float | None = None
    dropout: float | None = None
    label_smoothing: float = 0.0
    milestones: tuple[tuple[float, float], ...] = ()
    inherit_epochs: int | None = None
    quantisation: str = "none"
    aware_share: float = AWARE_SHARE
    weight_bits: int = 8

    def __post_init__(self) -> None:
        for name, ends in _WHOLE.items():
            value = getattr(self, name)
            if not (_may_be_null(name, value) or (is_whole(value) and ends[0] <= value <= ends[1])):
                _refuse(name, f"a whole number in [{ends[0]}, {ends[1]}]", value)
        for name, (low, high) in _REAL.items():
            value = getattr(self, name)
            if not (_may_be_null(name, value) or (is_number(value) and low <= value <= high)):
                _refuse(name, f"a number in [{low}, {high}]", value)
        for name, words in _WORDS.items():
            value = getattr(self, name)
            if not (_may_be_null(name, value) or value in words):
                _refuse(name, f"one of {', '.join(words)}", value)
        if not is_augment(self.augment):
            _refuse("augment", AUGMENT, self.augment)
        self._check_milestones()
        self._check_quantisation()

    @classmethod
    def from_json(cls, changes: Mapping[str, Any] | None, train_images: int | None) -> "Recipe":
        """The recipe of a preset or the default for so many images, with a study's changes."""
        given = {} if changes is None else changes
        if not isinstance(given, Mapping):
            raise InvalidSpace("training", f"need an object, got {given!r}")
        known = [f.name for f in fields(cls)]
        unknown = [name for name in given if name not in known and name != "preset"]
        if unknown:
            names = ", ".join([*known, "preset"])
            raise InvalidSpace(f"training.{unknown[0]}", f"unknown; a recipe has {names}")
        own = {name: value for name, value in given.items() if name != "preset"}
        start = {**_defaults(train_images), **_preset(given.get("preset"))}
        if "schedule" in own and own["schedule"] != "steps":
            start.pop("milestones", None)  # of the preset, which meant another schedule
        found = cls(**{**start, **own})
        if "inherit_epochs" in own or train_images is None:
            return found
        return replace(found, inherit_epochs=_inherit_epochs(found, train_images))

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, read by `from_json`: the eight fields of old, others if they say something.

        Null is searched. Those of `ALSO` are always there: a definition in which they are missing
        is of a release that knew no inheritance, or no integers.
        """
        told = {name: getattr(self, name) for name in ALWAYS} | self._new()
        return told | {name: getattr(self, name) for name in ALSO}

    def searched(self) -> tuple[str, ...]:
        """The fields that are genes of the network."""
        return tuple(name for name in OPEN if getattr(self, name) is None)

    def of(self, point: Mapping[str, Any], inherits: bool = False) -> dict[str, Any]:
        """The complete recipe of one network, as its worker is told.

        Args:
            point: the network; it has a gene for each field that is searched.
            inherits: whether it starts from the weights of a parent. Where a study says nothing
                of that, it is trained as long as any other.
        """
        genes = {name: _gene(point, name) for name in self.searched()}
        fixed = {name: getattr(self, name) for name in ALWAYS}
        told = {**fixed, **genes, **self._new()}
        epochs = told.pop("inherit_epochs", None)
        told["epochs"] = int(epochs if inherits and epochs is not None else self.epochs)
        told["batch_size"] = int(told["batch_size"])
        for name in ("learning_rate", "weight_decay", "dropout"):
            told[name] = float(told[name])
        return told

    def check_data(self, shape: tuple[int, ...]) -> None:
        """Raise InvalidSpace if samples of this shape cannot be trained on so."""
        if len(shape) == 1 and moves(self.augment):
            raise InvalidSpace("training.augment", "need none: flat samples cannot move")

    def _new(self) -> dict[str, Any]:
        """What release 0.1.0 did not have, where it differs from what that release did."""
        told = {name: getattr(self, name) for name in NEW if getattr(self, name) != NEW[name]}
        if "milestones" in told:
            told["milestones"] = [list(pair) for pair in self.milestones]
        return told

    def _check_quantisation(self) -> None:
        if self.quantisation != "aware" and self.aware_share != AWARE_SHARE:
            _refuse("aware_share", "the quantisation aware for it", self.aware_share)
        if not (is_whole(self.weight_bits) and self.weight_bits in WEIGHT_BITS):
            _refuse("weight_bits", " or ".join(map(str, WEIGHT_BITS)), self.weight_bits)
        object.__setattr__(self, "weight_bits", int(self.weight_bits))  # 4.0 is 4 in JSON
        if self.quantisation == "none" and self.weight_bits != WEIGHT_BITS[0]:
            need = "the quantisation post_training or aware for it"
            _refuse("weight_bits", need, self.weight_bits)

    def _check_milestones(self) -> None:
        pairs = self.milestones
        need = "pairs [share of the epochs, factor], shares rising between 0 and 1, factors to 1"
        if not isinstance(pairs, list | tuple) or not all(map(_is_milestone, pairs)):
            _refuse("milestones", need, pairs)
        shares = [pair[0] for pair in pairs]
        if shares != sorted(set(shares)):
            _refuse("milestones", need, pairs)
        if bool(pairs) != (self.schedule == "steps"):
            _refuse("milestones", "one or more with the schedule steps, none with another", pairs)
        exact = tuple((float(share), float(factor)) for share, factor in pairs)
        object.__setattr__(self, "milestones", exact)


NEW = {field.name: field.default for field in fields(Recipe) if field.name not in ALWAYS}


def _is_milestone(pair: Any) -> bool:
    if not (isinstance(pair, list | tuple) and len(pair) == 2 and all(map(is_number, pair))):
        return False
    return bool(0 < pair[0] < 1 and 0 < pair[1] <= 1)


def _may_be_null(name: str, value: Any) -> bool:
    return value is None and name in _NULL


def _refuse(name: str, need: str, value: Any) -> None:
    raise InvalidSpace(f"training.{name}", f"need {need}, got {value!r}")


def _gene(point: Mapping[str, Any], name: str) -> Any:
    """Where release 0.1.0 searched a field already, its gene lies where it lay."""
    if name == "learning_rate":
        return point["learning_rate"]
    return point["head"]["dropout"] if name == "dropout" else point["training"][name]


def _preset(name: Any) -> Mapping[str, Any]:
    if name is None:
        return {}
    if not isinstance(name, str) or name not in PRESETS:
        raise InvalidSpace("training.preset", f"need one of {', '.join(PRESETS)}, got {name!r}")
    return PRESETS[name]


def _defaults(train_images: int | None) -> dict[str, Any]:
    if train_images is None:  # what is stored has all that it means, and nothing is added
        return {"epochs": EPOCHS, "batch_size": BATCH}
    epochs, batch = EPOCHS, FEW_BATCH if train_images < FEW_IMAGES else BATCH
    if train_images > MANY_IMAGES:
        epochs = max(LEAST_EPOCHS, round(EPOCHS * MANY_IMAGES / train_images))
        batch = MANY_BATCH
    return {"epochs": epochs, "batch_size": batch, "quantisation": QUANTISATION}


def _inherit_epochs(recipe: Recipe, train_images: int) -> int | None:
    """As many epochs as `INHERIT_STEPS` take; None where that would not spare enough."""
    steps = max(1, train_images // (recipe.batch_size or BATCH))
    epochs = math.ceil(INHERIT_STEPS / steps)
    return epochs if epochs <= INHERIT_SHARE * recipe.epochs else None
