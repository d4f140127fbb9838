"""What the models learn from a history, and what their predictions mean in an objective's unit."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimizer.history import History, Status
from optimizer.problem import Constraint, Objective, Problem
from optimizer.scale import Scale

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]
# A score so far beyond the ideal, or a prediction so far from zero, is as good as any larger one;
# it keeps squares and sums finite.
MOST_SCORE, MOST_VALUE = 1e9, 1e150
ERROR = "error"


@dataclass(frozen=True, slots=True)
class Targets:
    """Finished trials as one model sees them.

    `x` is `n x d` (encoded points), `y` is `n` (compressed scores), `variance` is `n`: the known
    variance of each observation in squared units of `y`, 0 where nothing is known. All are finite.
    `trained` says that results come from trainings, which a seed alone makes better or worse.
    """

    x: Floats
    y: Floats
    variance: Floats
    trained: bool = False

    def __post_init__(self) -> None:
        if not all(np.isfinite(values).all() for values in (self.x, self.y, self.variance)):
            raise ValueError("Targets need finite values; leave out the rows that are not.")
        if not len(self.x) == len(self.y) == len(self.variance):
            raise ValueError("Targets need as many rows of x as values of y and variances.")


def compress(scores: Floats) -> Floats:
    """Shrink scores below the reference to the order of their logarithm; the others stay.

    How much worse than the reference a point is decides nothing, but one terrible value would
    take the whole range of a standardised target. Increasing, with two continuous derivatives.
    """
    return np.where(scores < 0, np.arcsinh(scores), np.minimum(scores, MOST_SCORE))


def expand(scores: Floats) -> Floats:
    """The inverse of `compress`."""
    return np.where(scores < 0, np.sinh(np.clip(scores, -100.0, 0.0)), scores)


def usable_rows(problem: Problem, history: History, most: int) -> Rows:
    """The trials to learn from, in their order: completed ones, and stopped ones where a
    coordinate says how long they were trained.

    Args:
        problem: with all scales fixed.
        history: what has finished.
        most: if there are more, then the front, the newest and an even spread of the others:
            a third each, where there are so many.

    Returns:
        Indices into the history. Every measured value of these rows is finite.
    """
    stopped_too: tuple[Status, ...] = ("stopped",) if problem.space.confirmed else ()
    told = history.of_status("completed", *stopped_too)
    usable = told & np.isfinite(history.values(problem.reported)).all(axis=1)
    rows = np.flatnonzero(usable)
    if len(rows) <= most:
        return rows
    front = np.flatnonzero(history.front(problem) & usable)[-(most // 3) :]
    newest = rows[-(most // 3) :]
    chosen = np.union1d(front, newest)
    others = np.setdiff1d(rows, chosen)
    even = np.linspace(0, len(others) - 1, most - len(chosen)).round().astype(np.intp)
    return np.union1d(chosen, others[even])


def targets(problem: Problem, objective: Objective, x: Floats, values: Floats) -> Targets:
    """What the model of one objective learns from.

    Args:
        problem: knows the number of validation images.
        objective: a measured one, with a scale.
        x: `n x d`, encoded points.
        values: `n`, finite, in the objective's own unit.
    """
    scale = _scale(objective)
    variance, trained = np.zeros(len(values)), _counts_images(problem, objective)
    if trained:
        values, variance = _smoothed(values, problem.validation or 0, scale)
    score = scale.score(values)
    slope = np.where(score < 0, 1.0 / np.hypot(1.0, score), 1.0)  # of `compress`
    return Targets(x, compress(score), variance * slope**2, trained)


def constraint_targets(constraint: Constraint, x: Floats, values: Floats) -> Targets:
    """What the model of a measured constraint learns from: above 0 it is kept.

    The distance to the limit in units of its usual size, far ones compressed: whether a point is
    within the limit is decided near it.

    Args:
        constraint: a measured one.
        x: `n x d`, encoded points.
        values: `n`, finite, in the constraint's own unit.
    """
    sign = 1.0 if constraint.goal == "minimize" else -1.0
    with np.errstate(over="ignore"):
        margins = np.clip(sign * (constraint.limit - values), -MOST_VALUE, MOST_VALUE)
    usual = float(np.median(np.abs(margins))) if len(margins) else 0.0
    with np.errstate(over="ignore"):
        sized = np.clip(margins / (usual or 1.0), -MOST_VALUE, MOST_VALUE)
    return Targets(x, np.arcsinh(sized), np.zeros(len(values)))


def prediction(
    problem: Problem, objective: Objective, mean: float, variance: float
) -> dict[str, float]:
    """A predicted result in the objective's own unit.

    Args:
        problem: knows the number of validation images, whose chance adds to the deviation.
        objective: a measured one, with a scale.
        mean: of the compressed score.
        variance: of the compressed score of a result, known variances left out.

    Returns:
        `mean`: the value at the mean score (the median on a log scale). `sd`: the deviation of
        the score, carried over by the slope there.
    """
    scale = _scale(objective)
    slope = np.cosh(max(mean, -100.0)) if mean < 0 else 1.0  # of `expand`
    with np.errstate(over="ignore"):
        value, rate = _value(scale, expand(np.array(mean)))
        sd = np.abs(rate) * slope * math.sqrt(variance)
    if _counts_images(problem, objective):
        chance = np.clip(value, 0.0, 1.0)
        sd = np.hypot(sd, np.sqrt(chance * (1 - chance) / ((problem.validation or 0) + 1)))
    told = np.clip([value, sd], -MOST_VALUE, MOST_VALUE).tolist()
    return {"mean": told[0], "sd": told[1]}


def floor(objective: Objective) -> float:
    """The compressed score that a result must reach to keep its limit; minus infinity for none."""
    if objective.limit is None:
        return -math.inf
    return float(compress(_scale(objective).score(objective.limit)))


def _counts_images(problem: Problem, objective: Objective) -> bool:
    return objective.name == ERROR and problem.validation is not None


def _smoothed(errors: Floats, images: int, scale: Scale) -> tuple[Floats, Floats]:
    """Errors with half an image added, and the binomial variance of their scores.

    ln((wrong + 1/2) / (n + 1)) has a variance of about 1 / (wrong + 1/2) - 1 / (n + 1) and exists
    for a network without a mistake, too.
    """
    wrong = np.clip(np.round(errors * images), 0, images) + 0.5
    if scale.log:
        span = scale.log_span
        return wrong / (images + 1), (1 / wrong - 1 / (images + 1)) / span**2
    share = wrong / (images + 1)
    return share, share * (1 - share) / (images + 1) / (scale.reference - scale.ideal) ** 2


def _value(scale: Scale, score: Floats) -> tuple[Floats, Floats]:
    """The value with this score, and how fast it changes with the score."""
    span = scale.reference - scale.ideal
    if not scale.log:
        return scale.ideal + (1 - score) * span, np.array(-span)
    span = scale.log_span
    value = scale.ideal * np.exp((1 - score) * span)
    return value, -value * span


def _scale(objective: Objective) -> Scale:
    """The scale of an objective whose problem is known to be scaled."""
    if objective.scale is None:
        raise ValueError(f"{objective.name} has no scale yet; ask Problem.scaled before.")
    return objective.scale
