"""What removed channels leave behind: constants, which can be folded into the next bias.

Without its kernel a channel gives one value everywhere. Pools, additions and unpadded convolutions
keep it so. A border of zeros (padding `same`, a pad node) makes a pattern of it, for which no bias
can stand; then the mean of the pattern over the map is the best that can be folded.
"""

import math
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

import torch
from torch import Tensor, nn

from resource_models.channels import STAYS, channels
from resource_models.cut import Cut
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
    rule_for,
)
from resource_models.shapes import shape_of
from worker.layers import Weighted, activation_of, padding
from worker.network import Network


class Residues:
    """The removed outputs of each node of a network, and what they give.

    Both mappings hold per node one entry per output, flat ones in the order row, column, channel.
    `gone` says whether it goes, `means` what it then gives on average over the map; zero where
    nothing goes.
    """

    def __init__(self, network: Network, cut: Cut, constants: Mapping[str, Tensor]) -> None:
        """Find them; for the arguments see `shrink`."""
        self.graph, self.constants = network.graph, constants
        self.like = network.sensor.mean  # on the device and of the number type of the network
        self._layers = network.layers
        self.gone: dict[str, Tensor] = {}
        self.means: dict[str, Tensor] = {}
        gone = gone_outputs(network.graph, cut)
        for node in self.graph.nodes:
            self.gone[node.id] = marks = torch.tensor(gone[node.id], device=self.like.device)
            self.means[node.id] = torch.where(marks, rule_for(GIVEN, node)(node, self), 0.0)

    def read(self, node: Node) -> Tensor:
        """What the removed outputs give that a node with one input reads."""
        return self.means[node.inputs[0]]

    def layer(self, node: Node) -> Weighted:
        """The module of a node with weights."""
        found = self._layers[node.id]
        assert isinstance(found, Weighted)
        return found


def gone_outputs(graph: Graph, cut: Cut) -> dict[str, list[bool]]:
    """Per node and output of the old network whether it goes."""
    found = channels(graph)
    kept = {name: frozenset(outputs) for name, outputs in cut.outputs.items()}
    gone = {STAYS: False}
    for number, tie in enumerate(found.ties):
        name, channel = tie.members[0]
        gone[number] = channel not in kept[name]
    return {name: [gone[number] for number in lanes] for name, lanes in found.of.items()}


def on_map(shape: Shape, node: Conv2d | DepthwiseConv2d) -> list[list[float]]:
    """For each tap of a kernel the share of its windows in which it lies on the map."""
    (left, _, top, _), even = padding(shape, node.kernel, node.stride, node.padding)
    out = shape_of(node, (shape,))
    rows, columns = (
        [
            sum(0 <= i * node.stride[axis] + tap - start < shape[axis] for i in range(out[axis]))
            / out[axis]
            for tap in range(node.kernel[axis])
        ]
        for axis, start in enumerate((top + even[0], left + even[1]))
    )
    return [[row * column for column in columns] for row in rows]


def _through(layer: Weighted, linear: Tensor) -> Tensor:
    """What a layer gives if its linear map, its bias apart, gives `linear` for each output."""
    if layer.linear.bias is not None:
        linear = linear + layer.linear.bias
    norm = layer.norm
    if norm is not None:
        assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        linear = (linear - norm.running_mean) * scale + norm.bias
    active: Tensor = layer.act(linear.clone())  # a clone, since activations work in place
    return active


# What the outputs of each node give if they are gone.


def _nothing(node: Node, found: Residues) -> Tensor:
    return found.like.new_zeros(found.graph.shapes[node.id][-1])


def _constant(node: Conv2d | Dense, found: Residues) -> Tensor:
    layer, given = found.layer(node), found.constants.get(node.id)
    if given is None:
        return _through(layer, _nothing(node, found))
    active: Tensor = layer.act(given.to(found.like).clone())
    return active


def _filtered(node: DepthwiseConv2d, found: Residues) -> Tensor:
    layer, (source,) = found.layer(node), node.inputs
    shares = found.like.new_tensor(on_map(found.graph.shapes[source], node))
    kernels = (layer.linear.weight * shares).sum((1, 2, 3))
    return _through(layer, kernels * found.read(node))


def _same(node: Node, found: Residues) -> Tensor:
    return found.read(node)


def _padded(node: Pad, found: Residues) -> Tensor:
    (source,) = node.inputs
    before, after = (math.prod(found.graph.shapes[name][:2]) for name in (source, node.id))
    return nn.functional.pad(found.read(node) * (before / after), node.channels)


def _gathered(node: Gather, found: Residues) -> Tensor:
    return found.read(node)[list(node.indices)]


def _sum(node: Add, found: Residues) -> Tensor:
    total = reduce(torch.add, (found.means[name] for name in node.inputs))
    given: Tensor = activation_of(node.activation)(total)
    return given


def _joined(node: Concat, found: Residues) -> Tensor:
    return torch.cat([found.means[name] for name in node.inputs])


def _repeated(node: Flatten, found: Residues) -> Tensor:
    inner = found.read(node)
    return inner.repeat(found.graph.shapes[node.id][0] // len(inner))


GIVEN: Mapping[type[Node], Callable[[Any, Residues], Tensor]] = {
    Input: _nothing,
    Conv2d: _constant,
    DepthwiseConv2d: _filtered,
    Dense: _constant,
    MaxPool: _same,
    AvgPool: _same,
    GlobalAvgPool: _same,
    Pad: _padded,
    Gather: _gathered,
    Add: _sum,
    Concat: _joined,
    Flatten: _repeated,
}
