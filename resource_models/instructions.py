"""Instructions of one inference on a Cortex-M4, per operator, from a table of measured layers.

Source: one network of nine operators, our own kernels (im2col and SMLAD, parameters read at run
time), gcc 12.2 -O2, counted exactly under QEMU 7.2 on machine netduinoplus2, where one instruction
is one virtual nanosecond. `MEASURED` holds six of its layers; the whole took 2,476,384.

From these come the costs below: of an output (bias, requantisation, loop), of a multiplication, of
laying out the channels at one place of a kernel, which all filters share. They give each of the six
layers within `LAYER_ERROR`. The cost of a pool's tap is what the other layers leave of the whole.
Sums, padding and joining were not measured: `ASSUMED` counts a requantisation per addend and a few
instructions per copied byte.

QEMU counts no cycles. 1.35 cycles per instruction follows from the mix of opcodes and the cycles
that Arm states for each. A latency from it is an estimate and must be labelled so. Of three
networks that MicroNets (2021) timed on an STM32F446RE, with the kernels of CMSIS-NN, it tells 9 to
14 % less than they took.

The kernels of a C project are others: what they take, on five cores, is in `counted`.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from resource_models.devices import Device
from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
    Pad,
    Shape,
    rule_for,
)

# (layer, instructions per MAC) as measured.
MEASURED: tuple[tuple[str, float], ...] = (
    ("conv 3x3 1->8 at 28x28", 14.9),
    ("depthwise 3x3 8 at 14x14", 12.1),
    ("conv 1x1 8->16 at 14x14", 8.9),
    ("conv 1x1 16->32 at 7x7", 5.1),
    ("conv 3x3 32->24 at 7x7", 2.31),
    ("dense 32->10", 4.7),
)
MEASURED_WHOLE = 2_476_384
LAYER_ERROR = 0.045
OUTPUT = 53.0
PLACE = 60.0
CONV_MAC = 2.0
DEPTHWISE_MAC = 6.2
DENSE_MAC = 3.0
POOL_TAP = 32.0
ASSUMED: Mapping[str, float] = {"addend": OUTPUT, "copied byte": 4.0}

CYCLES_PER_INSTRUCTION = 1.35
CORES = ("Cortex-M4", "Cortex-M4F")


def instructions(graph: Graph) -> dict[str, int]:
    """Instructions of each node that runs, in the order of the network; views take none."""
    found = {}
    for node in graph.nodes:
        before = graph.shapes[node.inputs[0]] if node.inputs else ()
        count = rule_for(COSTS, node)(node, before, graph.shapes[node.id])
        if count:
            found[node.id] = round(count)
    return found


def estimated_latency_ms(graph: Graph, device: Device) -> float | None:
    """The time that these instructions take at the device's clock; None for other cores.

    A guess of another kind than `latency`, which comes from measured boards; see above.
    """
    if device.core not in CORES:
        return None
    cycles = CYCLES_PER_INSTRUCTION * sum(instructions(graph).values())
    return 1000 * cycles / device.clock_hz


def _none(node: Node, before: Shape, after: Shape) -> float:
    return 0.0


def _conv2d(node: Conv2d, before: Shape, after: Shape) -> float:
    places = node.kernel[0] * node.kernel[1]
    # A 1 x 1 kernel reads its input where it lies.
    laid_out = PLACE * places if places > 1 else 0.0
    per_filter = OUTPUT + CONV_MAC * places * before[2]
    return after[0] * after[1] * (laid_out + node.filters * per_filter)


def _depthwise_conv2d(node: DepthwiseConv2d, before: Shape, after: Shape) -> float:
    return math.prod(after) * (OUTPUT + DEPTHWISE_MAC * node.kernel[0] * node.kernel[1])


def _dense(node: Dense, before: Shape, after: Shape) -> float:
    return node.units * (OUTPUT + DENSE_MAC * before[0])


def _pool(node: MaxPool | AvgPool, before: Shape, after: Shape) -> float:
    return POOL_TAP * node.window[0] * node.window[1] * math.prod(after)


def _whole_map(node: GlobalAvgPool, before: Shape, after: Shape) -> float:
    return POOL_TAP * math.prod(before)


def _sum(node: Add, before: Shape, after: Shape) -> float:
    return ASSUMED["addend"] * len(node.inputs) * math.prod(after)


def _copy(node: Pad | Concat, before: Shape, after: Shape) -> float:
    return ASSUMED["copied byte"] * math.prod(after)


COSTS: Mapping[type[Node], Callable[[Any, Shape, Shape], float]] = {
    Input: _none,
    Conv2d: _conv2d,
    DepthwiseConv2d: _depthwise_conv2d,
    Dense: _dense,
    MaxPool: _pool,
    AvgPool: _pool,
    GlobalAvgPool: _whole_map,
    Pad: _copy,
    Gather: _none,
    Add: _sum,
    Concat: _copy,
    Flatten: _none,
}
