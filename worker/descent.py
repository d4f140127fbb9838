"""The optimisers, all with decoupled weight decay."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import SGD, AdamW, Optimizer

from worker.network import Network
from worker.recipe import Recipe

MOMENTUM = 0.9


class DecoupledSGD(SGD):
    """Descent with momentum that decays weights beside the gradient (Loshchilov and Hutter 2019).

    Decay that is part of the gradient would pass through the momentum.
    """

    def step(self, closure: Any = None) -> Any:
        """Shrink what decays by its share of the learning rate, then descend."""
        with torch.no_grad():
            for group in self.param_groups:
                for part in group["params"]:
                    if group["shrink"]:
                        part.mul_(1 - group["lr"] * group["shrink"])
                    # What a regime begins to train later would have no momentum beside the others,
                    # which the fused step cannot bear.
                    if part.grad is None:
                        part.grad = torch.zeros_like(part)
        return super().step(closure)


def optimiser(network: Network, recipe: Recipe, beside: Sequence[nn.Parameter]) -> Optimizer:
    """The optimiser; biases and batch norm are not decayed, only what multiplies inputs.

    Args:
        network: whose parameters are trained.
        recipe: says which optimiser, and gives the weight decay.
        beside: what a regime trains, too.
    """
    kernels = [part for part in network.parameters() if part.dim() > 1]
    others = [part for part in network.parameters() if part.dim() <= 1]
    others += beside
    decay = "weight_decay" if recipe.optimizer == "adamw" else "shrink"
    groups = [{"params": kernels, decay: recipe.weight_decay}, {"params": others, decay: 0.0}]
    used = [group for group in groups if group["params"]]
    if recipe.optimizer == "adamw":
        return AdamW(used, fused=True)
    nesterov = recipe.optimizer == "nesterov"
    return DecoupledSGD(used, recipe.learning_rate, MOMENTUM, nesterov=nesterov, fused=True)
