"""Dynamic pruning with feedback (Lin et al. 2020): what was pruned by mistake comes back.

Forward and backward pass see the masked network, but the update goes to dense weights, so a weight
that the masked network misses grows until the next mask keeps it.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from worker.network import Network
from worker.pruning.masks import apply, linears
from worker.pruning.method import Method

EVERY = 16  # steps between two masks, as in the paper


class Feedback(Method):
    """Masks from magnitudes, renewed as more and more is pruned."""

    masked = True

    def begin(self, network: Network, steps: int) -> None:
        """Take over the network; nothing is masked before `first`."""
        super().begin(network, steps)
        self.masks: Mapping[str, Tensor] = {}
        self._dense: dict[str, Tensor] = {}

    def before_pass(self, step: int) -> None:
        """Renew the masks if it is time, and put them on."""
        due = step - self.first
        if due >= 0 and due % EVERY == 0:
            self.masks = self.parts.masks(self._pruned(step))
        self._put_on()

    def after_pass(self, step: int) -> None:
        """Bring the dense weights back for the update."""
        self._take_off()

    def before_judging(self) -> None:
        """Let the evaluation see the masked network."""
        self._put_on()

    def after_judging(self) -> None:
        """Bring the dense weights back: feedback must outlive the epoch."""
        self._take_off()

    def worth(self) -> Tensor:
        """The magnitudes of the dense weights."""
        return self.parts.magnitude()

    def _pruned(self, step: int) -> Tensor:
        assert self.pruning.target is not None  # the recipe says so
        share = self.pruning.target * ramp(step, self.first, self.last)
        return self.parts.lowest(self.parts.weighted(self.worth()), share)

    @torch.no_grad()
    def _put_on(self) -> None:
        maps = linears(self.network)
        self._dense = {name: maps[name].weight.clone() for name in self.masks}
        apply(self.masks, self.network)

    @torch.no_grad()
    def _take_off(self) -> None:
        maps = linears(self.network)
        for name, dense in self._dense.items():
            maps[name].weight.copy_(dense)
        self._dense = {}


def ramp(step: int, first: int, last: int) -> float:
    """The share of the target that is pruned at a step: fast at first, then ever slower.

    The cubic of Zhu and Gupta 2017, from 0 at `first` to 1 at `last`.
    """
    return 1.0 - (1.0 - (step - first) / (last - first)) ** 3
