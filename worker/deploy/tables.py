"""The integers that follow from the scales: how each node requantises, and where it clamps.

They are derived here and nowhere else, as TensorFlow Lite Micro derives them from a `.tflite` file:
scales are 32-bit floats, multiplied and divided as doubles.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resource_models.node_checks import Activation
from resource_models.nodes import (
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
    Pad,
    Weighted,
    rule_for,
)
from worker.deploy.arithmetic import ADD_SHIFT, INT8_MAX, INT8_MIN, multiplier_of
from worker.deploy.errors import InvalidInt8Graph


@dataclass(frozen=True, slots=True)
class Affine:
    """What the integers of a tensor mean: scale * (integer - zero point)."""

    scale: float  # a 32-bit float
    zero_point: int


@dataclass(frozen=True, slots=True, eq=False)
class Requantisation:
    """Multipliers (int32) and shifts (int8, to the left if positive), by what they belong to.

    A convolution has one for each output channel, a dense node one, an addition one for each input
    and a last one for the sum. `low` and `high` are where the result is clamped.
    """

    multipliers: NDArray[np.int32]
    shifts: NDArray[np.int8]
    low: int
    high: int


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """What the table of a node follows from: scales of its inputs, kernel and output."""

    inputs: tuple[Affine, ...]
    weights: NDArray[np.float32]  # empty for a node without
    output: Affine


def requantisation(node: Node, scales: Scales) -> Requantisation | None:
    """The table of a node; None for a node that moves integers as they are."""
    return rule_for(TABLES, node)(node, scales)


def clamp(activation: Activation, output: Affine) -> tuple[int, int]:
    """The integers between which a fused activation keeps the output."""
    low, high = INT8_MIN, INT8_MAX
    if activation != "none":
        low = max(low, output.zero_point)
    if activation == "relu6":
        steps = float(np.float32(6) / np.float32(output.scale))  # a 32-bit division, as there
        high = min(high, output.zero_point + math.floor(steps + 0.5))
    return low, high


def _weighted(node: Weighted, scales: Scales) -> Requantisation:
    before, after = scales.inputs[0].scale, scales.output.scale
    factors = [before * float(scale) / after for scale in scales.weights]
    return _table(f"{node.id}.scales", factors, clamp(node.activation, scales.output))


def _add(node: Add, scales: Scales) -> Requantisation:
    largest = 2 * max(affine.scale for affine in scales.inputs)
    factors = [affine.scale / largest for affine in scales.inputs]
    factors.append(largest / (2**ADD_SHIFT * scales.output.scale))
    if factors[-1] >= 1:
        need = f"need a scale of the sum > {largest} / 2^{ADD_SHIFT}, got {scales.output.scale}."
        raise InvalidInt8Graph(f"{node.id}.scale", need)
    return _table(f"{node.id}.scale", factors, clamp(node.activation, scales.output))


def _none(node: Node, scales: Scales) -> None:
    return None


def _table(field: str, factors: Iterable[float], bounds: tuple[int, int]) -> Requantisation:
    pairs = [multiplier_of(factor, field) for factor in factors]
    multipliers = np.array([multiplier for multiplier, _ in pairs], np.int32)
    shifts = np.array([shift for _, shift in pairs], np.int8)
    for array in (multipliers, shifts):
        array.setflags(write=False)
    return Requantisation(multipliers, shifts, *bounds)


TABLES: Mapping[type[Node], Callable[[Any, Scales], Requantisation | None]] = {
    Input: _none,
    Conv2d: _weighted,
    DepthwiseConv2d: _weighted,
    Dense: _weighted,
    MaxPool: _none,
    AvgPool: _none,
    GlobalAvgPool: _none,
    Pad: _none,
    Gather: _none,
    Add: _add,
    Concat: _none,
    Flatten: _none,
}
