"""What one network costs on one device, by every convention that is compared in the literature.

* `macs`: one multiply-accumulate is 1, taps on padding counted. `macs:munas`: uNAS (2021) counts
  pools and sums, too.
* `model_size:deployed`: what our C project stores, with weights of 8 or 4 bits; all other figures
  know 8 only. `:sparse`: SpArSe (2019), a byte per non-zero
  number. `:munas`: uNAS, a byte per weight and bias. `:tflm`: a TensorFlow Lite Micro file.
* `working_memory:arena`: our planned arena with alignment and scratch, nothing in place: what the
  C project takes at most (`arena_in_place`). `:bound`: live tensors over the best operator order.
  `:inplace`: the same with TinyEngine's layers that work in place (MCUNet, 2020). `:munas`: uNAS,
  without the network's input, sums in place. `:wm1`, `:wm2`: SpArSe's two models. `:tflm`: arena
  and persistent part of TensorFlow Lite Micro (MicroNets, 2021).
* `latency`, `energy`: estimates from measurements; only devices that somebody measured have them.
* `instructions@m4`: what an inference of our C project takes on a core, by a formula fitted to
  counts under emulation. Cores: m0, m3, m4, m7, m33; `instructions` alone is the board's own. It is
  told where it is asked for.

Each module says how it counts and where the rule comes from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from resource_models.arena import arena_bytes
from resource_models.devices import Device
from resource_models.errors import UnknownFigure
from resource_models.graph import Graph
from resource_models.in_place import TINYENGINE, in_place
from resource_models.instructions import figure_for, full_name, is_instructions
from resource_models.latency import latency_ms
from resource_models.layer_memory import wm1_bytes, wm2_bytes
from resource_models.links import Links
from resource_models.memory import best_order, live_bytes
from resource_models.model_size import deployed_bytes, munas_bytes, sparse_bytes
from resource_models.munas import munas_macs, munas_memory_bytes
from resource_models.program import program
from resource_models.tflm import tflm_flash_bytes, tflm_memory_bytes
from resource_models.weights import macs, weights

UNIT: Mapping[str, str] = MappingProxyType(
    {
        "macs": "MACs",
        "macs:munas": "MACs",
        "model_size:deployed": "B",
        "model_size:sparse": "B",
        "model_size:munas": "B",
        "model_size:tflm": "B",
        "working_memory:arena": "B",
        "working_memory:bound": "B",
        "working_memory:inplace": "B",
        "working_memory:munas": "B",
        "working_memory:wm1": "B",
        "working_memory:wm2": "B",
        "working_memory:tflm": "B",
        "latency": "ms",
        "energy": "mJ",
    }
)
FIGURES: tuple[str, ...] = tuple(UNIT)
DEFAULTS: Mapping[str, str] = MappingProxyType(
    {"model_size": "model_size:deployed", "working_memory": "working_memory:arena"}
)


@dataclass(frozen=True, slots=True)
class Footprint:
    """The figures of one network; `model_size` and `working_memory` by their conventions.

    All are exact but latency and energy, which are estimates, and None on a device that nobody
    published a measurement of.
    """

    macs: int
    macs_munas: int
    model_size_deployed_bytes: int
    model_size_sparse_bytes: int
    model_size_munas_bytes: int
    model_size_tflm_bytes: int
    working_memory_arena_bytes: int
    working_memory_bound_bytes: int
    working_memory_inplace_bytes: int
    working_memory_munas_bytes: int
    working_memory_wm1_bytes: int
    working_memory_wm2_bytes: int
    working_memory_tflm_bytes: int
    latency_ms: float | None
    energy_mj: float | None

    def figures(self) -> dict[str, float]:
        """The figures that the device has, by the names that objectives use."""
        found: dict[str, float] = {
            "macs": self.macs,
            "macs:munas": self.macs_munas,
            "model_size:deployed": self.model_size_deployed_bytes,
            "model_size:sparse": self.model_size_sparse_bytes,
            "model_size:munas": self.model_size_munas_bytes,
            "model_size:tflm": self.model_size_tflm_bytes,
            "working_memory:arena": self.working_memory_arena_bytes,
            "working_memory:bound": self.working_memory_bound_bytes,
            "working_memory:inplace": self.working_memory_inplace_bytes,
            "working_memory:munas": self.working_memory_munas_bytes,
            "working_memory:wm1": self.working_memory_wm1_bytes,
            "working_memory:wm2": self.working_memory_wm2_bytes,
            "working_memory:tflm": self.working_memory_tflm_bytes,
        }
        if self.latency_ms is not None:
            found["latency"] = self.latency_ms
        if self.energy_mj is not None:
            found["energy"] = self.energy_mj
        return found


def figures_of(device: Device) -> tuple[str, ...]:
    """The names of the figures that networks have on a device."""
    absent = set()
    if not device.latency:
        absent.add("latency")
    if device.power is None:
        absent.add("energy")
    return tuple(name for name in FIGURES if name not in absent)


def offered(device: Device) -> tuple[str, ...]:
    """The names of all figures that a study may ask for, instructions on the device's core too."""
    instructions = figure_for(device)
    return (*figures_of(device), *([] if instructions is None else [instructions]))


