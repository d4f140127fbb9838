"""What all methods of pruning have in common."""

from typing import ClassVar

from torch import Generator, Tensor

from worker.network import Network
from worker.pruning.parts import Parts
from worker.pruning.recipe import Pruning
from worker.regime import Regime


class Method(Regime):
    """A regime that finds out what a network can do without; after it comes the cut.

    It only ranks: what goes is decided by the target, or where there is none by `unneeded`.
    `masked` says that the network was already trained without what goes.
    """

    masked: ClassVar[bool] = False

    def __init__(self, pruning: Pruning, parts: Parts, samples: int, generator: Generator) -> None:
        """Keep what the method needs.

        Args:
            pruning: the recipe.
            parts: what could go.
            samples: how many the network is trained on; the weight of a prior is shared by them.
            generator: on the device of the network; decides all that is drawn.
        """
        self.pruning, self.parts = pruning, parts
        self.samples, self.generator = samples, generator
        self.first = self.last = 0

    def begin(self, network: Network, steps: int) -> None:
        """Take over the network; the method works from `first` to before `last`."""
        self.network = network
        self.first, self.last = int(steps * self.pruning.start / self.pruning.end), steps

    def finish(self) -> None:
        """Leave the network as plain as it was found, with what was learnt in its weights."""

    def worth(self) -> Tensor:
        """How much each part is needed, above 0; after `finish`."""
        raise NotImplementedError

    def unneeded(self) -> Tensor:
        """The parts that go where there is no target, boolean; after `finish`."""
        raise NotImplementedError
