"""How large a network is and whether it may be trained: all that the prior asks, quickly."""

from dataclasses import dataclass
from typing import NamedTuple

from optimizer.networks.genotype import Shape
from optimizer.networks.steps import steps
from optimizer.networks.tally import prunable, pruned_tally, tally
from optimizer.space import Point


class Measured(NamedTuple):
    """The size of a network, and whether its operations are within their bounds."""

    size_bytes: int
    affordable: bool


@dataclass(frozen=True, slots=True)
class Meter:
    """Measures points.

    Args:
        shape: of the data.
        classes: the number of outputs.
        figure: the convention of model size, by its full name.
        max_macs: of the network that is trained, before it is pruned.
        most_macs: of the network that comes out.
        weight_bits: as they are stored.
    """

    shape: Shape
    classes: int
    figure: str
    max_macs: int
    most_macs: float
    weight_bits: int = 8

    def measure(self, point: Point) -> Measured:
        """The size after pruning, exact where nothing is pruned."""
        found = steps(point, self.shape, self.classes)
        whole = sums = tally(found, self.weight_bits)
        if "pruning" in point:
            sums = pruned_tally(found, point["pruning"], self.weight_bits)
        affordable = whole.macs <= self.max_macs and sums.macs <= self.most_macs
        return Measured(sums.model_size_bytes(self.figure), affordable)

    def prunes(self, point: Point) -> bool:
        """Whether the pruning gene says anything of the network."""
        return prunable(steps(point, self.shape, self.classes), point.get("pruning"))
