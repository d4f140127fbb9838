"""Networks parts of which run in bands, with the budgets that make them."""

import random

from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    AvgPool,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
)
from resource_models.shapes import shape_of

# A stem and two blocks, one with a skip; odd maps, a window of even size, a map of three channels.
BLOCKS = Graph(
    (
        Input("in", (25, 20, 3)),
        Conv2d("stem", ("in",), 8, (3, 3), (2, 2), activation="relu6"),
        DepthwiseConv2d("first", ("stem",), (3, 3), activation="relu6"),
        Conv2d("thin", ("first",), 4, (1, 1)),
        Conv2d("expand", ("thin",), 26, (1, 1), activation="relu6"),
        DepthwiseConv2d("each", ("expand",), (5, 3), activation="relu6"),
        Conv2d("project", ("each",), 4, (1, 1)),
        Add("sum", ("thin", "project")),
        Conv2d("wide", ("sum",), 21, (3, 3), activation="relu"),
        MaxPool("most", ("wide",), (3, 3), (2, 2), "same"),
        AvgPool("mean", ("most",), (2, 2), (1, 1), "same"),
        Conv2d("narrow", ("mean",), 5, (2, 2), padding="valid"),
        GlobalAvgPool("all", ("narrow",)),
        Dense("out", ("all",), 3),
    )
)


def row(seed: int) -> Graph:
    """Windows of any size and step in a row, wide in the middle, where bands gain something."""
    rng = random.Random(seed)
    shape = (rng.randint(9, 30), rng.randint(3, 9), rng.randint(1, 4))
    nodes: list[Node] = [Input("in", shape)]
    for number in range(rng.randint(3, 6)):
        size = (rng.randint(1, 5), rng.randint(1, 3))
        step = (rng.choice((1, 1, 1, 2, 3)), rng.choice((1, 1, 2)))
        fits = size[0] <= shape[0] and size[1] <= shape[1]
        padding = rng.choice(("same", "valid")) if fits else "same"
        name, before = f"n{number}", (nodes[-1].id,)
        filters = rng.randint(5, 20) if number < 2 else rng.randint(1, 6)
        kind = rng.choice((Conv2d, Conv2d, DepthwiseConv2d, MaxPool, AvgPool))
        node: Node
        if kind is Conv2d or not number:
            node = Conv2d(name, before, filters, size, step, padding, "relu")
        else:
            node = kind(name, before, size, step, padding)
        shape = shape_of(node, (shape,))
        nodes.append(node)
    return Graph(tuple(nodes))
