"""The learning rate of each step."""

import math

from worker.recipe import Recipe

# One cycle (Smith and Topin 2018): up for a quarter of the steps, then down to almost nothing.
RISE = 0.25
START = 1 / 25  # of the highest learning rate
END = 1e-4


def learning_rates(recipe: Recipe, steps: int) -> list[float]:
    """The learning rate of each of the steps of a whole training."""
    ways = {"one_cycle": _one_cycle, "cosine": _cosine, "constant": _constant}
    if recipe.schedule == "steps":
        shares = [_at(recipe.milestones, step / steps) for step in range(steps)]
    else:
        shares = ways[recipe.schedule](steps)
    return [recipe.learning_rate * share for share in shares]


def _one_cycle(steps: int) -> list[float]:
    top = max(1, round(RISE * steps))
    rising = [_between(START, 1.0, k / top) for k in range(top)]
    return rising + [_between(1.0, END, k / max(1, steps - top)) for k in range(steps - top)]


def _cosine(steps: int) -> list[float]:
    return [_between(1.0, END, k / steps) for k in range(steps)]


def _constant(steps: int) -> list[float]:
    return [1.0] * steps


def _at(milestones: tuple[tuple[float, float], ...], share: float) -> float:
    """The factor at a share of the training; before the first milestone it is 1."""
    return next((factor for start, factor in reversed(milestones) if share >= start), 1.0)


def _between(start: float, end: float, way: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * way)) / 2
