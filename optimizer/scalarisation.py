"""Random hypervolume scalarisation: many objectives become one number that weights decide.

With scores y (reference 0, ideal 1, larger is better) and weights on the positive unit sphere,
`s(y) = min_k(((y_k / weight_k)+)^m)`. Its mean over uniform weights is the hypervolume over the
reference up to a constant (Zhang and Golovin 2020), so whoever improves `s` for random weights
improves the hypervolume. This file works on the m-th root of `s`, called `reach`: how far the ray
along the weights gets before it leaves what the point dominates.
"""

import math
from functools import reduce

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, qmc

Floats = npt.NDArray[np.float64]

# Keeps the division finite; a weight below it would anyway leave the objective out of the minimum.
SMALLEST_WEIGHT = 1e-6


def sphere_weights(count: int, objectives: int, seed: int, start: int = 0) -> Floats:
    """Draw weights uniformly from the positive part of the unit sphere.

    The draws are a scrambled Sobol sequence, so any stretch of it covers the sphere evenly.

    Args:
        count: how many.
        objectives: m, the dimension of the sphere's space.
        seed: decides the scrambling.
        start: number of draws to skip; the draws from `start` on are the same as without it.

    Returns:
        `count x m`; every weight is positive, every row has length 1.
    """
    uniform = uniform_draws(start + count, objectives, seed)[start:]
    return on_the_sphere(np.abs(norm.ppf(uniform)))


def simplex_weights(count: int, objectives: int, seed: int) -> Floats:
    """Draw weights uniformly from the simplex (a flat Dirichlet distribution), evenly as above.

    Returns:
        `count x m`; every weight is positive, every row sums to 1.
    """
    lengths = np.maximum(-np.log(uniform_draws(count, objectives, seed)), SMALLEST_WEIGHT)
    return np.asarray(lengths / lengths.sum(axis=1, keepdims=True))


def on_the_sphere(directions: Floats) -> Floats:
    """Directions (`l x m`, none below 0) as weights: all positive, of length 1."""
    positive = np.maximum(directions, SMALLEST_WEIGHT)
    return np.asarray(positive / np.linalg.norm(positive, axis=1, keepdims=True))


def uniform_draws(count: int, dimension: int, seed: int) -> Floats:
    """The first points of a scrambled Sobol sequence, `count x dimension`, strictly in (0, 1)."""
    sequence = qmc.Sobol(d=dimension, scramble=True, rng=np.random.default_rng(seed))
    # Whole powers of two are what Sobol sequences are made for; others make scipy warn.
    drawn = sequence.random_base2((count - 1).bit_length())[:count]
    return np.asarray(np.clip(drawn, 1e-12, 1 - 1e-12))


def reach(scores: Floats, weights: Floats) -> Floats:
    """How far each point reaches along each ray.

    Args:
        scores: `n x m`, larger is better, reference 0. Scores above 1 are welcome.
        weights: `l x m`, positive.

    Returns:
        `l x n`, not negative; 0 for a point that fails to exceed the reference in some objective.
        A row of scores that holds NaN reaches 0.
    """
    # One objective after the other: the least over a short axis takes several times as long.
    least = reduce(np.minimum, (y / w[:, None] for y, w in zip(scores.T, weights.T, strict=True)))
    return np.asarray(np.maximum(np.nan_to_num(least, nan=0.0), 0.0))


def best_reach(scores: Floats, weights: Floats) -> Floats:
    """The farthest reach along each ray, `l`; 0 where there are no points."""
    if len(scores) == 0:
        return np.zeros(len(weights))
    return np.asarray(reach(scores, weights).max(axis=1))


def volume_factor(objectives: int) -> float:
    """The factor that turns the mean of `reach ** m` over uniform weights into a volume."""
    ball = math.pow(math.pi, objectives / 2) / math.gamma(objectives / 2 + 1)
    return math.ldexp(ball, -objectives)
