"""Log expected improvement of a scalarisation that is a minimum, by one-dimensional quadrature.

For weights w, the reach of a point with scores y is `min_k (y_k / w_k)`; its scalarised score is
`reach ** m` for hypervolume, `reach` for Tchebyshev. Measured scores are independent normal
variables and known ones are numbers, so `P(reach > t)` is a product of normal probabilities, which
ends where the first known score does:

    E[(reach ** m - best ** m)+]  =  integral from best of  m t^(m-1) P(reach > t) dt

for any number of objectives. Where P is 1 the integral is closed. The result is a logarithm: far
from the data the improvement itself underflows and leaves an optimiser without a slope.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

import numpy as np
import torch
from torch import Tensor

from optimizer.correction import Correction
from optimizer.feasibility import Feasibility
from optimizer.surrogate import Surrogate

# Between certain and impossible lie ten deviations at most; twelve nodes are exact to 1e-3 there.
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)
NODES = torch.as_tensor((_NODES + 1) / 2)
LOG_WEIGHTS = torch.as_tensor(np.log(_WEIGHTS / 2))
# Deviations from the mean beyond which a normal probability counts as 0 or 1.
FAR = 5.0
TINY = 1e-300


class Gain(Protocol):
    """By how much candidates improve on the front, along each of `l` rays."""

    def log_gain(self, mean: Tensor, deviation: Tensor, known: Tensor) -> Tensor:
        """Log of what a candidate may gain, `l x n`; arguments as those of `Improvement`'s."""

    def log_sure_gain(self, scores: Tensor) -> Tensor:
        """Log of what points with these scores (`n x m`) gain, `l x n`; minus infinity for none."""

    def along(self, scores: Tensor) -> Tensor:
        """The scalarised scores of points (`n x m`), `l x n`; larger is better."""

    def on(self, rays: int) -> Self:
        """The same along the first rays only."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """What a candidate is to improve on.

    `weights` is `l x m`: the measured objectives first, then the known ones. `best` is `l`: the
    reach of the present front along each ray. `floors` holds a compressed score per measured
    objective that a candidate must exceed to count at all (its limit; minus infinity for none).
    `reference` holds the compressed scores (m) from which the reach is measured; None is 0.
    `power` of the reach is the scalarised score; None is m, and else it needs an odd number unless
    `best` is nowhere below 0.
    """

    weights: Tensor
    best: Tensor
    floors: Tensor
    reference: Tensor | None = None
    power: int | None = None

    def log_gain(self, mean: Tensor, deviation: Tensor, known: Tensor) -> Tensor:
        """Log expected improvement along each ray.

        Args:
            mean: `n x k`, predicted compressed scores of the k measured objectives.
            deviation: `n x k`, positive.
            known: `n x (m - k)`, scores.

        Returns:
            `l x n`; minus infinity where no improvement is possible.
        """
        power = self._power
        mean, known, floors = self._from_reference(mean, known)
        start = self.best[:, None].expand(-1, len(mean))
        sure, end = self._uncertain(mean, deviation, known, floors)
        possible = end > start
        width = torch.where(possible, end - sure, 1.0)
        t = sure[..., None] + width[..., None] * NODES  # l x n x nodes
        log_terms = math.log(power) + (power - 1) * t.clamp_min(TINY).log() + LOG_WEIGHTS
        for k, floor in enumerate(floors):
            threshold = (self.weights[:, k, None, None] * t).clamp_min(floor)
            z = (mean[:, k, None] - threshold) / deviation[:, k, None]
            log_terms = log_terms + torch.special.log_ndtr(z)
        uncertain = torch.logsumexp(log_terms, -1) + width.log()
        gain = sure**power - start**power
        certain = torch.where(gain > 0, gain.clamp_min(TINY).log(), -math.inf)
        return torch.where(possible, torch.logaddexp(certain, uncertain), -math.inf)

    def log_sure_gain(self, scores: Tensor) -> Tensor:
        """Log of what points with these scores (`n x m`) gain, `l x n`; minus infinity for none."""
        reached = torch.maximum(self.along(scores), self.best[:, None])
        gain = reached**self._power - self.best[:, None] ** self._power
        return log_kept(gain, scores, self.floors)

    def along(self, scores: Tensor) -> Tensor:
        """The reach of points (`n x m` scores), `l x n`; below 0 for those below the reference."""
        above = scores if self.reference is None else scores - self.reference
        return (above / self.weights[:, None]).amin(-1)

    def on(self, rays: int) -> "Improvement":
        """The same along the first rays only."""
        return replace(self, weights=self.weights[:rays], best=self.best[:rays])

    @property
    def _power(self) -> int:
        return self.weights.shape[1] if self.power is None else self.power

    def _from_reference(self, mean: Tensor, known: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Means, known scores and floors above the reference."""
        if self.reference is None:
            return mean, known, self.floors
        measured, exact = self.reference[: mean.shape[1]], self.reference[mean.shape[1] :]
        return mean - measured, known - exact, self.floors - measured

    def _uncertain(
        self, mean: Tensor, deviation: Tensor, known: Tensor, floors: Tensor
    ) -> tuple[Tensor, Tensor]:
        """From where on, and up to where, the reach of each candidate is uncertain; `l x n` each.

        The first is at least `best`. If the second is not above `best`, no improvement is possible.
        """
        power = self._power
        rays = self.weights[:, None, : mean.shape[1]]  # l x 1 x k
        start = self.best[:, None]  # l x 1
        # The end is FAR above the mean or, if the start is beyond, several times the length over
        # which a normal tail (times a power of t) falls off there.
        first = torch.maximum(rays * start[..., None], floors)
        depth = (first - mean) / deviation  # l x n x k
        tail = (depth + (6 + 2 * power) / (depth.clamp_min(0) + 1.5)).clamp_min(FAR)
        end = ((mean + deviation * tail) / rays).amin(-1)
        lowest = mean - FAR * deviation
        certain = torch.where(lowest > floors, lowest, -math.inf)
        sure = torch.maximum((certain / rays).amin(-1), start)
        if known.shape[1]:
            stop = (known / self.weights[:, None, mean.shape[1] :]).amin(-1)  # l x n
            sure, end = torch.minimum(sure, stop), torch.minimum(end, stop)
        return torch.maximum(sure, start), torch.maximum(end, sure)


