"""Gains beside the expected improvement of a minimum: sums, augmented minima, upper bounds.

All take distances from the ideal (score 1), z = 1 - y: `weights` are the λ of `sum_k λ_k z_k` or
`max_k λ_k z_k`, which are made small; the scalarised scores are their negatives. Measured scores
below the reference are compressed ones throughout, the front's too: only their order counts.
"""

import math
from dataclasses import dataclass, replace

import torch
from scipy.stats import norm
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from optimizer.designers.scalarising import Function
from optimizer.improvement import NODES, Gain, Improvement, log_kept
from optimizer.scalarisation import uniform_draws

# How much the sum counts beside the largest: Knowles 2006 (ParEGO).
AUGMENTED_BY = 0.05
# Of the measured scores; the same for all candidates, so that they compare and have a slope.
DRAWS = 128
# A score or a gain so small is as good as none: the steps of a draw are rounded by so much, as in
# the LogEI of Ament et al. 2023, or most candidates would have no slope.
SMOOTH = 1e-3


def gain_of(function: Function, weights: Tensor, front: Tensor, floors: Tensor) -> Gain:
    """What improves on a front by a function of the distances from the ideal.

    Args:
        function: any but "hypervolume", whose origin is the reference.
        weights: `l x m`, positive; measured objectives first, then known ones.
        front: `n x m` scores, the measured ones compressed; for none the reference stands.
        floors: compressed scores that a candidate must exceed (`Improvement`).
    """
    nothing = torch.zeros(len(weights), dtype=weights.dtype)
    gain: Improvement | Linear | Augmented
    if function == "linear":
        gain = Linear(weights, nothing, floors)
    elif function == "augmented":
        gain = Augmented(weights, nothing, floors)
    else:
        ideal = torch.ones(weights.shape[1], dtype=weights.dtype)
        gain = Improvement(1.0 / weights, nothing, floors, ideal, power=1)
    if len(front) == 0:
        front = torch.zeros((1, weights.shape[1]), dtype=weights.dtype)
    return replace(gain, best=gain.along(front).amax(1))


@dataclass(frozen=True, slots=True)
class Linear:
    """Improvement of `-sum_k λ_k z_k`, which is one normal variable.

    `weights` is `l x m`, `best` is `l`, `floors` as in `Improvement`.
    """

    weights: Tensor
    best: Tensor
    floors: Tensor

    def log_gain(self, mean: Tensor, deviation: Tensor, known: Tensor) -> Tensor:
        """Log expected improvement, `l x n`, times the chance of every floor.

        That product is a little less than the expectation where there are floors: who is above
        them rather gains more.
        """
        center = self.along(torch.cat([mean, known], 1)) - self.best[:, None]
        rays = self.weights[:, : mean.shape[1]].square()
        spread = (rays @ deviation.square().T).sqrt()
        flat = center.reshape(-1, 1), spread.reshape(-1, 1)
        gain = _one_variable().log_gain(*flat, mean.new_empty((center.numel(), 0)))
        return gain.reshape(center.shape) + self._log_above_floors(mean, deviation)

    def log_sure_gain(self, scores: Tensor) -> Tensor:
        """Log of what points with these scores (`n x m`) gain, `l x n`; minus infinity for none."""
        return log_kept(self.along(scores) - self.best[:, None], scores, self.floors)

    def along(self, scores: Tensor) -> Tensor:
        """`-sum_k λ_k z_k` of points (`n x m` scores), `l x n`."""
        return self.weights @ (scores - 1.0).T

    def on(self, rays: int, nodes: int = NODES) -> "Linear":
        """The same along the first rays only; there is no quadrature."""
        return replace(self, weights=self.weights[:rays], best=self.best[:rays])

    def _log_above_floors(self, mean: Tensor, deviation: Tensor) -> Tensor:
        total = torch.zeros(len(mean), dtype=mean.dtype)
        for k, floor in enumerate(self.floors.tolist()):
            if math.isfinite(floor):
                total = total + torch.special.log_ndtr((mean[:, k] - floor) / deviation[:, k])
        return total


