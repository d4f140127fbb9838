"""Networks to look at: every kind of node, and sixty of them."""

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
)
from service.models import Trial
from tests.api.conftest import Served

EVERY_KIND = Graph(
    (
        Input("input", (14, 14, 1), (28, 28, 1), "outside"),
        Pad("pad1", ("input",), height=(1, 1), width=(1, 1)),
        Conv2d("conv1", ("pad1",), 4, (3, 3), (2, 2), "valid", "relu6", batch_norm=True),
        DepthwiseConv2d("dw1", ("conv1",), (3, 3), activation="relu"),
        Add("add1", ("conv1", "dw1"), "relu"),
        MaxPool("max1", ("add1",), (2, 2), (2, 2)),
        AvgPool("avg1", ("add1",), (3, 2), (2, 2), "same"),
        Conv2d("conv2", ("avg1",), 4, (1, 3)),
        Pad("pad2", ("max1",), height=(0, 1), width=(0, 1)),
        Concat("concat1", ("pad2", "conv2")),
        GlobalAvgPool("gap", ("concat1",)),
        Flatten("flat", ("concat1",)),
        Gather("gather1", ("flat",), tuple(range(0, 96, 3))),
        Dense("dense1", ("gather1",), 8, "relu", batch_norm=True),
        Concat("concat2", ("gap", "dense1")),
        Dense("logits", ("concat2",), 10),
    )
)


def deep(nodes: int) -> Graph:
    """A network of so many nodes, with a branch here and there."""
    made: list[Node] = [Input("input", (16, 16, 1)), Conv2d("c1", ("input",), 4, (3, 3))]
    while len(made) < nodes - 2:
        last, n = made[-1].id, len(made)
        if n % 6 == 5:
            made.append(Add(f"a{n}", (last, made[-3].id), "relu"))
        else:
            made.append(Conv2d(f"c{n}", (last,), 4, (3, 3), activation="relu"))
    made.append(GlobalAvgPool("gap", (made[-1].id,)))
    made.append(Dense("logits", ("gap",), 10))
    return Graph(tuple(made))


def give(served: Served, trial_id: int, graph: Graph) -> None:
    """Let a trial have a network that no space proposed."""
    with served.db.begin() as session:
        trial = session.get_one(Trial, trial_id)
        work: dict[str, Any] = dict(trial.work)
        trial.work = work | {"graph": graph.to_json()}
