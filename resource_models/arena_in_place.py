"""The arena of our C project: operators write over their inputs where that makes it smaller.

`working_memory:arena` has none that does, so it is an upper bound of this plan: a budget that a
network keeps in theory it keeps on the chip.
"""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

from resource_models.arena import (
    ALIGNMENT_BYTES,
    ArenaPlan,
    Layout,
    described,
    lay,
    merged,
    plan_arena,
)
from resource_models.graph import Graph
from resource_models.in_place import OURS, in_place
from resource_models.memory import best_order
from resource_models.nodes import DepthwiseConv2d
from resource_models.program import Program, build
from resource_models.stacking import Block


@lru_cache(maxsize=16)  # who writes and verifies a project asks for its plan several times
def plan_in_place(graph: Graph, alignment_bytes: int = ALIGNMENT_BYTES, seed: int = 0) -> ArenaPlan:
    """Plan an arena that is never larger than that of `plan_arena`.

    Operators that write over an input do so only if the arena is smaller for it: of depthwise
    convolutions as few as possible, since the kernel that works elsewhere is faster. If nothing is
    gained, it is the plan of `plan_arena`.

    Args:
        graph: the network. Its input may be written over, too.
        alignment_bytes: of every offset.
        seed: of the random moves where nothing else meets the bound.
    """
    plain = plan_arena(graph, alignment_bytes, seed)
    program, buffers = build(graph)
    program = in_place(program, graph, OURS).aligned(alignment_bytes)
    order = best_order(program)
    if order.peak_bytes >= plain.arena_bytes:
        return plain
    over = dying(program, order.steps)
    layout = lay(program, order.steps, order.peak_bytes, seed, over)
    if layout.arena_bytes >= plain.arena_bytes:
        return plain
    return described(graph, program, buffers, fewest_over(graph, program, layout, seed))


def dying(program: Program, steps: Sequence[int]) -> dict[int, int]:
    """Which buffer each operator can write over: one that it is the last to read.

    Of several the one that was written first. So the sums of a chain of residual blocks take one
    place, and what lives for a short time lies beside it.
    """
    last = {buffer: step for step in steps for buffer in program.reads[step]}
    free = {
        step: [buffer for buffer in program.over[step] if last[buffer] == step] for step in steps
    }
    when = {0: -1} | {step + 1: i for i, step in enumerate(steps)}
    return {step: min(found, key=lambda b: when[b]) for step, found in free.items() if found}


def fewest_over(graph: Graph, program: Program, layout: Layout, seed: int = 0) -> Layout:
    """A layout no higher, with no depthwise convolution in place that need not be."""
    for step in _slowest_first(graph, program, layout.over):
        layout = _without(program, layout, step, seed)
    return layout


def _slowest_first(graph: Graph, program: Program, over: Mapping[int, int]) -> list[int]:
    """The depthwise convolutions among operators, that with the most products first."""
    products = {}
    for step in over:
        node = graph.node(program.node_ids[step])
        if isinstance(node, DepthwiseConv2d):
            products[step] = math.prod(graph.shapes[node.id]) * math.prod(node.kernel)
    return sorted(products, key=lambda step: -products[step])


def _without(program: Program, layout: Layout, step: int, seed: int) -> Layout:
    """The layout with one operator fewer in place, if it is no higher; else as it is."""
    over = {other: buffer for other, buffer in layout.over.items() if other != step}
    blocks, _ = merged(program, layout.steps, over)
    if _most_at_once(blocks) > layout.arena_bytes:
        return layout
    tried = lay(program, layout.steps, layout.arena_bytes, seed, over)
    return tried if tried.arena_bytes <= layout.arena_bytes else layout


def _most_at_once(blocks: Sequence[Block]) -> int:
    live = [0] * (max(block.last for block in blocks) + 1)
    for block in blocks:
        for size_bytes, first, last in block.parts():
            for step in range(first, last + 1):
                live[step] += size_bytes
    return max(live)
