"""What a genotype computes, step by step: read by `lower` and by the prior's quick tally.

Every genotype within the ranges is a network: kernels, windows and pools are clipped to the map
that they meet, so nothing collapses to an empty map.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from optimizer.networks.genotype import Gene, Shape
from optimizer.space import Point
from resource_models.model_size import BIAS_BYTES, REQUANTISATION_BYTES

Pair = tuple[int, int]
PRE_POOL = 2  # window and stride of the pool before a layer


class Step(NamedTuple):
    """One node before it is built; fields that its kind has not keep their defaults."""

    id: str
    kind: str
    shape: Shape  # of the output
    channels: int = 0  # of the input, or units if it is flat
    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: str = "valid"
    activation: str = "none"
    batch_norm: bool = False


class Tally(NamedTuple):
    """The sums of a list of steps that the prior steers by."""

    weights: int
    biases: int
    requantisations: int
    macs: int

    def model_size_bytes(self, figure: str) -> int:
        """The model size by one of the conventions of `resource_models`."""
        if figure == "model_size:deployed":
            stored = BIAS_BYTES * self.biases + REQUANTISATION_BYTES * self.requantisations
            return self.weights + stored
        return self.weights + self.biases  # sparse and munas agree while nothing is pruned


def input_shape(point: Point, raw: Shape) -> Shape:
    """The shape of the tensor that the network receives: (h, w, c), or (n,)."""
    gene = point["input"]
    if len(raw) == 1:
        return raw
    side = gene["side"]
    return side, max(1, round(raw[1] * side / raw[0])), 1 if gene["grey"] else raw[2]


def steps(point: Point, raw: Shape, classes: int) -> list[Step]:
    """All nodes behind the input, in order; the last is the output."""
    shape = input_shape(point, raw)
    found: list[Step] = []
    for block in point["blocks"]:
        for layer in block["layers"]:
            found += layer_steps(layer, shape)
            shape = found[-1].shape
    found += _head_steps(point["head"], shape, classes)
    return found


def layer_steps(layer: Gene, shape: Shape) -> list[Step]:
    """The nodes of one layer: the pool before it, then one to three convolutions."""
    found: list[Step] = []
    if layer["pre_pool"]:
        found = _pool(f"{layer['id']}.pool", "max_pool", PRE_POOL, shape)
        shape = found[-1].shape if found else shape
    return found + _KINDS[layer["kind"]](layer, shape)


def tally(found: Sequence[Step]) -> Tally:
    """Sum up weights, biases and multiply-accumulates, as the cost model counts them."""
    weights = biases = requantisations = macs = 0
    for step in found:
        if step.kind in ("conv2d", "depthwise_conv2d"):
            height, width, filters = step.shape
            taps = step.kernel[0] * step.kernel[1] * filters
            kernel = taps * step.channels if step.kind == "conv2d" else taps
            weights += kernel
            biases += filters
            requantisations += filters
            macs += kernel * height * width
        elif step.kind == "dense":
            kernel = step.channels * step.shape[0]
            weights += kernel
            biases += step.shape[0]
            requantisations += 1
            macs += kernel
    return Tally(weights, biases, requantisations, macs)


def _head_steps(head: Gene, shape: Shape, classes: int) -> list[Step]:
    found: list[Step] = []
    if len(shape) == 3 and head["pool"] == "global":
        found.append(Step("last_pool", "global_avg_pool", shape[2:], shape[2]))
    elif len(shape) == 3:
        if head["pool"] != "none":
            found += _pool("last_pool", f"{head['pool']}_pool", head["window"], shape)
            shape = found[-1].shape if found else shape
        found.append(Step("flatten", "flatten", (math.prod(shape),), shape[2]))
    inputs = found[-1].shape[0] if found else shape[0]
    for dense in head["dense"]:
        units = dense["units"]
        found.append(Step(dense["id"], "dense", (units,), inputs, activation="relu"))
        inputs = units
    return [*found, Step("output", "dense", (classes,), inputs)]


def _pool(name: str, kind: str, window: int, shape: Shape) -> list[Step]:
    """A pool clipped to its map; none at all on a map of one value per channel."""
    clipped = (min(window, shape[0]), min(window, shape[1]))
    if clipped == (1, 1):
        return []
    out = (*_side(shape, clipped, clipped, "valid"), shape[2])
    return [Step(name, kind, out, shape[2], clipped, clipped)]


def _side(shape: Shape, kernel: Pair, stride: Pair, padding: str) -> Pair:
    """Height and width of the output of a window that slides over a map."""
    if padding == "same":
        return -(-shape[0] // stride[0]), -(-shape[1] // stride[1])
    return (shape[0] - kernel[0]) // stride[0] + 1, (shape[1] - kernel[1]) // stride[1] + 1


def _pair(values: Sequence[int]) -> Pair:
    return values[0], values[1]


def _relu(layer: Gene) -> str:
    return "relu" if layer["relu"] else "none"


def _pointwise(
    layer: Gene, part: str, shape: Shape, filters: int, activation: str, stride: Pair = (1, 1)
) -> Step:
    """A 1 x 1 convolution."""
    out = (*_side(shape, (1, 1), stride, "valid"), filters)
    return Step(
        f"{layer['id']}.{part}",
        "conv2d",
        out,
        shape[2],
        stride=stride,
        activation=activation,
        batch_norm=layer["batch_norm"],
    )


def _windowed(layer: Gene, part: str, shape: Shape, filters: int, activation: str) -> Step:
    """A convolution with the layer's own kernel, stride and padding; `depthwise` is one."""
    kernel = (min(layer["kernel"][0], shape[0]), min(layer["kernel"][1], shape[1]))
    stride = _pair(layer["stride"])
    # One form of what is the same: a 1 x 1 kernel has no border.
    padding = "valid" if kernel == (1, 1) else layer["padding"]
    return Step(
        f"{layer['id']}.{part}",
        "depthwise_conv2d" if part == "depthwise" else "conv2d",
        (*_side(shape, kernel, stride, padding), filters),
        shape[2],
        kernel,
        stride,
        padding,
        activation,
        layer["batch_norm"],
    )


