"""Networks and data for the tests of pruning."""

from typing import Any

import torch
from torch import Generator, Tensor

from resource_models.devices import device
from resource_models.graph import Graph
from resource_models.nodes import Add, Conv2d, Dense, DepthwiseConv2d, Flatten, Input
from tests.worker.samples import RECIPE, arrays
from worker.network import Network
from worker.pruning.method import Method
from worker.pruning.methods import method_of
from worker.pruning.recipe import METHODS, Pruning
from worker.tensors import Tensors
from worker.work import Work

# Channels that an addition ties through a depthwise convolution, a flatten, a hidden dense node.
# Nothing is padded, so every constant can be folded.
TIED = Graph(
    (
        Input("in", (6, 6, 1)),
        Conv2d("first", ("in",), 4, (3, 3), padding="valid", activation="relu", batch_norm=True),
        DepthwiseConv2d("each", ("first",), (1, 1)),
        Conv2d("second", ("first",), 4, (1, 1), padding="valid", batch_norm=True),
        Add("sum", ("each", "second"), "relu"),
        Flatten("flat", ("sum",)),
        Dense("hidden", ("flat",), 6, "relu"),
        Dense("out", ("hidden",), 3),
    )
)
# Each scope with each of its methods.
WAYS = [(scope, method) for scope, methods in METHODS.items() for method in methods]


def network(graph: Graph = TIED, seed: int = 0) -> Network:
    """A network whose batch norms do something."""
    found = Network(graph, Generator().manual_seed(seed))
    generator = Generator().manual_seed(seed + 1)
    for name, part in found.state_dict().items():
        if name.endswith(("running_mean", "bias")):
            part.normal_(generator=generator)
        elif name.endswith(("running_var", "norm.weight")):
            part.uniform_(0.5, 2.0, generator=generator)
    return found.eval()


def images(count: int = 20, graph: Graph = TIED) -> Tensor:
    """What such a network could see."""
    height, width, channels = graph.input.shape
    generator = Generator().manual_seed(3)
    return torch.randn(count, channels, height, width, generator=generator)


def rows() -> Tensors:
    """Images of three classes that differ by the row that is bright."""
    found = arrays()

    def part(name: str) -> tuple[Tensor, Tensor]:
        x = torch.from_numpy(found[f"x_{name}"]).float()[:, None] / 255
        return x, torch.from_numpy(found[f"y_{name}"])

    return Tensors(*part("train"), *part("test"), classes=3)


def method(
    network: Network, scope: str, name: str, target: float | None = 0.5, **changes: Any
) -> Method:
    """A method for a network of 100 samples."""
    return method_of(Pruning(scope, name, target, **changes), network, samples=100, seed=5)


def work(pruning: dict[str, Any] | None, graph: Graph = TIED, **changes: Any) -> Work:
    """The work to train and prune on the rows; `changes` replace fields of its training recipe."""
    return Work.from_json(
        {
            "kind": "network",
            "graph": graph.to_json(),
            "training": RECIPE | {"epochs": 4, "learning_rate": 0.01} | changes,
            "pruning": pruning,
            "data": "rows",
            "data_sha256": "",
            "split_sha256": "",
            "seed": 7,
            "device": device("arduino-uno").to_json(),
        }
    )
