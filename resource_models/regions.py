"""Which part of each map is needed to compute a part of a later one."""

from collections.abc import Callable, Mapping, Sequence
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
    Pair,
    rule_for,
)
from resource_models.shapes import border

# From a node, an axis (0 rows, 1 columns), what is needed of its output and the lengths of input
# and output to what is needed of its input; it may reach beyond the map, into its padding.
Reach = Callable[[Any, int, Pair, Pair], Pair]


def can_be_parted(node: Node) -> bool:
    """Whether a part of the output needs only a part of the input."""
    return type(node) not in WHOLE and bool(rule_for(REACH, node))


def sides(graph: Graph, names: Sequence[str], patches: int) -> dict[str, Pair]:
    """Rows and columns of each node that one of `patches` x `patches` parts of the last one needs.

    All parts have the size of the largest, which is one in the middle; those at the border need
    less. Parts of a map that cannot be divided evenly overlap.

    Args:
        graph: the network.
        names: nodes in order, the input first, each but the last read only within.
        patches: along each axis, no more than the last map is long.
    """
    rows, columns = (_lengths(graph, names, patches, axis) for axis in (0, 1))
    return {name: (rows[name], columns[name]) for name in names}


def _lengths(graph: Graph, names: Sequence[str], patches: int, axis: int) -> dict[str, int]:
    whole = graph.shapes[names[-1]][axis]
    part = -(-whole // patches)
    longest = dict.fromkeys(names, 0)
    for start in {min(i * part, whole - part) for i in range(patches)}:
        for name, (low, high) in _needed(graph, names, (start, start + part), axis).items():
            longest[name] = max(longest[name], high - low)
    return longest


def _needed(graph: Graph, names: Sequence[str], last: Pair, axis: int) -> dict[str, Pair]:
    """From where to where each node is needed for this part of the last one."""
    found = {names[-1]: last}
    for name in reversed(names):
        node = graph.node(name)
        if name not in found or not node.inputs:
            continue
        reach = rule_for(REACH, node)
        for source in node.inputs:
            lengths = (graph.shapes[source][axis], graph.shapes[name][axis])
            low, high = reach(node, axis, found[name], lengths)
            low, high = max(low, 0), min(high, lengths[0])
            if low < high:  # else it lies in padding altogether
                known = found.get(source, (low, high))
                found[source] = (min(low, known[0]), max(high, known[1]))
    return found


def _kernel(node: Conv2d | DepthwiseConv2d, axis: int, needed: Pair, lengths: Pair) -> Pair:
    return _windows(node.kernel[axis], node, axis, needed, lengths)


def _pool(node: MaxPool | AvgPool, axis: int, needed: Pair, lengths: Pair) -> Pair:
    return _windows(node.window[axis], node, axis, needed, lengths)


def _windows(window: int, node: Any, axis: int, needed: Pair, lengths: Pair) -> Pair:
    stride = node.stride[axis]
    before, _ = border(lengths[0], window, stride, node.padding)
    return needed[0] * stride - before, (needed[1] - 1) * stride - before + window


def _pad(node: Pad, axis: int, needed: Pair, lengths: Pair) -> Pair:
    before = (node.height, node.width)[axis][0]
    return needed[0] - before, needed[1] - before


def _as_it_is(node: Add | Concat, axis: int, needed: Pair, lengths: Pair) -> Pair:
    return needed


REACH: Mapping[type[Node], Reach] = {
    Conv2d: _kernel,
    DepthwiseConv2d: _kernel,
    MaxPool: _pool,
    AvgPool: _pool,
    Pad: _pad,
    Add: _as_it_is,
    Concat: _as_it_is,
}

# These need all of their input for any part of their output.
WHOLE: frozenset[type[Node]] = frozenset({Dense, GlobalAvgPool, Gather, Flatten})