def _one_variable() -> Improvement:
    """The textbook expected improvement on 0."""
    one = torch.ones((1, 1), dtype=torch.float64)
    return Improvement(one, torch.zeros(1, dtype=one.dtype), one[0] * -math.inf)


@dataclass(frozen=True, slots=True)
class Augmented:
    """Improvement of `-(max_k λ_k z_k + 0.05 sum_k λ_k z_k)`, by quasi-Monte Carlo.

    `weights` is `l x m`, `best` is `l`, `floors` as in `Improvement`. Unlike the largest alone, the
    sum beside it prefers of two points with the same worst objective the one that dominates.
    """

    weights: Tensor
    best: Tensor
    floors: Tensor

    def log_gain(self, mean: Tensor, deviation: Tensor, known: Tensor) -> Tensor:
        """Log expected improvement, `l x n`, over draws of the measured scores; smoothed."""
        draws = torch.from_numpy(norm.ppf(uniform_draws(DRAWS, mean.shape[1], seed=0)))
        told = [mean[:, k, None] + deviation[:, k, None] * draws[:, k] for k in range(len(draws.T))]
        within = torch.zeros((len(mean), DRAWS), dtype=mean.dtype)
        for score, floor in zip(told, self.floors.tolist(), strict=True):
            if math.isfinite(floor):
                within = within + logsigmoid((score - floor) / SMOOTH)
        value = self._of([*told, *(score[:, None] for score in known.T)])  # l x n x draws
        steps = (value - self.best[:, None, None]) / SMOOTH
        # Far below 0 softplus is its exponential: no logarithm of what underflows.
        log_steps = torch.where(steps < -30, steps, softplus(steps.clamp_min(-30)).log())
        total: Tensor = (log_steps + within).logsumexp(-1) + math.log(SMOOTH / DRAWS)
        return total

    def log_sure_gain(self, scores: Tensor) -> Tensor:
        """Log of what points with these scores (`n x m`) gain, `l x n`; minus infinity for none."""
        return log_kept(self.along(scores) - self.best[:, None], scores, self.floors)

    def along(self, scores: Tensor) -> Tensor:
        """The scalarised scores of points (`n x m`), `l x n`."""
        return self._of([score[:, None] for score in scores.T])[..., 0]

    def on(self, rays: int, nodes: int = NODES) -> "Augmented":
        """The same along the first rays only; there is no quadrature."""
        return replace(self, weights=self.weights[:rays], best=self.best[:rays])

    def _of(self, scores: list[Tensor]) -> Tensor:
        """Of m arrays of scores that broadcast, `n x ...` each: `l x n x ...`."""
        least = total = torch.zeros(())
        for k, score in enumerate(scores):
            weighted = self.weights[:, k, None, None] * (score - 1.0)
            least = torch.minimum(least, weighted) if k else weighted
            total = total + weighted
        return least + AUGMENTED_BY * total


@dataclass(frozen=True, slots=True)
class Optimistic:
    """What is gained if every measured score comes out so many deviations above its mean.

    Paria et al. 2018, section 3: the scalarised upper confidence bounds.
    """

    gain: Gain
    deviations: float

    def log_gain(self, mean: Tensor, deviation: Tensor, known: Tensor) -> Tensor:
        """Log gain of the upper bounds, `l x n`; minus infinity where they gain nothing."""
        return self.gain.log_sure_gain(torch.cat([mean + self.deviations * deviation, known], 1))

    def log_sure_gain(self, scores: Tensor) -> Tensor:
        """Log of what points with these scores (`n x m`) gain, `l x n`; minus infinity for none."""
        return self.gain.log_sure_gain(scores)

    def along(self, scores: Tensor) -> Tensor:
        """The scalarised scores of points (`n x m`), `l x n`."""
        return self.gain.along(scores)

    def on(self, rays: int, nodes: int = NODES) -> "Optimistic":
        """The same along the first rays only."""
        return replace(self, gain=self.gain.on(rays, nodes))


def optimism(trials: int) -> float:
    """How many deviations an upper bound lies above the mean after so many trials.

    The bounds of Paria et al. 2018 need a variance that grows with the logarithm of the trials;
    its factor is ours: two deviations, the customary number, after 54 trials.
    """
    return math.sqrt(math.log1p(trials))
