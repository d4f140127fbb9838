"""What a child has of its parent, measured on real networks with the worker's own function."""

import torch

from docs.pictures.svg import GREEN, GREY, TINTS, Sheet
from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, GlobalAvgPool, Input, Node
from worker.inherit.inherited import inherit
from worker.inherit.parent import Parent
from worker.network import Network
from worker.tensors import Tensors
from worker.weights import weights


def _network(filters: tuple[int, int], windows: tuple[int, int], *, doubled: bool = False) -> Graph:
    first, last = filters
    nodes: list[Node] = [
        Input("image", (8, 8, 1)),
        Conv2d("l1", ("image",), first, (windows[0],) * 2, (2, 2), activation="relu"),
        Conv2d("l2", ("l1",), last, (windows[1],) * 2, activation="relu"),
    ]
    if doubled:
        nodes.append(Conv2d("l3", ("l2",), last, (3, 3), activation="relu"))
    end = nodes[-1].id
    nodes += [GlobalAvgPool("mean", (end,)), Dense("classes", ("mean",), 10)]
    return Graph(tuple(nodes))


PARENT = _network((8, 12), (3, 3))
CHILDREN = {
    "more filters (8 to 12)": _network((12, 12), (3, 3)),
    "a larger window (3x3 to 5x5)": _network((8, 12), (3, 5)),
    "one more layer": _network((8, 12), (3, 3), doubled=True),
    "fewer filters (12 to 8)": _network((8, 8), (3, 3)),
    "a smaller window (3x3 to 1x1)": _network((8, 12), (3, 1)),
}
SHARES = (
    ("carried", "carried over", TINTS[2]),
    ("neutral", "new, without an effect", TINTS[0]),
    ("fresh", "new, at random", TINTS[1]),
)
LEFT, LENGTH = 228, 320
SAME = 1e-5


def draw() -> str:
    """A bar for each child, and whether it answers as its parent before it is trained."""
    sheet = Sheet(760, 64 + 42 * len(CHILDREN) + 46, "Where the weights of a child come from")
    sheet.text((LEFT, 30), "share of the child's kernel weights", GREY, size=12)
    sheet.text((LEFT + LENGTH + 20, 30), "answers before training", GREY, size=12)
    data = _data()
    parent = _parent(data)
    for place, (name, graph) in enumerate(CHILDREN.items()):
        y = 46 + 42 * place
        child = Network(graph, torch.Generator().manual_seed(place + 1)).eval()
        shares = inherit(child, parent, data).to_json()
        sheet.text((LEFT - 12, y + 18), name, anchor="end")
        x = float(LEFT)
        for key, _, tint in SHARES:
            length = LENGTH * shares[key]
            if length:
                sheet.box((x, y), (length, 26), tint)
            if length > 40:
                sheet.text((x + length / 2, y + 18), f"{shares[key]:.0%}", anchor="middle", size=12)
            x += length
        same = _distance(child, parent, data) < SAME
        told = "as its parent's" if same else "others, so it has to learn"
        sheet.text((LEFT + LENGTH + 20, y + 18), told, GREEN if same else GREY, bold=same)
    x, y = LEFT, 46 + 42 * len(CHILDREN) + 14
    for _, words, tint in SHARES:
        sheet.box((x, y), (14, 14), tint)
        sheet.text((x + 20, y + 12), words, size=12)
        x += 40 + 7 * len(words)
    return sheet.svg()


def _data() -> Tensors:
    generator = torch.Generator().manual_seed(0)
    images, labels = torch.rand(64, 1, 8, 8, generator=generator), torch.arange(64) % 10
    return Tensors(images, labels, images, labels, 10)


def _parent(data: Tensors) -> Parent:
    """A parent as the worker would have stored it; what it has learned does not matter here."""
    network = Network(PARENT, torch.Generator().manual_seed(0))
    network.sensor.calibrate(data.x_train)
    return Parent(PARENT, weights(network))


@torch.no_grad()
def _distance(child: Network, parent: Parent, data: Tensors) -> float:
    told = child.eval()(data.x_train) - parent.network()(data.x_train)
    return float(told.abs().max())
