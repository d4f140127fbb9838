"""Where each tensor lies in the one static buffer that a deployed network computes in."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from resource_models.graph import Graph
from resource_models.links import Links
from resource_models.memory import best_order
from resource_models.nodes import Node
from resource_models.placement import height, place
from resource_models.program import Program, Scratch, build
from resource_models.stacking import Block

if TYPE_CHECKING:
    from resource_models.bands import Stage

ALIGNMENT_BYTES = 16  # what TensorFlow Lite Micro asks of its offline plans


@dataclass(frozen=True, slots=True)
class ArenaPlan:
    """Offsets of tensors and scratch for one order of operators.

    `offsets_bytes` has an entry for each node but gathers that are views, which have no values of
    their own; a flatten lies where its input lies. `bound_bytes` is what lives at once in the worst
    step, each size rounded up to the alignment: no plan for this order is smaller. `over` names
    the operators that write over an input, each with the node in whose place its output lies.
    `stages` are operators that run in bands: between them there are a few rows of each map.
    """

    order: tuple[str, ...]
    offsets_bytes: Mapping[str, int]
    scratch_offsets_bytes: Mapping[str, int]
    arena_bytes: int
    bound_bytes: int
    over: Mapping[str, str] = field(default_factory=dict)
    stages: "tuple[Stage, ...]" = ()

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
    layout = lay(program, order.steps, order.peak_bytes, seed)
    return described(graph, program, buffers, layout)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the buffers of a program lie, and the scratch of its steps, for one order.

    `over` has the buffer that an operator writes over, of each that does.
    """

    steps: tuple[int, ...]
    offsets_bytes: tuple[int, ...]
    scratch_offsets_bytes: Mapping[int, int]
    arena_bytes: int
    bound_bytes: int
    over: Mapping[int, int]


def lay(
    program: Program,
    steps: Sequence[int],
    bound_bytes: int,
    seed: int = 0,
    over: Mapping[int, int] | None = None,
) -> Layout:
    """Lay out a program whose sizes are aligned.

    Args:
        program: the operators.
        steps: their order.
        bound_bytes: how high the plan should be, no less than what lives at once.
        seed: of random moves.
        over: the buffer that an operator writes over; left out, none does.
    """
    over = over or {}
    blocks, homes = merged(program, steps, over)
    offsets = place(blocks, bound_bytes, seed)
    wanting = [step for step in steps if _beside(program, step, over)]
    first = len(blocks) - len(wanting)
    return Layout(
        steps=tuple(steps),
        offsets_bytes=tuple(offsets[home] for home in homes),
        scratch_offsets_bytes={step: offsets[first + i] for i, step in enumerate(wanting)},
        arena_bytes=height(blocks, offsets),
        bound_bytes=bound_bytes,
        over=over,
    )


def described(
    graph: Graph, program: Program, buffers: Mapping[str, int], layout: Layout
) -> ArenaPlan:
    """A layout in the names of nodes; `buffers` has that of each node's values."""
    unread = {node.id for node in graph.nodes if node.kind == "gather"} - {*program.node_ids}
    names = program.node_ids
    writers = (graph.input.id, *names)
    return ArenaPlan(
        order=tuple(names[step] for step in layout.steps),
        offsets_bytes={
            name: layout.offsets_bytes[buffer]
            for name, buffer in buffers.items()
            if name not in unread
        },
        scratch_offsets_bytes={
            names[step]: offset for step, offset in layout.scratch_offsets_bytes.items()
        },
        arena_bytes=layout.arena_bytes,
        bound_bytes=layout.bound_bytes,
        over={names[step]: writers[buffer] for step, buffer in layout.over.items()},
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


def merged(
    program: Program, steps: Sequence[int], over: Mapping[int, int]
) -> tuple[list[Block], list[int]]:
    """The blocks of an order some of whose operators write over what they read.

    Args:
        program: the operators.
        steps: their order.
        over: the buffer that an operator writes over. It is its last reader.

    Returns:
        One block for each place that buffers take in turn, then one for each operator that needs
        something beside, in the order of steps; and for each buffer the number of its block.
    """
    scratch = tuple([_beside(program, step, over) for step in range(len(program.reads))])
    plain = lifetimes(replace(program, scratch_bytes=scratch), steps)
    if not over:
        return plain, list(range(len(program.sizes_bytes)))
    tensors = len(program.sizes_bytes)
    roots = list(range(tensors))
    found = plain[:tensors]
    for step in steps:
        if step in over:
            root = roots[step + 1] = roots[over[step]]
            before, own = found[root], plain[step + 1]
            shrinks = before.shrinks
            if own.size_bytes < plain[over[step]].size_bytes:
                # What is read is whole until the operator has run.
                shrinks = (*shrinks, (own.first + 1, own.size_bytes))
            found[root] = Block(before.size_bytes, before.first, own.last, shrinks)
    kept = sorted(set(roots))
    numbers = {root: number for number, root in enumerate(kept)}
    blocks = [found[root] for root in kept] + plain[tensors:]
    return blocks, [numbers[root] for root in roots]


def _beside(program: Program, step: int, over: Mapping[int, int]) -> int:
    return program.scratch_bytes[step] + (program.beside_bytes[step] if step in over else 0)
