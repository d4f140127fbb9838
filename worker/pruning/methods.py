"""Which class is which method."""

from collections.abc import Mapping

from torch import Generator

from worker.network import Network
from worker.pruning.bayesian import Bayesian
from worker.pruning.feedback import Feedback
from worker.pruning.groups import Groups
from worker.pruning.kernels import Kernels
from worker.pruning.magnitude import Magnitude
from worker.pruning.method import Method
from worker.pruning.parts import Parts
from worker.pruning.recipe import Pruning
from worker.pruning.variational import Variational

CLASSES: Mapping[str, type[Method]] = {
    "magnitude": Magnitude,
    "feedback": Feedback,
    "variational": Variational,
    "bayesian": Bayesian,
}


def method_of(
    pruning: Pruning, network: Network, samples: int, seed: int, weight_bits: int = 8
) -> Method:
    """The method that a recipe asks for, for one network.

    Args:
        pruning: the recipe.
        network: of which it shall remove.
        samples: how many the network is trained on.
        seed: decides what the method draws.
        weight_bits: as they will be stored.
    """
    parts: Parts
    if pruning.scope == "weights":
        parts = Kernels(network)
    else:
        parts = Groups(network, pruning.scope, pruning.weighting, weight_bits)
    generator = Generator(network.sensor.mean.device).manual_seed(seed)
    return CLASSES[pruning.method](pruning, parts, samples, generator)
