"""The int8 graph: one record of all integers of a deployed network, checked when built.

The simulation, the `.tflite` file and the C project are three readers of it. `docs/adr/0014` has
its semantics.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, DepthwiseConv2d, Node, Shape, Weighted
from worker.deploy.arithmetic import INT8_MAX, INT8_MIN, INT32_MAX, weight_most
from worker.deploy.errors import InvalidInt8Graph
from worker.deploy.scales import groups
from worker.deploy.tables import Affine, Requantisation, Scales, requantisation

# The scale of a bias is a product of two scales and must be a normal 32-bit float, too.
LEAST_SCALE, MOST_SCALE = 2.0**-60, 2.0**60
WEIGHT_BITS = (8, 4)


@dataclass(frozen=True, slots=True, eq=False)
class Kernel:
    """The integers of a node that has weights, in the layout of TensorFlow Lite, read-only.

    Args:
        weights: int8, -127 to 127, of 4 bits -7 to 7. conv2d: filters, height, width, channels;
            depthwise_conv2d: 1, height, width, channels; dense: units, inputs.
        bias: int32, one per output, on the scale of the input times that of the weights.
        scales: float32 of the weights: per output channel, of a dense node one.
    """

    weights: NDArray[np.int8]
    bias: NDArray[np.int32]
    scales: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Sensor:
    """How the driver normalises a sample: (value - mean) / deviation, per channel, float32."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Int8Graph:
    """A network in integers.

    Args:
        graph: the network, batch norm folded.
        tensors: what the integers of each node's output mean.
        kernels: of each node that has weights.
        sensor: what happens to a sample before it is quantised.
        weight_bits: of each weight, 8 or 4.

    `tables` follows from these: how each node that rescales does it.
    """

    graph: Graph
    tensors: Mapping[str, Affine]
    kernels: Mapping[str, Kernel]
    sensor: Sensor
    weight_bits: int = 8
    tables: Mapping[str, Requantisation] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check_names("tensors", self.tensors, {node.id for node in self.graph.nodes})
        weighted = [node for node in self.graph.nodes if isinstance(node, Weighted)]
        _check_names("kernels", self.kernels, {node.id for node in weighted})
        for name, affine in self.tensors.items():
            _check_affine(name, affine)
        for group in groups(self.graph):
            _check_group(group.members, group.symmetric, self.tensors)
        kernels = {node.id: _checked(node, self._input(node), self.kernels) for node in weighted}
        _check_weights(kernels, self.weight_bits)
        tables = {}
        for node in self.graph.nodes:
            table = requantisation(node, self._scales(node, kernels))
            if table is not None:
                tables[node.id] = table
        for node in weighted:
            zero_point = self.tensors[node.inputs[0]].zero_point
            _check_room(node, kernels[node.id], tables[node.id], zero_point)
        channels = self.graph.input.shape[-1]
        mean = _frozen("sensor.mean", self.sensor.mean, "float32", (channels,))
        deviation = _frozen("sensor.deviation", self.sensor.deviation, "float32", (channels,))
        if not (deviation > 0).all():
            raise InvalidInt8Graph("sensor.deviation", "need numbers > 0.")
        ordered = {node.id: self.tensors[node.id] for node in self.graph.nodes}
        object.__setattr__(self, "tensors", MappingProxyType(ordered))
        object.__setattr__(self, "kernels", MappingProxyType(kernels))
        object.__setattr__(self, "tables", MappingProxyType(tables))
        object.__setattr__(self, "sensor", Sensor(mean, deviation))

    def __reduce__(self) -> tuple[Any, ...]:
        kernels = dict(self.kernels)
        parts = (self.graph, dict(self.tensors), kernels, self.sensor, self.weight_bits)
        return Int8Graph, parts  # the tables follow, and a proxy cannot be pickled

    def non_zeros(self) -> dict[str, int]:
        """Kernel weights that are not zero, per node that has weights: what `footprint` asks."""
        return {name: int(np.count_nonzero(part.weights)) for name, part in self.kernels.items()}

    def _input(self, node: Node) -> Shape:
        return self.graph.shapes[node.inputs[0]]

    def _scales(self, node: Node, kernels: Mapping[str, Kernel]) -> Scales:
        found = kernels.get(node.id)
        none = np.zeros(0, np.float32)
        return Scales(
            tuple(self.tensors[name] for name in node.inputs),
            none if found is None else found.scales,
            self.tensors[node.id],
        )


def kernel_shape(node: Weighted, shape: Shape) -> tuple[int, ...]:
    """The shape of the weights of a node behind an input of this shape."""
    if isinstance(node, Dense):
        return node.units, shape[0]
    outputs = node.filters if isinstance(node, Conv2d) else 1
    return outputs, *node.kernel, shape[2]


def outputs_of(node: Weighted, shape: Shape) -> int:
    """How many biases a node behind an input of this shape has."""
    if isinstance(node, Dense):
        return node.units
    return node.filters if isinstance(node, Conv2d) else shape[2]


