"""The int8 network in torch: batched, and in every integer equal to what the device computes.

Products are summed in floating point, which is exact as long as no sum leaves the mantissa, in
whatever order it is summed. Only by matrix products: a convolution of a library may transform
images first, which rounds. Rounding begins with 32-bit integers, in 64-bit ones.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resource_models.graph import Graph
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
    MaxPool,
    Node,
    Pad,
    Weighted,
    rule_for,
)
from worker.deploy.arithmetic import (
    ADD_SHIFT,
    DOUBLES_EXACT,
    INT8_MAX,
    INT8_MIN,
    factors_of,
    mean_of,
    requantise,
    requantise_doubles,
)
from worker.deploy.errors import InvalidSamples
from worker.deploy.floats import check_shape, concat, flatten, gather, pad
from worker.deploy.record import Int8Graph, accumulated
from worker.deploy.tables import Affine
from worker.deploy.windows import Windows

FLOAT32_EXACT = 2**24  # all integers up to here are 32-bit floats
# Numbers of the largest intermediate tensor: on a CPU they stay in the cache, which halves the
# time; on a GPU they bound the memory.
AT_ONCE = {"cpu": 2**19}
MANY_AT_ONCE = 2**24


class Simulation:
    """Runs an int8 graph on one device."""

    def __init__(self, record: Int8Graph, device: torch.device | str = "cpu") -> None:
        self.record = record
        self.graph: Graph = record.graph
        self.device = torch.device(device)
        self._tensors: dict[str, tuple[Tensor, ...]] = {}
        for name, table in record.tables.items():
            kernel = record.kernels.get(name)
            parts: list[NDArray[Any]] = [table.multipliers, table.shifts]
            parts += [] if kernel is None else [kernel.weights, kernel.bias]
            self._tensors[name] = tuple(
                torch.from_numpy(part.astype(np.int64)).to(self.device) for part in parts
            )
        weighted = [node for node in self.graph.nodes if isinstance(node, Weighted)]
        sums = {node.id: self._largest_sum(node) for node in weighted}
        self._short = {name for name, most in sums.items() if most < FLOAT32_EXACT}
        self._doubles = {
            node.id: factors_of(*self.table(node))
            for node in weighted
            if self._fits_doubles(node, sums[node.id])
        }

    def quantise(self, samples: Tensor) -> Tensor:
        """Samples behind the sensor, `n x` the input's shape, as int8: halves go to even."""
        affine = self.record.tensors[self.graph.input.id]
        check_shape(self.graph, samples)
        if not samples.is_floating_point() or not torch.isfinite(samples).all():
            raise InvalidSamples("samples", "need finite floating-point numbers.")
        steps = torch.round(samples.to(self.device, torch.float32) / affine.scale)
        # Clamped before the zero point is added: a float may be too large for an integer.
        steps = steps.clamp(INT8_MIN - affine.zero_point, INT8_MAX - affine.zero_point)
        return (steps + affine.zero_point).to(torch.int8)

    def logits(self, samples: Tensor) -> Tensor:
        """The answers to samples behind the sensor, as 32-bit floats."""
        affine = self.record.tensors[self.graph.output]
        answers = self.run(self.quantise(samples)).float()
        return (answers - affine.zero_point) * affine.scale

    @torch.inference_mode()
    def run(self, samples: Tensor) -> Tensor:
        """The int8 answers to int8 samples `n x` the input's shape; in parts if they are many."""
        check_shape(self.graph, samples)
        if samples.dtype != torch.int8:
            raise InvalidSamples("samples", f"need int8, got {samples.dtype}.")
        size = max(1, AT_ONCE.get(self.device.type, MANY_AT_ONCE) // self._largest())
        return torch.cat([self._last(part) for part in torch.split(samples, size)])

    @torch.inference_mode()
    def activations(self, samples: Tensor) -> dict[str, Tensor]:
        """The int8 output of every node, for int8 samples; all of them at once in memory."""
        check_shape(self.graph, samples)
        made = {self.graph.input.id: samples.to(self.device)}
        for node in self.graph.nodes[1:]:
            made[node.id] = self._node(node, made)
        return made

    def _last(self, samples: Tensor) -> Tensor:
        made = {self.graph.input.id: samples.to(self.device)}
        left = {node.id: len(self.graph.consumers(node.id)) for node in self.graph.nodes}
        for node in self.graph.nodes[1:]:
            made[node.id] = self._node(node, made)
            for name in node.inputs:
                left[name] -= 1
                if not left[name]:
                    del made[name]
        return made[self.graph.output]

    def _node(self, node: Node, made: Mapping[str, Tensor]) -> Tensor:
        with torch.autocast(self.device.type, enabled=False):  # it would round to 16 bits
            found: Tensor = rule_for(RUN, node)(self, node, *(made[name] for name in node.inputs))
        return found

    def affine(self, name: str) -> Affine:
        """What the integers of a node's output mean."""
        return self.record.tensors[name]

    def kernel(self, node: Weighted) -> tuple[Tensor, Tensor]:
        """Weights and bias."""
        return self._tensors[node.id][2], self._tensors[node.id][3]

    def products(self, node: Weighted, rows: Tensor, weights: Tensor) -> Tensor:
        """`rows x taps` times `outputs x taps`: integers, exactly, in floats."""
        # On request torch multiplies 32-bit floats with fewer bits than they have.
        full = torch.get_float32_matmul_precision() == "highest"
        kind = torch.float32 if full and node.id in self._short else torch.float64
        return rows.to(kind) @ weights.to(kind).T

    def scaled(self, node: Weighted, sums: Tensor) -> Tensor:
        """Sums of products with outputs last, biases added, as the int8 output of a node."""
        multipliers, shifts, _, bias = self._tensors[node.id]
        if node.id in self._doubles:
            values = sums.double().add_(bias)
            return self.clamped(node, requantise_doubles(values, *self._doubles[node.id]))
        return self.clamped(node, requantise(sums.to(torch.int64) + bias, multipliers, shifts))

    def table(self, node: Node) -> tuple[Tensor, Tensor]:
        """Multipliers and shifts."""
        return self._tensors[node.id][0], self._tensors[node.id][1]

    def clamped(self, node: Node, values: Tensor) -> Tensor:
        """The zero point added, between the bounds of the activation."""
        table = self.record.tables[node.id]
        values += self.affine(node.id).zero_point
        return values.clamp_(table.low, table.high).to(torch.int8)

    def _largest_sum(self, node: Weighted) -> int:
        """Of products, whatever the input is; biases apart."""
        weights = self.record.kernels[node.id].weights
        return int(accumulated(node, weights, self.affine(node.inputs[0]).zero_point).max())

    def _fits_doubles(self, node: Weighted, largest_sum: int) -> bool:
        bias, table = self.record.kernels[node.id].bias, self.record.tables[node.id]
        most = largest_sum + int(np.abs(bias.astype(np.int64)).max())
        return most << max(0, int(table.shifts.max())) < DOUBLES_EXACT

    def _largest(self) -> int:
        """The numbers of the largest tensor that one sample needs on the way."""
        sizes = [1]
        for node in self.graph.nodes:
            size = int(np.prod(self.graph.shapes[node.id]))
            if isinstance(node, Conv2d):
                taps = int(np.prod(self.record.kernels[node.id].weights.shape[1:]))
                size = max(size, size // node.filters * taps)
            sizes.append(size)
        return max(sizes)


def _conv2d(net: Simulation, node: Conv2d, x: Tensor) -> Tensor:
    weights, _ = net.kernel(node)
    zero_point = net.affine(node.inputs[0]).zero_point
    patches = Windows.of(node, tuple(x.shape[1:])).over(x.short() - zero_point, 0)
    # Channel, row, column: the order in which the view of the windows lies.
    kernel = weights.permute(0, 3, 1, 2).flatten(1)
    rows = patches.reshape(-1, kernel.shape[1])
    sums = net.products(node, rows, kernel)
    return net.scaled(node, sums.reshape(*patches.shape[:3], node.filters))


def _depthwise_conv2d(net: Simulation, node: DepthwiseConv2d, x: Tensor) -> Tensor:
    weights, _ = net.kernel(node)
    zero_point = net.affine(node.inputs[0]).zero_point
    # No library multiplies so few numbers fast; here integers do as well as floats.
    patches = Windows.of(node, tuple(x.shape[1:])).over(x.int() - zero_point, 0)
    sums = torch.zeros(patches.shape[:4], dtype=torch.int32, device=x.device)
    for row in range(node.kernel[0]):
        for column in range(node.kernel[1]):
            sums += patches[..., row, column] * weights[0, row, column].int()
    return net.scaled(node, sums)


def _dense(net: Simulation, node: Dense, x: Tensor) -> Tensor:
    weights, _ = net.kernel(node)
    rows = x.short() - net.affine(node.inputs[0]).zero_point
    return net.scaled(node, net.products(node, rows, weights))


def _max_pool(net: Simulation, node: MaxPool, x: Tensor) -> Tensor:
    windows = Windows.of(node, tuple(x.shape[1:])).over(x, INT8_MIN)
    rows, columns = map(range, windows.shape[-2:])
    # Tap by tap: several times as fast as a reduction of the view.
    return reduce(torch.maximum, (windows[..., i, j] for i in rows for j in columns))


def _avg_pool(net: Simulation, node: AvgPool, x: Tensor) -> Tensor:
    windows = Windows.of(node, tuple(x.shape[1:]))
    counts = windows.counts(x.long())
    return mean_of(windows.over(x.long(), 0).sum((-2, -1)), counts).to(torch.int8)


def _global_avg_pool(net: Simulation, node: GlobalAvgPool, x: Tensor) -> Tensor:
    counts = torch.tensor(x.shape[1] * x.shape[2], device=x.device)
    return mean_of(x.long().sum((1, 2)), counts).to(torch.int8)


def _pad(net: Simulation, node: Pad, x: Tensor) -> Tensor:
    return pad(net, node, x, net.affine(node.id).zero_point)


def _add(net: Simulation, node: Add, *inputs: Tensor) -> Tensor:
    multipliers, shifts = net.table(node)
    total = torch.zeros(inputs[0].shape, dtype=torch.int64, device=net.device)
    for i, (name, x) in enumerate(zip(node.inputs, inputs, strict=True)):
        wide = (x.long() - net.affine(name).zero_point) << ADD_SHIFT
        total += requantise(wide, multipliers[i], shifts[i])
    return net.clamped(node, requantise(total, multipliers[-1], shifts[-1]))


RUN: Mapping[type[Node], Callable[..., Any]] = {
    Conv2d: _conv2d,
    DepthwiseConv2d: _depthwise_conv2d,
    Dense: _dense,
    MaxPool: _max_pool,
    AvgPool: _avg_pool,
    GlobalAvgPool: _global_avg_pool,
    Pad: _pad,
    Gather: gather,
    Add: _add,
    Concat: concat,
    Flatten: flatten,
}