def log_kept(gain: Tensor, scores: Tensor, floors: Tensor) -> Tensor:
    """The log of gains (`l x n`) of points (`n x m` scores); minus infinity for those that gain
    nothing or have a measured score below its floor.
    """
    kept = (scores[:, : len(floors)] >= floors).all(-1)
    return torch.where(kept & (gain > 0), gain.clamp_min(TINY).log(), -math.inf)


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What a candidate is worth: log mean gain, times its chance of a result.

    With hypervolume's scalarisation over many rays the mean of the expected improvement is that of
    the hypervolume, up to a constant factor.

    Attributes:
        surrogates: of the measured objectives, in order.
        improvement: what is to be improved on.
        feasibility: how likely a trial gives a result at all; None if all did.
        constraints: models of the measured constraints; above 0 they are kept.
        confirmed: coordinates that a confirm run sets, by column: candidates are judged by what
            they would be when trained from scratch in full, however they are trained now.
        correction: of the known scores of pruned networks.
    """

    surrogates: Sequence[Surrogate]
    improvement: Gain
    feasibility: Feasibility | None
    constraints: Sequence[Surrogate] = ()
    confirmed: Mapping[int, float] = field(default_factory=dict)
    correction: Correction | None = None

    def __call__(self, x: Tensor, known: Tensor) -> Tensor:
        """The worth of candidates.

        Args:
            x: `n x d`, encoded; gradients flow back to it.
            known: `n x (m - k)`, scores.

        Returns:
            `n`; minus infinity where no improvement is possible.
        """
        mean, deviation = self.predict(x)
        gains = self.improvement.log_gain(mean, deviation, self._corrected(x, known))
        return self._over_rays(gains, x)

    def hope(self, x: Tensor, known: Tensor) -> Tensor:
        """How near candidates come to any improvement; for where none is possible.

        Returns:
            `n`: the mean over the rays of the scalarised scores, which for hypervolume is below 0
            where the reference is not exceeded; measured scores are taken a deviation above their
            mean. Less likely to keep the constraints is worse.
        """
        mean, deviation = self.predict(x)
        return self.nearness(x, mean + deviation, known)

    def gained(self, x: Tensor, measured: Tensor, known: Tensor) -> Tensor:
        """As the worth, if the compressed measured scores were these (`n x k`)."""
        scores = torch.cat([measured, self._corrected(x, known)], 1)
        return self._over_rays(self.improvement.log_sure_gain(scores), x)

    def nearness(self, x: Tensor, measured: Tensor, known: Tensor) -> Tensor:
        """As `hope`, if the compressed measured scores were these (`n x k`)."""
        scores = torch.cat([measured, self._corrected(x, known)], 1)
        return self.improvement.along(scores).mean(0) + self._log_kept(x)

    def predict(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Means and deviations of the compressed measured scores once confirmed, `n x k` each."""
        x = self.as_confirmed(x)
        mean, deviation = zip(*(s.predict(x) for s in self.surrogates), strict=True)
        return torch.stack(mean, 1), torch.stack(deviation, 1)

    def as_confirmed(self, x: Tensor) -> Tensor:
        """Candidates as they would be in a confirm run, `n x d`."""
        if not self.confirmed:
            return x
        x = x.clone()
        for column, value in self.confirmed.items():
            x[:, column] = value
        return x

    def _over_rays(self, gains: Tensor, x: Tensor) -> Tensor:
        """Log mean of the gains (`l x n` logs), times the chance of a result, `n`."""
        worth = torch.logsumexp(gains, 0) - math.log(len(gains)) + self._log_kept(x)
        return worth if self.feasibility is None else worth + self.feasibility.log_probability(x)

    def _corrected(self, x: Tensor, known: Tensor) -> Tensor:
        return known if self.correction is None else self.correction(x, known)

    def _log_kept(self, x: Tensor) -> Tensor:
        """Log probability that every measured constraint is kept, `n`; 0 where there is none."""
        total = torch.zeros(len(x), dtype=x.dtype)
        for model in self.constraints:
            mean, deviation = model.predict(x)
            total = total + torch.special.log_ndtr(mean / deviation)
        return total

    def on(self, rays: int) -> "Acquisition":
        """The same over the first rays only; cheaper, for sorting out."""
        return replace(self, improvement=self.improvement.on(rays))

    def near(self, x: Tensor) -> "Acquisition":
        """Nearly the same for candidates near `x` (`p x d`); cheaper after many results."""
        with torch.no_grad():
            models = [model.near(self.as_confirmed(x)) for model in self.surrogates]
        return replace(self, surrogates=models)
