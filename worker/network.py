"""A trainable network built from a graph, node by node."""

from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

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
    MaxPool,
    Node,
    Pad,
    Shape,
    rule_for,
)
from worker.layers import (
    AvgPoolLayer,
    ConvLayer,
    DenseLayer,
    Function,
    MaxPoolLayer,
    Weighted,
    activation_of,
)
from worker.sensor import Sensor

CHANNELS, HEIGHT, WIDTH = 1, 2, 3  # dimensions of a batch of images


class Network(nn.Module):
    """The graph as torch modules, one per node, found by the node's id."""

    def __init__(self, graph: Graph, generator: Generator) -> None:
        """Build every node; an unknown kind raises `UnknownKind`.

        Args:
            graph: the network, which is read and never written to.
            generator: on the CPU; the fresh weights depend on its state alone.
        """
        super().__init__()
        self.graph = graph
        self.sensor = Sensor(graph.input)
        self._layers = nn.ModuleList(build(graph, node) for node in graph.nodes[1:])
        for name, layer in self.layers.items():
            if isinstance(layer, Weighted):
                layer.start(generator, last=name == graph.output)

    @property
    def layers(self) -> dict[str, nn.Module]:
        """The module of each node but the input, by the node's id, in the graph's order."""
        return dict(zip((node.id for node in self.graph.nodes[1:]), self._layers, strict=True))

    def drop(self, share: float, generator: Generator) -> None:
        """Let training drop this share of the inputs of each dense node."""
        for layer in self._layers:
            if isinstance(layer, DenseLayer):
                layer.dropout, layer.generator = share, generator

    def forward(self, raw: Tensor) -> Tensor:
        """Logits for raw samples, as they lie in the data set."""
        return self.body(self.sensor(raw))

    def body(self, seen: Tensor) -> Tensor:
        """Logits for samples that have passed the sensor."""
        made = {self.graph.input.id: seen}
        for node, layer in zip(self.graph.nodes[1:], self._layers, strict=True):
            made[node.id] = layer(*(made[name] for name in node.inputs))
        return made[self.graph.output]


def build(graph: Graph, node: Node) -> nn.Module:
    """The module of one node that is not the input."""
    module: nn.Module = rule_for(MODULE, node)(node, graph.shapes[node.inputs[0]])
    return module


def _global_avg_pool(node: GlobalAvgPool, shape: Shape) -> nn.Module:
    return Function(lambda x: x.mean((HEIGHT, WIDTH)))


def _pad(node: Pad, shape: Shape) -> nn.Module:
    amounts = [*node.width, *node.height, *node.channels]
    return Function(lambda x: functional.pad(x, amounts))


def _gather(node: Gather, shape: Shape) -> nn.Module:
    return Function(lambda x: x[:, list(node.indices)])


def _add(node: Add, shape: Shape) -> nn.Module:
    act = activation_of(node.activation)
    return Function(lambda *inputs: act(reduce(torch.add, inputs)))


def _concat(node: Concat, shape: Shape) -> nn.Module:
    return Function(lambda *inputs: torch.cat(inputs, CHANNELS))


def _flatten(node: Flatten, shape: Shape) -> nn.Module:
    # Row, column, channel: the order of the graph, whatever the memory format is.
    return Function(lambda x: x.permute(0, HEIGHT, WIDTH, CHANNELS).flatten(1))


MODULE: Mapping[type[Node], Callable[[Any, Shape], nn.Module]] = {
    Conv2d: ConvLayer,
    DepthwiseConv2d: ConvLayer,
    Dense: DenseLayer,
    MaxPool: MaxPoolLayer,
    AvgPool: AvgPoolLayer,
    GlobalAvgPool: _global_avg_pool,
    Pad: _pad,
    Gather: _gather,
    Add: _add,
    Concat: _concat,
    Flatten: _flatten,
}
