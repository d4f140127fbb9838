"""Morphs of training and pruning.

Each changes the point in place and returns whether it could. Genes of the training that the recipe
does not leave open are not in the point; a learning rate or dropout that is not searched changes
nothing, so the change is refused by whoever asked for it.
"""

import math
import random
from collections.abc import Sequence
from typing import Any

from optimizer.networks.chance import clipped
from optimizer.networks.genotype import Gene, Shape, may_have_target, may_prune_by
from optimizer.networks.ranges import Ranges
from optimizer.networks.treatment import draw_dropout, pruning_of, target_of
from optimizer.space import Point

RATE_FACTOR, DECAY_FACTOR, DROPOUT_STEP = 2.0, 4.0, 0.1
# The target moves by about this much, or what is left by a factor: 0.9 and 0.95 are far apart.
TARGET_STEP, LEFT_FACTOR = 0.05, 1.5


def learning_rate(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Up to twice or half the learning rate."""
    return _multiplied(point, "learning_rate", ranges.learning_rate, RATE_FACTOR, rng)


def dropout(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Another dropout rate of the prior, or a little more or less."""
    before, (low, high) = point["head"]["dropout"], ranges.dropout
    moved = round(before + rng.gauss(0.0, DROPOUT_STEP), 2)
    drawn = draw_dropout(ranges, rng) if rng.random() < 0.5 else min(max(moved, low), high)
    point["head"]["dropout"] = drawn
    return bool(drawn != before)


def weight_decay(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Up to four times or a quarter of the weight decay."""
    gene = point.get("training", {})
    return _multiplied(gene, "weight_decay", ranges.weight_decay, DECAY_FACTOR, rng)


def batch_size(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """The next larger or smaller batch."""
    gene = point.get("training", {})
    if "batch_size" not in gene:
        return False
    place = ranges.batch_sizes.index(gene["batch_size"]) + rng.choice((-1, 1))
    if not 0 <= place < len(ranges.batch_sizes):
        return False
    gene["batch_size"] = ranges.batch_sizes[place]
    return True


def schedule(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Another schedule of the learning rate."""
    gene = point.get("training", {})
    return "schedule" in gene and _another(gene, "schedule", ranges.schedules, rng)


def pruning_scope(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Pruned or not, or of something else."""
    gene = point.get("pruning")
    before = "none" if gene is None else gene["scope"]
    others = [scope for scope in ranges.pruning_scopes if scope != before]
    if not others:
        return False
    scope = rng.choice(others)
    if scope == "none":
        del point["pruning"]
    elif gene is not None and gene["method"] in may_prune_by(ranges, scope):
        gene["scope"] = scope
    else:
        point["pruning"] = pruning_of(scope, ranges, rng)
    return True


def pruning_method(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Another way to find out what goes."""
    gene = point.get("pruning")
    if gene is None or not _another(gene, "method", may_prune_by(ranges, gene["scope"]), rng):
        return False
    if (gene["target"] is not None) not in may_have_target(ranges, gene["method"]):
        gene["target"] = target_of(gene["method"], ranges, rng)
    return True


def pruning_target(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """A little more or less; where the threshold of the method may stand in for it, that too."""
    gene = point.get("pruning")
    if gene is None:
        return False
    before = gene["target"]
    if before is None or (
        False in may_have_target(ranges, gene["method"]) and rng.random() < 1 / 3
    ):
        gene["target"] = target_of(gene["method"], ranges, rng)
    else:
        gene["target"] = _moved_target(before, ranges.pruning_targets, rng)
    return bool(gene["target"] != before)


def _moved_target(before: float, ends: tuple[float, float], rng: random.Random) -> float:
    if rng.random() < 0.5:
        moved = before + rng.gauss(0.0, TARGET_STEP)
    else:
        moved = 1 - (1 - before) * math.exp(rng.uniform(-1, 1) * math.log(LEFT_FACTOR))
    return min(max(round(moved, 3), ends[0]), ends[1])


def _multiplied(
    gene: Gene, name: str, ends: tuple[float, float], most: float, rng: random.Random
) -> bool:
    """A number times a factor of up to `most`, or its inverse; whether it is there and moved."""
    if name not in gene:
        return False
    before = gene[name]
    gene[name] = clipped(math.exp(rng.uniform(-1, 1) * math.log(most)) * before, ends)
    return bool(gene[name] != before)


def _another(gene: Gene, name: str, allowed: Sequence[Any], rng: random.Random) -> bool:
    others = [value for value in allowed if value != gene[name]]
    if others:
        gene[name] = rng.choice(others)
    return bool(others)