def unit_of(name: str) -> str | None:
    """The unit of a figure by its full name; None for what is no figure."""
    return "instructions" if is_instructions(name) else UNIT.get(name)


def canonical(name: str, device: Device | None = None) -> str:
    """The full name of a figure.

    Args:
        name: a full name or a short one.
        device: whose core is meant where instructions are asked for without one.

    Raises:
        UnknownFigure: there is none; the message names those there are.
        UnknownCore: instructions were not counted on that core.
    """
    if is_instructions(name):
        return full_name(name, device)
    full = DEFAULTS.get(name, name)
    if full not in UNIT:
        raise UnknownFigure(name, (*FIGURES, *DEFAULTS))
    return full


def footprint(
    graph: Graph,
    device: Device,
    non_zeros: Mapping[str, int] | None = None,
    weight_bits: int = 8,
) -> Footprint:
    """Count what a network costs.

    Args:
        graph: the network.
        device: where it will run. Only latency and energy depend on it: the kernels of all devices
            so far take the same scratch.
        non_zeros: kernel weights (biases apart) that are not zero, per node that was pruned.
        weight_bits: of each kernel weight as it is stored, 8 or 4.
    """
    found = weights(graph, non_zeros)
    operators = program(graph)
    tensors = operators.tensors_only()
    links = None if operators.is_chain else Links.of(operators.reads)
    count = macs(graph, found)
    latency = latency_ms(graph, found, count, device) if device.latency else None
    power = device.power
    return Footprint(
        macs=count,
        macs_munas=munas_macs(graph, count),
        model_size_deployed_bytes=deployed_bytes(graph, found, weight_bits),
        model_size_sparse_bytes=sparse_bytes(found),
        model_size_munas_bytes=munas_bytes(found),
        model_size_tflm_bytes=tflm_flash_bytes(graph, found),
        working_memory_arena_bytes=arena_bytes(operators, links=links),
        working_memory_bound_bytes=best_order(tensors, links=links).peak_bytes,
        working_memory_inplace_bytes=best_order(
            in_place(tensors, graph, TINYENGINE), links=links
        ).peak_bytes,
        working_memory_munas_bytes=munas_memory_bytes(tensors, graph, links),
        working_memory_wm1_bytes=wm1_bytes(operators, found),
        working_memory_wm2_bytes=wm2_bytes(operators),
        working_memory_tflm_bytes=tflm_memory_bytes(graph, found, links),
        latency_ms=latency,
        energy_mj=None if latency is None or power is None else power.energy_mj(latency),
    )


def memory_timeline(graph: Graph) -> list[tuple[str, int]]:
    """(node, live bytes) of each operator in the order that needs the least at its peak.

    The peak is `working_memory:bound`. Input, flatten and gather do not run, so they are left out.
    """
    tensors = program(graph).tensors_only()
    steps = best_order(tensors).steps
    live = live_bytes(tensors, steps)
    return [(tensors.node_ids[step], size) for step, size in zip(steps, live, strict=True)]
