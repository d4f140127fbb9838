"""Which output channels of a network can only be removed together.

An addition ties a channel of each of its inputs. Depthwise convolutions, pools, padding, flatten
and activations hand a channel on, so that a tie reaches through them; concat places channels side
by side. A channel that is part of what the network answers or was part of what it receives cannot
go, nor can one that is tied to such a channel.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from resource_models.errors import InvalidCut
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

Member: TypeAlias = tuple[str, int]  # the id of a conv2d or dense node, one of its outputs

STAYS = -1  # in place of the number of a tie: this channel cannot go


@dataclass(frozen=True, slots=True)
class Tie:
    """Output channels of conv2d and dense nodes that can only go together, mostly just one."""

    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Channels:
    """The ties of a network, and where each of them runs.

    `of` holds for every node and each of its outputs (flat ones in the order row, column, channel)
    the position of its tie in `ties`, or `STAYS`.
    """

    ties: tuple[Tie, ...]
    of: Mapping[str, list[int]]

    def numbers(self, some: Iterable[Tie]) -> list[int]:
        """The positions of some ties; one that is not of this network raises `InvalidCut`."""
        positions = {tie: number for number, tie in enumerate(self.ties)}
        found = []
        for tie in some:
            if tie not in positions:
                raise InvalidCut("gone", f"need whole ties of this network, got {tie!r}.")
            found.append(positions[tie])
        return found


def ties(graph: Graph) -> tuple[Tie, ...]:
    """All that can go, in the order of the network; each removable channel is in just one tie."""
    return channels(graph).ties


def channels(graph: Graph) -> Channels:
    """The ties of a network and the way they take through its nodes."""
    found = _Tying()
    for node in graph.nodes:
        rule_for(LANES, node)(node, found, graph)
    for lane in found.lanes[graph.output]:
        found.tie(lane, _Tying.FIXED)
    return found.channels()


def chosen(graph: Graph, found: Channels, order: Iterable[Tie], count: int) -> tuple[Tie, ...]:
    """The first `count` ties of `order` that can go together.

    A tie that would empty a node after those before it went is passed over, so fewer may come back.
    `cut` can remove all that come back. A tie of another network raises `InvalidCut`.
    """
    taken = fitting(graph, found, found.numbers(order), count)
    return tuple(found.ties[number] for number in taken)


def fitting(graph: Graph, found: Channels, order: Iterable[int], count: int) -> list[int]:
    """What `chosen` does, by the positions of the ties in the channels of the network."""
    left, takes = _room(graph, found)
    taken: list[int] = []
    for number in order:
        if len(taken) >= count:
            break
        needs = takes[number]
        if all(left[name] > amount for name, amount in needs.items()):
            taken.append(number)
            for name, amount in needs.items():
                left[name] -= amount
    return taken


def _room(graph: Graph, found: Channels) -> tuple[dict[str, int], list[dict[str, int]]]:
    """How many outputs each node has that could be emptied, and how many each tie takes of it.

    Channels come from conv2d and dense nodes alone, and only a gather can drop some on the way: if
    these keep one output, all nodes do.
    """
    left: dict[str, int] = {}
    takes: list[dict[str, int]] = [{} for _ in found.ties]
    for node in graph.nodes:
        if isinstance(node, Conv2d | Dense | Gather):
            lanes = found.of[node.id]
            left[node.id] = len(lanes)
            for number in lanes:
                if number != STAYS:
                    takes[number][node.id] = takes[number].get(node.id, 0) + 1
    return left, takes


class _Tying:
    """Union-find over lanes; a lane is an output channel that some node brings into the world."""

    FIXED = 0  # the lane of all that can never go

    def __init__(self) -> None:
        self.lanes: dict[str, list[int]] = {}  # of each node, one per output
        self._parents = [self.FIXED]
        self._makers: list[tuple[str, int]] = []  # conv2d and dense nodes, their first lane

    def new(self, count: int) -> list[int]:
        """Fresh lanes."""
        start = len(self._parents)
        fresh = list(range(start, start + count))
        self._parents += fresh
        return fresh

    def make(self, node_id: str, count: int) -> None:
        """The lanes of a conv2d or dense node."""
        fresh = self.new(count)
        self.lanes[node_id] = fresh
        self._makers.append((node_id, fresh[0]))

    def root(self, lane: int) -> int:
        """The lowest lane that this one is tied to."""
        parents = self._parents
        while parents[lane] != lane:
            parents[lane] = parents[parents[lane]]
            lane = parents[lane]
        return lane

    def tie(self, one: int, other: int) -> None:
        """Tie two lanes; the lower root stays root, so that what is fixed stays at `FIXED`."""
        low, high = sorted((self.root(one), self.root(other)))
        self._parents[high] = low

    def channels(self) -> Channels:
        """The ties in the order of their first members."""
        roots = [self.root(lane) for lane in range(len(self._parents))]
        members: dict[int, list[Member]] = {}
        for node_id, first in self._makers:
            for channel in range(len(self.lanes[node_id])):
                root = roots[first + channel]
                if root != self.FIXED:
                    members.setdefault(root, []).append((node_id, channel))
        # A lane of padding that is tied to no channel is in no tie.
        number = dict(zip(members, range(len(members)), strict=True))
        numbers = [number.get(root, STAYS) for root in roots]
        of = {name: [numbers[lane] for lane in lanes] for name, lanes in self.lanes.items()}
        return Channels(tuple(Tie(tuple(found)) for found in members.values()), of)


def _input(node: Input, found: _Tying, graph: Graph) -> None:
    found.lanes[node.id] = [_Tying.FIXED] * node.shape[-1]


def _conv2d(node: Conv2d, found: _Tying, graph: Graph) -> None:
    found.make(node.id, node.filters)


def _dense(node: Dense, found: _Tying, graph: Graph) -> None:
    found.make(node.id, node.units)


def _same(node: Node, found: _Tying, graph: Graph) -> None:
    found.lanes[node.id] = found.lanes[node.inputs[0]]


def _pad(node: Pad, found: _Tying, graph: Graph) -> None:
    before, after = node.channels
    inner = found.lanes[node.inputs[0]]
    found.lanes[node.id] = [*found.new(before), *inner, *found.new(after)]


def _gather(node: Gather, found: _Tying, graph: Graph) -> None:
    source = found.lanes[node.inputs[0]]
    found.lanes[node.id] = [source[index] for index in node.indices]


def _add(node: Add, found: _Tying, graph: Graph) -> None:
    first, *others = (found.lanes[name] for name in node.inputs)
    for other in others:
        for one, two in zip(first, other, strict=True):
            found.tie(one, two)
    found.lanes[node.id] = first


def _concat(node: Concat, found: _Tying, graph: Graph) -> None:
    found.lanes[node.id] = [lane for name in node.inputs for lane in found.lanes[name]]


def _flatten(node: Flatten, found: _Tying, graph: Graph) -> None:
    lanes = found.lanes[node.inputs[0]]
    found.lanes[node.id] = lanes * (graph.shapes[node.id][0] // len(lanes))


LANES: Mapping[type[Node], Callable[[Any, _Tying, Graph], None]] = {
    Input: _input,
    Conv2d: _conv2d,
    DepthwiseConv2d: _same,
    Dense: _dense,
    MaxPool: _same,
    AvgPool: _same,
    GlobalAvgPool: _same,
    Pad: _pad,
    Gather: _gather,
    Add: _add,
    Concat: _concat,
    Flatten: _flatten,
}
