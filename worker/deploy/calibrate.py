"""From a folded network and some samples to its int8 graph: post-training quantisation."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from resource_models.nodes import Add, Dense, Weighted
from worker.deploy.arithmetic import INT8_MAX, INT8_MIN, weight_most
from worker.deploy.errors import InvalidSamples, InvalidWeights
from worker.deploy.floats import FloatNetwork
from worker.deploy.fold import FloatKernel, Folded
from worker.deploy.observers import BINS, STEPS, SYMMETRIC_STEPS, Histogram, Observer
from worker.deploy.record import (
    LEAST_SCALE,
    MOST_SCALE,
    Int8Graph,
    Kernel,
    per_output,
    rows_of,
)
from worker.deploy.scales import Group, groups
from worker.deploy.tables import Affine

AT_ONCE = 64  # samples, so that the activations of no network fill the memory

# A bias may take this much of its 32 bits: the rest is room for the products.
BIAS_MOST = 2**29
# The largest sum, in steps of the output. More steps would overflow when the sum is shifted; and
# so fine a scale is only asked for by a tensor that is constant but for dust.
SUM_MOST = 2**24
# Likewise of an addition, whose sum must be scaled down.
ADD_MOST = 2**18
# Of the range of a channel's weights of 4 bits: how far it is narrowed, and in how many steps.
NARROWEST, TRIES = 0.3, 24
NONE: Mapping[str, NDArray[np.float64]] = MappingProxyType({})


def quantise(folded: Folded, samples: Tensor, observer: Observer, bits: int = 8) -> Int8Graph:
    """Choose scales from what some samples give, and round.

    Args:
        folded: the network.
        samples: `n x` the input's shape, behind the sensor; some hundred of the training set.
        observer: chooses the range of each group of tensors that share one.
        bits: of a weight.
    """
    ranges = chosen_ranges(folded, samples, observer)
    return quantise_ranges(folded, groups(folded.graph), ranges, bits=bits)


def chosen_ranges(folded: Folded, samples: Tensor, observer: Observer) -> list[tuple[float, float]]:
    """The range of each group of tensors, in their order, from what some samples give."""
    found = groups(folded.graph)
    seen = observe(folded, samples, found)
    return [
        observer.range_of(histogram, group.symmetric)
        for group, histogram in zip(found, seen, strict=True)
    ]


def quantise_ranges(
    folded: Folded,
    found: Sequence[Group],
    ranges: Sequence[tuple[float, float]],
    scales: Mapping[str, NDArray[np.float64]] = NONE,
    bits: int = 8,
) -> Int8Graph:
    """Round a network whose ranges, one for each group of tensors, are chosen already.

    Args:
        folded: the network.
        found: its groups.
        ranges: of each of them.
        scales: of the weights of some nodes, learnt; of others they are chosen here.
        bits: of a weight.
    """
    tensors = _affines(folded, found, ranges)
    kernels = {}
    for node in folded.graph.nodes:
        if isinstance(node, Weighted):
            kernel, before = folded.kernels[node.id], tensors[node.inputs[0]].scale
            kernels[node.id] = kernel_of(node, kernel, before, scales.get(node.id), bits)
    return Int8Graph(folded.graph, tensors, kernels, folded.sensor, bits)


def kernel_of(
    node: Weighted,
    kernel: FloatKernel,
    input_scale: float,
    scales: NDArray[np.float64] | None = None,
    bits: int = 8,
) -> Kernel:
    """The integers of a kernel behind an input of this scale.

    Where the bias would need more than its share of 32 bits on the scales of the weights, which are
    given or chosen by `weight_scales`, these get coarser, for such weights hardly matter.
    """
    floors = np.abs(kernel.bias) / input_scale / BIAS_MOST
    if isinstance(node, Dense):
        floors = floors.max(keepdims=True)
    scales = np.maximum(weight_scales(node, kernel, bits) if scales is None else scales, floors)
    if (scales > MOST_SCALE).any():
        raise InvalidWeights(f"{node.id}/linear.weight", "need smaller numbers for a 32-bit scale.")
    scales = np.where(scales > 0, scales, 1.0)  # of a kernel of zeros any scale does
    single = np.maximum(scales, LEAST_SCALE).astype(np.float32)
    each = single.astype(np.float64)
    steps = kernel.weights / per_output(node, each)
    most = weight_most(bits)
    weights = np.clip(np.rint(steps), -most, most)
    bias = np.rint(kernel.bias / (each * input_scale))
    return Kernel(weights.astype(np.int8), bias.astype(np.int32), single)


def weight_scales(node: Weighted, kernel: FloatKernel, bits: int) -> NDArray[np.float64]:
    """The scale of each channel's weights; of a dense node one for all, of zeros 0.

    The largest weight becomes 127. Of 4 bits the largest would leave too few steps for the others:
    there it is clipped where that lowers the mean square of all errors.
    """
    rows = rows_of(node, kernel.weights)
    if isinstance(node, Dense):
        rows = rows.reshape(1, -1)
    most = weight_most(bits)
    widest: NDArray[np.float64] = np.abs(rows).max(1) / most
    if bits == 8:
        return widest
    tries = widest * np.linspace(1.0, NARROWEST, TRIES)[:, None]  # tries x channels
    steps = rows / np.where(tries > 0, tries, 1.0)[..., None]
    errors = np.square((np.clip(np.rint(steps), -most, most) - steps) * tries[..., None]).sum(2)
    best: NDArray[np.float64] = np.take_along_axis(tries, errors.argmin(0)[None], 0)[0]
    return best


def observe(folded: Folded, samples: Tensor, found: Sequence[Group]) -> list[Histogram]:
    """What the members of each group give for some samples, in two passes over them."""
    if not len(samples):
        raise InvalidSamples("samples", "need at least one to choose scales from.")
    network = FloatNetwork(folded)
    place = {name: i for i, group in enumerate(found) for name in group.members}
    ends = np.zeros((len(found), 2))
    for name, x in _passes(network, samples):
        if not torch.isfinite(x).all():
            raise InvalidSamples(name, "need finite activations; the weights or samples are wild.")
        least, most = (float(end) for end in x.aminmax())
        i = place[name]
        ends[i] = min(ends[i, 0], least), max(ends[i, 1], most)
    counts = np.zeros((len(found), BINS), np.int64)
    for name, x in _passes(network, samples):
        low, high = ends[place[name]]
        if low < high:
            counts[place[name]] += _counted(x, low, high)
    return [Histogram(float(low), float(high), counts[i]) for i, (low, high) in enumerate(ends)]


def _passes(network: FloatNetwork, samples: Tensor) -> Iterator[tuple[str, Tensor]]:
    for part in torch.split(samples, AT_ONCE):
        yield from network.activations(part)


def _counted(x: Tensor, low: float, high: float) -> NDArray[np.int64]:
    values = x[x != 0].double()
    places = ((values - low) * (BINS / (high - low))).long().clamp(0, BINS - 1)
    counts: NDArray[np.int64] = torch.bincount(places, minlength=BINS).cpu().numpy()
    return counts


def _affines(
    folded: Folded, found: Sequence[Group], ranges: Sequence[tuple[float, float]]
) -> dict[str, Affine]:
    """Scales and zero points; raised until every sum has room, which follows the network."""
    place = {name: i for i, group in enumerate(found) for name in group.members}
    floors = [0.0] * len(found)
    chosen = [
        _affine(ends, group.symmetric, 0.0) for ends, group in zip(ranges, found, strict=True)
    ]
    for _ in folded.graph.nodes:  # a floor may raise the next one, at most to the end
        for node in folded.graph.nodes[1:]:
            scales = [chosen[place[name]].scale for name in node.inputs]
            i = place[node.id]
            if isinstance(node, Weighted):
                floors[i] = max(floors[i], _sum_floor(node, folded.kernels[node.id], scales[0]))
            elif isinstance(node, Add):
                floors[i] = max(floors[i], max(scales) / ADD_MOST)
        raised = [
            _affine(ends, group.symmetric, floor)
            for ends, group, floor in zip(ranges, found, floors, strict=True)
        ]
        if raised == chosen:
            break
        chosen = raised
    return {name: chosen[i] for name, i in place.items()}


def _sum_floor(node: Weighted, kernel: FloatKernel, input_scale: float) -> float:
    sums = np.abs(rows_of(node, kernel.weights)).sum(1) * (STEPS * input_scale)
    sums += np.abs(kernel.bias)
    return float(sums.max()) / SUM_MOST


def _affine(ends: tuple[float, float], symmetric: bool, floor: float) -> Affine:
    low, high = min(ends[0], 0.0), max(ends[1], 0.0)
    exact = max(-low, high) / SYMMETRIC_STEPS if symmetric else (high - low) / STEPS
    wanted = max(exact, floor) or 1 / STEPS  # of a tensor of zeros any scale does
    scale = float(np.float32(max(wanted, LEAST_SCALE)))
    if scale > MOST_SCALE:
        raise InvalidSamples("samples", f"need activations below {STEPS * MOST_SCALE:.0e}.")
    zero_point = 0 if symmetric else round(INT8_MIN - low / scale)
    return Affine(scale, min(max(zero_point, INT8_MIN), INT8_MAX))
