"""One step of a network, and the windows that slide over its maps."""

import math
from typing import NamedTuple

from optimizer.networks.genotype import Shape

Pair = tuple[int, int]
NOTHING: Pair = (0, 0)


class Step(NamedTuple):
    """One node before it is built; fields that its kind has not keep their defaults."""

    id: str
    kind: str
    inputs: tuple[str, ...]
    shape: Shape  # of the output
    channels: int = 0  # of the input, or units if it is flat
    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: str = "valid"
    activation: str = "none"
    batch_norm: bool = False
    pads: tuple[Pair, Pair, Pair] = (NOTHING, NOTHING, NOTHING)  # height, width, channels


def side(shape: Shape, kernel: Pair, stride: Pair, padding: str) -> Pair:
    """Height and width of the output of a window that slides over a map.

    The one rule of this package, and the same as the graph's: `same` rounds up, `valid` down.
    """
    if padding == "same":
        return -(-shape[0] // stride[0]), -(-shape[1] // stride[1])
    return (shape[0] - kernel[0]) // stride[0] + 1, (shape[1] - kernel[1]) // stride[1] + 1


def pool(name: str, kind: str, window: int, before: Step) -> list[Step]:
    """A pool clipped to its map; none at all on a map of one value per channel."""
    shape = before.shape
    clipped = (min(window, shape[0]), min(window, shape[1]))
    if clipped == (1, 1):
        return []
    out = (*side(shape, clipped, clipped, "valid"), shape[2])
    return [Step(name, kind, (before.id,), out, shape[2], clipped, clipped)]


def flatten(name: str, before: Step) -> Step:
    """A map as a row of units."""
    shape = before.shape
    return Step(name, "flatten", (before.id,), (math.prod(shape),), shape[2])


def global_pool(name: str, before: Step) -> Step:
    """The mean of each channel."""
    channels = before.shape[2]
    return Step(name, "global_avg_pool", (before.id,), (channels,), channels)
