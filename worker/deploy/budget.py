"""What a device leaves for the arena of a network, and what its code takes beside."""

from dataclasses import astuple

from resource_models.arena import ArenaPlan
from resource_models.arena_in_place import plan_in_place
from resource_models.bands import chains
from resource_models.code_size import CodeSize, code_size
from resource_models.counted import cores
from resource_models.devices import Device
from resource_models.errors import UnknownCore
from resource_models.instructions import core_of
from resource_models.weights import weights
from worker.deploy.record import Int8Graph

# The rows of each map of a stage are three words on the stack, and the function has a frame.
MAP_STACK_BYTES, STAGE_STACK_BYTES = 12, 96
# Of code: what all stages share, and what a layer has more whose rows are no constant. Of 18 linked
# programs of two to seven such layers none had more than the second pair says.
LIKELY_SHARED_BYTES, LIKELY_LAYER_BYTES = 384, 128
MOST_SHARED_BYTES, MOST_LAYER_BYTES = 512, 1024


def whole_code(record: Int8Graph, device: Device) -> CodeSize:
    """The code of a network without stages on the core of a device.

    On a core that nothing was linked for, the most of all.
    """
    graph = record.graph
    sizes = weights(graph, record.non_zeros())
    try:
        return code_size(graph, core_of(device.core), sizes)
    except UnknownCore:
        every = [code_size(graph, core, sizes) for core in cores()]
        return CodeSize(*(max(each) for each in zip(*map(astuple, every), strict=True)))


def code_of(record: Int8Graph, device: Device, plan: ArenaPlan) -> CodeSize:
    """The code of a network whose arena is planned so."""
    whole = whole_code(record, device)
    if not plan.stages:
        return whole
    layers = sum(len(stage.names) for stage in plan.stages)
    longest = max(len(stage.names) for stage in plan.stages)
    return CodeSize(
        whole.likely_bytes + LIKELY_SHARED_BYTES + LIKELY_LAYER_BYTES * layers,
        whole.most_flash_bytes + MOST_SHARED_BYTES + MOST_LAYER_BYTES * layers,
        whole.most_ram_bytes + _stack_bytes(longest),
    )


def arena_budget_bytes(record: Int8Graph, device: Device) -> int:
    """The largest arena with which a network is sure to fit a device's SRAM; may be below 0.

    Stages need some more stack, which a network that fits without them is not asked for.
    """
    left_bytes = device.sram_bytes - whole_code(record, device).most_ram_bytes
    if plan_in_place(record.graph).arena_bytes <= left_bytes:
        return left_bytes
    longest = max((len(names) for names in chains(record.graph)), default=0)
    return left_bytes - _stack_bytes(longest)


def _stack_bytes(layers: int) -> int:
    return STAGE_STACK_BYTES + MAP_STACK_BYTES * (layers + 1)
