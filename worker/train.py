"""One trial from the description of a network to what came out of its training."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor

from resource_models.footprint import figures_of, footprint
from resource_models.graph import Graph
from worker.course import Course, Report
from worker.errors import Infeasible, UnsupportedWork
from worker.inherit import Parent, inherit
from worker.network import Network
from worker.pruning.methods import method_of
from worker.pruning.recipe import Pruning
from worker.pruning.removal import Removed, remove
from worker.regime import Regime
from worker.tensors import Tensors
from worker.work import METRICS, Work

ENOUGH = 512  # samples to see what a channel gives on average


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network, as it is after all that the work asked for.

    `error` is its validation error, `figures` what it costs where the work asks for that;
    `details` says in numbers what was pruned and inherited, as JSON.
    """

    network: Network
    error: float
    epochs: int
    stopped: bool
    figures: dict[str, float] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


def train(work: Work, data: Tensors, report: Report, parent: Parent | None = None) -> Trained:
    """Build the network of `work`, let it inherit, train it, and prune it on the way.

    Args:
        work: what to train and how; its seed decides weights, order, movement and dropout.
        data: tensors on the device to train on.
        report: gets the number of finished epochs, and `loss` and `error` of the last one, after
            the cut also the figures that the work asks for; if it answers True, the training ends
            there. What was to be pruned is pruned all the same.
        parent: whose weights the network takes over, if the work says that it inherits.

    Raises:
        Infeasible: the network does not fit the data or the memory, or its loss is not finite.
        UnsupportedWork: the recipe cannot be followed on such data.
    """
    try:
        return _train(work, data, report, parent)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise Infeasible("The network does not fit into the memory of the worker.") from error
    except RuntimeError as error:
        if "can't allocate memory" in str(error):  # torch has no class of its own for the CPU
            raise Infeasible("The network does not fit into the memory of the worker.") from error
        raise


def _train(work: Work, data: Tensors, report: Report, parent: Parent | None) -> Trained:
    check_fit(work, data)
    check_figures(work)
    if work.inherits != (parent is not None):
        raise UnsupportedWork("parent: need its weights if the work inherits, and only then.")
    network = untrained(work.graph, data, work.seed)
    details: dict[str, Any] = {}
    if parent is not None:
        details["inherited"] = inherit(network, parent, data).to_json()
    course = Course(work.recipe, data, network.sensor, work.seed)
    non_zeros: Mapping[str, int] = {}
    if work.pruning is None:
        course.run(network, work.recipe.epochs, report, Regime())
        error = course.error
    else:
        cut, error = pruned(network, work, data, course, report)
        network, non_zeros, details["pruning"] = cut.network, cut.non_zeros, cut.details
    if not math.isfinite(error):
        raise Infeasible("The network has no finite answers after the cut.")
    figures = costs(work, network, non_zeros)
    return Trained(network, error, course.epoch, course.stopped, figures, details)


def untrained(graph: Graph, data: Tensors, seed: int) -> Network:
    """A network with fresh weights where the data lies, in the memory format that is fastest."""
    network = Network(graph, Generator().manual_seed(seed))
    network.to(data.x_train.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.sensor.calibrate(data.x_train)
    return network


def pruned(
    network: Network, work: Work, data: Tensors, course: Course, report: Report
) -> tuple[Removed, float]:
    """Train a network to its cut, cut it and train on with what is left.

    Returns:
        What is left, and its validation error.
    """
    assert work.pruning is not None
    epochs, samples = work.recipe.epochs, len(data.y_train)
    method = method_of(work.pruning, network, samples, work.seed)
    until = cut_after(work.pruning, epochs)
    course.run(network, until, report, method)
    method.finish()
    left = remove(network, method, network.sensor(_some(data.x_train)))
    early = course.epoch < until
    left.details.update(cut_after_epoch=course.epoch, stopped_before_cut=early)
    if course.stopped or course.epoch == epochs:
        return left, course.judge(left.network)
    figures = costs(work, left.network, left.non_zeros)
    course.run(left.network, epochs, _beside(report, figures), left.regime)
    return left, course.error


def _beside(report: Report, figures: Mapping[str, float]) -> Report:
    """A report with figures that no epoch changes any more."""
    return lambda epoch, metrics: report(epoch, {**metrics, **figures})


def cut_after(pruning: Pruning, epochs: int) -> int:
    """The epoch after which the network is cut: one before it and one behind if there are two."""
    return min(max(1, round(pruning.end * epochs)), max(1, epochs - 1))


def costs(work: Work, network: Network, non_zeros: Mapping[str, int]) -> dict[str, float]:
    """What the network costs that came out, as far as the work asks for it."""
    wanted = [name for name in work.metrics if name not in METRICS]
    if not wanted:
        return {}
    assert work.device is not None  # checked before the training
    found = footprint(network.graph, work.device, non_zeros).figures()
    return {name: found[name] for name in wanted}


def _some(samples: Tensor) -> Tensor:
    """Samples from all over the training set, which may be sorted."""
    return samples[:: max(1, len(samples) // ENOUGH)]


def check_figures(work: Work) -> None:
    """Refuse figures that cannot be counted, before the time for the training is spent."""
    wanted = [name for name in work.metrics if name not in METRICS]
    if not wanted:
        return
    if work.device is None:
        raise UnsupportedWork(f"device: needed to count {wanted[0]}, but missing.")
    there = figures_of(work.device)
    for name in wanted:
        if name not in there:
            raise UnsupportedWork(f"metrics: there is no {name!r} for {work.device.name}.")


def check_fit(work: Work, data: Tensors) -> None:
    """Refuse a network that reads or answers something else than the data set holds."""
    graph, answers = work.graph, (data.classes,)
    raw, output = graph.input.raw_shape, graph.shapes[graph.output]
    if raw != data.shape:
        raise Infeasible(f"{graph.input.id}.raw_shape: the data has {data.shape}, not {raw}.")
    if output != answers:
        raise Infeasible(f"{graph.output}: the data has {data.classes} classes, not {output}.")
