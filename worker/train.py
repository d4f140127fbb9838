"""One trial from the description of a network to what came out of its training."""

from dataclasses import dataclass

import torch
from torch import Generator

from worker.course import Course, Report
from worker.errors import Infeasible, UnsupportedWork
from worker.network import Network
from worker.regime import Regime
from worker.tensors import Tensors
from worker.work import Work


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network and the error of its last epoch."""

    network: Network
    error: float
    epochs: int
    stopped: bool


def train(work: Work, data: Tensors, report: Report) -> Trained:
    """Train the network of `work` from fresh weights.

    Args:
        work: what to train and how; its seed decides weights, order, movement and dropout.
        data: tensors on the device to train on.
        report: gets the number of finished epochs, and `loss` and `error` of the last one; if it
            answers True, the training ends there.

    Raises:
        Infeasible: the network does not fit the data or the memory, or its loss is not finite.
        UnsupportedWork: the recipe cannot be followed on such data.
    """
    try:
        return _train(work, data, report)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise Infeasible("The network does not fit into the memory of the worker.") from error
    except RuntimeError as error:
        if "can't allocate memory" in str(error):  # torch has no class of its own for the CPU
            raise Infeasible("The network does not fit into the memory of the worker.") from error
        raise


def _train(work: Work, data: Tensors, report: Report) -> Trained:
    check_fit(work, data)
    network = Network(work.graph, Generator().manual_seed(work.seed))
    network.to(data.x_train.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.sensor.calibrate(data.x_train)
    course = Course(work.recipe, data, network.sensor, work.seed)
    course.run(network, work.recipe.epochs, report, Regime())
    return Trained(network, course.error, course.epoch, course.stopped)


def check_fit(work: Work, data: Tensors) -> None:
    """Refuse a network that reads or answers something else than the data set holds."""
    graph, answers = work.graph, (data.classes,)
    raw, output = graph.input.raw_shape, graph.shapes[graph.output]
    if raw != data.shape:
        raise Infeasible(f"{graph.input.id}.raw_shape: the data has {data.shape}, not {raw}.")
    if output != answers:
        raise Infeasible(f"{graph.output}: the data has {data.classes} classes, not {output}.")
    if work.recipe.shift and len(raw) == 1:
        raise UnsupportedWork("training.augment: flat samples have no neighbours to move to.")
    for field, asked in (("pruning", work.pruning), ("parent", work.inherits or None)):
        if asked is not None:
            raise UnsupportedWork(f"{field}: this worker cannot do that yet.")
