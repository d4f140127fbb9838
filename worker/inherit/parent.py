"""The network whose weights are inherited, checked when built."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Generator, Tensor

from resource_models.errors import ResourceError
from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, Node, Weighted
from worker.errors import UnsupportedWork
from worker.network import Network

LENGTH_BYTES = 8  # of a safetensors file: how long its header is, little endian
BATCH_NORM_EPSILON = 1e-5  # that of torch, which the worker's layers keep


@dataclass(frozen=True, slots=True, eq=False)
class Parent:
    """A trained network: its graph and its tensors, named as in `worker.weights`.

    The tensors lie on the CPU. The graph may be smaller than the genotype it came from, if the
    parent was pruned.
    """

    graph: Graph
    weights: Mapping[str, Tensor]

    def __post_init__(self) -> None:
        needed = tensors_of(self.graph)
        strange = sorted(set(needed) ^ set(self.weights))
        if strange:
            state = "is missing from" if strange[0] in needed else "is no part of the graph but in"
            raise UnsupportedWork(f"parent: {strange[0]} {state} the weights.")
        for name, (shape, kind) in needed.items():
            tensor = self.weights[name]
            if tuple(tensor.shape) != shape or tensor.dtype != kind:
                found = f"{tuple(tensor.shape)} of {tensor.dtype}"
                raise UnsupportedWork(f"parent: {name} needs {shape} of {kind}, got {found}.")
            if not bool(tensor.isfinite().all()):
                raise UnsupportedWork(f"parent: {name} holds NaN or infinite values.")

    @classmethod
    def from_files(cls, graph_json: bytes, weights: bytes) -> "Parent":
        """Read both artefacts of a trial; nothing in them is run.

        Raises:
            UnsupportedWork: a file is damaged, or the two do not belong together.
        """
        try:
            graph = Graph.from_json(json.loads(graph_json))
        except (ValueError, RecursionError, ResourceError) as error:
            raise UnsupportedWork(f"parent: its graph cannot be read: {error}") from error
        named = _named_graph(weights)
        if named != graph.sha256():
            raise UnsupportedWork(
                f"parent: its weights are of the network {str(named)[:12]!r}, "
                f"its graph is {graph.sha256()[:12]!r}."
            )
        try:
            return cls(graph, load(weights))
        except (SafetensorError, ValueError, KeyError) as error:
            raise UnsupportedWork(f"parent: its weights cannot be read: {error}") from error

    def has(self, node: Node) -> bool:
        """Whether a node of a child continues one of this network: same id, same kind."""
        return any(own.id == node.id and type(own) is type(node) for own in self.graph.nodes)

    def part(self, node_id: str, name: str) -> Tensor:
        """One tensor of a node."""
        return self.weights[f"{node_id}/{name}"]

    def affine(self, node_id: str) -> tuple[Tensor, Tensor]:
        """What follows the kernel of a node: factor and offset of each row."""
        if f"{node_id}/linear.bias" in self.weights:
            offset = self.part(node_id, "linear.bias")
            return torch.ones_like(offset), offset
        deviation = (self.part(node_id, "norm.running_var") + BATCH_NORM_EPSILON).sqrt()
        factor = self.part(node_id, "norm.weight") / deviation
        mean = self.part(node_id, "norm.running_mean")
        return factor, self.part(node_id, "norm.bias") - mean * factor

    def importance(self, node_id: str) -> Tensor:
        """The L1 norm of the kernel of each row, with batch norm folded into it as if deployed."""
        kernel, (factor, _) = self.part(node_id, "linear.weight"), self.affine(node_id)
        return kernel.flatten(1).abs().sum(1) * factor.abs()

    def network(self) -> Network:
        """The parent as it was trained, ready to answer."""
        network = Network(self.graph, Generator())
        parts = {self.graph.input.id: network.sensor} | network.layers
        for node_id, module in parts.items():
            start = f"{node_id}/"
            own = {
                name.removeprefix(start): tensor
                for name, tensor in self.weights.items()
                if name.startswith(start)
            }
            module.load_state_dict(own)
        return network.eval()


def tensors_of(graph: Graph) -> dict[str, tuple[tuple[int, ...], torch.dtype]]:
    """The name, shape and type of each tensor of a network, without making them.

    A file is compared with this before a network of its graph is built: then no graph can ask for
    more memory than its weights took.
    """
    channels = (graph.input.shape[-1],)
    found: dict[str, Any] = {
        f"{graph.input.id}/mean": (channels, torch.float32),
        f"{graph.input.id}/deviation": (channels, torch.float32),
    }
    for node in graph.nodes[1:]:
        if isinstance(node, Weighted):
            kernel = kernel_shape(node, graph)
            found[f"{node.id}/linear.weight"] = (kernel, torch.float32)
            names = ["linear.bias"]
            if node.batch_norm:
                names = ["norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"]
                found[f"{node.id}/norm.num_batches_tracked"] = ((), torch.int64)
            found |= {f"{node.id}/{name}": (kernel[:1], torch.float32) for name in names}
    return found


def kernel_shape(node: Weighted, graph: Graph) -> tuple[int, ...]:
    """Rows, what each reads, and for convolutions height and width of the window."""
    inputs = graph.shapes[node.inputs[0]][-1]
    if isinstance(node, Dense):
        return node.units, inputs
    if isinstance(node, Conv2d):
        return node.filters, inputs, *node.kernel
    return inputs, 1, *node.kernel


def _named_graph(weights: bytes) -> Any:
    """The hash that a file of weights has of its network; None if it has none."""
    length = int.from_bytes(weights[:LENGTH_BYTES], "little")
    try:
        header = json.loads(weights[LENGTH_BYTES : LENGTH_BYTES + length])
        return header["__metadata__"]["graph"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
