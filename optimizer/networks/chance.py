"""Draws that the prior and the morphs are made of; every end of every range can be met."""

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")

# Draws reach a tenth (log scales) or a fiftieth beyond both ends and are clipped, so that ends are
# not rare.
BEYOND, BEYOND_LINEAR = 1.1, 0.02
OTHER = 0.5  # of a value that a study adds to the ranges


def log_whole(ends: tuple[int, int], rng: random.Random) -> int:
    """A log-uniform whole number, both ends included."""
    low, high = ends
    if low == high:
        return low
    exact = log_real((max(low, 0.5) / BEYOND, high * BEYOND), rng)
    return min(max(round(exact), low), high)


def log_real(ends: tuple[float, float], rng: random.Random) -> float:
    """A log-uniform number."""
    return math.exp(rng.uniform(math.log(ends[0]), math.log(ends[1])))


def log_digits(ends: tuple[float, float], rng: random.Random) -> float:
    """A log-uniform number of three digits, both ends included."""
    return clipped(log_real((ends[0] / BEYOND, ends[1] * BEYOND), rng), ends)


def uniform(ends: tuple[float, float], rng: random.Random) -> float:
    """A uniform number of two decimals, both ends included."""
    low, high = ends
    over = BEYOND_LINEAR * (high - low)
    return min(max(round(rng.uniform(low - over, high + over), 2), low), high)


def clipped(value: float, ends: tuple[float, float]) -> float:
    """A number to three digits, within its range."""
    return min(max(float(f"{value:.3g}"), ends[0]), ends[1])


def weighted(allowed: Sequence[Item], weights: Mapping[Any, float], rng: random.Random) -> Item:
    """One of the allowed values, by how often the prior wants it."""
    return rng.choices(allowed, [weights.get(item, OTHER) for item in allowed])[0]


def seldom(allowed: Sequence[str], share: float, rng: random.Random) -> str:
    """Mostly `none`, in a share of the draws one of the others; any where there is no choice."""
    others = [item for item in allowed if item != "none"]
    if "none" in allowed and (not others or rng.random() >= share):
        return "none"
    return rng.choice(others)
