"""From the genotype to the network: the one place where its graph is built."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from optimizer.networks.genotype import Shape
from optimizer.networks.step import Step
from optimizer.networks.steps import INPUT, input_shape, steps
from optimizer.space import Point
from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    AvgPool,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
    Pad,
)


def lower(point: Point, raw: Shape, classes: int) -> Graph:
    """The network of a genotype.

    Args:
        point: a genotype within its ranges.
        raw: the shape of the data, (h, w, c) or (n,).
        classes: the number of outputs.

    Returns:
        Nodes named by the ids of blocks, layers and dense layers. The first is `input`; the last is
        `output`, or where blocks have exits `logits`, which adds them to it.
    """
    shape = input_shape(point, raw)
    shrink: Any = "none" if shape == raw else "outside"
    nodes: list[Node] = [Input(INPUT, shape, raw, shrink)]
    for step in steps(point, raw, classes):
        nodes.append(_BUILD[step.kind](step))
    return Graph(tuple(nodes))


def _conv2d(step: Step) -> Node:
    return Conv2d(
        step.id,
        step.inputs,
        filters=step.shape[2],
        kernel=step.kernel,
        stride=step.stride,
        padding=cast(Any, step.padding),
        activation=cast(Any, step.activation),
        batch_norm=step.batch_norm,
    )


def _depthwise_conv2d(step: Step) -> Node:
    return DepthwiseConv2d(
        step.id,
        step.inputs,
        kernel=step.kernel,
        stride=step.stride,
        padding=cast(Any, step.padding),
        activation=cast(Any, step.activation),
        batch_norm=step.batch_norm,
    )


def _dense(step: Step) -> Node:
    return Dense(step.id, step.inputs, step.shape[0], cast(Any, step.activation), step.batch_norm)


def _max_pool(step: Step) -> Node:
    padding = cast(Any, step.padding)
    return MaxPool(step.id, step.inputs, step.kernel, step.stride, padding)


_BUILD: Mapping[str, Callable[[Step], Node]] = {
    "conv2d": _conv2d,
    "depthwise_conv2d": _depthwise_conv2d,
    "dense": _dense,
    "max_pool": _max_pool,
    "avg_pool": lambda step: AvgPool(step.id, step.inputs, step.kernel, step.stride),
    "global_avg_pool": lambda step: GlobalAvgPool(step.id, step.inputs),
    "flatten": lambda step: Flatten(step.id, step.inputs),
    "pad": lambda step: Pad(step.id, step.inputs, *step.pads),
    "add": lambda step: Add(step.id, step.inputs),
}
