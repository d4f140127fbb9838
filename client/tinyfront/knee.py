"""The knee of a front: where a little more of one objective costs much of another."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tinyfront.records import StudyObjective
from tinyfront.trial import Trial


def knee(objectives: Sequence[StudyObjective], trials: Sequence[Trial]) -> Trial:
    """The trial that lies farthest below the plane through the ends of the front.

    Each objective is put on the study's own scale, in factors where the study measures it so, and
    stretched so that the best of the front is 0 and the worst 1. The plane cuts each axis at 1, so
    of two objectives it is the line through both ends, and the distance to it is
    `(1 - sum) / sqrt(m)`: the least sum wins, and of equal ones the trial that comes first. It is
    the knee of Das, "On characterizing the knee of the Pareto curve based on normal-boundary
    intersection" (Structural Optimization 18, 1999), with the ends of the front found so far in
    place of the true ones.

    Args:
        objectives: Of the study.
        trials: The front, at least one trial, with a value for each objective.
    """
    columns = [_stretched(objective, trials) for objective in objectives]
    sums = [math.fsum(row) for row in zip(*columns, strict=True)]
    # Ends of a front of two objectives all have the sum 1: a rounding must not choose among them.
    return trials[min(range(len(trials)), key=lambda place: round(sums[place], 12))]


def _stretched(objective: StudyObjective, trials: Sequence[Trial]) -> list[float]:
    """Values of an objective from 0, the best of these trials, to 1, the worst."""
    values = [trial.values[objective.name] for trial in trials]
    if objective.log:
        floor = _floor(objective, values)
        values = [math.log(max(value, floor)) for value in values]
    least, most = min(values), max(values)
    best, worst = (least, most) if objective.goal == "minimize" else (most, least)
    width = worst / 2 - best / 2  # halves, since the distance of finite values need not be finite
    return [(value / 2 - best / 2) / width for value in values] if width else [0.0] * len(values)


def _floor(objective: StudyObjective, values: Sequence[float]) -> float:
    """Where values at or below zero are put: on the nearer end of the scale, nothing is better."""
    ends = [end for end in (objective.ideal, objective.reference) if end is not None and end > 0]
    positive = [value for value in values if value > 0]
    return min(ends or positive or [1.0])
