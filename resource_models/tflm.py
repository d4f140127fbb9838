"""What a network takes in TensorFlow Lite Micro with the kernels of CMSIS-NN, on a 32-bit core.

A model fitted to table 4 of MicroNets (Banbury et al. 2021), which it meets within 0.4 % for the
SRAM of five networks and 2 % for the flash of six. KWS-S is an outlier in SRAM: two of its tensors
alone are nearly as large as what was printed for all.

* Working memory: what lives at once, rounded up to 16 bytes each, with the kernels' scratch; and
  what stays: 8 bytes per output channel, for multiplier and shift of the requantisation, and 150
  bytes per operator, one fitted constant.
* Scratch: a convolution lays out two columns of int16 patches, 4 bytes per tap; a depthwise one
  takes 2 bytes per weight.
* Flash: the weights, 28 bytes per output channel (4 of the bias, 24 of scales and zero points of
  weights and bias) and 10,000 for the graph. There is no sparse kernel, so zeros are stored.

TensorFlow Lite Micro has no dense layer that reads through a gather, so a gather is an operator
here: it has an output, and indices of 4 bytes.
"""

from collections.abc import Mapping

from resource_models.graph import Graph
from resource_models.links import Links
from resource_models.memory import best_order
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
    Shape,
)
from resource_models.program import Scratch, build
from resource_models.weights import Weights

ALIGNMENT_BYTES = 16
CHANNEL_BYTES = 8
OPERATOR_BYTES = 150
CHANNEL_FLASH_BYTES = 28
GRAPH_FLASH_BYTES = 10_000
INDEX_BYTES = 4


def tflm_memory_bytes(
    graph: Graph, found: Mapping[str, Weights], links: Links | None = None
) -> int:
    """Arena and persistent part; `links` are those of a network without a gather."""
    operators = build(graph, SCRATCH, VIEWS)[0].aligned(ALIGNMENT_BYTES)
    if any(type(node) is Gather for node in graph.nodes):
        links = None
    peak_bytes = best_order(operators, links=links).peak_bytes
    persistent_bytes = CHANNEL_BYTES * _channels(found) + OPERATOR_BYTES * len(operators.reads)
    return peak_bytes + persistent_bytes


def tflm_flash_bytes(graph: Graph, found: Mapping[str, Weights]) -> int:
    """The FlatBuffer file; the interpreter and its kernels come on top."""
    kernels = sum([part.kernel for part in found.values()])
    indices = sum([len(node.indices) for node in graph.nodes if isinstance(node, Gather)])
    channels_bytes = CHANNEL_FLASH_BYTES * _channels(found)
    return kernels + channels_bytes + INDEX_BYTES * indices + GRAPH_FLASH_BYTES


def _channels(found: Mapping[str, Weights]) -> int:
    return sum([part.biases for part in found.values()])


def _columns(node: Conv2d, shape: Shape) -> int:
    return 4 * node.kernel[0] * node.kernel[1] * shape[2]


def _kernels(node: DepthwiseConv2d, shape: Shape) -> int:
    return 2 * node.kernel[0] * node.kernel[1] * shape[2]


def _no_scratch(node: Node, shape: Shape) -> int:
    return 0


VIEWS: frozenset[type[Node]] = frozenset({Flatten})

SCRATCH: Scratch = {
    Conv2d: _columns,
    DepthwiseConv2d: _kernels,
    Dense: _no_scratch,
    MaxPool: _no_scratch,
    AvgPool: _no_scratch,
    GlobalAvgPool: _no_scratch,
    Pad: _no_scratch,
    Gather: _no_scratch,
    Add: _no_scratch,
    Concat: _no_scratch,
}
