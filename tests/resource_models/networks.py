"""Networks that several tests use: known ones, one of every kind, random ones."""

import random
from dataclasses import replace

from hypothesis import strategies as st

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
from resource_models.program import Program
from resource_models.shapes import shape_of


def released_sparse_network() -> Graph:
    """The network of SpArSe that was published: 9 x 9 pixels, one convolution, a pruned dense."""
    return Graph(
        (
            Input("image", (9, 9, 1), (28, 28, 1), "outside"),
            Conv2d("conv", ("image",), 22, (5, 5), padding="valid", activation="relu"),
            Flatten("flat", ("conv",)),
            Gather("kept", ("flat",), tuple(range(0, 488, 4))),
            Dense("classes", ("kept",), 10),
        )
    )


def every_kind() -> Graph:
    """A small network with one node of every kind."""
    return Graph(
        (
            Input("x", (8, 6, 2)),
            Pad("pad", ("x",), (1, 1), (0, 2), (0, 1)),
            Conv2d("conv", ("pad",), 4, (3, 3), (2, 2), activation="relu", batch_norm=True),
            DepthwiseConv2d("dw", ("conv",), (3, 5), activation="relu6"),
            Add("sum", ("conv", "dw"), "relu"),
            MaxPool("max", ("sum",), (2, 2), (2, 2)),
            AvgPool("avg", ("sum",), (3, 3), (2, 2), "same"),
            Flatten("flat", ("max",)),
            GlobalAvgPool("gap", ("avg",)),
            Gather("kept", ("flat",), (0, 3, 8)),
            Dense("exit", ("kept",), 3, "relu", True),
            Concat("join", ("exit", "gap")),
            Dense("classes", ("join",), 5),
        )
    )


def residual_chain(blocks: int) -> Graph:
    """Four nodes a block: two convolutions, a skip around them and a pool now and then."""
    nodes: list[Node] = [Input("x", (32, 32, 8))]
    last = "x"
    for i in range(blocks):
        nodes.append(Conv2d(f"a{i}", (last,), 24, (3, 3)))
        nodes.append(DepthwiseConv2d(f"b{i}", (f"a{i}",), (3, 3)))
        nodes.append(Conv2d(f"c{i}", (f"b{i}",), 8, (1, 1)))
        nodes.append(Add(f"d{i}", (last, f"c{i}")))
        last = f"d{i}"
    return Graph(tuple(nodes))


def random_network(rng: random.Random, operators: int) -> Graph:
    """A network of about so many operators with branches, sums and joins."""
    first = Input("x", (rng.randint(6, 20), rng.randint(6, 20), rng.randint(1, 4)))
    nodes: list[Node] = [first]
    shapes: dict[str, Shape] = {"x": first.shape}

    def append(node: Node) -> None:
        nodes.append(node)
        shapes[node.id] = shape_of(node, tuple(shapes[name] for name in node.inputs))

    while len(nodes) <= operators - 2:
        append(_random_node(rng, f"n{len(nodes)}", shapes))
    read = {name for node in nodes for name in node.inputs}
    open_ends = [name for name in shapes if name not in read]
    for name in open_ends:
        append(GlobalAvgPool(f"gap_{name}", (name,)))
    ends = tuple(f"gap_{name}" for name in open_ends)
    if len(ends) > 1:
        append(Concat("join", ends))
    append(Dense("classes", (nodes[-1].id,), 10))
    return Graph(tuple(nodes))


def _random_node(rng: random.Random, name: str, shapes: dict[str, Shape]) -> Node:
    source = rng.choice(list(shapes)[-4:])
    height, width, channels = shapes[source]
    twins = [other for other, shape in shapes.items() if shape == shapes[source]]
    beside = [other for other, shape in shapes.items() if shape[:2] == (height, width)]
    kernel = (rng.choice((1, 3, 5)), rng.choice((1, 3)))
    stride = (rng.choice((1, 1, 2)),) * 2
    kind = rng.choice((Conv2d, Conv2d, DepthwiseConv2d, MaxPool, Add, Add, Concat, Pad))
    if kind is Add and len(twins) > 1:
        return Add(name, tuple(rng.sample(twins, 2)))
    if kind is Concat and len(beside) > 1:
        return Concat(name, tuple(rng.sample(beside, 2)))
    if kind is Pad:
        return Pad(name, (source,), channels=(0, rng.randint(1, 4)))
    if kind is MaxPool:
        return MaxPool(name, (source,), (2, 2), (2, 2), "same")
    if kind is DepthwiseConv2d:
        return DepthwiseConv2d(name, (source,), kernel, stride)
    return Conv2d(name, (source,), rng.choice((channels, rng.randint(1, 24))), kernel, stride)


@st.composite
def programs(draw: st.DrawFn, most: int = 7, in_place: bool = False) -> Program:
    """Operators that read any earlier buffers; the last reads all that nobody read.

    With `in_place` some may write over what they read, and then need less than for their output.
    """
    count = draw(st.integers(1, most))
    reads = []
    for i in range(count - 1):
        found = draw(st.sets(st.integers(0, i), min_size=1, max_size=3))
        reads.append(tuple(sorted(found)))
    unread = set(range(count)) - {buffer for buffers in reads for buffer in buffers}
    reads.append(tuple(sorted(unread)))
    sizes = draw(st.lists(st.integers(1, 60), min_size=count + 1, max_size=count + 1))
    scratch = draw(st.lists(st.integers(0, 20), min_size=count, max_size=count))
    names = tuple(f"n{i}" for i in range(count))
    plain = Program(names, tuple(reads), tuple(scratch), tuple(sizes))
    if not in_place:
        return plain
    over = [tuple(b for b in buffers if draw(st.booleans())) for buffers in reads]
    beside = [draw(st.integers(0, size)) for size in sizes[1:]]
    return replace(plain, over=tuple(over), beside_bytes=tuple(beside))


@st.composite
def networks(draw: st.DrawFn) -> Graph:
    """A random network of up to 20 operators."""
    rng = draw(st.randoms(use_true_random=False))
    return random_network(rng, draw(st.integers(3, 20)))
