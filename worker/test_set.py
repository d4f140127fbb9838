"""The test set: read once by a confirm run, when its training is over, and never by a search."""

import math

import torch

from worker.course import error_of
from worker.data import DataSet
from worker.errors import Infeasible
from worker.network import Network
from worker.tensors import samples


def error_on_test_set(network: Network, data: DataSet, device: torch.device) -> float:
    """Return the share of wrong answers of a trained network on the test set.

    Args:
        network: on `device`, as it came out of its training.
        data: the whole data set; its classes are those of the network.

    Raises:
        Infeasible: an answer is not finite.
    """
    with torch.inference_mode():
        seen = network.sensor(samples(data.x_test, device))
    error = error_of(network, seen, torch.from_numpy(data.y_test).to(device))
    if not math.isfinite(error):
        raise Infeasible("The network has no finite answers on the test set.")
    return error
