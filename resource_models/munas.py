"""Operations and working memory as uNAS counts them (Liberis, Dudziak and Lane 2021, and its code).

Operations: besides the multiplications, a pool counts its window once per output, a sum of n maps
n - 1 additions per element. Batch norm, activations, padding and joining are free.

Working memory: the smallest peak of live tensors over all operator orders, without weights and
without the network's input, where a sum may lie where one of its addends lay. A sum never lies over
the network's input, which is not counted and so lies elsewhere.

Model size by the same convention is in `model_size`, beside the others.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from resource_models.graph import Graph
from resource_models.in_place import ADDITIONS, in_place
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
    Input,
    MaxPool,
    Node,
    Pad,
    Shape,
    rule_for,
)
from resource_models.program import Program


def munas_macs(graph: Graph, macs: int) -> int:
    """The MACs of one inference, taps of pools and additions."""
    shapes = graph.shapes
    return macs + sum(
        [
            rule_for(BESIDES, node)(
                node, shapes[node.inputs[0]] if node.inputs else (), shapes[node.id]
            )
            for node in graph.nodes
        ]
    )


def munas_memory_bytes(tensors: Program, graph: Graph, links: Links | None = None) -> int:
    """The peak without the network's input; `tensors` is the program without scratch."""
    operators = in_place(tensors, graph, ADDITIONS)
    counted = replace(
        operators,
        sizes_bytes=(0, *operators.sizes_bytes[1:]),
        over=tuple(
            [buffers if 0 not in buffers else _but_input(buffers) for buffers in operators.over]
        ),
    )
    return best_order(counted, links=links).peak_bytes


def _but_input(buffers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(buffer for buffer in buffers if buffer)


def _nothing(node: Node, before: Shape, after: Shape) -> int:
    return 0


def _pool(node: MaxPool | AvgPool, before: Shape, after: Shape) -> int:
    return node.window[0] * node.window[1] * math.prod(after)


def _whole_map(node: GlobalAvgPool, before: Shape, after: Shape) -> int:
    return math.prod(before)


def _sum(node: Add, before: Shape, after: Shape) -> int:
    return (len(node.inputs) - 1) * math.prod(after)


BESIDES: Mapping[type[Node], Callable[[Any, Shape, Shape], int]] = {
    Input: _nothing,
    Conv2d: _nothing,
    DepthwiseConv2d: _nothing,
    Dense: _nothing,
    MaxPool: _pool,
    AvgPool: _pool,
    GlobalAvgPool: _whole_map,
    Pad: _nothing,
    Gather: _nothing,
    Add: _sum,
    Concat: _nothing,
    Flatten: _nothing,
}
