"""The cut: what a method found to be of least worth is taken out of the network."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from resource_models.cut import cut, gatherable
from resource_models.graph import Graph
from resource_models.model_size import dense_storage
from resource_models.nodes import Conv2d, Dense
from resource_models.weights import weights
from worker.network import Network
from worker.pruning.masks import Sparse, non_zeros
from worker.pruning.method import Method
from worker.regime import Regime
from worker.shrink import shrink


@dataclass(frozen=True, slots=True, eq=False)
class Removed:
    """What is left of a network.

    `regime` keeps it as it was cut while it is trained on. `non_zeros` holds the kernel weights
    left per node, of scope `weights` only. `details` says in numbers what was done, as JSON.
    """

    network: Network
    regime: Regime
    non_zeros: Mapping[str, int]
    details: dict[str, Any]


def remove(network: Network, method: Method, seen: Tensor, weight_bits: int = 8) -> Removed:
    """Take out of a network what its method ranks lowest.

    Args:
        network: that the method has finished with; with scope `weights` it is changed in place.
        method: ranks; its recipe says how much goes.
        seen: samples behind the sensor. What goes is replaced by what it gives for them on
            average, unless the network was already trained without it.
        weight_bits: as they will be stored.
    """
    pruning, parts = method.pruning, method.parts
    gone = _gone(method)
    before = counts(network.graph)
    left: Mapping[str, int] = {}
    regime = Regime()
    if pruning.scope == "weights":
        masks = parts.masks(gone)
        regime, left = Sparse(masks), non_zeros(masks)
        regime.begin(network, 0)
    else:
        smaller = cut(network.graph, parts.ties(gone), parts.inputs(gone))
        constants, inputs = ({}, {}) if method.masked else means(network, seen)
        network = shrink(network, smaller, constants, inputs)
    removed, of = int(gone.sum()), parts.counted(gone)
    details = {
        "scope": pruning.scope,
        "method": pruning.method,
        "target": pruning.target,
        "reached": round(removed / of, 6) if of else 0.0,
        "removable": of,
        "removed": removed,
        "before": before,
        "after": counts(network.graph, left),
    }
    if left:
        stored = stored_bytes(network.graph, left, weight_bits)
        details |= {"non_zeros": dict(left), "stored_bytes": stored}
    return Removed(network, regime, left, details)


def _gone(method: Method) -> Tensor:
    worth = method.worth()
    target = method.pruning.target
    if target is None:
        return method.parts.lowest(worth, 1.0, method.unneeded())
    return method.parts.lowest(method.parts.weighted(worth), target)


def counts(graph: Graph, left: Mapping[str, int] | None = None) -> dict[str, int]:
    """Channels, inputs of dense nodes that could be gathered, and kernel weights of a network."""
    makers = [node for node in graph.nodes if isinstance(node, Conv2d | Dense)]
    return {
        "channels": sum(graph.shapes[node.id][-1] for node in makers),
        "inputs": sum(gatherable(graph).values()),
        "weights": sum(part.non_zeros for part in weights(graph, left).values()),
    }


def stored_bytes(graph: Graph, left: Mapping[str, int], weight_bits: int = 8) -> int:
    """The bytes of the kernels if each is stored in its smallest form, with indices or a bit mask.

    `model_size:deployed` has these forms for dense nodes only: for convolutions there is no kernel
    that reads them.
    """
    total = 0
    for name, part in weights(graph, left).items():
        rows = graph.shapes[name][-1]
        row = part.kernel // rows
        total += dense_storage(row, rows, part.non_zeros, weight_bits).size_bytes
    return total


@torch.inference_mode()
def means(network: Network, seen: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What each output of each conv2d and dense node, and each input of the latter, is on average.

    Args:
        network: left as it is.
        seen: samples behind the sensor.
    """
    outputs: dict[str, Tensor] = {}
    inputs: dict[str, Tensor] = {}
    hooks = []
    for node in network.graph.nodes:
        if isinstance(node, Conv2d | Dense):
            layer = network.layers[node.id]
            hooks.append(layer.register_forward_hook(partial(_keep_output, outputs, node.id)))
        if isinstance(node, Dense):
            hooks.append(layer.register_forward_pre_hook(partial(_keep_input, inputs, node.id)))
    training = network.training
    network.eval()
    network.body(seen)
    network.train(training)
    for hook in hooks:
        hook.remove()
    return outputs, inputs


def _keep_output(
    found: dict[str, Tensor], name: str, layer: nn.Module, given: tuple[Tensor], output: Tensor
) -> None:
    found[name] = output.transpose(0, 1).flatten(1).mean(1)


def _keep_input(
    found: dict[str, Tensor], name: str, layer: nn.Module, given: tuple[Tensor]
) -> None:
    found[name] = given[0].mean(0)
