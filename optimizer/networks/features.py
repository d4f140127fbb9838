"""A network as numbers for a model: its size, its shape and what it is made of."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from optimizer.networks.genotype import Gene, Shape, layers_of
from optimizer.networks.ranges import KINDS
from optimizer.networks.steps import Step, input_shape
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
COLUMNS = tuple(Column(name) for name in NAMES)

# What counts as 1; values may lie a little beyond.
MOST_WEIGHTS, MOST_MACS, MOST_BYTES = 1e6, 1e7, 1e6
MOST_STEPS, MOST_FILTERS, MOST_UNITS, MOST_VALUES = 32, 128, 256, 1e4
LARGEST_KERNEL, LARGEST_WINDOW, MOST_DENSE = 7, 6, 3
LEARNING_RATES = (1e-4, 1e-1)


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
    low, high = (math.log(rate) for rate in LEARNING_RATES)
    return [
        _log(figures["model_size:munas"], MOST_WEIGHTS),
        _log(figures["macs"], MOST_MACS),
        _log(figures["working_memory:arena"], MOST_BYTES),
        _log(figures["model_size:deployed"], MOST_BYTES),
        _log(len(weighted), MOST_STEPS),
        math.sqrt(math.prod(shape[:2]) / math.prod(raw[:2])),
        shape[-1] / raw[-1],
        _mean([_log(step.shape[2], MOST_FILTERS) for step in weighted if len(step.shape) == 3]),
        _log(min(math.prod(step.shape) for step in (found[:-1] or found)), MOST_VALUES),
        *(_mean([float(layer["kind"] == kind) for layer in layers]) for kind in KINDS),
        _mean([math.sqrt(math.prod(step.kernel)) / LARGEST_KERNEL for step in _windows(weighted)]),
        _log(math.prod(shape[:2]) / math.prod(last[:2]), MOST_VALUES),
        *_head(point["head"], shape, found),
        _mean([float(layer["batch_norm"]) for layer in layers]),
        _mean([float(layer["relu"]) for layer in layers]),
        float(recipe["dropout"]),
        (math.log(recipe["learning_rate"]) - low) / (high - low),
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


def _windows(found: Sequence[Step]) -> list[Step]:
    return [step for step in found if step.kind != "dense"]


def _log(value: float, most: float) -> float:
    """Logarithm of a count, 0 for one (or none), 1 for `most`."""
    return math.log(max(value, 1.0)) / math.log(most)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
