"""What one network costs on one device, by every convention that is compared in the literature."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from resource_models.arena import arena_bytes
from resource_models.devices import Device
from resource_models.errors import UnknownFigure
from resource_models.graph import Graph
from resource_models.memory import best_order, live_bytes
from resource_models.model_size import deployed_bytes, munas_bytes, sparse_bytes
from resource_models.program import Program, program
from resource_models.weights import Weights, macs, weights

UNIT: Mapping[str, str] = MappingProxyType(
    {
        "macs": "MACs",
        "model_size:deployed": "B",
        "model_size:sparse": "B",
        "model_size:munas": "B",
        "working_memory:arena": "B",
        "working_memory:bound": "B",
        "working_memory:wm1": "B",
        "working_memory:wm2": "B",
    }
)
FIGURES: tuple[str, ...] = tuple(UNIT)
DEFAULTS: Mapping[str, str] = MappingProxyType(
    {"model_size": "model_size:deployed", "working_memory": "working_memory:arena"}
)


@dataclass(frozen=True, slots=True)
class Footprint:
    """The exact figures of one network; `model_size` and `working_memory` by their conventions."""

    macs: int
    model_size_deployed_bytes: int
    model_size_sparse_bytes: int
    model_size_munas_bytes: int
    working_memory_arena_bytes: int
    working_memory_bound_bytes: int
    working_memory_wm1_bytes: int
    working_memory_wm2_bytes: int

    def figures(self) -> dict[str, int]:
        """The figures by the names that objectives use."""
        return {
            "macs": self.macs,
            "model_size:deployed": self.model_size_deployed_bytes,
            "model_size:sparse": self.model_size_sparse_bytes,
            "model_size:munas": self.model_size_munas_bytes,
            "working_memory:arena": self.working_memory_arena_bytes,
            "working_memory:bound": self.working_memory_bound_bytes,
            "working_memory:wm1": self.working_memory_wm1_bytes,
            "working_memory:wm2": self.working_memory_wm2_bytes,
        }


def canonical(name: str) -> str:
    """The full name of a figure; `UnknownFigure` names those there are."""
    full = DEFAULTS.get(name, name)
    if full not in UNIT:
        raise UnknownFigure(name, (*FIGURES, *DEFAULTS))
    return full


def footprint(
    graph: Graph, device: Device, non_zeros: Mapping[str, int] | None = None
) -> Footprint:
    """Count what a network costs.

    Args:
        graph: the network.
        device: where it will run. The kernels of all devices so far take the same scratch, so
            these figures do not depend on it; latency and energy will.
        non_zeros: kernel weights (biases apart) that are not zero, per node that was pruned.
    """
    found = weights(graph, non_zeros)
    operators = program(graph)
    tensors = operators.tensors_only()
    return Footprint(
        macs=macs(graph, found),
        model_size_deployed_bytes=deployed_bytes(graph, found),
        model_size_sparse_bytes=sparse_bytes(found),
        model_size_munas_bytes=munas_bytes(found),
        working_memory_arena_bytes=arena_bytes(operators),
        working_memory_bound_bytes=best_order(tensors).peak_bytes,
        working_memory_wm1_bytes=_wm1_bytes(operators, found),
        working_memory_wm2_bytes=_wm2_bytes(operators),
    )


def memory_timeline(graph: Graph) -> list[tuple[str, int]]:
    """(node, live bytes) of each operator in the order that needs the least at its peak.

    The peak is `working_memory:bound`. Input, flatten and gather do not run, so they are left out.
    """
    tensors = program(graph).tensors_only()
    steps = best_order(tensors).steps
    live = live_bytes(tensors, steps)
    return [(tensors.node_ids[step], size) for step, size in zip(steps, live, strict=True)]


def _wm1_bytes(operators: Program, found: Mapping[str, Weights]) -> int:
    """SpArSe's first model: the inputs of a layer and its non-zero weights both lie in memory."""
    return max(
        (
            sum(operators.sizes_bytes[buffer] for buffer in buffers) + _non_zeros(found.get(name))
            for name, buffers in zip(operators.node_ids, operators.reads, strict=True)
        ),
        default=operators.sizes_bytes[0],
    )


def _non_zeros(part: Weights | None) -> int:
    return 0 if part is None else part.non_zeros + part.biases


def _wm2_bytes(operators: Program) -> int:
    """SpArSe's second model: the inputs and the output of a layer lie in memory, nothing else.

    A branch that waits while other layers run is not seen by it.
    """
    sizes = operators.sizes_bytes
    return max(
        (
            sum(sizes[buffer] for buffer in buffers) + sizes[i + 1]
            for i, buffers in enumerate(operators.reads)
        ),
        default=sizes[0],
    )
