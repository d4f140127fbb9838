"""Morphs of the input and the head.

Each changes the point in place and returns whether it could.
"""

import random

from optimizer.networks.chance import log_real, log_whole
from optimizer.networks.genotype import Shape, fresh_id, may_be_grey, side_range
from optimizer.networks.layer_morphs import LEAST_FACTOR, MOST_FACTOR, scale
from optimizer.networks.ranges import Ranges
from optimizer.space import Point


def side(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """The side of the input plus or minus one, or up to a third."""
    if len(shape) == 1:
        return False
    ends = side_range(ranges, shape)
    factor = log_real((0.75, 4 / 3), rng) if rng.random() < 0.5 else rng.choice((1.001, 0.999))
    return scale(point["input"], "side", ends, factor)


def grey(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Colour or grey."""
    if len(shape) == 1 or len(may_be_grey(ranges, shape)) == 1:
        return False
    point["input"]["grey"] = not point["input"]["grey"]
    return True


def last_pool(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Another pool before the head."""
    others = [pool for pool in ranges.last_pools if pool != point["head"]["pool"]]
    if len(shape) == 1 or not others:
        return False
    point["head"]["pool"] = rng.choice(others)
    return True


def window(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Another window of the pool before the head."""
    others = [size for size in ranges.windows if size != point["head"]["window"]]
    if not others:
        return False
    point["head"]["window"] = rng.choice(others)
    return True


def add_dense(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """A dense layer of log-uniform width, anywhere before the output."""
    dense = point["head"]["dense"]
    if len(dense) >= ranges.dense_layers[1]:
        return False
    gene = {"id": fresh_id(point, "d"), "units": log_whole(ranges.units, rng)}
    dense.insert(rng.randint(0, len(dense)), gene)
    return True


def remove_dense(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """A dense layer, while more are there than must be."""
    dense = point["head"]["dense"]
    if len(dense) <= ranges.dense_layers[0]:
        return False
    dense.pop(rng.randrange(len(dense)))
    return True


def units(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """The width of a dense layer times 0.7 to 1.4, or by one."""
    dense = point["head"]["dense"]
    gene = rng.choice(dense) if dense else None
    by_one = rng.random() < 0.25
    factor = rng.choice((0.999, 1.001)) if by_one else rng.uniform(LEAST_FACTOR, MOST_FACTOR)
    return scale(gene, "units", ranges.units, factor)
