"""The steps of one layer: the pool before it, then one to three convolutions."""

import math
from collections.abc import Callable, Mapping, Sequence

from optimizer.networks.genotype import Gene
from optimizer.networks.step import Pair, Step, pool, side

PRE_POOL = 2  # window and stride of the pool before a layer


def layer_steps(layer: Gene, before: Step) -> list[Step]:
    """The nodes of a layer behind the step before it; the last is its output."""
    found: list[Step] = []
    if layer["pre_pool"]:
        found = pool(f"{layer['id']}.pool", "max_pool", PRE_POOL, before)
        before = found[-1] if found else before
    return found + _KINDS[layer["kind"]](layer, before)


def _pair(values: Sequence[int]) -> Pair:
    return values[0], values[1]


def _relu(layer: Gene) -> str:
    return "relu" if layer["relu"] else "none"


def _pointwise(
    layer: Gene, part: str, before: Step, filters: int, activation: str, stride: Pair = (1, 1)
) -> Step:
    """A 1 x 1 convolution."""
    out = (*side(before.shape, (1, 1), stride, "valid"), filters)
    return Step(
        f"{layer['id']}.{part}",
        "conv2d",
        (before.id,),
        out,
        before.shape[2],
        stride=stride,
        activation=activation,
        batch_norm=layer["batch_norm"],
    )


def _windowed(layer: Gene, part: str, before: Step, filters: int, activation: str) -> Step:
    """A convolution with the layer's own kernel, stride and padding; `depthwise` is one."""
    shape = before.shape
    kernel = (min(layer["kernel"][0], shape[0]), min(layer["kernel"][1], shape[1]))
    stride = _pair(layer["stride"])
    # One form of what is the same: a 1 x 1 kernel has no border.
    padding = "valid" if kernel == (1, 1) else layer["padding"]
    return Step(
        f"{layer['id']}.{part}",
        "depthwise_conv2d" if part == "depthwise" else "conv2d",
        (before.id,),
        (*side(shape, kernel, stride, padding), filters),
        shape[2],
        kernel,
        stride,
        padding,
        activation,
        layer["batch_norm"],
    )


def _conv(layer: Gene, before: Step) -> list[Step]:
    return [_windowed(layer, "conv", before, layer["filters"], _relu(layer))]


def _conv1x1(layer: Gene, before: Step) -> list[Step]:
    stride = _pair(layer["stride"])
    return [_pointwise(layer, "conv", before, layer["filters"], _relu(layer), stride)]


def _depthwise(layer: Gene, before: Step) -> list[Step]:
    return [_windowed(layer, "depthwise", before, before.shape[2], _relu(layer))]


def _separable(layer: Gene, before: Step) -> list[Step]:
    spread = _depthwise(layer, before)[0]
    return [spread, _pointwise(layer, "point", spread, layer["filters"], _relu(layer))]


def _downsampled(layer: Gene, before: Step) -> list[Step]:
    """The 1 x 1 convolution divides the channels by `expansion`."""
    reduced = math.ceil(before.shape[2] / layer["expansion"])
    first = _pointwise(layer, "reduce", before, reduced, _relu(layer))
    return [first, _windowed(layer, "conv", first, layer["filters"], _relu(layer))]


def _inverted(layer: Gene, before: Step) -> list[Step]:
    """MobileNetV2's: widened and spread with ReLU; the gene `relu` is for the projection."""
    found: list[Step] = []
    if layer["expansion"] > 1:
        wide = before.shape[2] * layer["expansion"]
        found.append(_pointwise(layer, "expand", before, wide, "relu"))
        before = found[-1]
    found.append(_windowed(layer, "depthwise", before, before.shape[2], "relu"))
    last = _pointwise(layer, "project", found[-1], layer["filters"], _relu(layer))
    return [*found, last]


_KINDS: Mapping[str, Callable[[Gene, Step], list[Step]]] = {
    "conv": _conv,
    "conv1x1": _conv1x1,
    "depthwise": _depthwise,
    "separable": _separable,
    "downsampled": _downsampled,
    "inverted": _inverted,
}
