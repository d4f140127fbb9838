"""The int8 network once more: plain loops over one sample, as the kernels of TensorFlow Lite are.

Nothing is shared with the code under test but the record: sums skip what lies outside the map
instead of padding it, and numbers are rounded one by one in Python's own integers.
"""

import math
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resource_models.nodes import Add, Conv2d, Dense, DepthwiseConv2d, Node
from worker.deploy.record import Int8Graph

Integers = NDArray[np.int64]


def answer(record: Int8Graph, sample: NDArray[np.int8]) -> dict[str, Integers]:
    """What every node gives for one sample."""
    made = {record.graph.input.id: sample.astype(np.int64)}
    for node in record.graph.nodes[1:]:
        made[node.id] = RUN[node.kind](record, node, *(made[name] for name in node.inputs))
    return made


def multiply(value: int, scale: float) -> int:
    """A 32-bit integer times a scale by a 31-bit fraction, rounded twice."""
    if scale == 0:
        return 0
    fraction, shift = math.frexp(scale)
    quantised = round_half_away(fraction * 2.0**31)
    if quantised == 2**31:
        quantised, shift = quantised // 2, shift + 1
    if shift < -31:
        return 0
    high = doubling_high(value * 2 ** max(shift, 0), quantised)
    return divide_by_power(high, max(-shift, 0))


def doubling_high(a: int, b: int) -> int:
    total = a * b
    nudge = 2**30 if total >= 0 else 1 - 2**30
    return truncated(total + nudge, 2**31)


def divide_by_power(value: int, exponent: int) -> int:
    """Halves away from zero, as gemmlowp's comment says of its function."""
    return round_half_away_ratio(value, 2**exponent)


def truncated(a: int, b: int) -> int:
    return abs(a) // b * (1 if a >= 0 else -1)


def round_half_away(value: float) -> int:
    return math.floor(value + 0.5) if value >= 0 else math.ceil(value - 0.5)


def round_half_away_ratio(a: int, b: int) -> int:
    return (2 * abs(a) + b) // (2 * b) * (1 if a >= 0 else -1)


def clamped(record: Int8Graph, node: Any, value: int) -> int:
    affine = record.tensors[node.id]
    low, high = -128, 127
    if node.activation in ("relu", "relu6"):
        low = affine.zero_point
    if node.activation == "relu6":
        six = float(np.float32(6) / np.float32(affine.scale))
        high = min(high, affine.zero_point + round_half_away(six))
    return max(low, min(high, value + affine.zero_point))


def outputs(record: Int8Graph, node: Any, sums: Integers) -> Integers:
    """Sums with outputs last, as int8 values."""
    kernel = record.kernels[node.id]
    before, after = record.tensors[node.inputs[0]].scale, record.tensors[node.id].scale
    found = np.zeros_like(sums)
    for place in np.ndindex(sums.shape):
        lane = place[-1]
        scale = float(kernel.scales[lane if len(kernel.scales) > 1 else 0])
        total = int(sums[place]) + int(kernel.bias[lane])
        assert abs(total) < 2**31
        found[place] = clamped(record, node, multiply(total, before * scale / after))
    return found


def taps(node: Any, window: tuple[int, int], x: Integers, row: int, column: int) -> list[Any]:
    """(row of the window, its column, values there) of each tap on the map."""
    start = [row * node.stride[0], column * node.stride[1]]
    if node.padding == "same":
        for axis in (0, 1):
            steps = math.ceil(x.shape[axis] / node.stride[axis]) - 1
            start[axis] -= max(steps * node.stride[axis] + window[axis] - x.shape[axis], 0) // 2
    found = []
    for i, j in product(range(window[0]), range(window[1])):
        y, z = start[0] + i, start[1] + j
        if 0 <= y < x.shape[0] and 0 <= z < x.shape[1]:
            found.append((i, j, x[y, z]))
    return found


def slid(
    record: Int8Graph,
    node: Any,
    window: tuple[int, int],
    x: Integers,
    function: Callable[[list[Any]], Integers],
) -> Integers:
    found = np.zeros(record.graph.shapes[node.id], np.int64)
    for row, column in np.ndindex(found.shape[:2]):
        found[row, column] = function(taps(node, window, x, row, column))
    return found


def conv2d(record: Int8Graph, node: Conv2d, x: Integers) -> Integers:
    weights = record.kernels[node.id].weights.astype(np.int64)
    centred = x - record.tensors[node.inputs[0]].zero_point

    def sums(on_map: list[Any]) -> Integers:
        return sum((weights[:, i, j] @ values for i, j, values in on_map), np.int64(0))

    return outputs(record, node, slid(record, node, node.kernel, centred, sums))


def depthwise_conv2d(record: Int8Graph, node: DepthwiseConv2d, x: Integers) -> Integers:
    weights = record.kernels[node.id].weights.astype(np.int64)
    centred = x - record.tensors[node.inputs[0]].zero_point

    def sums(on_map: list[Any]) -> Integers:
        return sum((weights[0, i, j] * values for i, j, values in on_map), np.int64(0))

    return outputs(record, node, slid(record, node, node.kernel, centred, sums))


def dense(record: Int8Graph, node: Dense, x: Integers) -> Integers:
    weights = record.kernels[node.id].weights.astype(np.int64)
    return outputs(record, node, weights @ (x - record.tensors[node.inputs[0]].zero_point))


def max_pool(record: Int8Graph, node: Any, x: Integers) -> Integers:
    def largest(on_map: list[Any]) -> Integers:
        return np.max([values for _, _, values in on_map], 0)

    return slid(record, node, node.window, x, largest)


def avg_pool(record: Int8Graph, node: Any, x: Integers) -> Integers:
    def mean(on_map: list[Any]) -> Integers:
        totals = np.sum([values for _, _, values in on_map], 0)
        return np.array([round_half_away_ratio(int(total), len(on_map)) for total in totals])

    return slid(record, node, node.window, x, mean)


def global_avg_pool(record: Int8Graph, node: Node, x: Integers) -> Integers:
    count = x.shape[0] * x.shape[1]
    return np.array([round_half_away_ratio(int(total), count) for total in x.sum((0, 1))])


def pad(record: Int8Graph, node: Any, x: Integers) -> Integers:
    zero_point = record.tensors[node.id].zero_point
    return np.pad(x, (node.height, node.width, node.channels), constant_values=zero_point)


def add(record: Int8Graph, node: Add, *inputs: Integers) -> Integers:
    affines = [record.tensors[name] for name in node.inputs]
    largest = 2 * max(affine.scale for affine in affines)
    output = largest / (2**20 * record.tensors[node.id].scale)
    found = np.zeros_like(inputs[0])
    for place in np.ndindex(found.shape):
        total = sum(
            multiply((int(x[place]) - affine.zero_point) * 2**20, affine.scale / largest)
            for x, affine in zip(inputs, affines, strict=True)
        )
        found[place] = clamped(record, node, multiply(total, output))
    return found


RUN: Mapping[str, Callable[..., Integers]] = {
    "conv2d": conv2d,
    "depthwise_conv2d": depthwise_conv2d,
    "dense": dense,
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "global_avg_pool": global_avg_pool,
    "pad": pad,
    "gather": lambda record, node, x: x[list(node.indices)],
    "add": add,
    "concat": lambda record, node, *inputs: np.concatenate(inputs, -1),
    "flatten": lambda record, node, x: x.reshape(-1),
}
