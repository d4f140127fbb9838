"""How many bytes of flash the numbers of a network take, by three conventions.

`deployed` is what our C project stores for a network:

* kernel weights of 8 bits, or of 4: then two share a byte, and each row (a filter, a unit, a tap of
  all channels) begins with a byte of its own; and int32 biases;
* requantisation: an int32 multiplier and an int8 shift, 5 bytes, per output channel of convolutions
  and once per dense layer, whose scale is one for the whole tensor; for an addition one for each
  input and one for the sum. Pools, padding and concatenation keep scale and zero point, so they
  have none. (The study that these formulas come from repeated a dense layer's pair for every unit;
  nothing needs that.)
* the indices of a gather, 1 byte each up to 256 inputs, else 2;
* a pruned dense layer in the smallest form its kernel can read: dense, bitmap or index. There is no
  sparse kernel for convolutions, so they are stored dense however many weights are zero.

Code, shapes, offsets and zero points are not model size: they belong to the program.

`sparse` counts as SpArSe does, one byte per number that is not zero, `munas` as uNAS does, one byte
per weight and bias, of a pruned kernel the non-zero ones. Neither counts where the numbers stand;
both know whole bytes only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

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
    Input,
    MaxPool,
    Node,
    Pad,
    Shape,
    rule_for,
)
from resource_models.weights import Weights

BIAS_BYTES = 4
REQUANTISATION_BYTES = 5
ROW_COUNT_BYTES = 2  # how many weights a row of an index form has


@dataclass(frozen=True, slots=True)
class Storage:
    """The form in which the kernel of a dense layer is stored, and its size."""

    form: Literal["dense", "bitmap", "index"]
    size_bytes: int


def dense_storage(inputs: int, units: int, non_zeros: int, weight_bits: int = 8) -> Storage:
    """The smallest form of a dense kernel; of equal ones the one that is read fastest.

    A bitmap has one bit per weight, an index form one index per non-zero weight and a count per
    row; both store the non-zero weights in the order of the rows, one behind the other.
    """
    kept = rows_bytes(1, non_zeros, weight_bits)
    bitmap = kept + -(-inputs * units // 8)
    index = kept + non_zeros * index_bytes(inputs) + ROW_COUNT_BYTES * units
    forms = (
        Storage("dense", rows_bytes(units, inputs, weight_bits)),
        Storage("bitmap", bitmap),
        Storage("index", index),
    )
    return min(forms, key=lambda storage: storage.size_bytes)


def unpruned_bytes(inputs: int, units: int, weight_bits: int) -> int:
    """The size of a dense kernel none of whose weights is zero.

    Of 4 bits a bitmap of ones is the smallest where many short rows would end with half a byte.
    """
    if weight_bits == 8:
        return inputs * units
    return dense_storage(inputs, units, inputs * units, weight_bits).size_bytes


def rows_bytes(rows: int, weights: int, weight_bits: int) -> int:
    """The size of rows of so many weights each, in whole bytes."""
    return rows * -(-weights * weight_bits // 8)


def index_bytes(inputs: int) -> int:
    """The size of a number that can name any of so many inputs."""
    if inputs <= 256:
        return 1
    return 2 if inputs <= 65536 else 4


def deployed_bytes(graph: Graph, found: Mapping[str, Weights], weight_bits: int = 8) -> int:
    """What our C project stores in flash for a network whose weights have 8 or 4 bits."""
    return sum([node_bytes(graph, found, node, weight_bits) for node in graph.nodes])


def node_bytes(graph: Graph, found: Mapping[str, Weights], node: Node, weight_bits: int = 8) -> int:
    """What it stores for one node."""
    rule = rule_for(STORED, node)
    shape = graph.shapes[node.inputs[0]] if node.inputs else ()
    return rule(node, shape, found.get(node.id), weight_bits)


def sparse_bytes(found: Mapping[str, Weights]) -> int:
    """Non-zero weights and biases, one byte each."""
    return sum(part.non_zeros + part.biases for part in found.values())


def munas_bytes(found: Mapping[str, Weights]) -> int:
    """Weights and biases, one byte each; of a pruned kernel the non-zero ones, as uNAS's code does.

    So it is SpArSe's figure under another name; it has its own, since that is how papers cite it.
    """
    return sparse_bytes(found)


def _conv2d(node: Conv2d, shape: Shape, found: Weights, weight_bits: int) -> int:
    kernel = rows_bytes(node.filters, found.kernel // node.filters, weight_bits)
    return kernel + (BIAS_BYTES + REQUANTISATION_BYTES) * found.biases


def _depthwise_conv2d(node: DepthwiseConv2d, shape: Shape, found: Weights, weight_bits: int) -> int:
    kernel = rows_bytes(node.kernel[0] * node.kernel[1], shape[2], weight_bits)
    return kernel + (BIAS_BYTES + REQUANTISATION_BYTES) * found.biases


def _dense(node: Dense, shape: Shape, found: Weights, weight_bits: int) -> int:
    storage = dense_storage(shape[0], node.units, found.non_zeros, weight_bits)
    return storage.size_bytes + BIAS_BYTES * found.biases + REQUANTISATION_BYTES


def _gather(node: Gather, shape: Shape, found: None, weight_bits: int) -> int:
    return len(node.indices) * index_bytes(shape[0])


def _add(node: Add, shape: Shape, found: None, weight_bits: int) -> int:
    return REQUANTISATION_BYTES * (len(node.inputs) + 1)


def _nothing(node: Node, shape: Shape, found: None, weight_bits: int) -> int:
    return 0


STORED: Mapping[type[Node], Callable[[Any, Shape, Any, int], int]] = {
    Input: _nothing,
    Conv2d: _conv2d,
    DepthwiseConv2d: _depthwise_conv2d,
    Dense: _dense,
    MaxPool: _nothing,
    AvgPool: _nothing,
    GlobalAvgPool: _nothing,
    Pad: _nothing,
    Gather: _gather,
    Add: _add,
    Concat: _nothing,
    Flatten: _nothing,
}
