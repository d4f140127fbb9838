"""A network as the memory planner sees it: operators that read and write buffers.

Flatten and gather are views of the buffer before them: a dense node reads through a gather. So
they are no operators here and have no buffer of their own.
"""

import math
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Any

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
    Shape,
    rule_for,
)


@dataclass(frozen=True, slots=True)
class Program:
    """Operators in the order of the network; buffer 0 is the input, operator i writes buffer i + 1.

    `reads[i]` holds the different buffers that operator i reads, `scratch_bytes[i]` what its kernel
    needs while it runs. The last buffer is the output of the network.

    Operator i may write over a buffer of `over[i]` if nobody reads that buffer afterwards; it then
    needs `beside_bytes[i]` instead of room for its output. Left empty, no operator writes over
    anything.
    """

    node_ids: tuple[str, ...]
    reads: tuple[tuple[int, ...], ...]
    scratch_bytes: tuple[int, ...]
    sizes_bytes: tuple[int, ...]
    over: tuple[tuple[int, ...], ...] = ()
    beside_bytes: tuple[int, ...] = ()

    def tensors_only(self) -> "Program":
        """The same without the scratch of the kernels."""
        return Program(
            self.node_ids,
            self.reads,
            (0,) * len(self.reads),
            self.sizes_bytes,
            self.over,
            self.beside_bytes,
        )

    def aligned(self, alignment_bytes: int) -> "Program":
        """The same with every size rounded up to a multiple of the alignment."""
        return Program(
            self.node_ids,
            self.reads,
            _aligned(self.scratch_bytes, alignment_bytes),
            _aligned(self.sizes_bytes, alignment_bytes),
            self.over,
            _aligned(self.beside_bytes, alignment_bytes),
        )

    @property
    def is_chain(self) -> bool:
        """Whether each operator reads just what the one before it wrote."""
        return self.reads == tuple([(i,) for i in range(len(self.reads))])


Scratch = Mapping[type[Node], Callable[[Any, Shape], int]]


def program(graph: Graph) -> Program:
    """The operators and buffers of a network of int8 tensors: one byte per element."""
    return build(graph)[0]


def build(
    graph: Graph, scratch: Scratch | None = None, views: Container[type[Node]] | None = None
) -> tuple[Program, dict[str, int]]:
    """The program, and the buffer in which each node's values lie.

    Args:
        graph: the network.
        scratch: what the kernel of each kind of operator needs; left out, that of our own kernels.
        views: the kinds that read their input where it lies; left out, those of our own kernels.
    """
    scratch = SCRATCH if scratch is None else scratch
    views = VIEWS if views is None else views
    buffers: dict[str, int] = {}
    node_ids: list[str] = []
    reads: list[tuple[int, ...]] = []
    scratch_bytes: list[int] = []
    sizes_bytes: list[int] = []
    for node in graph.nodes:
        if type(node) in views:
            buffers[node.id] = buffers[node.inputs[0]]
            continue
        if node.inputs:
            shape = graph.shapes[node.inputs[0]]
            scratch_bytes.append(rule_for(scratch, node)(node, shape))
            node_ids.append(node.id)
            reads.append(tuple(dict.fromkeys([buffers[name] for name in node.inputs])))
        buffers[node.id] = len(sizes_bytes)
        sizes_bytes.append(math.prod(graph.shapes[node.id]))
    found = Program(tuple(node_ids), tuple(reads), tuple(scratch_bytes), tuple(sizes_bytes))
    return found, buffers


def _aligned(sizes_bytes: tuple[int, ...], alignment_bytes: int) -> tuple[int, ...]:
    return tuple([-(-size // alignment_bytes) * alignment_bytes for size in sizes_bytes])


def _no_scratch(node: Node, shape: Shape) -> int:
    return 0


def _columns(node: Conv2d, shape: Shape) -> int:
    """Two columns of int16 patches, which the kernel lays out before it multiplies.

    CMSIS-NN's size, measured for its scalar and DSP builds alike: 4 bytes per tap, taps rounded up
    to 4. A 1 x 1 kernel reads its input where it lies.
    """
    if node.kernel == (1, 1):
        return 0
    taps = node.kernel[0] * node.kernel[1] * shape[2]
    return 4 * (-(-taps // 4) * 4)


VIEWS: frozenset[type[Node]] = frozenset({Flatten, Gather})

SCRATCH: Scratch = {
    Conv2d: _columns,
    DepthwiseConv2d: _no_scratch,
    Dense: _no_scratch,
    MaxPool: _no_scratch,
    AvgPool: _no_scratch,
    GlobalAvgPool: _no_scratch,
    Pad: _no_scratch,
    Add: _no_scratch,
    Concat: _no_scratch,
}
