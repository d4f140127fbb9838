"""What a trained network is once it is deployed: its int8 graph, and how often that errs."""

from torch import Tensor

from worker.deploy.calibrate import quantise
from worker.deploy.fold import fold
from worker.deploy.observers import MeanSquare
from worker.deploy.record import Int8Graph
from worker.deploy.simulate import Simulation
from worker.network import Network
from worker.weights import weights

OBSERVER = MeanSquare()  # docs/adr/0017


def calibrated(network: Network, seen: Tensor, bits: int = 8) -> Int8Graph:
    """Quantise a network that was trained in floating point.

    Args:
        network: trained.
        seen: some hundred training samples behind the sensor, to choose scales from.
        bits: of a weight.

    Raises:
        DeployError: it has no integers; the message says where.
    """
    folded = fold(network.graph, weights(network))
    return quantise(folded, channels_last(seen), OBSERVER, bits)


def channels_last(seen: Tensor) -> Tensor:
    """Samples behind the sensor in the layout of a graph."""
    return seen.permute(0, 2, 3, 1) if seen.dim() == 4 else seen


def int8_error_of(record: Int8Graph, seen: Tensor, y: Tensor) -> float:
    """Share of wrong answers of an int8 graph on samples behind the sensor.

    Of equal answers the first counts, as on the device.
    """
    simulation = Simulation(record, seen.device)
    answers = simulation.run(simulation.quantise(channels_last(seen)))
    return int((answers.argmax(1) != y).sum()) / len(y)
