"""A network of any size: everything of the prior but the size and the pruning.

How often each value is drawn is no rule of nature. Small networks that are known to be good (3 x 3,
a map that shrinks on the way, a pooled head) are likely, and nothing is left out.
"""

import random
from collections.abc import Mapping
from typing import Any

from optimizer.networks.chance import log_real, log_whole, seldom, weighted
from optimizer.networks.genotype import (
    Gene,
    Shape,
    may_be_grey,
    may_be_rectangular,
    may_join,
    put,
    side_range,
)
from optimizer.networks.layer_steps import layer_steps
from optimizer.networks.ranges import Ranges
from optimizer.networks.steps import Trunk, input_shape
from optimizer.networks.treatment import draw_dropout, draw_learning_rate
from optimizer.space import Point

KIND = {
    "conv": 8.0,
    "separable": 3.0,
    "inverted": 3.0,
    "conv1x1": 2.0,
    "depthwise": 2.0,
    "downsampled": 2.0,
}
# Of the first layer: on one to three channels, all others first filter each channel by one kernel.
FIRST_KIND = {**KIND, "conv": 60.0}
KERNEL = {1: 1.0, 2: 2.0, 3: 10.0, 4: 4.0, 5: 5.0, 7: 2.0}
LAYERS = {1: 5.0, 2: 3.0, 3: 1.0}
LAST_POOL = {"none": 3.0, "max": 3.0, "avg": 2.0, "global": 4.0}
WINDOWS = {2: 5.0, 4: 3.0, 6: 1.0}
WINDOW_INSIDE = 0.8  # of the last windows leave at least two values per side, if they can
DENSE_LAYERS = {0: 15.0, 1: 4.0, 2: 1.0, 3: 0.4}

NO_BLOCK = 0.04
MEAN_BLOCKS = 3.2  # of the structures; of the networks 2.5, since deep ones are redrawn more often
KEPT_SIDE, KEPT_SMALL_SIDE, SMALL_SIDE = 0.5, 0.8, 16
GREY = 0.2
SHRINKING_BLOCK = 0.6  # the first layer of a block halves the map, by stride or pool
SHRINKING_LAYER = 0.1  # any other layer does
SMALL_MAP = 6  # maps of at most this side lose what they know when they shrink: then a quarter
POOL_RATHER_THAN_STRIDE = 0.5
POOLED_INPUT = 0.2  # of the first layers with a pool before them keep it
BATCH_NORM, RELU, SAME, SAME_ON_SMALL = 0.8, 0.9, 0.6, 0.9
# Of the blocks. The first has nothing beside it but the input; behind the last is the head.
JOINED, FIRST_JOINED = 0.25, 0.05
EXITS, LAST_EXITS = 0.15, 0.03
ALIKE = 0.75  # of the joined blocks end as wide as what they are added to, so nothing is padded
# Widths of one network differ by up to this factor from its own trend, which grows (or shrinks)
# by up to GROWTH where the map is halved; every tenth network draws each width on its own.
SPREAD, GROWTH = 3.0, 2.0
FREE_WIDTHS = 0.1


def draw_structure(ranges: Ranges, shape: Shape, rng: random.Random) -> Point:
    """A network of any size: everything but the size is of the prior."""
    head: Gene = {
        "pool": "none",
        "window": weighted(ranges.windows, WINDOWS, rng),
        "dense": [
            {"id": f"d{number + 1}", "units": log_whole(ranges.units, rng)}
            for number in range(_count(ranges.dense_layers, DENSE_LAYERS, rng))
        ],
        "dropout": draw_dropout(ranges, rng),
    }
    point: Point = {
        "input": {},
        "blocks": [],
        "head": head,
        "learning_rate": draw_learning_rate(ranges, rng),
    }
    if len(shape) == 3:
        grey = may_be_grey(ranges, shape)
        point["input"] = {
            "side": draw_side(ranges, shape, rng),
            "grey": grey[0] if len(grey) == 1 else rng.random() < GREY,
        }
        first = input_shape(point, shape)
        point["blocks"], last = _draw_blocks(ranges, shape, first, rng)
        head["pool"] = weighted(ranges.last_pools, LAST_POOL, rng)
        inside = [window for window in ranges.windows if 2 * window <= min(last[:2])]
        if inside and rng.random() < WINDOW_INSIDE:
            head["window"] = weighted(inside, WINDOWS, rng)
    return point


