"""Biases and batch norm of a child, and the statistics of its norms on ten batches."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from worker.inherit.parent import Parent
from worker.inherit.plan import Part
from worker.layers import Weighted
from worker.network import Network

BATCHES = 10
LARGEST_BATCH, SMALLEST_BATCH = 64, 8
# Values of the largest tensor of a network over all ten batches: 64 MB, where the batch allows.
VALUES = 2**24
# Further apart than this share of a deviation, two statistics are not of the same signal; rounding
# alone gives a hundredth of it.
APART = 1e-3
ROUNDING = 1e-5  # of a mean that is large against its deviation
# A row that begins at zero stays there for ever behind a ReLU, whose slope at zero is zero. This is
# nothing to what reads it, and enough for the slope.
SPARK = 1e-7

Norm: TypeAlias = nn.BatchNorm1d | nn.BatchNorm2d


class Statistics(NamedTuple):
    """Mean and variance of each channel."""

    mean: Tensor
    variance: Tensor


AtNorm: TypeAlias = Callable[[str, Norm, Statistics], None]


def begin_bias(layer: Weighted, node_id: str, part: Part, parent: Parent) -> Tensor | None:
    """Write the bias of a node without batch norm.

    Returns:
        The factor by which each row of the kernel has to be multiplied, if the parent's had a norm.
    """
    bias = layer.linear.bias
    assert bias is not None
    factor = None
    if part.kept:
        new, old = _pairs(part)
        factors, offsets = parent.affine(node_id)
        bias[new] = offsets[old].to(bias)
        factor = torch.ones(len(part.rows))
        factor[new] = factors[old]
    bias[sorted(part.silent)] = 0.0 if isinstance(layer.act, nn.Identity) else SPARK
    return factor


def begin_norm(layer: Weighted, node_id: str, part: Part, parent: Parent) -> None:
    """Write what is known of a batch norm before its inputs are seen."""
    norm = norm_of(layer)
    if part.kept and f"{node_id}/norm.weight" in parent.weights:
        new, old = _pairs(part)
        for name in ("weight", "bias", "running_mean", "running_var"):
            getattr(norm, name)[new] = parent.part(node_id, f"norm.{name}")[old].to(norm.weight)
    silent = sorted(part.silent)
    norm.weight[silent] = 0.0
    norm.bias[silent] = 0.0 if isinstance(layer.act, nn.Identity) else SPARK


def settle(
    network: Network, parent: Parent, parts: Mapping[str, Part], raw: Sequence[Tensor]
) -> None:
    """Give each norm the statistics of what comes to it.

    Norms that the parent had keep theirs where nothing before them changed what comes to them: the
    two networks are compared on the same samples. A norm that is new begins as the identity.

    Args:
        network: the child; all but its norms is as it shall be.
        parent: the network that it inherits from.
        parts: what continues what.
        raw: batches of raw samples.
    """
    if not any(layer.norm is not None for layer in weighted(network).values()):
        return
    before: dict[str, Statistics] = {}
    had_norms = any(name.endswith("/norm.weight") for name in parent.weights)
    if had_norms and any(part.kept for part in parts.values()):
        _walk(
            parent.network().to(raw[0].device),
            raw,
            lambda name, _norm, seen: before.__setitem__(name, seen),
        )

    def at_norm(name: str, norm: Norm, seen: Statistics) -> None:
        part, same = parts[name], torch.zeros(len(seen.mean), dtype=torch.bool)
        if part.kept and name in before:
            same = _unchanged(part, seen, before[name])
        _calibrate(norm, seen, ~same.to(seen.mean.device))
        if not (part.kept and name in before):
            _make_identity(norm, name, part, parent)

    _walk(network, raw, at_norm)


def weighted(network: Network) -> dict[str, Weighted]:
    """The modules that have weights, by node id."""
    return {name: part for name, part in network.layers.items() if isinstance(part, Weighted)}


def norm_of(layer: Weighted) -> Norm:
    """The batch norm of a layer that has one."""
    assert isinstance(layer.norm, nn.BatchNorm1d | nn.BatchNorm2d)
    return layer.norm


def batches(x_train: Tensor, largest: int) -> list[Tensor]:
    """Ten batches, spread evenly over the training samples.

    Args:
        x_train: raw samples.
        largest: how many values the largest tensor of the network has for one sample.
    """
    size = min(max(VALUES // (BATCHES * largest), SMALLEST_BATCH), LARGEST_BATCH)
    count = min(BATCHES * size, len(x_train))
    places = torch.linspace(0, len(x_train) - 1, count, device=x_train.device).long()
    return [x_train[part] for part in places.chunk(BATCHES)]


def _walk(network: Network, raw: Sequence[Tensor], at_norm: AtNorm) -> None:
    """Lead all batches through the network, node by node; `at_norm` sees each norm before it acts.

    So a norm meets what the norms before it make of their own new statistics.
    """
    graph = network.graph
    made = {graph.input.id: [network.sensor(batch) for batch in raw]}
    waiting = {node.id: len(graph.consumers(node.id)) for node in graph.nodes}
    for name, layer in network.layers.items():
        inputs = graph.node(name).inputs
        given = list(zip(*(made[before] for before in inputs), strict=True))
        if isinstance(layer, Weighted) and layer.norm is not None:
            made[name] = _through_norm(name, layer, [batch for (batch,) in given], at_norm)
        else:
            made[name] = [layer(*batch) for batch in given]
        for before in inputs:
            waiting[before] -= 1
            if not waiting[before]:
                del made[before]


def _through_norm(name: str, layer: Weighted, given: list[Tensor], at_norm: AtNorm) -> list[Tensor]:
    norm, seen = norm_of(layer), list[Tensor]()
    handle = norm.register_forward_pre_hook(lambda _norm, inputs: seen.append(inputs[0]))
    for batch in given:
        layer(batch)
    handle.remove()
    at_norm(name, norm, _statistics(seen))
    return [layer.act(norm(batch)) for batch in seen]


def _statistics(seen: Sequence[Tensor]) -> Statistics:
    total = squares = torch.zeros(seen[0].shape[1], dtype=torch.float64, device=seen[0].device)
    count = 0
    for batch in seen:
        channels = batch.double().transpose(0, 1).flatten(1)
        total = total + channels.sum(1)
        squares = squares + channels.square().sum(1)
        count += channels.shape[1]
    mean = total / count
    return Statistics(mean, (squares / count - mean.square()).clamp(min=0))


def _unchanged(part: Part, seen: Statistics, before: Statistics) -> Tensor:
    """Which rows get what they got in the parent."""
    new, old = _pairs(part)
    found = torch.zeros(len(part.rows), dtype=torch.bool)
    mean, deviation = before.mean[old], before.variance[old].sqrt()
    limit = APART * deviation + ROUNDING * mean.abs() + ROUNDING
    near = (seen.mean[new] - mean).abs() <= limit
    near &= (seen.variance[new].sqrt() - deviation).abs() <= limit
    found[new] = near.cpu()
    return found


def _calibrate(norm: Norm, seen: Statistics, rows: Tensor) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean[rows] = seen.mean[rows].float()
    norm.running_var[rows] = seen.variance[rows].float()


def _make_identity(norm: Norm, name: str, part: Part, parent: Parent) -> None:
    """Undo what a new norm does, on rows whose signal the parent has without one."""
    known = part.rows if part.kept else part.taps
    rows = [
        row for row, source in enumerate(known) if source is not None and row not in part.silent
    ]
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.weight[rows] = (norm.running_var[rows] + norm.eps).sqrt()
    norm.bias[rows] = norm.running_mean[rows]
    if part.kept:
        offsets = parent.affine(name)[1].to(norm.bias)
        norm.bias[rows] += offsets[[part.rows[row] for row in rows]]


def _pairs(part: Part) -> tuple[list[int], list[int]]:
    known = [(place, row) for place, row in enumerate(part.rows) if row is not None]
    return [place for place, _ in known], [row for _, row in known]
