"""A smaller network with the weights of a larger one.

A channel that is removed need not have been zero: without its kernel it still gives a constant, and
all that reads it goes on as before if this constant is added to its bias. `silence` gives the large
network in which the removed channels are zero and their constants are in the biases, `shrink` the
small one that computes the same.

To fold a constant is exact where every output sees all of it: through dense nodes, unpadded
convolutions, pools, additions. Where zeros at a border stand beside it (padding `same`, a pad node)
no bias can stand for what comes out; there its mean over the map is folded.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

import torch
from torch import Generator, Tensor

from resource_models.cut import Cut
from resource_models.graph import Graph
from resource_models.nodes import Conv2d, DepthwiseConv2d
from worker.layers import DenseLayer, Weighted
from worker.network import Network
from worker.residues import Residues, on_map

NONE: Mapping[str, Tensor] = MappingProxyType({})


@torch.no_grad()
def shrink(
    network: Network,
    cut: Cut,
    constants: Mapping[str, Tensor] = NONE,
    inputs: Mapping[str, Tensor] = NONE,
) -> Network:
    """A new network of `cut.graph` that computes what `silence` of the same arguments computes.

    Device, number type, memory format, mode, calibration of the sensor and dropout are those of
    `network`, which stays as it is.

    Args:
        network: of the graph that was cut.
        cut: what is kept.
        constants: what removed channels give after their activation, per conv2d or dense node one
            value per output (only those of removed ones are read). For a node that is not named it
            is what its bias, or its batch norm, gives for a kernel of zeros.
        inputs: what the removed inputs of a dense node give on average, one value per input; for a
            node that is not named zero. Inputs that went with their channel have its constant.
    """
    residues = Residues(network, cut, constants)
    smaller = _like(network, cut.graph)
    layers = smaller.layers
    for name, layer in _weighted(network):
        state = layer.state_dict()
        rows = torch.tensor(cut.outputs[name], device=network.sensor.mean.device)
        # The inputs of a depthwise convolution go with its outputs.
        if not isinstance(network.graph.node(name), DepthwiseConv2d):
            _fold(residues, cut, name, state, inputs)
            columns = torch.tensor(cut.inputs[name], device=rows.device)
            state["linear.weight"] = state["linear.weight"][:, columns]
        kept = {key: part[rows] if part.dim() else part for key, part in state.items()}
        layers[name].load_state_dict(kept)
    return smaller


@torch.no_grad()
def silence(
    network: Network,
    cut: Cut,
    constants: Mapping[str, Tensor] = NONE,
    inputs: Mapping[str, Tensor] = NONE,
) -> Network:
    """A copy of the same shape in which all that the cut removes is zero; see `shrink`.

    While the copy is trained it stays zero only if its kernels and biases are kept so.
    """
    residues = Residues(network, cut, constants)
    silent = _like(network, network.graph)
    layers = silent.layers
    for name, layer in _weighted(network):
        state = {key: part.clone() for key, part in layer.state_dict().items()}
        if not isinstance(network.graph.node(name), DepthwiseConv2d):
            dropped = _fold(residues, cut, name, state, inputs)
            state["linear.weight"][:, dropped] = 0.0
        for key in ("linear.weight", "linear.bias", "norm.bias", "norm.running_mean"):
            if key in state:
                state[key][residues.gone[name]] = 0.0
        layers[name].load_state_dict(state)
    return silent


def _weighted(network: Network) -> Iterator[tuple[str, Weighted]]:
    for name, layer in network.layers.items():
        if isinstance(layer, Weighted):
            yield name, layer


def _like(network: Network, graph: Graph) -> Network:
    """A network with other weights that is else as this one."""
    like = Network(graph, Generator())
    like.to(network.sensor.mean.device, network.sensor.mean.dtype)
    if all(part.is_contiguous(memory_format=torch.channels_last) for part in _images(network)):
        like.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    like.sensor.load_state_dict(network.sensor.state_dict())
    layers = network.layers
    for name, layer in like.layers.items():
        if isinstance(layer, DenseLayer):
            old = layers[name]
            assert isinstance(old, DenseLayer)
            layer.dropout, layer.generator = old.dropout, old.generator
    return like.train(network.training)


def _images(network: Network) -> Iterator[Tensor]:
    return (part for part in network.parameters() if part.dim() == 4)


def _fold(
    residues: Residues,
    cut: Cut,
    name: str,
    state: dict[str, Tensor],
    inputs: Mapping[str, Tensor],
) -> Tensor:
    """Put into the bias of a conv2d or dense node what its removed inputs gave.

    Returns:
        Boolean, which of its inputs are removed.
    """
    node = residues.graph.node(name)
    (source,) = node.inputs
    dropped = torch.ones_like(residues.gone[source])
    dropped[list(cut.inputs[name])] = False
    values = residues.means[source]
    if name in inputs:
        values = torch.where(residues.gone[source], values, inputs[name].to(values))
    kernel = state["linear.weight"]
    if isinstance(node, Conv2d):
        shares = on_map(residues.graph.shapes[source], node)
        kernel = (kernel * kernel.new_tensor(shares)).sum((2, 3))
    amount = kernel @ torch.where(dropped, values, 0.0)
    if "linear.bias" in state:
        state["linear.bias"] = state["linear.bias"] + amount
    else:
        state["norm.running_mean"] = state["norm.running_mean"] - amount
    return dropped
