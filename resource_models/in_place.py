"""Which operators may write over one of their inputs, by three conventions.

An operator may write over an input that nobody reads afterwards, so whether it does depends on the
order in which operators run.

* `ADDITIONS`, as uNAS counts: a sum may lie where one of its addends lay.
* `TINYENGINE`, as TinyEngine runs networks: besides, a depthwise convolution works in place. It
  goes channel by channel: what it makes of a channel waits in a buffer of one output channel until
  that channel has been read, and then takes its place. So it needs its input and one output channel
  while it runs (N + 1 channels instead of 2 N) and leaves what its output holds: as much as before
  with stride 1, about a quarter with stride 2.

This rule gives both figures of TinyEngine's own planner for the fragment that sets the peak of
mcunet-vww1: a 1 x 1 convolution from 8 to 48 channels at 40 x 40 takes 12,800 + 76,800 = 89,600 B;
the depthwise one with stride 2 behind it takes 76,800 + 400 B in place, but 76,800 + 19,200 =
96,000 B elsewhere.

* `OURS`, as the kernels of our C project work: like TinyEngine's, but of a few channels only those
  rows wait whose place is still read. A row is read by windows that begin as far above it as the
  border in front of the map is high, so of a 3 x 3 kernel two rows wait and not the whole channel.
"""

from collections.abc import Callable, Mapping
from typing import Any

from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    GlobalAvgPool,
    MaxPool,
    Node,
    Pad,
    Shape,
    rule_for,
)
from resource_models.program import Program
from resource_models.shapes import border

# What an operator needs beside its inputs when it writes over one, by itself, the shape of its
# first input and that of its output; None if it never does.
Rules = Mapping[type[Node], Callable[[Any, Shape, Shape], int | None]]
CHANNELS_AT_ONCE = 4  # that our kernel takes, where there are so many


def in_place(
    operators: Program, graph: Graph, rules: Rules, shapes: Mapping[str, Shape] | None = None
) -> Program:
    """The same program whose operators may write over their inputs where the rules allow it.

    Args:
        operators: the program of the network, or of a part of it.
        graph: the network.
        rules: a convention.
        shapes: of each node's output, where they are not those of the network.
    """
    shapes = graph.shapes if shapes is None else shapes
    # An addend has the size of the sum; a depthwise convolution never makes more of a map.
    needed = [
        rule_for(rules, node)(node, shapes[node.inputs[0]], shapes[node.id])
        for node in map(graph.node, operators.node_ids)
    ]
    reads = zip(operators.reads, needed, strict=True)
    return Program(
        operators.node_ids,
        operators.reads,
        operators.scratch_bytes,
        operators.sizes_bytes,
        over=tuple([() if beside is None else buffers for buffers, beside in reads]),
        beside_bytes=tuple([beside or 0 for beside in needed]),
    )


def rows_waiting(node: DepthwiseConv2d, before: Shape, after: Shape) -> int:
    """How many rows of its output our kernel holds back while it works in place.

    Row y of the output lies within rows 0 to y of the input, which windows of row
    y + top // stride and above read, `top` being the border in front.
    """
    stride = node.stride[0]
    top, _ = border(before[0], node.kernel[0], stride, node.padding)
    return min(after[0], top // stride + 1)


def _never(node: Node, before: Shape, after: Shape) -> None:
    return None


def _nothing_more(node: Node, before: Shape, after: Shape) -> int:
    return 0


def _one_channel(node: Node, before: Shape, after: Shape) -> int:
    return after[0] * after[1]


def _few_rows(node: DepthwiseConv2d, before: Shape, after: Shape) -> int:
    channels = CHANNELS_AT_ONCE if after[2] >= CHANNELS_AT_ONCE else 1
    return rows_waiting(node, before, after) * after[1] * channels


ADDITIONS: Rules = {
    Conv2d: _never,
    DepthwiseConv2d: _never,
    Dense: _never,
    MaxPool: _never,
    AvgPool: _never,
    GlobalAvgPool: _never,
    Pad: _never,
    Add: _nothing_more,
    Concat: _never,
}

TINYENGINE: Rules = {**ADDITIONS, DepthwiseConv2d: _one_channel}

OURS: Rules = {**ADDITIONS, DepthwiseConv2d: _few_rows}
