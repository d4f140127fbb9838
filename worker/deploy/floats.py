"""The folded network in floating point: what its integers stand for. Samples are in the layout of
the graph, `n x height x width x channels` or `n x units`, and have passed the sensor."""

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from resource_models.graph import Graph
from resource_models.node_checks import Activation
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
    rule_for,
)
from worker.deploy.errors import InvalidSamples
from worker.deploy.fold import Folded
from worker.deploy.windows import Windows


class FloatNetwork:
    """Runs a folded network on whatever device its samples are on."""

    def __init__(self, folded: Folded) -> None:
        self.graph: Graph = folded.graph
        self._kernels = {
            name: (torch.from_numpy(part.weights).float(), torch.from_numpy(part.bias).float())
            for name, part in folded.kernels.items()
        }

    @torch.inference_mode()
    def activations(self, samples: Tensor) -> Iterator[tuple[str, Tensor]]:
        """(node, its output) in the order of the network; the input comes first."""
        check_shape(self.graph, samples)
        made = {self.graph.input.id: samples.float()}
        yield self.graph.input.id, made[self.graph.input.id]
        for node in self.graph.nodes[1:]:
            inputs = [made[name] for name in node.inputs]
            made[node.id] = rule_for(RUN, node)(self, node, *inputs)
            yield node.id, made[node.id]

    def __call__(self, samples: Tensor) -> Tensor:
        """The answers of the network."""
        *_, (_, answers) = ((name, x) for name, x in self.activations(samples))
        return answers

    def kernel(self, node: Node, like: Tensor) -> tuple[Tensor, Tensor]:
        """Weights and bias of a node on the device of a tensor."""
        weights, bias = self._kernels[node.id]
        return weights.to(like), bias.to(like)


def check_shape(graph: Graph, samples: Tensor) -> None:
    """Refuse samples that are not `n x` the input's shape."""
    shape = graph.input.shape
    if samples.shape[1:] != shape:
        need = f"need the shape (n, {', '.join(map(str, shape))})"
        raise InvalidSamples("samples", f"{need}, got {tuple(samples.shape)}.")


def active(x: Tensor, activation: Activation) -> Tensor:
    """A fused activation."""
    if activation == "none":
        return x
    return x.clamp(0, 6 if activation == "relu6" else None)


def _conv2d(net: FloatNetwork, node: Conv2d, x: Tensor) -> Tensor:
    weights, bias = net.kernel(node, x)
    images = Windows.of(node, tuple(x.shape[1:])).padded(x, 0).permute(0, 3, 1, 2)
    made = functional.conv2d(images, weights.permute(0, 3, 1, 2), bias, node.stride)
    return active(made.permute(0, 2, 3, 1), node.activation)


def _depthwise_conv2d(net: FloatNetwork, node: DepthwiseConv2d, x: Tensor) -> Tensor:
    weights, bias = net.kernel(node, x)
    images = Windows.of(node, tuple(x.shape[1:])).padded(x, 0).permute(0, 3, 1, 2)
    kernel, groups = weights.permute(3, 0, 1, 2), x.shape[-1]
    made = functional.conv2d(images, kernel, bias, node.stride, groups=groups)
    return active(made.permute(0, 2, 3, 1), node.activation)


def _dense(net: FloatNetwork, node: Dense, x: Tensor) -> Tensor:
    weights, bias = net.kernel(node, x)
    return active(functional.linear(x, weights, bias), node.activation)


def _max_pool(net: FloatNetwork, node: MaxPool, x: Tensor) -> Tensor:
    return Windows.of(node, tuple(x.shape[1:])).over(x, -torch.inf).amax((-2, -1))


def _avg_pool(net: FloatNetwork, node: AvgPool, x: Tensor) -> Tensor:
    windows = Windows.of(node, tuple(x.shape[1:]))
    return windows.over(x, 0).sum((-2, -1)) / windows.counts(x)


def _global_avg_pool(net: FloatNetwork, node: GlobalAvgPool, x: Tensor) -> Tensor:
    return x.mean((1, 2))


def pad(net: Any, node: Pad, x: Tensor, value: float = 0) -> Tensor:
    """The border of a pad node."""
    return functional.pad(x, (*node.channels, *node.width, *node.height), value=value)


def gather(net: Any, node: Gather, x: Tensor) -> Tensor:
    """The kept units."""
    return x[:, list(node.indices)]


def _add(net: FloatNetwork, node: Add, *inputs: Tensor) -> Tensor:
    return active(reduce(torch.add, inputs), node.activation)


def concat(net: Any, node: Concat, *inputs: Tensor) -> Tensor:
    """The inputs side by side."""
    return torch.cat(inputs, -1)


def flatten(net: Any, node: Flatten, x: Tensor) -> Tensor:
    """Row, column, channel."""
    return x.flatten(1)


RUN: Mapping[type[Node], Callable[..., Tensor]] = {
    Conv2d: _conv2d,
    DepthwiseConv2d: _depthwise_conv2d,
    Dense: _dense,
    MaxPool: _max_pool,
    AvgPool: _avg_pool,
    GlobalAvgPool: _global_avg_pool,
    Pad: pad,
    Gather: gather,
    Add: _add,
    Concat: concat,
    Flatten: flatten,
}
