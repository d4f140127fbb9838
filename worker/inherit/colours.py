"""A parent that sees other colours than its child, rewritten for those of the child."""

from dataclasses import replace

import torch
from torch import Tensor

from resource_models.errors import InvalidGraph
from resource_models.graph import Graph
from resource_models.nodes import DepthwiseConv2d, Weighted
from worker.inherit.labels import Signal, origin, own, parent_signals
from worker.inherit.parent import Parent, kernel_shape
from worker.sensor import COLOURS, GREY, Sensor


def recoloured(parent: Parent, sensor: Sensor) -> Parent:
    """The parent with as many input channels as the child's sensor gives.

    From grey to colour a convolution or dense layer answers the same, for grey is a sum of the
    colours. From colour to grey each kernel gets the sum over the colours, which are mostly alike.
    Where the colours meet something else before that, the parent stays as it is.
    """
    graph = parent.graph
    *size, old = graph.input.shape
    new = len(sensor.mean)
    if {old, new} != {1, COLOURS} or len(size) != 2:
        return parent
    try:
        other = Graph(
            (replace(graph.input, shape=(*size, new), shrink="outside"), *graph.nodes[1:])
        )
    except InvalidGraph:  # an addition or a gather that wants the old number of channels
        return parent
    weights = dict(parent.weights)
    weights[f"{graph.input.id}/mean"] = sensor.mean.cpu()
    weights[f"{graph.input.id}/deviation"] = sensor.deviation.cpu()
    read, mixing = parent_signals(graph), _mixing(parent, sensor)
    for node in graph.nodes:
        if isinstance(node, Weighted):
            change = kernel_shape(node, other) != kernel_shape(node, graph)
            given = read[node.inputs[0]]
            if isinstance(node, DepthwiseConv2d) and change:
                _spread(weights, node.id, new)
            elif not _can_mix(given, graph, change):
                return parent
            elif change:
                name = f"{node.id}/linear.weight"
                weights[name] = _mixed(weights[name], old, mixing)
    return Parent(other, weights)


def _can_mix(given: Signal, graph: Graph, change: bool) -> bool:
    """Whether what a node reads is all colours in their order, perhaps filtered, or none of them.

    Args:
        given: what it reads.
        graph: of the parent.
        change: whether it reads another number of values with other colours.
    """
    colours = [set(label or ()) for label in own(graph.input.id, graph.input.shape).labels]
    found = [
        [set(map(origin, label or ())) for label in segment.labels] for segment in given.segments
    ]
    if change:
        return all(labels == colours for labels in found)
    # Single values that were gathered are as many as before, but other ones.
    return given.picked is None or not any(label in colours for part in found for label in part)


def _mixing(parent: Parent, sensor: Sensor) -> Tensor:
    """`old x new`: how the parent's normalised channels are made of the child's."""
    if len(sensor.mean) == 1:
        return torch.ones(COLOURS, 1)
    # The means cancel: both sides are normalised.
    grey = parent.part(parent.graph.input.id, "deviation")
    return (torch.tensor(GREY) * sensor.deviation.cpu() / grey)[None]


def _mixed(kernel: Tensor, old: int, mixing: Tensor) -> Tensor:
    """A kernel for the new colours, which are the innermost units of a dense layer's inputs."""
    if kernel.dim() == 2:
        inner = kernel.reshape(len(kernel), -1, old)
        return (inner @ mixing).flatten(1)
    return torch.einsum("rchw,cn->rnhw", kernel, mixing)


def _spread(weights: dict[str, Tensor], node_id: str, count: int) -> None:
    """One kernel for each colour: the mean of those that were."""
    for name in [name for name in weights if name.startswith(f"{node_id}/")]:
        if weights[name].dim():
            weights[name] = weights[name].mean(0, keepdim=True).repeat_interleave(count, 0)
