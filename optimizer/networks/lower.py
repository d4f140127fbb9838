"""From the genotype to the network: the one place where a `tiny` graph is built."""

from collections.abc import Callable, Mapping
from typing import Any, cast

from optimizer.networks.genotype import Shape
from optimizer.networks.steps import Step, input_shape, steps
from optimizer.space import Point
from resource_models.graph import Graph
from resource_models.nodes import (
    AvgPool,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
)

INPUT = "input"


def lower(point: Point, raw: Shape, classes: int) -> Graph:
    """The network of a genotype.

    Args:
        point: a genotype within its ranges.
        raw: the shape of the data, (h, w, c) or (n,).
        classes: the number of outputs.

    Returns:
        A chain of nodes named by the ids of layers and dense layers, with `input` and `output`
        at its ends.
    """
    shape = input_shape(point, raw)
    shrink: Any = "none" if shape == raw else "outside"
    nodes: list[Node] = [Input(INPUT, shape, raw, shrink)]
    for step in steps(point, raw, classes):
        nodes.append(_BUILD[step.kind](step, (nodes[-1].id,)))
    return Graph(tuple(nodes))


def _conv2d(step: Step, inputs: tuple[str, ...]) -> Node:
    return Conv2d(
        step.id,
        inputs,
        filters=step.shape[2],
        kernel=step.kernel,
        stride=step.stride,
        padding=cast(Any, step.padding),
        activation=cast(Any, step.activation),
        batch_norm=step.batch_norm,
    )


def _depthwise_conv2d(step: Step, inputs: tuple[str, ...]) -> Node:
    return DepthwiseConv2d(
        step.id,
        inputs,
        kernel=step.kernel,
        stride=step.stride,
        padding=cast(Any, step.padding),
        activation=cast(Any, step.activation),
        batch_norm=step.batch_norm,
    )


def _dense(step: Step, inputs: tuple[str, ...]) -> Node:
    return Dense(step.id, inputs, step.shape[0], cast(Any, step.activation), step.batch_norm)


_BUILD: Mapping[str, Callable[[Step, tuple[str, ...]], Node]] = {
    "conv2d": _conv2d,
    "depthwise_conv2d": _depthwise_conv2d,
    "dense": _dense,
    "max_pool": lambda step, inputs: MaxPool(step.id, inputs, step.kernel, step.stride),
    "avg_pool": lambda step, inputs: AvgPool(step.id, inputs, step.kernel, step.stride),
    "global_avg_pool": lambda step, inputs: GlobalAvgPool(step.id, inputs),
    "flatten": lambda step, inputs: Flatten(step.id, inputs),
}
