"""The shape that each kind of node makes of the shapes it gets."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from resource_models.errors import InvalidGraph
from resource_models.node_checks import Padding
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


def shape_of(node: Node, inputs: tuple[Shape, ...]) -> Shape:
    """The output shape of `node`; shapes that do not fit raise `InvalidGraph`."""
    return rule_for(SHAPES, node)(node, inputs)


def border(length: int, window: int, stride: int, padding: Padding) -> tuple[int, int]:
    """What is added before and behind one axis of a map, as in TFLite: the odd one lies behind."""
    if padding == "valid":
        return 0, 0
    both = max(0, (-(-length // stride) - 1) * stride + window - length)
    return both // 2, both - both // 2


def _input(node: Input, inputs: tuple[Shape, ...]) -> Shape:
    return node.shape


def _conv2d(node: Conv2d, inputs: tuple[Shape, ...]) -> Shape:
    height, width, _ = _image(node, inputs[0])
    return (*_windows(node, "kernel", height, width), node.filters)


def _depthwise_conv2d(node: DepthwiseConv2d, inputs: tuple[Shape, ...]) -> Shape:
    height, width, channels = _image(node, inputs[0])
    return (*_windows(node, "kernel", height, width), channels)


def _pool(node: MaxPool | AvgPool, inputs: tuple[Shape, ...]) -> Shape:
    height, width, channels = _image(node, inputs[0])
    return (*_windows(node, "window", height, width), channels)


def _dense(node: Dense, inputs: tuple[Shape, ...]) -> Shape:
    _flat(node, inputs[0])
    return (node.units,)


def _global_avg_pool(node: GlobalAvgPool, inputs: tuple[Shape, ...]) -> Shape:
    return (_image(node, inputs[0])[2],)


def _pad(node: Pad, inputs: tuple[Shape, ...]) -> Shape:
    height, width, channels = _image(node, inputs[0])
    return height + sum(node.height), width + sum(node.width), channels + sum(node.channels)


def _gather(node: Gather, inputs: tuple[Shape, ...]) -> Shape:
    units = _flat(node, inputs[0])
    if node.indices[-1] >= units:
        raise InvalidGraph(
            f"{node.id}.indices", f"need integers below {units} units, got {node.indices[-1]}."
        )
    return (len(node.indices),)


def _add(node: Add, inputs: tuple[Shape, ...]) -> Shape:
    if len(set(inputs)) > 1:
        raise InvalidGraph(f"{node.id}.inputs", f"need inputs of one shape, got {_list(inputs)}.")
    return inputs[0]


def _concat(node: Concat, inputs: tuple[Shape, ...]) -> Shape:
    if len({shape[:-1] for shape in inputs}) > 1:
        raise InvalidGraph(
            f"{node.id}.inputs", f"need shapes equal but for the last axis, got {_list(inputs)}."
        )
    return (*inputs[0][:-1], sum(shape[-1] for shape in inputs))


def _flatten(node: Flatten, inputs: tuple[Shape, ...]) -> Shape:
    return (math.prod(inputs[0]),)


SHAPES: Mapping[type[Node], Callable[[Any, tuple[Shape, ...]], Shape]] = {
    Input: _input,
    Conv2d: _conv2d,
    DepthwiseConv2d: _depthwise_conv2d,
    Dense: _dense,
    MaxPool: _pool,
    AvgPool: _pool,
    GlobalAvgPool: _global_avg_pool,
    Pad: _pad,
    Gather: _gather,
    Add: _add,
    Concat: _concat,
    Flatten: _flatten,
}


def _image(node: Node, shape: Shape) -> Shape:
    if len(shape) != 3:
        raise InvalidGraph(
            f"{node.id}.inputs", f"need an image (height, width, channels), got {shape}."
        )
    return shape


def _flat(node: Node, shape: Shape) -> int:
    if len(shape) != 1:
        raise InvalidGraph(f"{node.id}.inputs", f"need a flat input (units,), got {shape}.")
    return shape[0]


def _windows(node: Any, field: str, height: int, width: int) -> tuple[int, int]:
    """How many windows fit below and beside each other, counted as TFLite does."""
    rows, columns = node.stride
    if node.padding == "same":
        return -(-height // rows), -(-width // columns)
    window = getattr(node, field)
    if window[0] > height or window[1] > width:
        raise InvalidGraph(
            f"{node.id}.{field}",
            f"need a window that fits the {height} x {width} map unpadded, got {window}.",
        )
    return (height - window[0]) // rows + 1, (width - window[1]) // columns + 1


def _list(shapes: tuple[Shape, ...]) -> str:
    return ", ".join(map(str, shapes))
