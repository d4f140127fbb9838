"""What the removal of channels saves, for methods of pruning that weigh it against the harm."""

from collections import Counter
from dataclasses import dataclass
from math import prod

from resource_models.channels import STAYS, Channels, Tie, channels
from resource_models.graph import Graph
from resource_models.model_size import (
    BIAS_BYTES,
    REQUANTISATION_BYTES,
    index_bytes,
    rows_bytes,
    unpruned_bytes,
)
from resource_models.nodes import Dense, DepthwiseConv2d, Gather, Weighted


@dataclass(frozen=True, slots=True)
class Saving:
    """What goes with a tie if it alone is removed.

    `weights` counts kernel weights and biases, `size_bytes` is the loss of `model_size:deployed`
    (gathers keep the width of their indices), `macs` that of `macs`.
    """

    weights: int
    size_bytes: int
    macs: int


def savings(graph: Graph, weight_bits: int = 8) -> dict[Tie, Saving]:
    """What each tie of a network saves, in the order of `channels.ties`.

    The input channels that its readers lose are counted, too.
    """
    found = channels(graph)
    totals = [[0, 0, 0] for _ in found.ties]
    for node in graph.nodes[1:]:
        if isinstance(node, Weighted):
            _count_weights(graph, found, node, totals, weight_bits)
        elif isinstance(node, Gather):
            width = index_bytes(graph.shapes[node.inputs[0]][0])
            for number, count in _counted(found, node.id).items():
                totals[number][1] += width * count
    return {tie: Saving(*total) for tie, total in zip(found.ties, totals, strict=True)}


def _count_weights(
    graph: Graph, found: Channels, node: Weighted, totals: list[list[int]], weight_bits: int
) -> None:
    outputs, inputs = _counted(found, node.id), _counted(found, node.inputs[0])
    taps = 1 if isinstance(node, Dense) else prod(node.kernel)
    all_outputs, all_inputs = graph.shapes[node.id][-1], graph.shapes[node.inputs[0]][-1]
    # The scale of a dense kernel is one for the whole tensor and stays.
    beside = BIAS_BYTES + (0 if isinstance(node, Dense) else REQUANTISATION_BYTES)
    positions = prod(graph.shapes[node.id][:-1])
    for number in outputs | inputs:
        biases = outputs[number]
        if isinstance(node, DepthwiseConv2d):  # of which each tap is a row
            rows, row, kept_rows, kept = taps, all_outputs, taps, all_outputs - biases
        else:
            rows, row = all_outputs, taps * all_inputs
            kept_rows, kept = all_outputs - biases, taps * (all_inputs - inputs[number])
        kernel = rows * row - kept_rows * kept
        if isinstance(node, Dense):
            stored = unpruned_bytes(row, rows, weight_bits)
            stored -= unpruned_bytes(kept, kept_rows, weight_bits)
        else:
            stored = rows_bytes(rows, row, weight_bits) - rows_bytes(kept_rows, kept, weight_bits)
        total = totals[number]
        total[0] += kernel + biases
        total[1] += stored + beside * biases
        total[2] += kernel * positions


def _counted(found: Channels, node_id: str) -> Counter[int]:
    """How many outputs of a node each tie holds."""
    counted = Counter(found.of[node_id])
    del counted[STAYS]
    return counted
