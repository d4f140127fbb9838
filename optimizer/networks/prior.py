"""What random, model and morph pools see: networks of every size, small ones as often as large.

A target size is drawn log-uniformly, then a structure, then all widths are scaled by one factor
until the network is within `WINDOW` of its target. What is too large for its target with the
narrowest layers loses a layer, what needs too many operations gets a smaller input, and what is
still not within ranges and limits is redrawn.
"""

import math
import random
from collections.abc import Callable, Mapping
from typing import NamedTuple

from optimizer.errors import SpaceExhausted
from optimizer.networks.genotype import Gene, Shape, layers_of, side_range
from optimizer.networks.ranges import Ranges
from optimizer.networks.steps import Tally
from optimizer.networks.structure import draw_structure
from optimizer.space import Point

WINDOW = 1.5
# Redraws of the structure for one target, and of the target: only a space whose limits leave
# almost nothing comes to the end of both.
STRUCTURES, TARGETS = 200, 25
# A layer of one or two filters lets hardly anything through: most such networks lose a layer.
THIN, THIN_KEPT = 3, 0.15
SMALLER_SIDE = 0.75

Measure = Callable[[Point], tuple[int, Tally]]


class Fit(NamedTuple):
    """How near a network came to its target: size / target, and its operations."""

    ratio: float
    macs: int

    @property
    def near(self) -> bool:
        """Whether the size is within the window."""
        return 1 / WINDOW <= self.ratio <= WINDOW


def draw(
    ranges: Ranges,
    shape: Shape,
    sizes_bytes: tuple[float, float],
    measure: Measure,
    rng: random.Random,
    accept: Callable[[Point], bool],
) -> Point:
    """A network of the prior.

    Args:
        ranges: of the genes.
        shape: of the data.
        sizes_bytes: the ends of the target size.
        measure: gives model size and tally of a point.
        rng: the only source of chance.
        accept: the last word on limits; asked rarely, so it may be slow.

    Raises:
        SpaceExhausted: if thousands of redraws gave no network that is accepted.
    """
    for _ in range(TARGETS):
        target = math.exp(rng.uniform(*map(math.log, sizes_bytes)))
        for _ in range(STRUCTURES):
            point = draw_structure(ranges, shape, rng)
            if _fitted(point, target, ranges, shape, (measure, rng)) and accept(point):
                return point
    raise SpaceExhausted("the limits leave (almost) no network to draw")


def fit_widths(
    point: Point,
    drawn: Mapping[str, int],
    target: float,
    ranges: Ranges,
    measure: Measure,
) -> Fit:
    """Scale all widths, in place, until the size is within `WINDOW` of the target, or cannot be.

    Size grows with a power of the factor between one and two, so steps of the power 0.6 settle
    after two or three; widths are whole, so there may be no factor at all.

    Args:
        point: whose widths are set.
        drawn: the widths that keep their proportions, by the id of the layer.
        target: the wanted size.
        ranges: of the genes.
        measure: gives model size and tally of a point.
    """
    genes = [(layer, "filters", ranges.filters) for layer in layers_of(point)]
    genes += [(dense, "units", ranges.units) for dense in point["head"]["dense"]]
    factor, fit = 1.0, Fit(math.inf, 0)
    before: list[int] | None = None
    for _ in range(8):
        now = [
            min(max(round(drawn[gene["id"]] * factor), low), high) for gene, _, (low, high) in genes
        ]
        if now == before:
            break
        for (gene, name, _), width in zip(genes, now, strict=True):
            gene[name] = width
        before = now
        size, tally = measure(point)
        fit = Fit(size / target, tally.macs)
        if fit.near:
            break
        factor *= fit.ratio**-0.6
    return fit


def widths_of(point: Point) -> dict[str, int]:
    """The width of each layer and dense layer, by its id."""
    widths = {layer["id"]: layer["filters"] for layer in layers_of(point)}
    return widths | {dense["id"]: dense["units"] for dense in point["head"]["dense"]}


def _fitted(
    point: Point,
    target: float,
    ranges: Ranges,
    shape: Shape,
    chance: tuple[Measure, random.Random],
) -> bool:
    """Bring a network to its target and below the operations, or say that it cannot be done."""
    measure, rng = chance
    drawn = widths_of(point)
    while True:
        fit = fit_widths(point, drawn, target, ranges, measure)
        if fit.ratio > WINDOW or (fit.near and _thin(point) and rng.random() >= THIN_KEPT):
            if not _lose_layer(point, ranges, rng):
                return fit.near and fit.macs <= ranges.max_macs
        elif not fit.near:
            return False
        elif fit.macs <= ranges.max_macs:
            return True
        elif not _shrink_input(point, ranges, shape):
            return False


def _thin(point: Point) -> bool:
    return any(layer["filters"] < THIN for layer in layers_of(point))


def _lose_layer(point: Point, ranges: Ranges, rng: random.Random) -> bool:
    """Take out a layer, or a block that may not lose one; whether there was one to take out."""
    blocks: list[Gene] = point["blocks"]
    shorter = [block for block in blocks if len(block["layers"]) > ranges.layers[0]]
    if shorter:
        layers = rng.choice(shorter)["layers"]
        layers.pop(rng.randrange(len(layers)))
        return True
    if len(blocks) <= max(ranges.blocks[0], 1):
        return False
    blocks.pop(rng.randrange(len(blocks)))
    return True


def _shrink_input(point: Point, ranges: Ranges, shape: Shape) -> bool:
    """Make the input smaller; whether it could be."""
    if len(shape) == 1:
        return False
    low, _ = side_range(ranges, shape)
    before = point["input"]["side"]
    point["input"]["side"] = max(low, int(before * SMALLER_SIDE))
    return bool(point["input"]["side"] < before)
