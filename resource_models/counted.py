"""Instructions of one inference on a core, per layer: a formula fitted to exact counts.

Our kernels, built by `gcc -O3` with all shapes known, were counted under QEMU, layer by layer, on
315 random networks (`benchmarks/deployed`). What a layer takes is a sum of costs: of its call, of
each pixel, of each output, of each product, of what is left over where a loop takes several at
once. `FEATURES` has how often each of them occurs, `counted.json` what each costs on each core. A
node of a kind or core that was not fitted is an error, never a zero.

Studies keep the costs that they began with, by the name of the form: whoever changes what a form
counts gives it another name.
"""

import json
import math
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from resource_models.errors import UnknownCore
from resource_models.graph import Graph
from resource_models.model_size import dense_storage
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
from resource_models.shapes import border
from resource_models.weights import Weights, weights

DATA = "counted.json"
AT_ONCE = 4  # taps or units that kernels take at once
UNROLLED = 16  # taps that convolutions take in one round
SHORT = 16  # inputs
Coefficients = Mapping[str, tuple[float, ...]]
Features = tuple[float, ...]


def instructions_on(
    graph: Graph,
    core: str,
    found: Mapping[str, Weights] | None = None,
    costs: Coefficients | None = None,
) -> dict[str, int]:
    """Instructions of each node that runs, in the order of the network; views take none.

    Args:
        graph: the network.
        core: one of `cores()`.
        found: its weights; left out, none of them is zero.
        costs: what each cost is there; left out, as it was fitted.
    """
    costs = coefficients(core) if costs is None else costs
    return {
        name: max(0, round(sum(c * f for c, f in zip(costs[form], counts, strict=True))))
        for name, (form, counts) in features(graph, found).items()
    }


def features(
    graph: Graph, found: Mapping[str, Weights] | None = None
) -> dict[str, tuple[str, Features]]:
    """(form of its kernel, how often each cost of that form occurs) of each node that runs."""
    found = weights(graph) if found is None else found
    told = {}
    for node in graph.nodes:
        before = graph.shapes[node.inputs[0]] if node.inputs else ()
        counts = rule_for(FEATURES, node)(graph, node, before, found.get(node.id))
        if counts is not None:
            told[node.id] = counts
    return told


def cores() -> tuple[str, ...]:
    """The cores that were counted."""
    return tuple(_data())


def coefficients(core: str) -> Coefficients:
    """What each cost of each form of kernel is on a core.

    Raises:
        UnknownCore: it was not counted.
    """
    data = _data()
    if core not in data:
        raise UnknownCore(core, data)
    return data[core]


@cache
def _data() -> Mapping[str, Coefficients]:
    text = (files("resource_models") / DATA).read_text("utf-8")
    return {
        core: {form: tuple(costs) for form, costs in forms.items()}
        for core, forms in json.loads(text)["cores"].items()
    }


