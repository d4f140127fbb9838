"""What candidates are worth: by how much they improve, and how likely they give a result."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from optimizer.correction import Correction
from optimizer.feasibility import Feasibility
from optimizer.improvement import NODES, Gain
from optimizer.joint import Posterior


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
        quick: whether fewer nodes will do along a part of the rays.
    """

    surrogates: Sequence[Posterior]
    improvement: Gain
    feasibility: Feasibility | None
    constraints: Sequence[Posterior] = ()
    confirmed: Mapping[int, float] = field(default_factory=dict)
    correction: Correction | None = None
    quick: bool = False

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

    def on(self, rays: int, nodes: int = NODES) -> "Acquisition":
        """The same over the first rays only, if quick by so many nodes; cheaper, for a search."""
        return replace(self, improvement=self.improvement.on(rays, nodes if self.quick else NODES))

    def near(self, x: Tensor) -> "Acquisition":
        """Nearly the same for candidates near `x` (`p x d`); cheaper after many results."""
        with torch.no_grad():
            models = [model.near(self.as_confirmed(x)) for model in self.surrogates]
        return replace(self, surrogates=models)
