"""What random, model and morph pools see: networks of every size, small ones as often as large.

A pruning gene and a target size are drawn, the size log-uniformly, then a structure, then all
widths are scaled by one factor until the network is within `WINDOW` of its target. What is too
large for its target with the narrowest layers loses a layer, what needs too many operations gets a
smaller input, and what is still not within ranges and limits is redrawn.
"""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from optimizer.errors import SpaceExhausted
from optimizer.networks.corners import cheapest_by_scope
from optimizer.networks.genotype import Gene, layers_of, side_range, take_block
from optimizer.networks.meter import Meter
from optimizer.networks.ranges import Ranges
from optimizer.networks.structure import draw_structure
from optimizer.networks.treatment import draw_pruning
from optimizer.space import Point

WINDOW = 1.5
# Redraws of the structure for one target, and of the target: only a space whose limits leave
# almost nothing comes to the end of both.
STRUCTURES, TARGETS = 200, 25
# A layer of one or two filters lets hardly anything through: most such networks lose a layer.
THIN, THIN_KEPT = 3, 0.15
SMALLER_SIDE = 0.75


class Fit(NamedTuple):
    """How near a network came to its target: size / target, and whether it may be trained."""

    ratio: float
    affordable: bool

    @property
    def near(self) -> bool:
        """Whether the size is within the window."""
        return 1 / WINDOW <= self.ratio <= WINDOW


@dataclass(frozen=True)
class Prior:
    """Draws networks.

    Args:
        ranges: of the genes.
        meter: measures points.
        largest_bytes: the end of the target sizes; they begin at the smallest network that is
            pruned in the same way.
        size_of: the exact size of a point, for what the meter only estimates.
        accept: the last word on limits; asked rarely, so it may be slow.
    """

    ranges: Ranges
    meter: Meter
    largest_bytes: float
    size_of: Callable[[Point], float]
    accept: Callable[[Point], bool]

    def draw(self, rng: random.Random) -> Point:
        """A network of the prior.

        Raises:
            SpaceExhausted: if thousands of redraws gave no network that is accepted.
        """
        for _ in range(TARGETS):
            pruning = draw_pruning(self.ranges, rng)
            least = self._least_bytes(pruning)
            ends = math.log(least), math.log(max(least, self.largest_bytes))
            target = math.exp(rng.uniform(*ends))
            for _ in range(STRUCTURES):
                point = self._structure(pruning, rng)
                if self._fitted(point, target, rng) and self._accepted(point, target):
                    return point
        raise SpaceExhausted("the limits leave (almost) no network to draw")

    def _least_bytes(self, pruning: Gene | None) -> float:
        meter = self.meter
        scope = "none" if pruning is None else pruning["scope"]
        found = cheapest_by_scope(self.ranges, meter)[scope]
        if pruning is not None:
            found = {**found, "pruning": pruning}
        return max(meter.measure(found).size_bytes, 1.0)

    def _structure(self, pruning: Gene | None, rng: random.Random) -> Point:
        """A structure with the gene, where that says anything or has to be there."""
        point = draw_structure(self.ranges, self.meter.shape, rng)
        if pruning is not None:
            point["pruning"] = dict(pruning)
            if "none" in self.ranges.pruning_scopes and not self.meter.prunes(point):
                del point["pruning"]
        return point

    def _accepted(self, point: Point, target: float) -> bool:
        near = "pruning" not in point or Fit(self.size_of(point) / target, True).near
        return near and self.accept(point)

    def _fitted(self, point: Point, target: float, rng: random.Random) -> bool:
        """Bring a network to its target and below the operations, or say that it cannot be done."""
        drawn = widths_of(point)
        while True:
            fit = fit_widths(point, drawn, target, self.ranges, self.meter)
            if fit.ratio > WINDOW or (fit.near and _thin(point) and rng.random() >= THIN_KEPT):
                if not _lose_layer(point, self.ranges, rng):
                    return fit.near and fit.affordable
            elif not fit.near:
                return False
            elif fit.affordable:
                return True
            elif not self._shrink_input(point):
                return False

    def _shrink_input(self, point: Point) -> bool:
        """Make the input smaller; whether it could be."""
        if len(self.meter.shape) == 1:
            return False
        low, _ = side_range(self.ranges, self.meter.shape)
        before = point["input"]["side"]
        point["input"]["side"] = max(low, int(before * SMALLER_SIDE))
        return bool(point["input"]["side"] < before)


def fit_widths(
    point: Point, drawn: Mapping[str, int], target: float, ranges: Ranges, meter: Meter
) -> Fit:
    """Scale all widths, in place, until the size is within `WINDOW` of the target, or cannot be.

    Size grows with a power of the factor between one and two, so steps of the power 0.6 settle
    after two or three; widths are whole, so there may be no factor at all.

    Args:
        point: whose widths are set.
        drawn: the widths that keep their proportions, by the id of the layer.
        target: the wanted size.
        ranges: of the genes.
        meter: measures the point.
    """
    genes = [(layer, "filters", ranges.filters) for layer in layers_of(point)]
    genes += [(dense, "units", ranges.units) for dense in point["head"]["dense"]]
    factor, fit = 1.0, Fit(math.inf, False)
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
        measured = meter.measure(point)
        fit = Fit(measured.size_bytes / target, measured.affordable)
        if fit.near:
            break
        factor *= fit.ratio**-0.6
    return fit


def widths_of(point: Point) -> dict[str, int]:
    """The width of each layer and dense layer, by its id."""
    widths = {layer["id"]: layer["filters"] for layer in layers_of(point)}
    return widths | {dense["id"]: dense["units"] for dense in point["head"]["dense"]}


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
    take_block(point, rng.randrange(len(blocks)), ranges)
    return True
