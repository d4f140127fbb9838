"""How each kind of node becomes operators of TensorFlow Lite.

* A global average pool is an average pool with one window; its flat output, like a flatten, is a
  reshape in place, left out where only dense nodes read it: these take any shape.
* A gather is a GATHER in front of the dense node.
* A sum of three or more is ADD_N, which has no fused activation: a RELU of its own follows in
  place.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

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
    Weighted,
    rule_for,
)
from worker.deploy.scales import is_long_sum
from worker.deploy.tflite.builder import Builder
from worker.deploy.tflite.schema import schema


def write(builder: Builder, node: Node) -> None:
    """Add the operators of one node."""
    rule_for(RULES, node)(builder, node)


def _conv2d(builder: Builder, node: Conv2d) -> None:
    _operator(builder, node, "CONV_2D", "Conv2DOptions", _kernel(builder, node, 0), **_step(node))


def _depthwise_conv2d(builder: Builder, node: DepthwiseConv2d) -> None:
    kernel, fields = _kernel(builder, node, 3), _step(node) | {"depthMultiplier": 1}
    _operator(builder, node, "DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions", kernel, **fields)


def _dense(builder: Builder, node: Dense) -> None:
    kernel, activation = _kernel(builder, node, 0), _activation(node.activation)
    _operator(
        builder,
        node,
        "FULLY_CONNECTED",
        "FullyConnectedOptions",
        kernel,
        fusedActivationFunction=activation,
    )


def _pool(code: str) -> Callable[[Builder, MaxPool | AvgPool], None]:
    def rule(builder: Builder, node: MaxPool | AvgPool) -> None:
        window = {"filterHeight": node.window[0], "filterWidth": node.window[1]}
        fields = window | _stride(node)
        _operator(builder, node, code, "Pool2DOptions", padding=_padding(node.padding), **fields)

    return rule


def _global_avg_pool(builder: Builder, node: GlobalAvgPool) -> None:
    height, width, channels = builder.graph.shapes[node.inputs[0]]
    pooled = builder.computed(node.id, f"{node.id}#map", (1, 1, channels))
    builder.operator(
        "AVERAGE_POOL_2D",
        [builder.values[node.inputs[0]]],
        pooled,
        "Pool2DOptions",
        padding=schema.Padding.VALID,
        filterHeight=height,
        filterWidth=width,
        strideH=1,
        strideW=1,
    )
    _flat(builder, node, pooled)


def _flatten(builder: Builder, node: Flatten) -> None:
    _flat(builder, node, builder.values[node.inputs[0]])


def _pad(builder: Builder, node: Pad) -> None:
    amounts = np.array([(0, 0), node.height, node.width, node.channels], np.int32)
    _operator(builder, node, "PAD", "PadOptions", [builder.constant(f"{node.id}#pads", amounts)])


def _gather(builder: Builder, node: Gather) -> None:
    indices = builder.constant(f"{node.id}#indices", np.array(node.indices, np.int32))
    _operator(builder, node, "GATHER", "GatherOptions", [indices], axis=1)


def _add(builder: Builder, node: Add) -> None:
    if not is_long_sum(node):
        activation = _activation(node.activation)
        _operator(builder, node, "ADD", "AddOptions", fusedActivationFunction=activation)
        return
    _operator(builder, node, "ADD_N", "AddNOptions")
    if node.activation != "none":
        total = builder.values[node.id]
        builder.values[node.id] = builder.computed(
            node.id, f"{node.id}#{node.activation}", builder.graph.shapes[node.id]
        )
        builder.operator(node.activation.upper(), [total], builder.values[node.id], None)


def _concat(builder: Builder, node: Concat) -> None:
    axis = len(builder.graph.shapes[node.id])  # the last, for the batch is the first
    _operator(builder, node, "CONCATENATION", "ConcatenationOptions", axis=axis)


RULES: Mapping[type[Node], Callable[[Builder, Any], None]] = {
    Conv2d: _conv2d,
    DepthwiseConv2d: _depthwise_conv2d,
    Dense: _dense,
    MaxPool: _pool("MAX_POOL_2D"),
    AvgPool: _pool("AVERAGE_POOL_2D"),
    GlobalAvgPool: _global_avg_pool,
    Pad: _pad,
    Gather: _gather,
    Add: _add,
    Concat: _concat,
    Flatten: _flatten,
}


def _operator(
    builder: Builder,
    node: Node,
    code: str,
    options: str,
    constants: Sequence[int] = (),
    /,
    **fields: Any,
) -> None:
    """An operator from the values of a node's inputs, and constants, to its own value."""
    inputs = [*(builder.values[name] for name in node.inputs), *constants]
    output = builder.computed(node.id, node.id, builder.graph.shapes[node.id])
    builder.operator(code, inputs, output, options, **fields)
    builder.values[node.id] = output


def _flat(builder: Builder, node: Node, source: int) -> None:
    readers = builder.graph.consumers(node.id)
    if readers and all(isinstance(builder.graph.node(name), Dense) for name in readers):
        builder.values[node.id] = source
        return
    shape = builder.graph.shapes[node.id]
    wanted = builder.constant(f"{node.id}#shape", np.array((1, *shape), np.int32))
    output = builder.computed(node.id, node.id, shape)
    fields = {"newShape": [1, *shape]}
    builder.operator("RESHAPE", [source, wanted], output, "ReshapeOptions", **fields)
    builder.values[node.id] = output


def _kernel(builder: Builder, node: Weighted, axis: int) -> list[int]:
    kernel = builder.record.kernels[node.id]
    scales = [float(scale) for scale in kernel.scales]
    before = builder.record.tensors[node.inputs[0]].scale
    weights = builder.weights(f"{node.id}#weights", kernel.weights, scales, axis)
    products = [float(np.float32(before * scale)) for scale in scales]
    return [weights, builder.constant(f"{node.id}#bias", kernel.bias, products)]


def _step(node: Conv2d | DepthwiseConv2d) -> dict[str, int]:
    return _stride(node) | {
        "padding": _padding(node.padding),
        "fusedActivationFunction": _activation(node.activation),
        "dilationHFactor": 1,
        "dilationWFactor": 1,
    }


def _stride(node: Conv2d | DepthwiseConv2d | MaxPool | AvgPool) -> dict[str, int]:
    return {"strideH": node.stride[0], "strideW": node.stride[1]}


def _padding(name: str) -> int:
    found: int = getattr(schema.Padding, name.upper())
    return found


def _activation(name: str) -> int:
    found: int = getattr(schema.ActivationFunctionType, name.upper())
    return found