def _conv(layer: Gene, shape: Shape) -> list[Step]:
    return [_windowed(layer, "conv", shape, layer["filters"], _relu(layer))]


def _conv1x1(layer: Gene, shape: Shape) -> list[Step]:
    stride = _pair(layer["stride"])
    return [_pointwise(layer, "conv", shape, layer["filters"], _relu(layer), stride)]


def _depthwise(layer: Gene, shape: Shape) -> list[Step]:
    return [_windowed(layer, "depthwise", shape, shape[2], _relu(layer))]


def _separable(layer: Gene, shape: Shape) -> list[Step]:
    spread = _depthwise(layer, shape)[0]
    return [spread, _pointwise(layer, "point", spread.shape, layer["filters"], _relu(layer))]


def _downsampled(layer: Gene, shape: Shape) -> list[Step]:
    """The 1 x 1 convolution divides the channels by `expansion`."""
    reduced = math.ceil(shape[2] / layer["expansion"])
    first = _pointwise(layer, "reduce", shape, reduced, _relu(layer))
    return [first, _windowed(layer, "conv", first.shape, layer["filters"], _relu(layer))]


def _inverted(layer: Gene, shape: Shape) -> list[Step]:
    """MobileNetV2's: widened and spread with ReLU; the gene `relu` is for the projection."""
    found: list[Step] = []
    if layer["expansion"] > 1:
        wide = shape[2] * layer["expansion"]
        found.append(_pointwise(layer, "expand", shape, wide, "relu"))
        shape = found[-1].shape
    found.append(_windowed(layer, "depthwise", shape, shape[2], "relu"))
    last = _pointwise(layer, "project", found[-1].shape, layer["filters"], _relu(layer))
    return [*found, last]


_KINDS: Mapping[str, Callable[[Gene, Shape], list[Step]]] = {
    "conv": _conv,
    "conv1x1": _conv1x1,
    "depthwise": _depthwise,
    "separable": _separable,
    "downsampled": _downsampled,
    "inverted": _inverted,
}
