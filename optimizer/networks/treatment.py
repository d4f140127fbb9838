"""How networks are trained and pruned, as the prior draws it; what the size does not depend on."""

import random
from collections.abc import Sequence
from typing import Any

from optimizer.networks.chance import log_digits, seldom, uniform
from optimizer.networks.genotype import Gene, may_have_target, may_prune_by
from optimizer.networks.ranges import Ranges

PRUNED = 0.25  # of the networks
DROPOUT = 0.15


def draw_dropout(ranges: Ranges, rng: random.Random) -> float:
    """The lowest rate mostly, since small networks rather underfit; else uniform."""
    return ranges.dropout[0] if rng.random() >= DROPOUT else uniform(ranges.dropout, rng)


def draw_learning_rate(ranges: Ranges, rng: random.Random) -> float:
    """The larger of two log-uniform numbers, to three digits: few steps ask for large ones."""
    return max(log_digits(ranges.learning_rate, rng), log_digits(ranges.learning_rate, rng))


def draw_pruning(ranges: Ranges, rng: random.Random) -> Gene | None:
    """A pruning gene for a quarter of the networks; for all where the study leaves no choice."""
    scope = seldom(ranges.pruning_scopes, PRUNED, rng)
    return None if scope == "none" else pruning_of(scope, ranges, rng)


def pruning_of(scope: str, ranges: Ranges, rng: random.Random) -> Gene:
    """A pruning gene of this scope."""
    method = rng.choice(may_prune_by(ranges, scope))
    return {"scope": scope, "method": method, "target": target_of(method, ranges, rng)}


def target_of(method: str, ranges: Ranges, rng: random.Random) -> float | None:
    """A uniform target, or None for the threshold of the method itself."""
    given = rng.choice(may_have_target(ranges, method))
    return uniform(ranges.pruning_targets, rng) if given else None


def draw_training(ranges: Ranges, searched: Sequence[str], rng: random.Random) -> dict[str, Any]:
    """What the recipe leaves open beside learning rate and dropout."""
    drawn: dict[str, Any] = {}
    if "weight_decay" in searched:
        drawn["weight_decay"] = log_digits(ranges.weight_decay, rng)
    if "batch_size" in searched:
        drawn["batch_size"] = rng.choice(ranges.batch_sizes)
    if "schedule" in searched:
        drawn["schedule"] = rng.choice(ranges.schedules)
    return drawn


def pruning_recipe(gene: Gene, ranges: Ranges) -> dict[str, Any]:
    """The complete recipe that a worker prunes by."""
    target, (start, end) = gene["target"], ranges.pruning_epochs
    return {
        "scope": gene["scope"],
        "method": gene["method"],
        "target": None if target is None else float(target),
        "weighting": ranges.pruning_weighting,
        "start": start,
        "end": end,
    }