def draw_layer(ranges: Ranges, shape: Shape, side: float, first: bool, rng: random.Random) -> Gene:
    """A layer without an id, of the least width.

    Args:
        ranges: of the genes.
        shape: of the data.
        side: of the map that the layer gets.
        first: of its block, where maps mostly shrink.
        rng: the only source of chance.
    """
    rectangular = may_be_rectangular(ranges, shape)
    small = side <= SMALL_MAP
    chance = (SHRINKING_BLOCK if first else SHRINKING_LAYER) * (0.25 if small else 1.0)
    shrinks = rng.random() < chance
    same = SAME_ON_SMALL if small else SAME
    pools = shrinks and rng.random() < POOL_RATHER_THAN_STRIDE
    pool = _flag(ranges.pre_pool, pools)
    stride = ranges.strides[0]
    if shrinks and not pool and len(ranges.strides) > 1:
        stride = rng.choice(ranges.strides[1:])
    # A rectangular kernel half of the time, a stride along one axis only seldom.
    kernel = [weighted(ranges.kernels, KERNEL, rng)] * 2
    strides = [stride, stride]
    if rectangular and rng.random() < 0.5:
        kernel = [kernel[0], weighted(ranges.kernels, KERNEL, rng)]
        strides = [stride, rng.choice((stride, ranges.strides[0]))]
    return {
        "kind": weighted(ranges.kinds, KIND, rng),
        "filters": ranges.filters[0],
        "kernel": kernel,
        "stride": strides,
        "expansion": log_whole(ranges.expansion, rng),
        "pre_pool": pool,
        "batch_norm": _flag(ranges.batch_norm, rng.random() < BATCH_NORM),
        "relu": _flag(ranges.relu, rng.random() < RELU),
        "padding": weighted(ranges.paddings, {"same": same, "valid": 1 - same}, rng),
    }


def draw_side(ranges: Ranges, shape: Shape, rng: random.Random) -> int:
    """The side of the input: mostly kept, else log-uniform, rather large than small."""
    low, high = side_range(ranges, shape)
    if rng.random() < (KEPT_SIDE if high > SMALL_SIDE else KEPT_SMALL_SIDE):
        return high
    return max(log_whole((low, high), rng), log_whole((low, high), rng))


def _flag(allowed: tuple[bool, ...], wanted: bool) -> bool:
    return wanted if wanted in allowed else allowed[0]


def _count(ends: tuple[int, int], weights: Mapping[Any, float], rng: random.Random) -> int:
    return weighted(range(ends[0], ends[1] + 1), weights, rng)


def _draw_blocks(
    ranges: Ranges, shape: Shape, start: Shape, rng: random.Random
) -> tuple[list[Gene], Shape]:
    trunk = Trunk(start)
    blocks: list[Gene] = []
    number = 0
    total = _block_count(ranges.blocks, rng)
    for place in range(total):
        block: Gene = {"id": f"b{place + 1}", "layers": []}
        first, last = place == 0, place == total - 1
        join = seldom(may_join(ranges, first), FIRST_JOINED if first else JOINED, rng)
        put(block, "join", join)
        put(block, "exit", seldom(ranges.exits, LAST_EXITS if last else EXITS, rng))
        begin = before = trunk.start(block)
        for inside in range(_count(ranges.layers, LAYERS, rng)):
            number += 1
            drawn = draw_layer(ranges, shape, min(before.shape[:2]), inside == 0, rng)
            if number == 1:
                _make_first(drawn, ranges, rng)
            block["layers"].append({"id": f"l{number}", **drawn})
            before = layer_steps(block["layers"][-1], before)[-1]
        trunk.finish(block, begin, before)
        blocks.append(block)
    _draw_widths([layer for block in blocks for layer in block["layers"]], ranges, rng)
    _align_widths(blocks, rng)
    return blocks, trunk.end.shape


def _make_first(layer: Gene, ranges: Ranges, rng: random.Random) -> None:
    """Turn a layer into one for the input: the driver shrinks it better than a pool would."""
    layer["kind"] = weighted(ranges.kinds, FIRST_KIND, rng)
    if rng.random() >= POOLED_INPUT:
        layer["pre_pool"] = ranges.pre_pool[0]


def _block_count(ends: tuple[int, int], rng: random.Random) -> int:
    """Geometric from one with the mean over all of `MEAN_BLOCKS`; none now and then."""
    if rng.random() < NO_BLOCK and ends[0] == 0:
        return 0
    going_on = 1 - (1 - NO_BLOCK) / MEAN_BLOCKS
    low, high = max(ends[0], 1), ends[1]
    if low >= high:
        return high
    weights = [going_on**extra for extra in range(high - low + 1)]
    return rng.choices(range(low, high + 1), weights)[0]


def _draw_widths(layers: list[Gene], ranges: Ranges, rng: random.Random) -> None:
    """Log-uniform widths, mostly along a trend: one narrow layer spoils many wide ones."""
    free = rng.random() < FREE_WIDTHS
    trend = float(log_whole(ranges.filters, rng))
    growth = log_real((1 / GROWTH, GROWTH), rng) if rng.random() < 0.5 else GROWTH**0.5
    spread = log_real((1.0, SPREAD), rng)
    low, high = ranges.filters
    for place, layer in enumerate(layers):
        if free:
            layer["filters"] = log_whole(ranges.filters, rng)
            continue
        if place and (layer["pre_pool"] or max(layer["stride"]) > 1):
            trend *= growth
        width = trend * log_real((1 / spread, spread), rng)
        layer["filters"] = min(max(round(width), low), high)


def _align_widths(blocks: list[Gene], rng: random.Random) -> None:
    """End most joined blocks as wide as what they are added to."""
    before: Gene | None = None  # the last layer of the path
    for block in blocks:
        join, last = block.get("join"), block["layers"][-1]
        if join and before and rng.random() < ALIKE:
            last["filters"] = before["filters"]
        if join != "parallel":
            before = last
