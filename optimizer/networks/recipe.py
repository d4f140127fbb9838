"""How a network is trained: fixed by the study, except for what the genotype searches."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from optimizer.errors import InvalidSpace
from optimizer.parameters import is_number, is_whole

# 30 epochs. Few images come in smaller batches, since small networks want their number of steps:
# on the digits, 30 epochs of 32 images equal 100 epochs of 64 in a third of the time (networks of
# 600 to 900 B reach errors of 0.024 to 0.044, one of 10 kB 0.009). On many images there are fewer
# epochs: on MNIST, 3 give networks of 14 to 18 kB an error of 0.0105 and take 20 s on one core.
EPOCHS, LEAST_EPOCHS = 30, 3
FEW_IMAGES, MANY_IMAGES = 3_000, 8_000
FEW_BATCH, BATCH, MANY_BATCH = 32, 64, 128

_WHOLE = {"epochs": (1, 10_000), "batch_size": (2, 65_536)}
_REAL = {"learning_rate": (1e-6, 1.0), "weight_decay": (0.0, 1.0), "dropout": (0.0, 0.9)}
_WORDS = {
    "schedule": ("one_cycle",),
    "optimizer": ("adamw",),
    "augment": ("none", "shift1", "shift2"),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """The training of every network of a study; None is searched, as a gene of the network."""

    epochs: int
    batch_size: int
    weight_decay: float = 1e-3
    schedule: str = "one_cycle"
    optimizer: str = "adamw"
    augment: str = "none"
    learning_rate: float | None = None
    dropout: float | None = None

    def __post_init__(self) -> None:
        for name, ends in _WHOLE.items():
            value = getattr(self, name)
            if not (is_whole(value) and ends[0] <= value <= ends[1]):
                need = f"need a whole number in [{ends[0]}, {ends[1]}]"
                raise InvalidSpace(f"training.{name}", f"{need}, got {value!r}")
        for name, (low, high) in _REAL.items():
            value = getattr(self, name)
            if value is not None and not (is_number(value) and low <= value <= high):
                need = f"need a number in [{low}, {high}]"
                raise InvalidSpace(f"training.{name}", f"{need}, got {value!r}")
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                need = f"need one of {', '.join(words)}"
                raise InvalidSpace(f"training.{name}", f"{need}, got {getattr(self, name)!r}")

    @classmethod
    def from_json(cls, changes: Mapping[str, Any] | None, train_images: int | None) -> "Recipe":
        """The default recipe for so many training images, with a study's changes."""
        given = {} if changes is None else changes
        if not isinstance(given, Mapping):
            raise InvalidSpace("training", f"need an object, got {given!r}")
        known = [f.name for f in fields(cls)]
        for name, value in given.items():
            if name not in known:
                raise InvalidSpace(f"training.{name}", f"unknown; a recipe has {', '.join(known)}")
            if value is None and name not in ("learning_rate", "dropout"):
                raise InvalidSpace(f"training.{name}", "need a value, got null")
        return cls(**{**_defaults(train_images), **given})

    def to_json(self) -> dict[str, Any]:
        """Plain JSON with every field, read by `from_json`; null is searched."""
        return asdict(self)

    def of(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """The complete recipe of one network, as its worker is told."""
        rate, dropout = self.learning_rate, self.dropout
        return {
            "epochs": int(self.epochs),
            "batch_size": int(self.batch_size),
            "learning_rate": float(point["learning_rate"] if rate is None else rate),
            "weight_decay": float(self.weight_decay),
            "dropout": float(point["head"]["dropout"] if dropout is None else dropout),
            "schedule": self.schedule,
            "optimizer": self.optimizer,
            "augment": self.augment,
        }


def _defaults(train_images: int | None) -> dict[str, Any]:
    if train_images is None or FEW_IMAGES <= train_images <= MANY_IMAGES:
        return {"epochs": EPOCHS, "batch_size": BATCH}
    if train_images < FEW_IMAGES:
        return {"epochs": EPOCHS, "batch_size": FEW_BATCH}
    epochs = max(LEAST_EPOCHS, round(EPOCHS * MANY_IMAGES / train_images))
    return {"epochs": epochs, "batch_size": MANY_BATCH}
