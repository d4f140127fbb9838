"""What the methods have in common that learn how much noise a network bears."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.optim import Adam
from torch.utils.hooks import RemovableHandle

from worker.network import Network
from worker.pruning.method import Method
from worker.pruning.posterior import ramp

# Log variances start near -10, and what is not needed ends near 0; they get steps that could take
# them there and back. With the recipe's rates and optimiser, which suit weights, they would arrive
# late or, under SGD, never: the slope of the prior is of the order of 1 / samples.
WAY = 20.0
FASTEST = 0.1  # of a step


class Noisy(Method):
    """Log variances with an optimiser of their own, and a prior that grows to its full strength."""

    def begin(self, network: Network, steps: int) -> None:
        """Take over the network; there is neither noise nor prior before `first`."""
        super().begin(network, steps)
        self.strength = 0.0
        self.hooks: Sequence[RemovableHandle] = ()

    def learn(self, log_variances: Iterable[nn.Parameter]) -> None:
        """Train these; in `begin` of a subclass."""
        rate = min(FASTEST, WAY / (self.last - self.first))
        self._optimizer = Adam(log_variances, rate, fused=True)

    def before_pass(self, step: int) -> None:
        """Set the strength of the prior; without it there is no noise either."""
        self.strength = ramp(step, self.first, self.last)
        self._optimizer.zero_grad(set_to_none=True)

    def penalty(self, step: int) -> Tensor | None:
        """The divergence from the prior, shared by the samples."""
        return self.divergence() * (self.strength / self.samples) if self.strength else None

    def divergence(self) -> Tensor:
        """Of all posteriors from their priors."""
        raise NotImplementedError

    def after_update(self, step: int) -> None:
        """Train the log variances, too."""
        for group in self._optimizer.param_groups:
            for part in group["params"]:
                if part.grad is not None:
                    # With 16-bit floats a pass may overflow. The weights' step is then left out,
                    # this one goes by momentum alone. A scaled gradient is nothing to Adam.
                    part.grad.nan_to_num_(0.0, 0.0, 0.0)
        self._optimizer.step()

    @torch.no_grad()
    def finish(self) -> None:
        """Leave a network without noise."""
        for hook in self.hooks:
            hook.remove()
