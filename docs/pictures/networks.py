"""The networks that the pictures show."""

import json
from pathlib import Path

from optimizer.networks.lower import lower
from resource_models.graph import Graph
from resource_models.nodes import Add, Conv2d, Dense, GlobalAvgPool, Input

EXAMPLES = Path(__file__).parents[2] / "examples" / "networks"

RESIDUAL = Graph(
    (
        Input("image", (28, 28, 1)),
        Conv2d("c1", ("image",), 12, (3, 3), (2, 2), activation="relu"),
        Conv2d("c2", ("c1",), 16, (3, 3), (2, 2), activation="relu"),
        Conv2d("c3", ("c2",), 16, (3, 3)),
        Add("sum", ("c2", "c3"), "relu"),
        Conv2d("c4", ("sum",), 24, (3, 3), (2, 2), activation="relu"),
        GlobalAvgPool("mean", ("c4",)),
        Dense("classes", ("mean",), 10),
    )
)


def kept(name: str) -> Graph:
    """A network of `examples/networks`, for MNIST."""
    example = json.loads((EXAMPLES / f"{name}.json").read_text())
    return lower(example["point"], (28, 28, 1), 10)
