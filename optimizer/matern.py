"""Matérn 5/2 in few steps and with the rate of its change, for when there are many results.

The function is that of `optimizer.kernel`, where torch keeps some ten arrays of all pairs to find
slopes by itself.
"""

import math

from torch import Tensor

# In squares of distances in units of a lengthscale by root 5: a root at 0 has no slope.
SMALLEST = 5e-18


def matern(a: Tensor, b: Tensor) -> Tensor:
    """Matérn 5/2 of the distances between rows in units of their lengthscales.

    Args:
        a: `n x d`; no gradients flow back.
        b: `m x d`.

    Returns:
        `n x m`, 1 for equal rows.
    """
    return _parts(a, b)[0]


def matern_and_rate(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """The same, and how fast it changes: its derivative by row i of `a` is the sum over the rows j
    of `b` of `rate[i, j] * (b[j] - a[i])`; `n x m` each.
    """
    values, distance, decay = _parts(a, b)
    return values, distance.add_(1.0).mul_(decay).mul_(5 / 3)


def _parts(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Values, distances `d` in those units by root 5, and `exp(-d)`; `n x m` each."""
    centre = b.mean(0)  # of large squares, little would be left
    a, b = (a - centre) * math.sqrt(5), (b - centre) * math.sqrt(5)
    squares = b.square().sum(-1).addmm(a, b.T, alpha=-2.0)
    squares.add_(a.square().sum(-1, keepdim=True)).clamp_min_(SMALLEST)
    distance = squares.sqrt()
    decay = (-distance).exp_()
    return squares.mul_(1 / 3).add_(distance).add_(1.0).mul_(decay), distance, decay
