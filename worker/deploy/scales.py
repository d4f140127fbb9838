"""Which tensors must have one scale and one zero point, by kind of node.

Pools, padding, concatenation and views move integers and never rescale them, so all that they read
and write is on one scale. A sum of two rescales both. A sum of more is one operator only where all
it reads has one scale, and TensorFlow Lite Micro adds the zero point of its inputs once too often:
so there the zero point is 0.
"""

from collections.abc import Callable, Mapping
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
    Input,
    MaxPool,
    Node,
    Pad,
    rule_for,
)


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes whose outputs share a scale; with `symmetric` their zero point is 0."""

    members: tuple[str, ...]
    symmetric: bool


def groups(graph: Graph) -> tuple[Group, ...]:
    """All nodes, each in one group, in the order of the network."""
    leader = {node.id: node.id for node in graph.nodes}

    def find(name: str) -> str:
        while leader[name] != name:
            name = leader[name]
        return name

    for node in graph.nodes:
        first, *others = rule_for(SHARED, node)(node) or (node.id,)
        for other in others:
            leader[find(other)] = find(first)
    members: dict[str, list[str]] = {}
    for node in graph.nodes:
        members.setdefault(find(node.id), []).append(node.id)
    zero = {find(name) for node in graph.nodes if is_long_sum(node) for name in node.inputs}
    return tuple(Group(tuple(names), name in zero) for name, names in members.items())


def is_long_sum(node: Node) -> bool:
    """Whether the node adds more than two tensors."""
    return isinstance(node, Add) and len(node.inputs) > 2


def _none(node: Node) -> tuple[str, ...]:
    return ()


def _all(node: Node) -> tuple[str, ...]:
    return (*node.inputs, node.id)


def _add(node: Add) -> tuple[str, ...]:
    return node.inputs if is_long_sum(node) else ()


SHARED: Mapping[type[Node], Callable[[Any], tuple[str, ...]]] = {
    Input: _none,
    Conv2d: _none,
    DepthwiseConv2d: _none,
    Dense: _none,
    MaxPool: _all,
    AvgPool: _all,
    GlobalAvgPool: _all,
    Pad: _all,
    Gather: _all,
    Add: _add,
    Concat: _all,
    Flatten: _all,
}
