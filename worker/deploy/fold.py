"""Trained tensors as plain kernels and biases: batch norm goes into the layer before it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, Node, Shape, Weighted
from worker.deploy.errors import InvalidWeights
from worker.deploy.record import Sensor, kernel_shape, outputs_of, per_output

EPSILON = 1e-5  # torch's own of batch norm, which no file tells
COUNTER = "norm.num_batches_tracked"


@dataclass(frozen=True, slots=True, eq=False)
class FloatKernel:
    """Weights in the layout of `record.Kernel` and biases, as doubles."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A trained network without batch norm."""

    graph: Graph
    kernels: Mapping[str, FloatKernel]
    sensor: Sensor


def fold(graph: Graph, tensors: Mapping[str, Tensor]) -> Folded:
    """Fold the batch norms of a trained network.

    Args:
        graph: the network.
        tensors: as the worker stores them: `<node id>/linear.weight`, `linear.bias` or `norm.*`,
            of the input `mean` and `deviation`. Others, missing ones, wrong shapes and numbers
            that are not finite raise `InvalidWeights`.
    """
    left = dict(tensors)
    name, channels = graph.input.id, graph.input.shape[-1]
    mean, deviation = (_take(left, f"{name}/{part}", (channels,)) for part in ("mean", "deviation"))
    if not (deviation > 0).all():
        raise InvalidWeights(f"{name}/deviation", "need numbers > 0.")
    kernels = {
        node.id: _kernel(node, graph.shapes[node.inputs[0]], left)
        for node in graph.nodes
        if isinstance(node, Weighted)
    }
    for unknown in left:
        raise InvalidWeights(unknown, "need only tensors of nodes that the graph has.")
    sensor = Sensor(mean.astype(np.float32), deviation.astype(np.float32))
    return Folded(Graph(tuple(map(_plain, graph.nodes))), kernels, sensor)


def _plain(node: Node) -> Node:
    return replace(node, batch_norm=False) if isinstance(node, Weighted) else node


def _kernel(node: Weighted, shape: Shape, left: dict[str, Tensor]) -> FloatKernel:
    outputs = outputs_of(node, shape)
    weights = _weights(node, shape, left)
    if not node.batch_norm:
        return FloatKernel(weights, _take(left, f"{node.id}/linear.bias", (outputs,)))
    gain, shift, mean, variance = (
        _take(left, f"{node.id}/norm.{part}", (outputs,))
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    left.pop(f"{node.id}/{COUNTER}", None)
    if (variance < 0).any():
        raise InvalidWeights(f"{node.id}/norm.running_var", "need numbers >= 0.")
    factor = gain / np.sqrt(variance + EPSILON)
    return FloatKernel(weights * per_output(node, factor), shift - mean * factor)


def _weights(node: Weighted, shape: Shape, left: dict[str, Tensor]) -> NDArray[np.float64]:
    """The kernel, from torch's layout (outputs, inputs, height, width) to ours."""
    first, *others = kernel_shape(node, shape)
    if isinstance(node, Dense):
        return _take(left, f"{node.id}/linear.weight", (first, *others))
    height, width, channels = others
    stored = (first, channels) if isinstance(node, Conv2d) else (channels, first)
    weights = _take(left, f"{node.id}/linear.weight", (*stored, height, width))
    axes = (0, 2, 3, 1) if isinstance(node, Conv2d) else (1, 2, 3, 0)
    return np.ascontiguousarray(weights.transpose(axes))


def _take(left: dict[str, Tensor], name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    tensor = left.pop(name, None)
    if tensor is None:
        raise InvalidWeights(name, "needed for this graph, but missing.")
    if not isinstance(tensor, Tensor) or tuple(tensor.shape) != shape:
        got = tuple(tensor.shape) if isinstance(tensor, Tensor) else type(tensor).__name__
        raise InvalidWeights(name, f"need a tensor of the shape {shape}, got {got}.")
    if not tensor.is_floating_point() or not torch.isfinite(tensor).all():
        raise InvalidWeights(name, "need finite floating-point numbers.")
    found: NDArray[np.float64] = tensor.detach().to("cpu", torch.float64).numpy().copy()
    return found
