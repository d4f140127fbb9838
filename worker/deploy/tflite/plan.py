"""The memory plan that goes with a file: which operator runs when, and where each tensor lies.

TensorFlow Lite Micro has no dense layer that reads through a gather, so here a gather is an
operator with an output of its own. Scratch is that of our kernels, which is what those of CMSIS-NN
take; the runtime's reference kernels take none, but for a list of pointers where more than two
tensors are added, and for weights of 4 bits, which they unpack as a whole. The runtime places
scratch itself, where the plan leaves room.
"""

import math

from resource_models.arena import ALIGNMENT_BYTES, ArenaPlan, plan_arena
from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    Node,
    Shape,
    Weighted,
    rule_for,
)
from resource_models.program import SCRATCH, Scratch
from resource_models.weights import COUNTS
from worker.deploy.scales import is_long_sum

METADATA_NAME = "OfflineMemoryAllocation"
METADATA_VERSION = 1
FREE = -1  # the runtime finds a place itself
POINTER_BYTES = 8  # half of it on a 32-bit core


def plan_file(graph: Graph, weight_bits: int = 8) -> ArenaPlan:
    """The arena of a file; without gathers, long sums and weights of 4 bits it is that of our C
    project.
    """
    scratch = FILE_SCRATCH if weight_bits == 8 else INT4_SCRATCH
    return plan_arena(graph, scratch=scratch, views=VIEWS)


def head_bytes(graph: Graph, weight_bits: int = 8) -> int:
    """How far the tensors reach under the plan: the arena without the scratch above them.

    With the reference kernels, what the runtime takes for tensors and scratch together: exactly
    this without a long sum and weights of 4 bits, else at least this and at most the plan's arena.
    """
    plan = plan_file(graph, weight_bits)
    ends = [at + math.prod(graph.shapes[name]) for name, at in plan.offsets_bytes.items()]
    return -(-max(ends) // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def _pointers(node: Add, shape: Shape) -> int:
    return POINTER_BYTES * len(node.inputs) if is_long_sum(node) else 0


def _no_scratch(node: Node, shape: Shape) -> int:
    return 0


def _unpacked(node: Weighted, shape: Shape) -> int:
    """All weights, a byte each, or what kernels take that unpack them on the way."""
    kernel, _ = rule_for(COUNTS, node)(node, shape)
    return max(kernel, rule_for(SCRATCH, node)(node, shape))


VIEWS: frozenset[type[Node]] = frozenset({Flatten})
FILE_SCRATCH: Scratch = {**SCRATCH, Add: _pointers, Gather: _no_scratch}
INT4_SCRATCH: Scratch = {
    **FILE_SCRATCH,
    Conv2d: _unpacked,
    DepthwiseConv2d: _unpacked,
    Dense: _unpacked,
}
