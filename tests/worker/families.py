"""Parents and children for the tests of inheritance; a parent is not trained, but as uneven."""

import random
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional

from resource_models.graph import Graph
from worker.inherit import Inherited, Parent, inherit
from worker.inherit.norms import weighted
from worker.layers import Weighted
from worker.network import Network
from worker.tensors import Tensors
from worker.weights import weights

CLASSES = 5


def samples(shape: tuple[int, ...], count: int = 120) -> Tensors:
    """Smooth images, or flat samples, without meaning."""
    *size, channels = shape
    x = torch.rand(count, channels, *size, generator=Generator().manual_seed(0))
    if size:
        x = functional.avg_pool2d(x, 3, 1, 1)
    y = torch.arange(count) % CLASSES
    return Tensors(x, y, x[:40], y[:40], CLASSES)


def fresh(graph: Graph, data: Tensors, seed: int = 1) -> Network:
    """A network as it is before it inherits."""
    network = Network(graph, Generator().manual_seed(seed))
    network.sensor.calibrate(data.x_train)
    return network


@torch.no_grad()
def grown(graph: Graph, data: Tensors, seed: int = 0) -> Network:
    """A network with biases, scales and statistics that differ from channel to channel."""
    network = fresh(graph, data, seed)
    generator = Generator().manual_seed(seed)
    for layer in weighted(network).values():
        if layer.linear.bias is not None:
            layer.linear.bias.normal_(0, 0.3, generator=generator)
        if layer.norm is not None:
            layer.norm.weight.uniform_(0.5, 1.5, generator=generator)  # type: ignore[operator, union-attr]
            layer.norm.bias.normal_(0, 0.3, generator=generator)  # type: ignore[operator, union-attr]
    network.train()
    for part in data.x_train.chunk(6):
        network(part)
    return network.eval()


def parent_of(network: Network) -> Parent:
    """The network as its child meets it."""
    return Parent(network.graph, weights(network))


def child_of(
    network: Network, graph: Graph, data: Tensors, seed: int = 1
) -> tuple[Network, Inherited]:
    """A network of another graph with the weights of this one."""
    child = fresh(graph, data, seed)
    return child, inherit(child, parent_of(network), data)


@torch.no_grad()
def difference(one: Network, other: Network, data: Tensors) -> float:
    """How far their answers to the validation samples are apart, against the largest answer."""
    first, second = one.eval()(data.x_validation), other.eval()(data.x_validation)
    largest = max(1.0, first.abs().max().item())
    return float((first - second).abs().max().item()) / largest


def branch_out(point: dict[str, Any], rng: random.Random) -> None:
    """Give a genotype more branches and exits than it would have by the prior."""
    for number, block in enumerate(point["blocks"]):
        join = rng.choice(("none", "skip", "parallel") if number else ("none", "skip"))
        leave = rng.choice(("none", "global", "flat"))
        for name, gene in (("join", join), ("exit", leave)):
            block.pop(name, None)
            if gene != "none":
                block[name] = gene


def layer(network: Network, node_id: str) -> Weighted:
    """The module of a weighted node."""
    return weighted(network)[node_id]


def kernel(network: Network, node_id: str) -> Tensor:
    """The kernel of a weighted node."""
    return layer(network, node_id).linear.weight.detach()
