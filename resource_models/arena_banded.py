"""The arena of our C project where it must be smaller than whole maps allow: parts run in bands.

Only if a budget asks for it. Then operators that do not fit become part of a stage, a row of
operators that runs for a few rows at a time (`resource_models.bands`); to the planner a stage is
one operator, which reads the first map, makes the last one and needs a room beside. If the first
map is the network's input, and nobody else reads it, the last one takes its place row by row. (Of
another map the operator that makes it would have to know.)
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from resource_models.arena import ALIGNMENT_BYTES, ArenaPlan, described, lay
from resource_models.arena_in_place import dying, fewest_over, plan_in_place
from resource_models.bands import Stage, chains, room, stage
from resource_models.graph import Graph
from resource_models.in_place import OURS, in_place
from resource_models.memory import best_order, live_bytes
from resource_models.program import Program, build

ROWS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)  # at a time; between them little is gained
MOST_TRIED = 400  # stages, before a budget counts as too small
MOST_LAID = 8  # sets of stages that fit by what lives at once, before


@lru_cache(maxsize=16)  # who writes and verifies a project asks for its plan several times
def plan_within(graph: Graph, budget_bytes: int | None = None) -> ArenaPlan:
    """Plan the arena of the C project, in bands if it exceeds a budget otherwise.

    Stages are chosen one by one: the first operator that does not fit becomes part of the one that
    moves the fewest bytes of all that fit. If a later operator cannot be helped then, the next one
    is tried.

    Args:
        graph: the network. Its input may be written over, too.
        budget_bytes: the largest arena; left out, any.

    Returns:
        The plan of `plan_in_place` if that fits, or if nothing does.
    """
    whole = plan_in_place(graph)
    if budget_bytes is None or whole.arena_bytes <= budget_bytes:
        return whole
    return _Search(graph, budget_bytes).plan() or whole


class _Search:
    """What can run in bands of a network, within a budget."""

    def __init__(self, graph: Graph, budget_bytes: int) -> None:
        self.graph, self.budget_bytes = graph, budget_bytes
        program, self.buffers = build(graph)
        self.program = in_place(program, graph, OURS).aligned(ALIGNMENT_BYTES)
        self.sizes_bytes = {
            name: self.program.sizes_bytes[buffer] for name, buffer in self.buffers.items()
        }
        self.chains = {name: names for names in chains(graph) for name in names}
        self.known: dict[tuple[tuple[str, ...], int], Stage | None] = {}
        self.left = MOST_TRIED

    def plan(self) -> ArenaPlan | None:
        """The first plan that fits."""
        laid = 0
        for stages in self._fitting(()):
            plan = self._planned(stages)
            if plan.arena_bytes <= self.budget_bytes:
                return plan
            if (laid := laid + 1) == MOST_LAID:
                break
        return None

    def _fitting(self, stages: tuple[Stage, ...]) -> Iterator[tuple[Stage, ...]]:
        """These stages and more, such that what lives at once fits; the best first."""
        taken = {each.names: Taken(each.least_bytes, self._first_bytes(each)) for each in stages}
        program, _ = joined(self.program, taken)
        steps = best_order(program).steps
        live = zip(steps, live_bytes(program, steps), strict=True)
        large = [step for step, size_bytes in live if size_bytes > self.budget_bytes]
        if not large:
            yield stages
            return
        free = {*self.chains} - {name for names in taken for name in names}
        if not free.issuperset(program.node_ids[step] for step in large):
            return  # one of them cannot be helped
        name, present = program.node_ids[large[0]], self._present(program, steps, large[0])
        for found in self._stages(name, free, present):
            if not self.left:
                return
            self.left -= 1
            yield from self._fitting((*stages, found))

    def _present(self, program: Program, steps: Sequence[int], now: int) -> set[str]:
        """The nodes whose maps are in memory while an operator of an order runs."""
        left = steps[steps.index(now) :]
        writers = (self.graph.input.id, *program.node_ids)
        read = {buffer for step in left for buffer in program.reads[step]} | {now + 1}
        return {writers[buffer] for buffer in read if buffer - 1 not in left[1:]}

    def _stages(self, name: str, free: set[str], present: set[str]) -> list[Stage]:
        """Those that an operator can be part of, the best first.

        Args:
            name: the operator.
            free: operators that no other stage has.
            present: the nodes whose maps are in memory while it runs.
        """
        chain = self.chains[name]
        at, found = chain.index(name), []
        for first in range(at + 1):
            for end in range(max(at + 1, first + 2), len(chain) + 1):
                names = chain[first:end]
                best = self._best(names, present) if free.issuperset(names) else None
                if best is not None:
                    found.append(best)
        return sorted(found, key=_cost)

    def _best(self, names: tuple[str, ...], present: set[str]) -> Stage | None:
        """The best way to run operators in bands that fits beside what else is in memory."""
        others = present - {*names, *self._source(names)}
        left_bytes = self.budget_bytes - sum(self.sizes_bytes[name] for name in others)
        key = names, left_bytes
        if key not in self.known:
            self.known[key] = min(self._possible(names, left_bytes), key=_cost, default=None)
        return self.known[key]

    def _possible(self, names: tuple[str, ...], left_bytes: int) -> Iterator[Stage]:
        if left_bytes < max(self.sizes_bytes[name] for name in (names[-1], *self._source(names))):
            return
        for rows in ROWS:
            if rows >= self.graph.shapes[names[-1]][0]:
                return
            found = stage(self.graph, names, rows)
            ends_bytes = self._first_bytes(found) or sum(
                self.sizes_bytes[name] for name in (names[-1], *self._source(names))
            )
            if found.least_bytes + ends_bytes > left_bytes:
                return  # with more rows it is no less
            yield found

    def _source(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return self.graph.node(names[0]).inputs

    def _first_bytes(self, found: Stage) -> int:
        """The place of the first map, if the last one takes it, else 0."""
        [source] = self._source(found.names)
        if source != self.graph.input.id or len(self.graph.consumers(source)) > 1:
            return 0
        first_bytes = found.lead_bytes + self.sizes_bytes[source]
        return max(first_bytes, self.sizes_bytes[found.names[-1]])

    def _planned(self, stages: Sequence[Stage]) -> ArenaPlan:
        """The plan with these stages."""
        rooms = {found.names: room(self.graph, found) for found in stages}
        taken = {
            each.names: Taken(rooms[each.names].size_bytes, self._first_bytes(each))
            for each in stages
        }
        program, numbers = joined(self.program, taken)
        order = best_order(program)
        over = dying(program, order.steps)
        layout = lay(program, order.steps, order.peak_bytes, 0, over)
        layout = fewest_over(self.graph, program, layout)
        buffers = {
            name: numbers[buffer] for name, buffer in self.buffers.items() if buffer in numbers
        }
        plan = described(self.graph, program, buffers, layout)
        parts = {names[-1]: names for names in rooms}
        offsets, scratch = dict(plan.offsets_bytes), dict(plan.scratch_offsets_bytes)
        for names, found in rooms.items():
            base = scratch.pop(names[-1])
            offsets |= {name: base + at for name, at in found.offsets_bytes.items()}
            scratch |= {name: base + at for name, at in found.scratch_offsets_bytes.items()}
        for each in stages:
            if taken[each.names].first_bytes:
                offsets[self.graph.input.id] += each.lead_bytes
        return replace(
            plan,
            order=tuple(name for last in plan.order for name in parts.get(last, (last,))),
            offsets_bytes=offsets,
            scratch_offsets_bytes=scratch,
            over={name: other for name, other in plan.over.items() if name not in parts},
            stages=tuple(stages),
        )


def _cost(found: Stage) -> tuple[int, int, int]:
    return found.moved_bytes, len(found.names), found.least_bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """What a stage takes: a room beside its ends, and the place of its first map.

    `first_bytes` is 0 if its last map lies elsewhere.
    """

    room_bytes: int
    first_bytes: int


def joined(
    program: Program, taken: Mapping[tuple[str, ...], Taken]
) -> tuple[Program, dict[int, int]]:
    """A program in which stages are one operator each, by the name of the last.

    Args:
        program: the operators, and what they may write over.
        taken: what each stage takes, by its operators.

    Returns:
        The program, and the new number of each buffer that it still has.
    """
    index = {name: i for i, name in enumerate(program.node_ids)}
    inner = {index[name] for names in taken for name in names[:-1]}
    stages = {index[names[-1]]: names for names in taken}
    steps = [i for i in range(len(index)) if i not in inner]
    numbers = {0: 0} | {step + 1: number for number, step in enumerate(steps, 1)}
    reads, over, beside, scratch = [], [], [], []
    sizes = {buffer: program.sizes_bytes[buffer] for buffer in numbers}
    for i in steps:
        names = stages.get(i)
        if names is None:
            read, free = program.reads[i], program.over[i]
            beside.append(program.beside_bytes[i])
            scratch.append(program.scratch_bytes[i])
        else:
            read = program.reads[index[names[0]]]
            first_bytes = taken[names].first_bytes
            free = read if first_bytes else ()
            sizes[read[0]] = first_bytes or sizes[read[0]]
            beside.append(0)
            scratch.append(taken[names].room_bytes)
        reads.append(tuple([numbers[buffer] for buffer in read]))
        over.append(tuple([numbers[buffer] for buffer in free]))
    found = Program(
        node_ids=tuple(program.node_ids[i] for i in steps),
        reads=tuple(reads),
        scratch_bytes=tuple(scratch),
        sizes_bytes=tuple(sizes.values()),
        over=tuple(over),
        beside_bytes=tuple(beside),
    )
    return found, numbers
