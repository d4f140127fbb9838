"""Log expected improvement of the hypervolume scalarisation, by one-dimensional quadrature.

For weights w, the reach of a point with scores y is `min_k (y_k / w_k)+`; its scalarised score is
`reach ** m`. Measured scores are independent normal variables and known ones are numbers, so
`P(reach > t)` is a product of normal probabilities, which ends where the first known score does:

    E[(reach ** m - best ** m)+]  =  integral from best of  m t^(m-1) P(reach > t) dt

for any number of objectives. Where P is 1 the integral is closed. The result is a logarithm: far
from the data the improvement itself underflows and leaves an optimiser without a slope.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from optimizer.feasibility import Feasibility
from optimizer.surrogate import Surrogate

# Between certain and impossible lie ten deviations at most; twelve nodes are exact to 1e-3 there.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
NODES = torch.as_tensor((_NODES + 1) / 2)
LOG_WEIGHTS = torch.as_tensor(np.log(_WEIGHTS / 2))
# Deviations from the mean beyond which a normal probability counts as 0 or 1.
FAR = 5.0
TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Improvement:
    """What a candidate is to improve on.

    `weights` is `l x m`: the measured objectives first, then the known ones. `best` is `l`: the
    reach of the present front along each ray. `floors` holds a compressed score per measured
    objective that a candidate must exceed to count at all (its limit; minus infinity for none).
    """

    weights: Tensor
    best: Tensor
    floors: Tensor

    def log_expectation(self, mean: Tensor, deviation: Tensor, known: Tensor) -> Tensor:
        """Log expected improvement along each ray.

        Args:
            mean: `n x k`, predicted compressed scores of the k measured objectives.
            deviation: `n x k`, positive.
            known: `n x (m - k)`, scores.

        Returns:
            `l x n`; minus infinity where no improvement is possible.
        """
        power = self.weights.shape[1]
        start = self.best[:, None].expand(-1, len(mean))
        sure, end = self._uncertain(mean, deviation, known)
        possible = end > start
        width = torch.where(possible, end - sure, 1.0)
        t = sure[..., None] + width[..., None] * NODES  # l x n x nodes
        log_terms = math.log(power) + (power - 1) * t.clamp_min(TINY).log() + LOG_WEIGHTS
        for k, floor in enumerate(self.floors):
            threshold = (self.weights[:, k, None, None] * t).clamp_min(floor)
            z = (mean[:, k, None] - threshold) / deviation[:, k, None]
            log_terms = log_terms + torch.special.log_ndtr(z)
        uncertain = torch.logsumexp(log_terms, -1) + width.log()
        gain = sure**power - start**power
        certain = torch.where(gain > 0, gain.clamp_min(TINY).log(), -math.inf)
        return torch.where(possible, torch.logaddexp(certain, uncertain), -math.inf)

    def _uncertain(self, mean: Tensor, deviation: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """From where on, and up to where, the reach of each candidate is uncertain; `l x n` each.

        The first is at least `best`. If the second is not above `best`, no improvement is possible.
        """
        power = self.weights.shape[1]
        rays = self.weights[:, None, : mean.shape[1]]  # l x 1 x k
        start = self.best[:, None]  # l x 1
        # The end is FAR above the mean or, if the start is beyond, several times the length over
        # which a normal tail (times a power of t) falls off there.
        first = torch.maximum(rays * start[..., None], self.floors)
        depth = (first - mean) / deviation  # l x n x k
        tail = (depth + (6 + 2 * power) / (depth.clamp_min(0) + 1.5)).clamp_min(FAR)
        end = ((mean + deviation * tail) / rays).amin(-1)
        lowest = mean - FAR * deviation
        certain = torch.where(lowest > self.floors, lowest, -math.inf)
        sure = torch.maximum((certain / rays).amin(-1), start)
        if known.shape[1]:
            stop = (known / self.weights[:, None, mean.shape[1] :]).amin(-1)  # l x n
            sure, end = torch.minimum(sure, stop), torch.minimum(end, stop)
        return torch.maximum(sure, start), torch.maximum(end, sure)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What a candidate is worth: log mean expected improvement, times its chance of a result.

    Over many rays the mean is the expected hypervolume improvement, up to a constant factor.
    """

    surrogates: Sequence[Surrogate]
    improvement: Improvement
    feasibility: Feasibility | None

    def __call__(self, x: Tensor, known: Tensor) -> Tensor:
        """The worth of candidates.

        Args:
            x: `n x d`, encoded; gradients flow back to it.
            known: `n x (m - k)`, scores.

        Returns:
            `n`; minus infinity where no improvement is possible.
        """
        mean, deviation = self.predict(x)
        along_rays = self.improvement.log_expectation(mean, deviation, known)
        worth = torch.logsumexp(along_rays, 0) - math.log(len(along_rays))
        return worth if self.feasibility is None else worth + self.feasibility.log_probability(x)

    def hope(self, x: Tensor, known: Tensor) -> Tensor:
        """How near candidates come to any improvement; for where none is possible.

        Returns:
            `n`: the mean over the rays of `min_k (y_k / w_k)`, below 0 where the reference is not
            exceeded; measured scores are taken a deviation above their mean.
        """
        mean, deviation = self.predict(x)
        scores = torch.cat([mean + deviation, known], 1)
        return (scores / self.improvement.weights[:, None]).amin(-1).mean(0)

    def predict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and deviations of the compressed measured scores, `n x k` each."""
        mean, deviation = zip(*(s.predict(x) for s in self.surrogates), strict=True)
        return torch.stack(mean, 1), torch.stack(deviation, 1)

    def on(self, rays: int) -> "Acquisition":
        """The same over the first rays only; cheaper, for sorting out."""
        fewer = replace(
            self.improvement,
            weights=self.improvement.weights[:rays],
            best=self.improvement.best[:rays],
        )
        return replace(self, improvement=fewer)
