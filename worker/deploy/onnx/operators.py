"""How each kind of node becomes operators of ONNX, on floats between roundings to int8.

* Images are channels first, as all tools of ONNX have them. A flatten turns them around before, for
  ours is row, column, channel; where there is one channel, or one pixel, that is the same.
* A sum of three or more is Sum, rounded once, as ours is.
* An activation stands between an operator and its rounding: readers fold it into the rounding.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

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
    Input,
    MaxPool,
    Node,
    Pad,
    Weighted,
    rule_for,
)
from worker.deploy.onnx.builder import INPUT, Builder
from worker.deploy.scales import is_long_sum
from worker.deploy.windows import Sliding, Windows

CHANNELS_LAST = (0, 2, 3, 1)


def write(builder: Builder, node: Node) -> None:
    """Add the operators of one node."""
    builder.finished(node.id, rule_for(RULES, node)(builder, node))


def _input(builder: Builder, node: Input) -> str:
    return INPUT


def _conv2d(builder: Builder, node: Conv2d) -> str:
    return _convolution(builder, node, (0, 3, 1, 2), 1)


def _depthwise_conv2d(builder: Builder, node: DepthwiseConv2d) -> str:
    channels = builder.graph.shapes[node.id][2]
    return _convolution(builder, node, (3, 0, 1, 2), channels)


def _dense(builder: Builder, node: Dense) -> str:
    kernel = _kernel(builder, node, (0, 1))
    exact = _operator(builder, node, "Gemm", *kernel, transB=1)
    return _active(builder, node, exact, node.activation)


def _max_pool(builder: Builder, node: MaxPool) -> str:
    return _operator(builder, node, "MaxPool", kernel_shape=node.window, **_windows(builder, node))


def _avg_pool(builder: Builder, node: AvgPool) -> str:
    # By default the border does not count.
    fields = _windows(builder, node)
    return _operator(builder, node, "AveragePool", kernel_shape=node.window, **fields)


def _global_avg_pool(builder: Builder, node: GlobalAvgPool) -> str:
    means = _operator(builder, node, "GlobalAveragePool", part="means_exact")
    return _flat(builder, node, builder.rounded(node.id, means, builder.name(node.id, "means")))


def _flatten(builder: Builder, node: Flatten) -> str:
    *pixels, channels = builder.graph.shapes[node.inputs[0]]
    if channels == 1 or all(length == 1 for length in pixels):
        return _flat(builder, node, builder.values[node.inputs[0]])
    turned = _operator(builder, node, "Transpose", part="turned_exact", perm=CHANNELS_LAST)
    return _flat(builder, node, builder.rounded(node.id, turned, builder.name(node.id, "turned")))


def _pad(builder: Builder, node: Pad) -> str:
    pairs = ((0, 0), node.channels, node.height, node.width)
    amounts = np.array(pairs, np.int64).T.reshape(-1)  # all before, then all behind
    pads = builder.constant(builder.name(node.id, "pads"), amounts)
    return _operator(builder, node, "Pad", pads, _number(builder, "zero", 0))


def _gather(builder: Builder, node: Gather) -> str:
    indices = np.array(node.indices, np.int64)
    name = builder.constant(builder.name(node.id, "indices"), indices)
    return _operator(builder, node, "Gather", name, axis=1)


def _add(builder: Builder, node: Add) -> str:
    exact = _operator(builder, node, "Sum" if is_long_sum(node) else "Add")
    return _active(builder, node, exact, node.activation)


def _concat(builder: Builder, node: Concat) -> str:
    return _operator(builder, node, "Concat", axis=1)


RULES: Mapping[type[Node], Callable[[Builder, Any], str]] = {
    Input: _input,
    Conv2d: _conv2d,
    DepthwiseConv2d: _depthwise_conv2d,
    Dense: _dense,
    MaxPool: _max_pool,
    AvgPool: _avg_pool,
    GlobalAvgPool: _global_avg_pool,
    Pad: _pad,
    Gather: _gather,
    Add: _add,
    Concat: _concat,
    Flatten: _flatten,
}


def _operator(
    builder: Builder, node: Node, code: str, *constants: str, part: str = "exact", **fields: Any
) -> str:
    """An operator from the values of a node's inputs, and constants."""
    inputs = [*(builder.values[name] for name in node.inputs), *constants]
    return builder.operator(code, inputs, builder.name(node.id, part), **fields)


def _convolution(
    builder: Builder, node: Conv2d | DepthwiseConv2d, axes: tuple[int, ...], group: int
) -> str:
    fields = _windows(builder, node) | {"kernel_shape": node.kernel, "group": group}
    exact = _operator(builder, node, "Conv", *_kernel(builder, node, axes), **fields)
    return _active(builder, node, exact, node.activation)


def _kernel(builder: Builder, node: Weighted, axes: tuple[int, ...]) -> tuple[str, str]:
    """Weights, their axes in the order of ONNX, and bias, on the scale of their products."""
    kernel = builder.record.kernels[node.id]
    before = builder.record.tensors[node.inputs[0]].scale
    scales = kernel.scales[0] if isinstance(node, Dense) else kernel.scales
    products = (before * scales.astype(np.float64)).astype(np.float32)
    weights = kernel.weights.transpose(axes)
    return (
        builder.dequantised(builder.name(node.id, "weights"), weights, np.asarray(scales)),
        builder.dequantised(builder.name(node.id, "bias"), kernel.bias, np.asarray(products)),
    )


def _windows(builder: Builder, node: Sliding) -> dict[str, Any]:
    windows = Windows.of(node, builder.graph.shapes[node.inputs[0]])
    pads = (windows.top, windows.left, windows.bottom, windows.right)
    return {"strides": windows.step, "pads": pads}


def _active(builder: Builder, node: Node, exact: str, activation: Activation) -> str:
    if activation == "none":
        return exact
    active = builder.name(node.id, activation)
    if activation == "relu":
        return builder.operator("Relu", [exact], active)
    ends = [_number(builder, name, value) for name, value in (("zero", 0), ("six", 6))]
    return builder.operator("Clip", [exact, *ends], active)


def _flat(builder: Builder, node: Node, source: str) -> str:
    return builder.operator("Flatten", [source], builder.name(node.id, "exact"), axis=1)


def _number(builder: Builder, name: str, value: float) -> str:
    return builder.constant(name, np.array(value, np.float32))
