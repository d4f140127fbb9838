"""Morphs of one gene of one layer (or of all widths at once).

Each changes the point in place and returns whether it could.
"""

import random
from collections.abc import Sequence
from typing import Any

from optimizer.networks.genotype import Gene, Shape, layers_of, may_be_rectangular
from optimizer.networks.ranges import Ranges
from optimizer.space import Point

LEAST_FACTOR, MOST_FACTOR = 0.7, 1.4


def kind(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Another kind of convolution."""
    return _replace(_any_layer(point, rng), "kind", ranges.kinds, rng)


def expansion(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """One more or less, in a layer that uses it."""
    layers = [layer for layer in layers_of(point) if layer["kind"] in ("inverted", "downsampled")]
    layer = rng.choice(layers) if layers else None
    return _step_by_one(layer, "expansion", ranges.expansion, rng)


def filters(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """The width of one layer times 0.7 to 1.4."""
    return scale(_any_layer(point, rng), "filters", ranges.filters, _factor(rng))


def filters_by_one(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """The width of one layer plus or minus one."""
    return _step_by_one(_any_layer(point, rng), "filters", ranges.filters, rng)


def all_filters(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """All widths times one factor of 0.7 to 1.4."""
    factor = _factor(rng)
    moved = [scale(layer, "filters", ranges.filters, factor) for layer in layers_of(point)]
    return any(moved)


def kernel(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Another kernel: of the square, or of one side where rectangles are allowed."""
    return _replace_pair(_any_layer(point, rng), "kernel", ranges.kernels, (ranges, shape, rng))


def stride(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Another stride, as for the kernel."""
    return _replace_pair(_any_layer(point, rng), "stride", ranges.strides, (ranges, shape, rng))


def padding(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """The other padding."""
    return _replace(_any_layer(point, rng), "padding", ranges.paddings, rng)


def pre_pool(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """The pool before a layer, on or off."""
    return _replace(_any_layer(point, rng), "pre_pool", ranges.pre_pool, rng)


def batch_norm(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Batch norm of a layer, on or off."""
    return _replace(_any_layer(point, rng), "batch_norm", ranges.batch_norm, rng)


def relu(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """ReLU of a layer, on or off."""
    return _replace(_any_layer(point, rng), "relu", ranges.relu, rng)


def scale(gene: Gene | None, name: str, ends: tuple[int, int], factor: float) -> bool:
    """Multiply a width, by at least one unit unless it is at its end; whether it moved."""
    if gene is None:
        return False
    before = gene[name]
    moved = round(before * factor)
    if moved == before:
        moved += 1 if factor > 1 else -1
    gene[name] = min(max(moved, ends[0]), ends[1])
    return bool(gene[name] != before)


def _factor(rng: random.Random) -> float:
    return rng.uniform(LEAST_FACTOR, MOST_FACTOR)


def _any_layer(point: Point, rng: random.Random) -> Gene | None:
    layers = list(layers_of(point))
    return rng.choice(layers) if layers else None


def _replace(gene: Gene | None, name: str, allowed: Sequence[Any], rng: random.Random) -> bool:
    """Another of the allowed values; whether there is one."""
    if gene is None:
        return False
    others = [value for value in allowed if value != gene[name]]
    if others:
        gene[name] = rng.choice(others)
    return bool(others)


def _replace_pair(
    gene: Gene | None,
    name: str,
    allowed: Sequence[int],
    chance: tuple[Ranges, Shape, random.Random],
) -> bool:
    ranges, shape, rng = chance
    if gene is None:
        return False
    others = [value for value in allowed if [value, value] != gene[name]]
    if not others:
        return False
    pair = [rng.choice(others)] * 2
    if may_be_rectangular(ranges, shape) and rng.random() < 0.5:
        kept = rng.randrange(2)
        pair[kept] = gene[name][kept]
    moved: bool = pair != gene[name]
    gene[name] = pair
    return moved


def _step_by_one(gene: Gene | None, name: str, ends: tuple[int, int], rng: random.Random) -> bool:
    return scale(gene, name, ends, rng.choice((1 - 1e-9, 1 + 1e-9)))
