"""Weights of a trained parent for a child that differs from it."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from resource_models.graph import Graph
from resource_models.nodes import Dense, DepthwiseConv2d, Weighted
from worker.errors import UnsupportedWork
from worker.inherit.colours import recoloured
from worker.inherit.kernels import (
    CARRIED,
    FRESH,
    NEUTRAL,
    RESAMPLED,
    Kernel,
    centre,
    dense,
    handing_on,
    silenced,
    windowed,
)
from worker.inherit.norms import batches, begin_bias, begin_norm, settle, weighted
from worker.inherit.parent import Parent
from worker.inherit.plan import Plan, plan
from worker.network import Network
from worker.tensors import Tensors


@dataclass(frozen=True, slots=True)
class Inherited:
    """Where the kernel weights of a child come from, as shares of all of them.

    `neutral` are the ones and zeros by which new layers, channels and window borders begin without
    an effect.
    """

    carried: float
    resampled: float
    neutral: float
    fresh: float

    def to_json(self) -> dict[str, float]:
        """Plain JSON, rounded, for the details of a trial."""
        named = {"carried": self.carried, "resampled": self.resampled}
        named |= {"neutral": self.neutral, "fresh": self.fresh}
        return {name: round(share, 4) for name, share in named.items()}


@torch.no_grad()
def inherit(network: Network, parent: Parent, data: Tensors) -> Inherited:
    """Give a network, in place, what it can use of its parent's weights.

    Any two graphs for the same data will do; nodes with the same id and kind belong together.
    Kernels are aligned at their centre, narrower layers keep the rows of the largest L1 norm, dense
    layers follow row, column and channel of what they read, resampled where the map has another
    size. What is new keeps its fresh weights, unless that would disturb what is there:

    * new channels reach no old row, and what is added to old channels begins at zero;
    * a new layer hands on what is needed behind it; a new batch norm is the identity.

    So the child answers as its parent did, before training, after these changes and any of them
    together: more filters or units, a larger window on the same maps, a larger expansion, batch
    norm switched on or off, an added or doubled layer or block that keeps the map and has at least
    as many channels (with ReLU: behind something that is never negative, since only there ReLU does
    nothing), a depthwise layer, a dense layer with at least as many units as inputs, a parallel
    block, a new block with a skip, an exit, an average pool (of whole windows) or global pool in
    front of the head taken away, colour instead of grey.

    It cannot after these: something removed or narrower, another kind of layer, another stride,
    padding, pool or input side, grey instead of colour, ReLU switched, a skip around layers that
    were there before.

    Statistics of batch norm are taken anew on ten batches wherever what comes to a norm has
    changed, and kept where it has not.

    Args:
        network: fresh, of the child's graph, on the device of the data.
        parent: the trained network.
        data: of the child's training; only its training samples are looked at.

    Raises:
        UnsupportedWork: the parent was trained on samples of another shape.
    """
    raw = parent.graph.input.raw_shape
    if raw != data.shape:
        raise UnsupportedWork(
            f"parent: it reads samples of shape {raw}, the data has {data.shape}."
        )
    graph = network.graph
    network.sensor.calibrate(data.x_train)
    seen = recoloured(parent, network.sensor)
    made = plan(graph, seen)
    origins = _write(network, seen, made)
    largest = max(_values(graph), _values(seen.graph))
    mode = network.training
    network.eval()
    settle(network, seen, made.parts, batches(data.x_train, largest))
    network.train(mode)
    return _shares(origins)


def _write(network: Network, parent: Parent, made: Plan) -> list[Tensor]:
    origins = []
    for name, layer in weighted(network).items():
        part = made.parts[name]
        kernel = _kernel(name, layer.linear.weight.detach().cpu(), network.graph, parent, made)
        if layer.norm is None:
            kernel = silenced(kernel, sorted(part.silent))
            factor = begin_bias(layer, name, part, parent)
            if factor is not None:
                kernel.weight.mul_(factor.view(-1, *(1 for _ in kernel.weight.shape[1:])))
        else:
            begin_norm(layer, name, part, parent)
        layer.linear.weight.copy_(kernel.weight)
        origins.append(kernel.origin)
    return origins


def _kernel(name: str, drawn: Tensor, graph: Graph, parent: Parent, made: Plan) -> Kernel:
    node, part = graph.node(name), made.parts[name]
    assert isinstance(node, Weighted)
    if not part.kept:
        return handing_on(drawn, part.taps, centre(node, graph), isinstance(node, DepthwiseConv2d))
    old, before = parent.part(name, "linear.weight"), parent.graph.node(name)
    assert isinstance(before, Weighted)
    if isinstance(node, Dense):
        reads = made.child[node.inputs[0]], made.parent[before.inputs[0]]
        return dense(drawn, old, part, *reads)
    return windowed(drawn, old, part, (node, before), (graph, parent.graph))


def _values(graph: Graph) -> int:
    sizes = []
    for shape in graph.shapes.values():
        size = 1
        for part in shape:
            size *= part
        sizes.append(size)
    return max(sizes)


def _shares(origins: list[Tensor]) -> Inherited:
    counts = torch.cat([part.flatten() for part in origins]).bincount(minlength=4).double()
    share: Mapping[int, float] = dict(enumerate((counts / counts.sum()).tolist()))
    return Inherited(share[CARRIED], share[RESAMPLED], share[NEUTRAL], share[FRESH])
