"""The memory plan that goes with a file: which operator runs when, and where each tensor lies.

TensorFlow Lite Micro has no dense layer that reads through a gather, so here a gather is an
operator with an output of its own. Scratch is that of our kernels, which is what those of CMSIS-NN
take; the runtime's reference kernels take none, but for a list of pointers where more than two
tensors are added. The runtime places scratch itself, where the plan leaves room.
"""

import math

from resource_models.arena import ALIGNMENT_BYTES, ArenaPlan, plan_arena
from resource_models.graph import Graph
from resource_models.nodes import Add, Flatten, Gather, Node, Shape
from resource_models.program import SCRATCH, Scratch
from worker.deploy.scales import is_long_sum

METADATA_NAME = "OfflineMemoryAllocation"
METADATA_VERSION = 1
FREE = -1  # the runtime finds a place itself
POINTER_BYTES = 8  # half of it on a 32-bit core


def plan_file(graph: Graph) -> ArenaPlan:
    """The arena of a file; without gathers and long sums it is that of our C project."""
    return plan_arena(graph, scratch=FILE_SCRATCH, views=VIEWS)


def head_bytes(graph: Graph) -> int:
    """How far the tensors reach under the plan: the arena without the scratch above them.

    With the reference kernels, what the runtime takes for tensors and scratch together: exactly
    this without a long sum, else at least this and at most the plan's arena.
    """
    plan = plan_file(graph)
    ends = [at + math.prod(graph.shapes[name]) for name, at in plan.offsets_bytes.items()]
    return -(-max(ends) // ALIGNMENT_BYTES) * ALIGNMENT_BYTES


def _pointers(node: Add, shape: Shape) -> int:
    return POINTER_BYTES * len(node.inputs) if is_long_sum(node) else 0


def _no_scratch(node: Node, shape: Shape) -> int:
    return 0


VIEWS: frozenset[type[Node]] = frozenset({Flatten})
FILE_SCRATCH: Scratch = {**SCRATCH, Add: _pointers, Gather: _no_scratch}
