"""A network as numbers for a model: its size, its shape and what it is made of."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from optimizer.networks.genotype import Gene, Shape, layers_of
from optimizer.networks.ranges import KINDS, Ranges
from optimizer.networks.step import Step
from optimizer.networks.steps import OUTPUT, input_shape
from optimizer.space import Column, Point

NAMES = (
    "log_weights",
    "log_macs",
    "log_arena",
    "log_model_size",
    "log_depth",
    "side",
    "channels",
    "log_width",
    "log_bottleneck",
    *(f"share_{kind}" for kind in KINDS),
    "kernel",
    "log_reduction",
    "global_pool",
    "last_window",
    "dense_layers",
    "log_units",
    "batch_norm",
    "relu",
    "dropout",
    "log_learning_rate",
)
# How much a network can know and how much of it comes through: both go on beyond what was tried.
TRENDS = ("log_weights", "log_bottleneck")
# What only some studies search: it has columns only there, so that a model has none in vain.
CUTS, BOTH = ("channels", "inputs", "weights"), ("channels", "inputs")

# What counts as 1; values may lie a little beyond.
MOST_WEIGHTS, MOST_MACS, MOST_BYTES = 1e6, 1e7, 1e6
MOST_STEPS, MOST_FILTERS, MOST_UNITS, MOST_VALUES = 32, 128, 256, 1e4
LARGEST_KERNEL, LARGEST_WINDOW, MOST_DENSE = 7, 6, 3
LEARNING_RATES, WEIGHT_DECAYS = (1e-4, 1e-1), (1e-5, 1e-1)
LARGEST_BATCH = 256
# A target that the method's own threshold stands in for: somewhere in the middle.
SOME_TARGET = 0.5


def columns(ranges: Ranges, searched: Sequence[str]) -> tuple[Column, ...]:
    """What the features of a space mean.

    Args:
        ranges: of the space.
        searched: the fields of the training that are genes of `training`.
    """
    names = [*NAMES, *(f"join_{join}" for join in _open(ranges.joins))]
    names += ["exits"] * bool(_open(ranges.exits))
    if _open(ranges.pruning_scopes):
        names += [f"pruned_{part}" for part in _parts(ranges)]
        names += [f"pruned_by_{method}" for method in _choice(ranges.pruning_methods)]
    names += [f"log_{name}" for name in ("weight_decay", "batch_size") if name in searched]
    if "schedule" in searched:
        names += [f"schedule_{word}" for word in _choice(ranges.schedules)]
    return tuple(Column(name, trend=name in TRENDS) for name in names)


def options(
    point: Point, ranges: Ranges, searched: Sequence[str], recipe: Mapping[str, Any]
) -> list[float]:
    """The coordinates that `columns` adds to `NAMES`, each in [0, 1].

    Args:
        point: the genotype; its pruning gene is left out where it says nothing.
        ranges: of the space.
        searched: the fields of the training that are genes of `training`.
        recipe: its training.
    """
    blocks, pruning = point["blocks"], point.get("pruning")
    found = [_mean([float(b.get("join") == join) for b in blocks]) for join in _open(ranges.joins)]
    if _open(ranges.exits):
        found.append(_mean([float("exit" in block) for block in blocks]))
    if _open(ranges.pruning_scopes):
        found += _cuts(pruning, _parts(ranges))
        method = None if pruning is None else pruning["method"]
        found += [float(method == word) for word in _choice(ranges.pruning_methods)]
    if "weight_decay" in searched:
        found.append(_between(max(recipe["weight_decay"], 1e-9), WEIGHT_DECAYS))
    if "batch_size" in searched:
        found.append(_log(recipe["batch_size"], LARGEST_BATCH))
    if "schedule" in searched:
        found += [float(recipe["schedule"] == word) for word in _choice(ranges.schedules)]
    return found


def _open(words: Sequence[str]) -> list[str]:
    return [word for word in words if word != "none"]


def _choice(words: Sequence[str]) -> Sequence[str]:
    """Words to tell apart; of two or more, the first is what the others are not."""
    return words[1:]


def _parts(ranges: Ranges) -> list[str]:
    """What may be cut away."""
    scopes = set(ranges.pruning_scopes)
    both = set(BOTH) if "both" in scopes else set()
    return [part for part in CUTS if part in scopes | both]


def _cuts(pruning: Gene | None, parts: Sequence[str]) -> list[float]:
    """The share of the channels, the dense inputs and the single weights that go."""
    if pruning is None:
        return [0.0] * len(parts)
    target = SOME_TARGET if pruning["target"] is None else float(pruning["target"])
    scopes = BOTH if pruning["scope"] == "both" else (pruning["scope"],)
    return [target if part in scopes else 0.0 for part in parts]


def features(
    point: Point,
    raw: Shape,
    found: Sequence[Step],
    figures: Mapping[str, float],
    recipe: Mapping[str, Any],
) -> list[float]:
    """The coordinates named in `NAMES`, each in about [0, 1].

    Args:
        point: the genotype.
        raw: the shape of the data.
        found: the steps of the network.
        figures: its known figures.
        recipe: its training.
    """
    shape = input_shape(point, raw)
    layers = list(layers_of(point))
    weighted = [step for step in found if step.kind in ("conv2d", "depthwise_conv2d", "dense")]
    maps = [step.shape for step in found if len(step.shape) == 3]
    last = maps[-1] if maps else shape
    return [
        _log(figures["model_size:munas"], MOST_WEIGHTS),
        _log(figures["macs"], MOST_MACS),
        _log(figures["working_memory:arena"], MOST_BYTES),
        _log(figures["model_size:deployed"], MOST_BYTES),
        _log(len(weighted), MOST_STEPS),
        math.sqrt(math.prod(shape[:2]) / math.prod(raw[:2])),
        shape[-1] / raw[-1],
        _mean([_log(step.shape[2], MOST_FILTERS) for step in weighted if len(step.shape) == 3]),
        _log(min(math.prod(step.shape) for step in _inner(found)), MOST_VALUES),
        *(_mean([float(layer["kind"] == kind) for layer in layers]) for kind in KINDS),
        _mean([math.sqrt(math.prod(step.kernel)) / LARGEST_KERNEL for step in _windows(weighted)]),
        _log(math.prod(shape[:2]) / math.prod(last[:2]), MOST_VALUES),
        *_head(point["head"], shape, found),
        _mean([float(layer["batch_norm"]) for layer in layers]),
        _mean([float(layer["relu"]) for layer in layers]),
        float(recipe["dropout"]),
        _between(recipe["learning_rate"], LEARNING_RATES),
    ]


def _head(head: Gene, shape: Shape, found: Sequence[Step]) -> list[float]:
    """Global pool, window of the last pool, number and mean width of the dense layers."""
    pooled = [step for step in found if step.id == "last_pool"]
    window = max(pooled[0].kernel) if pooled and head["pool"] != "global" else 1
    units = [_log(dense["units"], MOST_UNITS) for dense in head["dense"]]
    return [
        float(len(shape) == 3 and head["pool"] == "global"),
        window / LARGEST_WINDOW,
        len(units) / MOST_DENSE,
        _mean(units),
    ]


def _inner(found: Sequence[Step]) -> Sequence[Step]:
    """The steps that something else must go through; all of them where there are no such."""
    place = next(place for place, step in enumerate(found) if step.id == OUTPUT)
    return [step for step in found[:place] if ".exit" not in step.id] or found


def _windows(found: Sequence[Step]) -> list[Step]:
    return [step for step in found if step.kind != "dense"]


def _log(value: float, most: float) -> float:
    """Logarithm of a count, 0 for one (or none), 1 for `most`."""
    return math.log(max(value, 1.0)) / math.log(most)


def _between(value: float, ends: tuple[float, float]) -> float:
    """Where a number lies on a log scale: 0 at the lower end, 1 at the upper."""
    low, high = map(math.log, ends)
    return (math.log(value) - low) / (high - low)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
