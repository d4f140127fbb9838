"""Masks: kernels of 0 and 1 that say which weights of a network stay."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from worker.layers import Weighted
from worker.network import Network
from worker.regime import Regime

Masks = Mapping[str, Tensor]


def linears(network: Network) -> dict[str, nn.Conv2d | nn.Linear]:
    """The linear map of each node that has one, by the node's id, in the network's order."""
    return {
        name: layer.linear for name, layer in network.layers.items() if isinstance(layer, Weighted)
    }


@torch.no_grad()
def apply(masks: Masks, network: Network) -> None:
    """Set the weights to zero that do not stay."""
    maps = linears(network)
    for name, mask in masks.items():
        maps[name].weight.mul_(mask)


def non_zeros(masks: Masks) -> dict[str, int]:
    """How many weights of each masked kernel stay."""
    return {name: int(mask.count_nonzero()) for name, mask in masks.items()}


class Sparse(Regime):
    """What was pruned stays zero while the rest is trained on."""

    def __init__(self, masks: Masks) -> None:
        self._masks = masks

    def begin(self, network: Network, steps: int) -> None:
        """Take the weights out."""
        self._network = network
        apply(self._masks, network)

    def after_update(self, step: int) -> None:
        """Undo what the optimiser did to them."""
        apply(self._masks, self._network)