def _conv2d(graph: Graph, node: Conv2d, before: Shape, _: Any) -> tuple[str, Features]:
    rows, columns, filters = graph.shapes[node.id]
    pixels, taps = rows * columns, math.prod(node.kernel) * before[2]
    # Two filters are multiplied at once, in steps of 16 taps, of four, and one by one.
    pairs, single = divmod(filters, 2)
    steps, rest = divmod(taps, UNROLLED)
    quads, ones = divmod(rest, AT_ONCE)
    shared = (
        1.0,
        pixels,
        pixels * filters,
        pixels * pairs * steps,
        pixels * pairs * quads,
        pixels * pairs * ones,
        pixels * single * steps,
        pixels * single * quads,
        pixels * single * ones,
    )
    if node.kernel == (1, 1) and node.stride == (1, 1):
        return "pointwise", shared
    # Windows are laid out first, row by row: words of four taps, and bytes up to where these begin.
    across, inside = node.kernel[1] * before[2], _inside(node, before, graph.shapes[node.id])
    ahead = [-place * across % AT_ONCE for place in range(node.kernel[0])]
    words = sum([max(0, across - odd) // AT_ONCE for odd in ahead])
    laid = (
        pixels * node.kernel[0],
        pixels * words,
        pixels * (taps - AT_ONCE * words),
        pixels * taps - inside * before[2],
    )
    return f"conv2d_{'words' if before[2] % AT_ONCE == 0 else 'bytes'}", (*shared, *laid)


def _inside(node: Conv2d, before: Shape, after: Shape) -> int:
    """How many places of all windows lie on the map, and not on the border around it."""
    found = 1
    for axis in (0, 1):
        length, size, step = before[axis], node.kernel[axis], node.stride[axis]
        ahead, _ = border(length, size, step, node.padding)
        starts = [place * step - ahead for place in range(after[axis])]
        found *= sum([max(0, min(start + size, length) - max(start, 0)) for start in starts])
    return found


def _depthwise(graph: Graph, node: DepthwiseConv2d, before: Shape, _: Any) -> tuple[str, Features]:
    rows, columns, channels = graph.shapes[node.id]
    pixels, taps = rows * columns, math.prod(node.kernel)
    quads, rest = divmod(channels, AT_ONCE)
    return "depthwise_conv2d", (
        1.0,
        pixels,
        pixels * channels,
        pixels * taps,
        pixels * taps * quads,
        pixels * taps * rest,
        pixels * quads,
    )


def _dense(graph: Graph, node: Dense, before: Shape, found: Weights) -> tuple[str, Features]:
    inputs, units, kept = before[0], node.units, found.non_zeros
    form = dense_storage(inputs, units, kept).form
    chosen = isinstance(graph.node(node.inputs[0]), Gather)  # each input is looked up
    if form == "index":
        return "dense_index", (1.0, units, kept, chosen * kept)
    if form == "bitmap":
        # gcc writes short rows out, one weight after the other.
        name = "dense_bitmap_short" if inputs <= SHORT else "dense_bitmap"
        return name, (1.0, units, units * inputs, kept, chosen * kept)
    if chosen:
        return "dense_dense", (1.0, units, 0, 0, 0, units * inputs)
    whole, rest = divmod(inputs, AT_ONCE)
    shared = math.ceil(units / AT_ONCE) * inputs
    return "dense_dense", (1.0, units, units * whole, units * rest, shared, 0)


def _max_pool(graph: Graph, node: MaxPool, before: Shape, _: Any) -> tuple[str, Features]:
    rows, columns, channels = graph.shapes[node.id]
    pixels, taps, (quads, rest) = rows * columns, math.prod(node.window), divmod(channels, AT_ONCE)
    return "max_pool", (
        1.0,
        pixels,
        pixels * taps,
        pixels * quads,
        pixels * rest,
        pixels * taps * quads,
        pixels * taps * rest,
    )


def _avg_pool(graph: Graph, node: AvgPool, before: Shape, _: Any) -> tuple[str, Features]:
    return "avg_pool", _means(graph.shapes[node.id], math.prod(node.window))


def _global(graph: Graph, node: GlobalAvgPool, before: Shape, _: Any) -> tuple[str, Features]:
    return "global_avg_pool", _means((1, 1, before[2]), before[0] * before[1])


def _means(shape: Shape, taps: int) -> Features:
    rows, columns, channels = shape
    pixels, outputs = rows * columns, rows * columns * channels
    divided = outputs if taps > 1 else 0  # the mean of one value is that value
    return 1.0, pixels, pixels * taps, outputs, divided, divided * taps


def _pad(graph: Graph, node: Pad, before: Shape, _: Any) -> tuple[str, Features]:
    rows, columns, channels = graph.shapes[node.id]
    pixels = rows * columns
    return "pad", (1.0, rows, pixels, pixels * channels)


def _add(graph: Graph, node: Add, before: Shape, _: Any) -> tuple[str, Features]:
    count = math.prod(graph.shapes[node.id])
    form = "add" if len(node.inputs) == 2 else "long_add"
    return form, (1.0, count, count * len(node.inputs))


def _concat(graph: Graph, node: Concat, before: Shape, _: Any) -> tuple[str, Features]:
    *outer, channels = graph.shapes[node.id]
    pixels, parts = math.prod(outer), len(node.inputs)
    return "concat", (1.0, parts, pixels * parts, pixels * channels)


def _nothing(graph: Graph, node: Node, before: Shape, _: Any) -> None:
    return None


FEATURES: Mapping[type[Node], Callable[[Graph, Any, Shape, Any], tuple[str, Features] | None]] = {
    Input: _nothing,
    Conv2d: _conv2d,
    DepthwiseConv2d: _depthwise,
    Dense: _dense,
    MaxPool: _max_pool,
    AvgPool: _avg_pool,
    GlobalAvgPool: _global,
    Pad: _pad,
    Gather: _nothing,
    Add: _add,
    Concat: _concat,
    Flatten: _nothing,
}
