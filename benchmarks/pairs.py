"""Runs that share their seeds, compared: exact tests of paired differences.

A pair is what two methods reached from the same initial points with the same training seeds.
Claims are one-sided ("ours is larger"), exact at any number of pairs, and corrected by Holm where
one claim names several rivals.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours against one rival; `adjusted` is the p-value after Holm's correction."""

    differences: tuple[float, ...]
    median: float
    quartiles: tuple[float, float]
    p_value: float
    adjusted: float

    @property
    def significant(self) -> bool:
        """Whether ours is larger beyond chance."""
        return self.adjusted <= ALPHA

    def __str__(self) -> str:
        low, high = self.quartiles
        each = " ".join(f"{difference:+.4f}" for difference in self.differences)
        return (
            f"median {self.median:+.4f} (quartiles {low:+.4f} {high:+.4f}), "
            f"p {self.p_value:.4f}, after Holm {self.adjusted:.4f}; each: {each}"
        )


def signed_rank(differences: Sequence[float]) -> float:
    """The exact p-value of Wilcoxon's signed-rank test that differences lie above zero.

    Zeros say nothing and are left out (Wilcoxon 1945). Equal sizes share the mean of their ranks;
    the distribution is that of all signs of exactly these ranks, each as likely as another, so it
    stays exact with ties, where tables and scipy's `method="exact"` do not.

    Args:
        differences: ours minus theirs, one per pair, finite.

    Returns:
        The chance of a rank sum at least as large if no side were better; 1 where all are zero.

    Raises:
        ValueError: a difference is not finite.
    """
    if not all(map(math.isfinite, differences)):
        raise ValueError(f"differences: need finite numbers, got {list(differences)}")
    kept = [difference for difference in differences if difference != 0]
    ranks = _doubled_ranks([abs(difference) for difference in kept])
    reached = sum(rank for rank, d in zip(ranks, kept, strict=True) if d > 0)
    ways = [1] + [0] * sum(ranks)  # by the doubled rank sum of the positive ones
    for rank in ranks:
        shifted = [0] * rank + ways[: len(ways) - rank]
        ways = [without + with_it for without, with_it in zip(ways, shifted, strict=True)]
    return float(sum(ways[reached:]) / 2 ** len(ranks))


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """P-values of one claim over several rivals, corrected by Holm (1979): the same names."""
    adjusted: dict[str, float] = {}
    largest = 0.0
    for number, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        largest = max(largest, min(1.0, (len(p_values) - number) * p_values[name]))
        adjusted[name] = largest
    return {name: adjusted[name] for name in p_values}


def compare(
    ours: Sequence[float], rivals: Mapping[str, Sequence[float]], margin: float = 0.0
) -> dict[str, Comparison]:
    """Test that ours is larger than each rival, or with a margin no lower beyond it.

    Args:
        ours: one figure per seed, larger is better.
        rivals: theirs by name, for the same seeds in the same order.
        margin: the share of theirs by which ours may be lower and still counts as no lower; 0
            asks for more than theirs.

    Returns:
        By name; differences are ours minus theirs, without the margin.

    Raises:
        ValueError: a rival has another number of runs.
    """
    return compare_each({name: (ours, theirs) for name, theirs in rivals.items()}, margin)


def compare_each(
    pairs: Mapping[str, tuple[Sequence[float], Sequence[float]]], margin: float = 0.0
) -> dict[str, Comparison]:
    """As `compare`, one claim over all rivals, where beside each rival stands a run of its own.

    Args:
        pairs: by the rival's name ours and theirs.
        margin: as there.
    """
    differences = {
        name: [own - other for own, other in zip(ours, theirs, strict=True)]
        for name, (ours, theirs) in pairs.items()
    }
    p_values = {
        name: signed_rank(
            [d + margin * abs(t) for d, t in zip(differences[name], theirs, strict=True)]
        )
        for name, (_, theirs) in pairs.items()
    }
    adjusted = holm(p_values)
    found = {}
    for name, each in differences.items():
        low, median, high = (float(q) for q in np.quantile(each, [0.25, 0.5, 0.75]))
        found[name] = Comparison(tuple(each), median, (low, high), p_values[name], adjusted[name])
    return found


def _doubled_ranks(sizes: Sequence[float]) -> list[int]:
    """Twice the rank of each size, from 1; equal sizes share the mean, so twice is whole."""
    ordered = sorted(sizes)
    first = {size: ordered.index(size) + 1 for size in set(sizes)}
    return [2 * first[size] + ordered.count(size) - 1 for size in sizes]
