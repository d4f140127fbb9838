"""One trial from the description of a network to what came out of its training."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Generator, Tensor

from resource_models.footprint import figures_of, footprint
from resource_models.graph import Graph
from resource_models.weights import weights
from worker.aware import AwareNetwork
from worker.course import Course, Report
from worker.deploy.errors import DeployError
from worker.deploy.record import Int8Graph
from worker.errors import Infeasible, UnsupportedWork
from worker.inherit import Parent, inherit
from worker.integers import OBSERVER, calibrated, channels_last
from worker.network import Network
from worker.pruning.methods import method_of
from worker.pruning.recipe import Pruning
from worker.pruning.removal import Removed, remove
from worker.recipe import Recipe
from worker.regime import Regime
from worker.tensors import Tensors
from worker.work import METRICS, Work

ENOUGH = 512  # samples to see what a channel gives on average


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """A trained network, as it is after all that the work asked for.

    `error` is the validation error of what is deployed, `record`, where the work asks for that;
    else, as `float_error`, that of the network. `figures` is what it costs where the work asks for
    that; `details` says in numbers what was pruned, inherited and quantised, as JSON.
    """

    network: Network
    error: float
    float_error: float
    record: Int8Graph | None
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
    left = Removed(network, Regime(), {}, {})
    if work.pruning is not None:
        left = pruned(network, work, data, course, report)
        details["pruning"] = left.details
    figures = costs(work, left.network, left.non_zeros)
    report = _beside(report, figures)
    course.run(left.network, work.recipe.aware_after(work.inherits), report, left.regime)
    record, begun = None, course.epoch
    if work.recipe.quantisation != "none":
        record = quantised(left, work.recipe, data, course, report)
        details["quantisation"] = {"aware_epochs": course.epoch - begun}
    # After epochs that rounded, the course knows only what they gave.
    float_error = course.error if course.epoch == begun else course.judge(left.network)
    error = float_error if record is None else course.judge_int8(record)
    if not math.isfinite(float_error):
        raise Infeasible("The network has no finite answers after the cut.")
    errors = (error, float_error)
    return Trained(left.network, *errors, record, course.epoch, course.stopped, figures, details)


def quantised(
    left: Removed, recipe: Recipe, data: Tensors, course: Course, report: Report
) -> Int8Graph:
    """The integers of a network; if the recipe says so, after the epochs that round as they will.

    A training that was stopped before has none of these.
    """
    seen = calibration_samples(left.network, data)
    try:
        if recipe.quantisation == "aware" and course.epoch < recipe.epochs and not course.stopped:
            aware = AwareNetwork(left.network, channels_last(seen), OBSERVER, recipe.weight_bits)
            course.run(aware, recipe.epochs, report, left.regime)
            return aware.record()
        return calibrated(left.network, seen, recipe.weight_bits)
    except DeployError as error:
        raise Infeasible(f"The network cannot be written in integers: {error}") from error


def untrained(graph: Graph, data: Tensors, seed: int) -> Network:
    """A network with fresh weights where the data lies, in the memory format that is fastest."""
    network = Network(graph, Generator().manual_seed(seed))
    network.to(data.x_train.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network.sensor.calibrate(data.x_train)
    return network


def calibration_samples(network: Network, data: Tensors) -> Tensor:
    """Training samples behind the sensor, of which scales are chosen."""
    seen: Tensor = network.sensor(_some(data.x_train))
    return seen


def pruned(network: Network, work: Work, data: Tensors, course: Course, report: Report) -> Removed:
    """Train a network to its cut and cut it; what is left is yet to be trained on."""
    assert work.pruning is not None
    epochs, samples = work.recipe.epochs, len(data.y_train)
    bits = work.recipe.weight_bits
    method = method_of(work.pruning, network, samples, work.seed, bits)
    until = cut_after(work.pruning, epochs)
    course.run(network, until, report, method)
    method.finish()
    left = remove(network, method, calibration_samples(network, data), bits)
    early = course.epoch < until
    left.details.update(cut_after_epoch=course.epoch, stopped_before_cut=early)
    course.error = course.judge(left.network)  # which may be its last
    return left


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
    bits = work.recipe.weight_bits
    found = footprint(network.graph, work.device, non_zeros, bits).figures()
    told = weights(network.graph, non_zeros) if work.formulas else {}
    found |= {formula.figure: formula.count(network.graph, told) for formula in work.formulas}
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
    there = (*figures_of(work.device), *(formula.figure for formula in work.formulas))
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
