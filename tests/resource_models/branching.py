"""Random networks of every kind of node, with branches that are added and joined, and cuts."""

import random
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from resource_models.channels import Tie, channels, chosen
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
)
from resource_models.shapes import shape_of

ACTIVATIONS: tuple[Any, ...] = ("none", "relu", "relu6")
PADDINGS: tuple[Any, ...] = ("same", "valid")


class Growing:
    """A network to which nodes are appended; widths are few, so that shapes often agree."""

    def __init__(self, rng: random.Random, first: Input) -> None:
        self.rng = rng
        self.nodes: list[Node] = [first]
        self.shapes: dict[str, Shape] = {first.id: first.shape}

    def append(self, node: Node) -> str:
        self.shapes[node.id] = shape_of(node, tuple(self.shapes[name] for name in node.inputs))
        self.nodes.append(node)
        return node.id

    @property
    def name(self) -> str:
        return f"n{len(self.nodes)}"

    def alike(self, source: str, axes: int) -> list[str]:
        """Other nodes that have the same first so many axes; gathers are for dense nodes alone."""
        here = self.shapes[source]
        return [
            node.id
            for node in self.nodes
            if not isinstance(node, Gather)
            and len(self.shapes[node.id]) == len(here)
            and self.shapes[node.id][:axes] == here[:axes]
            and node.id != source
        ]

    def ends(self) -> list[str]:
        read = {name for node in self.nodes for name in node.inputs}
        return [name for name in self.shapes if name not in read]

    def window(self, source: str) -> tuple[int, int]:
        height, width, _ = self.shapes[source]
        return min(height, self.rng.choice((1, 2, 3))), min(width, self.rng.choice((1, 2, 3)))

    def stride(self) -> tuple[int, int]:
        return (self.rng.choice((1, 1, 2)),) * 2

    def weighted(self) -> dict[str, Any]:
        return {
            "activation": self.rng.choice(ACTIVATIONS),
            "batch_norm": self.rng.random() < 0.5,
        }


def conv(net: Growing, source: str) -> Node:
    window, padding = net.window(source), net.rng.choice(PADDINGS)
    filters = net.rng.choice((1, 2, 4, 4))
    return Conv2d(net.name, (source,), filters, window, net.stride(), padding, **net.weighted())


def depthwise(net: Growing, source: str) -> Node:
    window, padding = net.window(source), net.rng.choice(PADDINGS)
    return DepthwiseConv2d(net.name, (source,), window, net.stride(), padding, **net.weighted())


def pool(net: Growing, source: str) -> Node:
    kind = net.rng.choice((MaxPool, AvgPool))
    return kind(net.name, (source,), net.window(source), net.stride(), net.rng.choice(PADDINGS))


def pad(net: Growing, source: str) -> Node:
    if net.rng.random() < 0.3:
        return Pad(net.name, (source,), (1, 0), (0, 1))
    missing = 4 - net.shapes[source][2]
    before = net.rng.randint(0, max(0, missing))
    return Pad(net.name, (source,), channels=(before, max(0, missing) - before))


def add(net: Growing, source: str) -> Node | None:
    others = net.alike(source, len(net.shapes[source]))
    if not others:
        return None
    some = net.rng.sample(others, min(len(others), net.rng.choice((1, 1, 2))))
    return Add(net.name, (source, *some), net.rng.choice(ACTIVATIONS))


def concat(net: Growing, source: str) -> Node | None:
    beside = net.alike(source, len(net.shapes[source]) - 1)
    return Concat(net.name, (source, net.rng.choice(beside))) if beside else None


def dense(net: Growing, source: str) -> Node:
    units = net.shapes[source][0]
    gathers = [node.id for node in net.nodes if isinstance(node, Gather)]
    if gathers and net.rng.random() < 0.3:
        source = net.rng.choice(gathers)
    elif net.rng.random() < 0.4:
        some = sorted(net.rng.sample(range(units), net.rng.randint(1, units)))
        source = net.append(Gather(net.name, (source,), tuple(some)))
    return Dense(net.name, (source,), net.rng.choice((2, 4, 5)), **net.weighted())


def flat(net: Growing, source: str) -> Node:
    return net.rng.choice((Flatten, GlobalAvgPool))(net.name, (source,))


ON_MAPS: tuple[Callable[[Growing, str], Node | None], ...] = (
    *(conv, conv, conv, depthwise, depthwise, pool, pad),
    *(add, add, concat),
)


def grow_maps(net: Growing) -> None:
    """Up to nine nodes on maps, then all that nobody reads made flat."""
    net.append(conv(net, "x"))
    for _ in range(net.rng.randint(0, 8)):
        node = net.rng.choice(ON_MAPS)(net, net.rng.choice(list(net.shapes)[-3:]))
        if node is not None:
            net.append(node)
    for name in net.ends():
        net.append(flat(net, name))


def grow_flats(net: Growing) -> None:
    """Up to three nodes on flat values."""
    for _ in range(net.rng.randint(0, 3)):
        flats = [
            node.id
            for node in net.nodes
            if len(net.shapes[node.id]) == 1 and not isinstance(node, Gather)
        ]
        node = net.rng.choice((dense, dense, add, concat))(net, net.rng.choice(flats))
        if node is not None:
            net.append(node)


def branching_network(rng: random.Random) -> Graph:
    """A network of any kind of nodes that ends in a dense node or a sum of them."""
    shape = (rng.randint(3, 7), rng.randint(3, 7), rng.randint(1, 2))
    net = Growing(rng, Input("x", shape if rng.random() < 0.9 else (7,)))
    if len(net.shapes["x"]) == 3:
        grow_maps(net)
    grow_flats(net)
    ends = net.ends()
    if len(ends) > 1 and rng.random() < 0.5:
        ends = [net.append(Concat(net.name, tuple(ends)))]
    last = [net.append(Dense(net.name, (name,), 3)) for name in ends]
    if len(last) > 1:
        net.append(Add(net.name, tuple(last)))
    return Graph(tuple(net.nodes))


def random_gone(rng: random.Random, graph: Graph) -> tuple[tuple[Tie, ...], dict[str, list[int]]]:
    """Channels and dense inputs that can go."""
    found = channels(graph)
    order = rng.sample(found.ties, len(found.ties))
    gone = chosen(graph, found, order, rng.randint(0, len(order)))
    numbers = {found.ties.index(tie) for tie in gone}
    inputs = {}
    for node in graph.nodes:
        if isinstance(node, Dense) and rng.random() < 0.5:
            lanes = found.of[node.inputs[0]]
            stays = rng.choice([k for k, lane in enumerate(lanes) if lane not in numbers])
            others = [k for k in range(len(lanes)) if k != stays]
            inputs[node.id] = sorted(rng.sample(others, rng.randint(0, len(others))))
    return gone, inputs


Cuttable = tuple[Graph, tuple[Tie, ...], dict[str, list[int]]]


def cuttable(seed: int) -> Cuttable:
    """A network, some of its channels and some inputs of its dense nodes, which can go."""
    rng = random.Random(seed)
    graph = branching_network(rng)
    return (graph, *random_gone(rng, graph))


cuttables = st.integers(0, 2**32).map(cuttable)
branching_networks = st.integers(0, 2**32).map(lambda seed: branching_network(random.Random(seed)))
