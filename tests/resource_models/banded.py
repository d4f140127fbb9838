"""Whether a plan with stages would work, row by row; and the budgets at which plans differ."""

import math
from collections.abc import Iterator

from resource_models.arena import ArenaPlan
from resource_models.arena_banded import plan_within
from resource_models.arena_in_place import plan_in_place
from resource_models.bands import Stage, reading, walk
from resource_models.graph import Graph
from resource_models.in_place import OURS, in_place
from resource_models.program import Program, build


def budgets(graph: Graph) -> Iterator[int]:
    """Each arena that a plan with stages has, from large to small: one less, and it differs."""
    budget = plan_in_place(graph).arena_bytes - 1
    while (plan := plan_within(graph, budget)).stages:
        yield plan.arena_bytes
        budget = plan.arena_bytes - 1


def check_banded(graph: Graph, plan: ArenaPlan) -> None:
    """Run the plan: each row must still be whole when it is read."""
    program, buffers = build(graph)
    memory = _Memory(graph, plan, program, buffers)
    inside = in_place(program, graph, OURS)
    stages = {name: found for found in plan.stages for name in found.names}
    assert sorted(plan.order) == sorted(program.node_ids)
    memory.write_map(graph.input.id)
    for name in plan.order:
        if name in stages:
            if name == stages[name].names[0]:
                memory.run(stages[name])
            continue
        step = program.node_ids.index(name)
        beside = program.scratch_bytes[step]
        if name in plan.over:
            assert plan.offsets_bytes[name] == plan.offsets_bytes[plan.over[name]]
            beside += inside.beside_bytes[step]
        if beside:
            memory.write("beside", plan.scratch_offsets_bytes[name], beside)
        inputs = graph.node(name).inputs
        if name in plan.over:
            memory.read_maps(inputs)
            memory.write_map(name)
        else:
            memory.write_map(name)
            memory.read_maps(inputs)
    memory.read_maps((graph.output,))


class _Memory:
    """Which row of which map each byte of the arena has."""

    def __init__(
        self, graph: Graph, plan: ArenaPlan, program: Program, buffers: dict[str, int]
    ) -> None:
        self.graph, self.plan, self.buffers = graph, plan, buffers
        self.scratch_bytes = dict(zip(program.node_ids, program.scratch_bytes, strict=True))
        self.owner: list[object] = [None] * plan.arena_bytes

    def write(self, mark: object, offset: int, size_bytes: int) -> None:
        assert 0 <= offset
        assert offset + size_bytes <= self.plan.arena_bytes
        self.owner[offset : offset + size_bytes] = [mark] * size_bytes

    def read(self, mark: object, offset: int, size_bytes: int) -> None:
        assert self.owner[offset : offset + size_bytes] == [mark] * size_bytes

    def write_map(self, name: str) -> None:
        for row, offset, size_bytes in self._rows(name):
            self.write((self.buffers[name], row), offset, size_bytes)

    def read_maps(self, names: tuple[str, ...]) -> None:
        for name in names:
            for row, offset, size_bytes in self._rows(name):
                self.read((self.buffers[name], row), offset, size_bytes)

    def run(self, found: Stage) -> None:
        """All bands of a stage."""
        names = found.names
        maps = (self.graph.node(names[0]).inputs[0], *names)
        readings = [reading(self.graph, name) for name in names]
        last, rooms = None, [self.plan.offsets_bytes[name] for name in maps]
        row_bytes = [math.prod(self.graph.shapes[name][1:]) for name in maps]
        height = self.graph.shapes[names[-1]][0]
        for bands in walk(readings, found.rows, height):
            whole = (0, len(names))  # their rows lie where they do in the map
            base = [0 if i in whole else low for i, (low, _, _) in enumerate(bands)]
            for i, (low, first, _) in enumerate(bands):
                if 0 < i < len(names) and last is not None and first > low:
                    start = rooms[i] + (low - last[i].low) * row_bytes[i]
                    moved = self.owner[start : start + (first - low) * row_bytes[i]]
                    self.owner[rooms[i] : rooms[i] + len(moved)] = moved
            for i, name in enumerate(names, 1):
                if scratch := self.scratch_bytes[name]:
                    self.write("beside", self.plan.scratch_offsets_bytes[name], scratch)
                low, first, end = bands[i]
                for row in range(first, end):
                    offset = rooms[i] + (row - base[i]) * row_bytes[i]
                    self.write((self.buffers[name], row), offset, row_bytes[i])
                before = bands[i - 1]
                for row in range(before.low, before.end) if end > first else ():
                    offset = rooms[i - 1] + (row - base[i - 1]) * row_bytes[i - 1]
                    mark = (self.buffers[maps[i - 1]], row)
                    self.read(mark, offset, row_bytes[i - 1])
            last = bands

    def _rows(self, name: str) -> Iterator[tuple[int, int, int]]:
        """The rows of a map, as large as what first made it has them."""
        # Views have other shapes than what they show: one row of their buffer, so to speak.
        maker = next(each for each, buffer in self.buffers.items() if buffer == self.buffers[name])
        shape, offset = self.graph.shapes[maker], self.plan.offsets_bytes[maker]
        rows, row_bytes = (shape[0], math.prod(shape[1:])) if len(shape) == 3 else (1, shape[0])
        for row in range(rows):
            yield row, offset + row * row_bytes, row_bytes
