"""What a reader sees of a network at a glance: its genes in units of their own.

Unlike the features of the model, nothing here is computed from the network that comes of it, so
ten thousand take a second, and a trait is something that a user can decide.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optimizer.networks.genotype import layers_of
from optimizer.networks.layer_steps import PRE_POOL
from optimizer.networks.ranges import KINDS
from optimizer.space import Point

# The kinds whose layers have filters, a window, or both.
WITHOUT_FILTERS = ("depthwise",)
WITHOUT_WINDOW = ("conv1x1",)

Value = float | str | None


@dataclass(frozen=True, slots=True)
class Trait:
    """One trait: how it is written, and whether its ratios count."""

    name: str
    log: bool = False
    choice: bool = False


TRAITS = (
    Trait("input side"),
    Trait("grey input", choice=True),
    Trait("blocks"),
    Trait("layers"),
    *(Trait(f"{kind} layers") for kind in KINDS),
    Trait("filters (mean)", log=True),
    Trait("kernel (mean)"),
    Trait("downsampling", log=True),
    Trait("batch norm (share)"),
    Trait("relu (share)"),
    Trait("parallel blocks"),
    Trait("skip blocks"),
    Trait("exits"),
    Trait("last pool", choice=True),
    Trait("dense layers"),
    Trait("dense units (mean)", log=True),
    Trait("dropout"),
    Trait("learning rate", log=True),
    Trait("weight decay", log=True),
    Trait("batch size", log=True),
    Trait("schedule", choice=True),
    Trait("pruning scope", choice=True),
    Trait("pruning method", choice=True),
    Trait("pruning target"),
    Trait("inherits weights", choice=True),
)


def traits(point: Point) -> dict[str, Value]:
    """The traits of a network by name; None where it has no such thing."""
    layers, blocks = list(layers_of(point)), point["blocks"]
    return {
        "blocks": float(len(blocks)),
        "layers": float(len(layers)),
        **{f"{kind} layers": float(_count(layers, "kind", kind)) for kind in KINDS},
        "filters (mean)": _geometric(
            [each["filters"] for each in layers if each["kind"] not in WITHOUT_FILTERS]
        ),
        "kernel (mean)": _mean(
            [
                math.sqrt(math.prod(each["kernel"]))
                for each in layers
                if each["kind"] not in WITHOUT_WINDOW
            ]
        ),
        "downsampling": math.prod(_stride(each) for each in layers) if layers else None,
        "batch norm (share)": _mean([float(each["batch_norm"]) for each in layers]),
        "relu (share)": _mean([float(each["relu"]) for each in layers]),
        "parallel blocks": float(_count(blocks, "join", "parallel")),
        "skip blocks": float(_count(blocks, "join", "skip")),
        "exits": float(sum("exit" in block for block in blocks)),
        **_ends(point),
        **_training(point),
    }


def _ends(point: Point) -> dict[str, Value]:
    """What lies before and behind the blocks."""
    image, head = point["input"], point["head"]
    units = [dense["units"] for dense in head["dense"]]
    return {
        "input side": float(image["side"]) if image else None,
        "grey input": _yes(image["grey"]) if image else None,
        "last pool": head["pool"] if image else None,
        "dense layers": float(len(units)),
        "dense units (mean)": _geometric(units),
        "dropout": float(head["dropout"]),
    }


def _training(point: Point) -> dict[str, Value]:
    training, pruning = point.get("training", {}), point.get("pruning", {})
    target = pruning.get("target")
    return {
        "learning rate": float(point["learning_rate"]),
        "weight decay": training.get("weight_decay"),
        "batch size": training.get("batch_size"),
        "schedule": training.get("schedule"),
        "pruning scope": pruning.get("scope", "none"),
        "pruning method": pruning.get("method"),
        "pruning target": None if target is None else float(target),
        "inherits weights": _yes("parent" in point),
    }


def _stride(layer: Mapping[str, Any]) -> float:
    """By how much a layer shrinks the side of its map."""
    return math.sqrt(math.prod(layer["stride"])) * (PRE_POOL if layer["pre_pool"] else 1)


def _count(genes: Sequence[Mapping[str, Any]], name: str, value: str) -> int:
    return sum(gene.get(name) == value for gene in genes)


def _yes(said: bool) -> str:
    return "yes" if said else "no"


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _geometric(values: Sequence[float]) -> float | None:
    """The geometric mean: what is judged by ratios is averaged by them."""
    return math.exp(math.fsum(map(math.log, values)) / len(values)) if values else None
