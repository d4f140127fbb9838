"""The test set: read once by a confirm run, when its training is over, and never by a search."""

import math

import torch

from worker.course import error_of
from worker.data import DataSet
from worker.errors import Infeasible
from worker.integers import int8_error_of
from worker.tensors import samples
from worker.train import Trained
from worker.work import FLOAT_TEST_ERROR, TEST_ERROR


def errors_on_test_set(trained: Trained, data: DataSet, device: torch.device) -> dict[str, float]:
    """Return the share of wrong answers on the test set, by the names of metrics.

    Args:
        trained: on `device`, as it came out of its training; judged is what is deployed of it, and
            beside that the network itself.
        data: the whole data set; its classes are those of the network.

    Raises:
        Infeasible: an answer is not finite.
    """
    with torch.inference_mode():
        seen = trained.network.sensor(samples(data.x_test, device))
    y = torch.from_numpy(data.y_test).to(device)
    found = error_of(trained.network, seen, y)
    if not math.isfinite(found):
        raise Infeasible("The network has no finite answers on the test set.")
    error = found if trained.record is None else int8_error_of(trained.record, seen, y)
    return {TEST_ERROR: error, FLOAT_TEST_ERROR: found}
