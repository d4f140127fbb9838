"""Networks for tests in which no number is neutral, what they give and whether they agree."""

from typing import Any

import torch
from torch import Generator, Tensor, nn

from resource_models.channels import ties
from resource_models.cut import Cut, cut
from resource_models.graph import Graph
from resource_models.nodes import Dense, Flatten, Input, Node
from worker.layers import Weighted
from worker.network import Network

IMAGE = Input("x", (5, 5, 2))


def drawn(graph: Graph, seed: int = 0) -> Network:
    """A network in which no number is at its neutral value."""
    generator = Generator().manual_seed(seed)
    network = Network(graph, generator).eval()
    for name, part in network.state_dict().items():
        if "running_var" in name or "deviation" in name:
            part.uniform_(0.5, 1.5, generator=generator)
        elif part.dim() == 1:
            part.normal_(0.2, 0.5, generator=generator)
    return network


def samples(network: Network, count: int = 4) -> Tensor:
    *size, channels = network.graph.input.raw_shape
    x = torch.rand(count, channels, *size, generator=Generator().manual_seed(1))
    return x.to(network.sensor.mean)


def layer(network: Network, name: str) -> Weighted:
    found = network.layers[name]
    assert isinstance(found, Weighted)
    return found


def output(network: Network, name: str) -> Tensor:
    """What a node gives."""
    made: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, given: Tensor) -> None:
        made.append(given.detach().clone())

    handle = network.layers[name].register_forward_hook(keep)
    network(samples(network))
    handle.remove()
    return made[0]


def agree(one: Network, other: Network, within: float = 1e-5) -> bool:
    x = samples(one)
    with torch.inference_mode():
        wanted, found = one(x), other(x)
    return bool(((wanted - found).abs().max() <= within * (1 + wanted.abs().max())).item())


def ending(*nodes: Node) -> Graph:
    return Graph((*nodes, Flatten("flat", (nodes[-1].id,)), Dense("out", ("flat",), 3)))


def without(graph: Graph, *members: tuple[str, int]) -> Cut:
    return cut(graph, [tie for tie in ties(graph) if set(tie.members) & set(members)])
