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
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Protocol, Self

import numpy as np
import torch
from torch import Tensor

from optimizer.normal import log_normal

# Between certain and impossible lie ten deviations at most; so many nodes are exact to 1e-3 there.
NODES = 12
# Deviations from the mean beyond which a normal probability counts as 0 or 1.
FAR = 5.0
TINY = 1e-300
LOG_TWO_PI = math.log(2 * math.pi)


@lru_cache
def _quadrature(nodes: int) -> tuple[Tensor, Tensor]:
    """Gauss and Legendre's nodes in (0, 1), and the logarithms of their weights."""
    places, weights = np.polynomial.legendre.leggauss(nodes)
    return torch.as_tensor((places + 1) / 2), torch.as_tensor(np.log(weights / 2))


class Gain(Protocol):
    """By how much candidates improve on the front, along each of `l` rays."""

    def log_gain(self, mean: Tensor, deviation: Tensor, known: Tensor) -> Tensor:
        """Log of what a candidate may gain, `l x n`; arguments as those of `Improvement`'s."""

    def log_sure_gain(self, scores: Tensor) -> Tensor:
        """Log of what points with these scores (`n x m`) gain, `l x n`; minus infinity for none."""

    def along(self, scores: Tensor) -> Tensor:
        """The scalarised scores of points (`n x m`), `l x n`; larger is better."""

    def on(self, rays: int, nodes: int = NODES) -> Self:
        """The same along the first rays only, by so many nodes where there is a quadrature."""


@dataclass(frozen=True, slots=True)
class Improvement:
    """What a candidate is to improve on.

    `weights` is `l x m`: the measured objectives first, then the known ones. `best` is `l`: the
    reach of the present front along each ray. `floors` holds a compressed score per measured
    objective that a candidate must exceed to count at all (its limit; minus infinity for none).
    `reference` holds the compressed scores (m) from which the reach is measured; None is 0.
    `power` of the reach is the scalarised score; None is m, and else it needs an odd number unless
    `best` is nowhere below 0. `nodes` are those of the quadrature. `quick` says that the last bits
    do not matter.
    """

    weights: Tensor
    best: Tensor
    floors: Tensor
    reference: Tensor | None = None
    power: int | None = None
    nodes: int = NODES
    quick: bool = False

    def log_gain(self, mean: Tensor, deviation: Tensor, known: Tensor) -> Tensor:
        """Log expected improvement along each ray.

        Args:
            mean: `n x k`, predicted compressed scores of the k measured objectives.
            deviation: `n x k`, positive.
            known: `n x (m - k)`, scores.

        Returns:
            `l x n`; minus infinity where no improvement is possible.
        """
        if self.quick and mean.requires_grad:
            steep: Tensor = _Steep.apply(mean, deviation, known, self)  # type: ignore[no-untyped-call]
            return steep
        return self._integrated(mean, deviation, known)[0]

    def _integrated(
        self, mean: Tensor, deviation: Tensor, known: Tensor, depths: list[Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The logarithms of the gains, `l x n`, of the integrand at the nodes, `l x n x nodes`, and
        the widths of the quadratures, `l x n`.

        To `depths` two arrays are added per measured objective, `l x n x nodes`: by how many
        deviations its mean lies above the nodes, and the logarithm of the probability of that.
        """
        power = self._power
        mean, known, floors = self._from_reference(mean, known)
        start = self.best[:, None].expand(-1, len(mean))
        sure, end = self._uncertain(mean, deviation, known, floors)
        possible = end > start
        width = torch.where(possible, end - sure, 1.0)
        nodes, log_weights = _quadrature(self.nodes)
        t = sure[..., None] + width[..., None] * nodes
        log_terms = math.log(power) + (power - 1) * t.clamp_min(TINY).log() + log_weights
        log_probability = log_normal if self.quick else torch.special.log_ndtr
        for k, floor in enumerate(floors):
            threshold = (self.weights[:, k, None, None] * t).clamp_min(floor)
            z = (mean[:, k, None] - threshold) / deviation[:, k, None]
            logs = log_probability(z)
            log_terms = log_terms + logs
            if depths is not None:
                depths += [z, logs]
        uncertain = torch.logsumexp(log_terms, -1) + width.log()
        gain = sure**power - start**power
        certain = torch.where(gain > 0, gain.clamp_min(TINY).log(), -math.inf)
        total = torch.where(possible, torch.logaddexp(certain, uncertain), -math.inf)
        return total, log_terms, width

    def log_sure_gain(self, scores: Tensor) -> Tensor:
        """Log of what points with these scores (`n x m`) gain, `l x n`; minus infinity for none."""
        reached = torch.maximum(self.along(scores), self.best[:, None])
        gain = reached**self._power - self.best[:, None] ** self._power
        return log_kept(gain, scores, self.floors)

    def along(self, scores: Tensor) -> Tensor:
        """The reach of points (`n x m` scores), `l x n`; below 0 for those below the reference."""
        above = scores if self.reference is None else scores - self.reference
        return (above / self.weights[:, None]).amin(-1)

    def on(self, rays: int, nodes: int = NODES) -> "Improvement":
        """The same along the first rays only, by so many nodes."""
        return replace(self, weights=self.weights[:rays], best=self.best[:rays], nodes=nodes)

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


class _Steep(torch.autograd.Function):
    """A log gain with a slope that is written out: torch's own takes as long again as the gain.

    Where the integrand is certain or impossible nothing changes with the ends of the quadrature,
    so the slope is the integral of the integrand's own.
    """

    @staticmethod
    def forward(
        ctx: Any, mean: Tensor, deviation: Tensor, known: Tensor, improvement: Improvement
    ) -> Tensor:
        depths: list[Tensor] = []
        total, log_terms, width = improvement._integrated(mean, deviation, known, depths)
        share = torch.where(total.isfinite(), width.log() - total, -math.inf)[..., None]
        by_mean, by_deviation = torch.zeros(2, *total.shape, len(mean.T), dtype=total.dtype)
        for k in range(len(mean.T)):
            z, logs = depths[2 * k : 2 * k + 2]
            # The node's share of the gain times density / probability there.
            rate = (log_terms + share - 0.5 * (z.square() + LOG_TWO_PI) - logs).exp_()
            rate /= deviation[:, k, None]
            by_mean[..., k], by_deviation[..., k] = rate.sum(-1), -(rate * z).sum(-1)
        ctx.save_for_backward(by_mean, by_deviation)
        return total

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, Tensor, None, None]:
        by_mean, by_deviation = ctx.saved_tensors
        return (
            (slope[..., None] * by_mean).sum(0),
            (slope[..., None] * by_deviation).sum(0),
            None,
            None,
        )
