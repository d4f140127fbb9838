"""Bayesian compression (Louizos et al. 2017), normal-Jeffreys form: one scale for each group.

A scale multiplies the kernels of a channel, or one input of a dense node; what is tied shares it.
Where the loss does not care, the prior drives the noise of the scale up, and the group can go.
"""

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from worker.network import Network
from worker.pruning.groups import Groups
from worker.pruning.masks import linears
from worker.pruning.noisy import Noisy
from worker.pruning.posterior import (
    TINY,
    drawn,
    log_alpha,
    log_uniform_divergence,
    noise,
    normal_divergence,
)

START = -9.0  # log variance at first, of scales and of weights in units of their prior
# The most variance that a weight of the first layer gets, in the same units and as in the reference
# code: its noise would reach all that lies behind.
FIRST_MOST = math.log(0.04)
# Of log alpha of a scale. The paper picks it by hand from a histogram: what is needed stays about
# where it started, what is not wanders off; this lies in the gap.
THRESHOLD = -3.0


class Bayesian(Noisy):
    """Posteriors of scales, and of the weights that they multiply."""

    parts: Groups

    def begin(self, network: Network, steps: int) -> None:
        """Put a posterior on every group, and on every weight of the nodes that have some."""
        super().begin(network, steps)
        rows, columns = self.parts.rows, self.parts.columns
        maps = linears(network)
        self._first = next(iter(maps))
        self._maps = {name: maps[name] for name in maps if name in rows or name in columns}
        like = network.sensor.mean
        self._mean = nn.Parameter(like.new_ones(self.parts.count))
        self.log_variance = nn.Parameter(like.new_full((self.parts.count,), START))
        # The prior of the paper has deviation 1, for networks whose scales z learn the size of the
        # weights from the start. Here weights come with a size: their layer's is the unit.
        self._units = {
            name: linear.weight.detach().square().mean().clamp(min=TINY).log()
            for name, linear in self._maps.items()
        }
        self.log_variances = {
            name: nn.Parameter(torch.full_like(linear.weight, START))
            for name, linear in self._maps.items()
        }
        self.learn([self.log_variance, *self.log_variances.values()])
        self._draw: Tensor | None = None
        self.hooks = [
            linear.register_forward_pre_hook(partial(self._scale_inputs, columns[name]))
            for name, linear in self._maps.items()
            if name in columns
        ]
        self.hooks += [
            linear.register_forward_hook(partial(self._disturb, name))
            for name, linear in self._maps.items()
        ]

    def parameters(self) -> list[nn.Parameter]:
        """The means of the scales, which are weights as others are."""
        return [self._mean]

    def before_pass(self, step: int) -> None:
        """Forget the draw of the last pass."""
        super().before_pass(step)
        self._draw = None

    def divergence(self) -> Tensor:
        """Of all scales from the log-uniform, of their weights from the normal prior."""
        total = log_uniform_divergence(log_alpha(self._mean, self.log_variance))
        for name, linear in self._maps.items():
            weight = linear.weight * (-0.5 * self._units[name]).exp()
            total = total + normal_divergence(weight, self.log_variances[name])
        return total

    @torch.no_grad()
    def after_update(self, step: int) -> None:
        """Train the log variances, too."""
        super().after_update(step)
        if self._first in self.log_variances:
            self.log_variances[self._first].clamp_(max=FIRST_MOST)

    @torch.no_grad()
    def finish(self) -> None:
        """Multiply the mean scales into the kernels."""
        super().finish()
        scales = self._means()
        for name, linear in self._maps.items():
            weight = linear.weight
            if name in self.parts.rows:
                weight.mul_(_along(scales[self.parts.rows[name]], 0, weight.dim()))
            if name in self.parts.columns:
                weight.mul_(scales[self.parts.columns[name]])

    @torch.no_grad()
    def worth(self) -> Tensor:
        """Signal against noise of each scale, |mean| / deviation, relative to its layer.

        The paper, too, has a threshold for each layer.
        """
        return self.parts.levelled((-0.5 * log_alpha(self._mean, self.log_variance)).exp())

    @torch.no_grad()
    def unneeded(self) -> Tensor:
        """The groups whose scale is more noise than signal."""
        return log_alpha(self._mean, self.log_variance) > THRESHOLD

    def _means(self) -> Tensor:
        """The mean of each scale, then 1 for what always stays."""
        return torch.cat([self._mean, self._mean.new_ones(1)])

    def _scales(self, samples: int, training: bool) -> Tensor:
        """A row of scales for each sample, or one for all; in training one draw per pass.

        So what is tied shares not only its posterior but its noise.
        """
        if not training:
            return self._means()[None]
        if self._draw is None:
            wide = self._mean.expand(samples, -1)
            found = wide + (0.5 * self.log_variance).exp() * drawn(wide, self.generator)
            self._draw = torch.cat([found, found.new_ones(samples, 1)], 1)
        return self._draw

    def _scale_inputs(self, index: Tensor, linear: Any, inputs: tuple[Tensor]) -> Any:
        """A hook before a dense map; None leaves its input alone."""
        if not self.strength:
            return None
        return inputs[0] * self._scales(len(inputs[0]), linear.training)[:, index]

    def _disturb(
        self, name: str, linear: Any, inputs: tuple[Tensor], output: Tensor
    ) -> Tensor | None:
        """A hook behind a map: the noise of its weights, then the scales of its outputs."""
        if not self.strength:
            return None
        bias = 0.0 if linear.bias is None else _along(linear.bias, 1, output.dim())
        plain = output - bias
        if linear.training:
            log_variance = self.log_variances[name] + self._units[name]
            plain = plain + noise(linear, inputs[0], log_variance, self.generator)
        if name in self.parts.rows:
            scales = self._scales(len(output), linear.training)[:, self.parts.rows[name]]
            plain = plain * scales.view(*scales.shape, *(1 for _ in output.shape[2:]))
        return plain + bias


def _along(values: Tensor, axis: int, dimensions: int) -> Tensor:
    """A vector along one axis of a tensor of so many dimensions."""
    return values.view(*(-1 if k == axis else 1 for k in range(dimensions)))
