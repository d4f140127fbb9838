"""Networks of any depth to cost: chains, residual and branched ones, and random ones."""

import random
from collections.abc import Callable, Mapping

from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
)


def chain(rng: random.Random, nodes: int = 10) -> Graph:
    """Nodes in a row, as a depthwise-separable network with a pool now and then."""
    found: list[Node] = [
        _image(rng),
        Conv2d("n1", ("x",), _width(rng), (3, 3), (2, 2), activation="relu"),
    ]
    while len(found) < nodes - 2:
        at, last = len(found), found[-1].id
        if at % 10 == 4:
            found.append(MaxPool(f"n{at}", (last,), (2, 2), (2, 2), "same"))
        elif at % 2:
            found.append(Conv2d(f"n{at}", (last,), _width(rng), (1, 1), activation="relu"))
        else:
            found.append(DepthwiseConv2d(f"n{at}", (last,), (3, 3), activation="relu"))
    return _classified(found)


def residual(rng: random.Random, nodes: int = 10) -> Graph:
    """Sums that wait for a branch: inverted bottlenecks of four nodes, or fewer at the end."""
    width = _width(rng) // 4 + 1
    found: list[Node] = [_image(rng), Conv2d("s", ("x",), width, (3, 3), (2, 2))]
    while len(found) < nodes - 3:
        at, skip = len(found), found[-1].id
        branch: list[Node] = [Conv2d(f"n{at}", (skip,), _width(rng), (1, 1), activation="relu")]
        if len(found) < nodes - 5:
            branch.append(DepthwiseConv2d(f"n{at + 1}", (f"n{at}",), (3, 3), activation="relu"))
            branch.append(Conv2d(f"n{at + 2}", (f"n{at + 1}",), width, (1, 1)))
        else:
            branch = [Conv2d(f"n{at}", (skip,), width, (3, 3))]
        found.extend(branch)
        found.append(Add(f"s{at}", (skip, branch[-1].id), "relu"))
    return _classified(found)


def branched(rng: random.Random, nodes: int = 10) -> Graph:
    """Blocks of three branches of different width, joined side by side, as in Inception."""
    found: list[Node] = [_image(rng), Conv2d("s", ("x",), _width(rng), (3, 3), (2, 2))]
    while len(found) <= nodes - 8:
        at, start = len(found), found[-1].id
        found.append(Conv2d(f"a{at}", (start,), _width(rng), (1, 1)))
        found.append(Conv2d(f"b{at}", (start,), _width(rng), (1, 1)))
        found.append(Conv2d(f"c{at}", (f"b{at}",), _width(rng), (3, 3)))
        found.append(MaxPool(f"d{at}", (start,), (3, 3), (1, 1), "same"))
        found.append(Concat(f"e{at}", (f"a{at}", f"c{at}", f"d{at}")))
        found.append(Conv2d(f"f{at}", (f"e{at}",), _width(rng), (1, 1)))
    while len(found) < nodes - 2:
        found.append(Conv2d(f"g{len(found)}", (found[-1].id,), _width(rng), (3, 3)))
    return _classified(found)


def scattered(rng: random.Random, nodes: int = 10) -> Graph:
    """Nodes that read any of the last few, summed where they fit; open ends are joined last."""
    image = _image(rng)
    found: list[Node] = [image]
    widths = {image.id: image.shape[2]}
    for at in range(1, nodes - 3):
        source = rng.choice(list(widths)[-4:])
        twins = [name for name, width in widths.items() if width == widths[source]]
        if len(twins) > 1 and rng.random() < 0.3:
            found.append(Add(f"n{at}", tuple(rng.sample(twins, 2))))
            widths[f"n{at}"] = widths[source]
        else:
            widths[f"n{at}"] = rng.choice((widths[source], rng.randint(1, 24)))
            found.append(
                Conv2d(f"n{at}", (source,), widths[f"n{at}"], rng.choice(((1, 1), (3, 3))))
            )
    read = {name for node in found for name in node.inputs}
    ends = tuple(name for name in widths if name not in read)
    if len(ends) > 1:
        found.append(Concat("ends", ends))
    return _classified(found)


FAMILIES: Mapping[str, Callable[[random.Random, int], Graph]] = {
    "chain": chain,
    "residual": residual,
    "branched": branched,
}


def _classified(nodes: list[Node]) -> Graph:
    pool = GlobalAvgPool("gap", (nodes[-1].id,))
    return Graph((*nodes, pool, Dense("classes", ("gap",), 10)))


def _image(rng: random.Random) -> Input:
    side = rng.randint(12, 64)
    return Input("x", (side, side, rng.choice((1, 3))))


def _width(rng: random.Random) -> int:
    return rng.randint(4, 64)
