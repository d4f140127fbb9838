"""What a training does beside plain descent; methods of pruning are regimes."""

from collections.abc import Sequence

from torch import Tensor, nn

from worker.network import Network


class Regime:
    """Plain descent: every hook does nothing. Others override what they need.

    One step: `before_pass`, forward and backward of the loss plus `penalty`, `after_pass`, the
    optimiser's update, `after_update`. `before_judging` and `after_judging` surround an evaluation.
    """

    def begin(self, network: Network, steps: int) -> None:
        """Take over a network before its first step; `steps` is how many will follow."""

    def parameters(self) -> Sequence[nn.Parameter]:
        """What is trained beside the network's own parameters, without weight decay."""
        return ()

    def penalty(self, step: int) -> Tensor | None:
        """What is added to the loss of step 0, 1, 2 …; a scalar on the network's device."""
        return None

    def before_pass(self, step: int) -> None:
        """Before the forward pass."""

    def after_pass(self, step: int) -> None:
        """Between the backward pass and the update."""

    def after_update(self, step: int) -> None:
        """After the update."""

    def before_judging(self) -> None:
        """Before the network is evaluated."""

    def after_judging(self) -> None:
        """After the network was evaluated."""
