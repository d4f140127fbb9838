"""Where each tensor lies in the one static buffer that a deployed network computes in."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from resource_models.graph import Graph
from resource_models.links import Links
from resource_models.memory import best_order
from resource_models.nodes import Node
from resource_models.placement import height, place
from resource_models.program import Program, Scratch, build
from resource_models.stacking import Block

ALIGNMENT_BYTES = 16  # what TensorFlow Lite Micro asks of its offline plans


@dataclass(frozen=True, slots=True)
class ArenaPlan:
    """Offsets of tensors and scratch for one order of operators.

    `offsets_bytes` has an entry for each node but gathers that are views, which have no values of
    their own; a flatten lies where its input lies. `bound_bytes` is what lives at once in the worst
    step, each size rounded up to the alignment: no plan for this order is smaller.
    """

    order: tuple[str, ...]
    offsets_bytes: Mapping[str, int]
    scratch_offsets_bytes: Mapping[str, int]
    arena_bytes: int
    bound_bytes: int

    @property
    def gap_bytes(self) -> int:
        """How far the plan is above the bound; 0 for a plan that is proven best."""
        return self.arena_bytes - self.bound_bytes


def plan_arena(
    graph: Graph,
    alignment_bytes: int = ALIGNMENT_BYTES,
    seed: int = 0,
    scratch: Scratch | None = None,
    views: Container[type[Node]] | None = None,
) -> ArenaPlan:
    """Plan the arena of a network over the operator order that needs the least.

    Args:
        graph: the network.
        alignment_bytes: of every offset.
        seed: of the random moves where nothing else meets the bound.
        scratch: what each kind of operator needs; left out, that of our own kernels.
        views: the kinds that read their input where it lies; left out, those of our own kernels.
    """
    program, buffers = build(graph, scratch, views)
    program = program.aligned(alignment_bytes)
    order = best_order(program)
    blocks = lifetimes(program, order.steps)
    offsets = place(blocks, order.peak_bytes, seed)
    tensors = len(program.sizes_bytes)
    wanting = [step for step in order.steps if program.scratch_bytes[step]]
    unread = {node.id for node in graph.nodes if node.kind == "gather"} - {*program.node_ids}
    return ArenaPlan(
        order=tuple(program.node_ids[step] for step in order.steps),
        offsets_bytes={
            name: offsets[buffer] for name, buffer in buffers.items() if name not in unread
        },
        scratch_offsets_bytes={
            program.node_ids[step]: offsets[tensors + i] for i, step in enumerate(wanting)
        },
        arena_bytes=height(blocks, offsets),
        bound_bytes=order.peak_bytes,
    )


def arena_bytes(
    program: Program, alignment_bytes: int = ALIGNMENT_BYTES, links: Links | None = None
) -> int:
    """The size of the planned arena alone; `links` are those of the program, where known."""
    program = program.aligned(alignment_bytes)
    order = best_order(program, links=links)
    if program.is_chain:
        # Two tensors and scratch live in each step: one at the bottom, the other at the top.
        return order.peak_bytes
    blocks = lifetimes(program, order.steps)
    return height(blocks, place(blocks, order.peak_bytes))


def lifetimes(program: Program, steps: Sequence[int]) -> list[Block]:
    """One block for each buffer, then one for each operator with scratch, in the order of steps."""
    when = {step: i for i, step in enumerate(steps)}
    end = max(len(steps) - 1, 0)
    last = [0] + [end] * len(steps)
    for i, step in enumerate(steps):
        for buffer in program.reads[step]:
            last[buffer] = i  # steps run in this order, so the last reader writes last
    # Only the output has no reader: it stays to the end.
    first = [0, *(when[i] for i in range(len(steps)))]
    blocks = [Block(size, first[i], last[i]) for i, size in enumerate(program.sizes_bytes)]
    scratch = program.scratch_bytes
    blocks.extend(Block(scratch[s], i, i) for i, s in enumerate(steps) if scratch[s])
    return blocks
