"""How many weights and biases a node has, and how many multiplications they take."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from resource_models.errors import InvalidNonZeros
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


@dataclass(frozen=True, slots=True)
class Weights:
    """The trained numbers of one node after batch norm was folded; `non_zeros` of its kernel."""

    kernel: int
    biases: int
    non_zeros: int


def weights(graph: Graph, non_zeros: Mapping[str, int] | None = None) -> dict[str, Weights]:
    """The weights of each node that has some, in the order of the network.

    Args:
        graph: the network.
        non_zeros: kernel weights (biases apart) that are not zero, per node that was pruned;
            in a node that is not named every weight counts.
    """
    counts = dict(non_zeros or {})
    found = {}
    for node in graph.nodes:
        if not node.inputs:
            rule_for(COUNTS, node)
            continue
        kernel, biases = rule_for(COUNTS, node)(node, graph.shapes[node.inputs[0]])
        if biases:
            found[node.id] = Weights(kernel, biases, _non_zeros(node.id, kernel, counts))
    if counts:
        unknown = next(iter(counts))
        raise InvalidNonZeros(f"non_zeros.{unknown}", "need a node that has weights.")
    return found


def macs(graph: Graph, found: Mapping[str, Weights]) -> int:
    """Multiply-accumulates of one inference; each kernel weight is used once per output position.

    Taps that fall on padding are counted, and so are pruned weights: the kernels run over both.
    """
    return sum([node_macs(graph, found, name) for name in found])


def node_macs(graph: Graph, found: Mapping[str, Weights], node_id: str) -> int:
    """Those of one node that has weights."""
    return found[node_id].kernel * math.prod(graph.shapes[node_id][:-1])


def _non_zeros(node_id: str, kernel: int, counts: dict[str, int]) -> int:
    count = counts.pop(node_id, kernel)
    if type(count) is not int or not 0 <= count <= kernel:
        raise InvalidNonZeros(
            f"non_zeros.{node_id}", f"need an integer from 0 to {kernel}, got {count!r}."
        )
    return count


def _conv2d(node: Conv2d, shape: Shape) -> tuple[int, int]:
    return node.kernel[0] * node.kernel[1] * shape[2] * node.filters, node.filters


def _depthwise_conv2d(node: DepthwiseConv2d, shape: Shape) -> tuple[int, int]:
    return node.kernel[0] * node.kernel[1] * shape[2], shape[2]


def _dense(node: Dense, shape: Shape) -> tuple[int, int]:
    return shape[0] * node.units, node.units


def _none(node: Node, shape: Shape) -> tuple[int, int]:
    return 0, 0


COUNTS: Mapping[type[Node], Callable[[Any, Shape], tuple[int, int]]] = {
    Input: _none,
    Conv2d: _conv2d,
    DepthwiseConv2d: _depthwise_conv2d,
    Dense: _dense,
    MaxPool: _none,
    AvgPool: _none,
    GlobalAvgPool: _none,
    Pad: _none,
    Gather: _none,
    Add: _none,
    Concat: _none,
    Flatten: _none,
}
