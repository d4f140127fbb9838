"""Sparse variational dropout (Molchanov et al. 2017): weights that are all noise can go."""

from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from worker.network import Network
from worker.pruning.masks import linears
from worker.pruning.noisy import Noisy
from worker.pruning.posterior import log_alpha, log_uniform_divergence, noise

START = -10.0  # log variance of a weight at first: no noise to speak of
THRESHOLD = 3.0  # of log alpha; the paper's, a dropout rate of 0.95


class Variational(Noisy):
    """A variance beside each weight, driven up by the prior wherever the loss lets it."""

    def begin(self, network: Network, steps: int) -> None:
        """Put a posterior on every kernel."""
        super().begin(network, steps)
        self._maps = linears(network)
        self.log_variances = {
            name: nn.Parameter(torch.full_like(linear.weight, START))
            for name, linear in self._maps.items()
        }
        self.learn(self.log_variances.values())
        self.hooks = [
            linear.register_forward_hook(partial(self._disturb, self.log_variances[name]))
            for name, linear in self._maps.items()
        ]

    def divergence(self) -> Tensor:
        """Of all weights."""
        costs = [log_uniform_divergence(ratio) for ratio in self._ratios()]
        return torch.stack(costs).sum()

    @torch.no_grad()
    def worth(self) -> Tensor:
        """Signal against noise of each weight, mean² / variance."""
        return torch.cat([(-ratio).exp().flatten() for ratio in self._ratios()])

    def unneeded(self) -> Tensor:
        """The weights above the paper's threshold."""
        return self.worth().log() < -THRESHOLD

    def _ratios(self) -> list[Tensor]:
        return [
            log_alpha(linear.weight, self.log_variances[name])
            for name, linear in self._maps.items()
        ]

    def _disturb(
        self, log_variance: Tensor, linear: Any, inputs: tuple[Tensor], output: Tensor
    ) -> Tensor | None:
        """A hook behind a linear map; None leaves its output alone."""
        if not (linear.training and self.strength):
            return None
        return output + noise(linear, inputs[0], log_variance, self.generator)