def accumulated(node: Weighted, weights: NDArray[np.int8], zero_point: int) -> NDArray[np.int64]:
    """The largest sum of products of each output, whatever the input is; biases apart."""
    reach = max(INT8_MAX - zero_point, zero_point - INT8_MIN)
    found: NDArray[np.int64] = np.abs(rows_of(node, weights.astype(np.int64))).sum(1) * reach
    return found


def rows_of(node: Weighted, weights: NDArray[Any]) -> NDArray[Any]:
    """The weights of each output, a row each: outputs are the first axis, of a depthwise kernel
    the last."""
    first = np.moveaxis(weights, -1 if isinstance(node, DepthwiseConv2d) else 0, 0)
    return first.reshape(len(first), -1)


def per_output(node: Weighted, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers, one for each output or one for all, in a shape that broadcasts over the weights."""
    if isinstance(node, DepthwiseConv2d):
        return values
    return values.reshape(-1, *(1,) * (1 if isinstance(node, Dense) else 3))


def _check_names(field: str, found: Mapping[str, Any], need: set[str]) -> None:
    for name in need - found.keys():
        raise InvalidInt8Graph(f"{field}.{name}", "needed for this graph, but missing.")
    for name in found.keys() - need:
        raise InvalidInt8Graph(f"{field}.{name}", "need no entry: the graph has no such node.")


def _check_affine(name: str, affine: Affine) -> None:
    scale, zero_point = affine.scale, affine.zero_point
    fits = type(scale) is float and math.isfinite(scale) and LEAST_SCALE <= scale <= MOST_SCALE
    if not fits or float(np.float32(scale)) != scale:
        need = f"need a 32-bit float from {LEAST_SCALE} to {MOST_SCALE}"
        raise InvalidInt8Graph(f"{name}.scale", f"{need}, got {scale!r}.")
    if type(zero_point) is not int or not INT8_MIN <= zero_point <= INT8_MAX:
        need = f"need an integer from {INT8_MIN} to {INT8_MAX}"
        raise InvalidInt8Graph(f"{name}.zero_point", f"{need}, got {zero_point!r}.")


def _check_group(members: tuple[str, ...], symmetric: bool, tensors: Mapping[str, Affine]) -> None:
    first, *others = members
    for other in others:
        if tensors[other] != tensors[first]:
            need = f"need scale and zero point of {first!r}, {tensors[first]}"
            raise InvalidInt8Graph(f"{other}.scale", f"{need}, got {tensors[other]}.")
    if symmetric and tensors[first].zero_point:
        need = "need 0 for what a sum of three or more reads"
        raise InvalidInt8Graph(f"{first}.zero_point", f"{need}, got {tensors[first].zero_point}.")


def _checked(node: Weighted, shape: Shape, kernels: Mapping[str, Kernel]) -> Kernel:
    if node.batch_norm:
        raise InvalidInt8Graph(f"{node.id}.batch_norm", "need false: fold it first.")
    found, outputs = kernels[node.id], outputs_of(node, shape)
    weights = _frozen(f"{node.id}.weights", found.weights, "int8", kernel_shape(node, shape))
    bias = _frozen(f"{node.id}.bias", found.bias, "int32", (outputs,))
    lanes = (1 if isinstance(node, Dense) else outputs,)
    scales = _frozen(f"{node.id}.scales", found.scales, "float32", lanes)
    for scale in scales:
        _check_affine(f"{node.id}.scales", Affine(float(scale), 0))
    return Kernel(weights, bias, scales)


def _check_weights(kernels: Mapping[str, Kernel], bits: int) -> None:
    if type(bits) is not int or bits not in WEIGHT_BITS:
        raise InvalidInt8Graph("weight_bits", f"need 8 or 4, got {bits!r}.")
    most = weight_most(bits)
    for name, kernel in kernels.items():
        low, high = int(kernel.weights.min()), int(kernel.weights.max())
        if low < -most or high > most:
            need = f"need integers from {-most} to {most}"
            got = low if low < -most else high
            raise InvalidInt8Graph(f"{name}.weights", f"{need}, got {got}.")


def _check_room(node: Weighted, kernel: Kernel, table: Requantisation, zero_point: int) -> None:
    """Refuse what could overflow: a sum, or a sum that is shifted before it is scaled."""
    most = accumulated(node, kernel.weights, zero_point) + np.abs(kernel.bias.astype(np.int64))
    room = INT32_MAX >> np.maximum(table.shifts.astype(np.int64), 0)
    if (most > room).any():
        worst = int(np.argmax(most - room))
        need = f"need sums of at most {np.broadcast_to(room, most.shape)[worst]}"
        raise InvalidInt8Graph(f"{node.id}.bias", f"{need}; they may reach {most[worst]}.")


def _frozen(field: str, value: Any, dtype: str, shape: tuple[int, ...]) -> Any:
    if not (isinstance(value, np.ndarray) and value.dtype == dtype and value.shape == shape):
        got = f"{value.dtype} {value.shape}" if isinstance(value, np.ndarray) else repr(value)
        raise InvalidInt8Graph(field, f"need an array of {dtype} {shape}, got {got}.")
    if dtype == "float32" and not np.isfinite(value).all():
        raise InvalidInt8Graph(field, "need finite numbers.")
    copy = np.array(value, order="C")  # nobody outside can write into it
    copy.setflags(write=False)
    return copy
