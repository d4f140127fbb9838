"""A node on its way to C: where its values lie, and what becomes of it."""

import math
from dataclasses import dataclass, replace
from typing import Any

from resource_models.arena import ArenaPlan
from resource_models.bands import Stage
from resource_models.nodes import Node, Shape
from worker.deploy.c.stored import Arrays
from worker.deploy.c.text import word
from worker.deploy.record import Int8Graph


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One step of a network in C: `body` is that of a function without arguments.

    `weights` are numbers of a kernel and what says where they belong, `tables` what requantises.
    One that runs in bands is told of which rows to make which.
    """

    label: str
    node: Node
    weights: Arrays
    tables: Arrays
    body: tuple[str, ...]
    in_bands: bool = False


class Step:
    """A node that a rule turns into C; `number` counts from 1 in the order of the plan."""

    def __init__(self, record: Int8Graph, plan: ArenaPlan, name: str, number: int) -> None:
        self.record, self.graph, self.plan, self.name = record, record.graph, plan, name
        self.node: Node = self.graph.node(plan.order[number - 1])
        self.label = f"{number}_{word(self.node.id)}"

    @property
    def shape(self) -> Shape:
        """That of the first input."""
        return self.graph.shapes[self.node.inputs[0]]

    def kernel(self, name: str) -> str:
        """The function of a kernel; weights of 4 bits have their own."""
        return f"tiny_{name}" if self.record.weight_bits == 8 else f"tiny_{name}_packed"

    def symbol(self, part: str) -> str:
        """The name of one of its arrays."""
        return f"{self.name}_{part}_{self.label}"

    def at(self, node_id: str) -> str:
        """Where the values of a node lie."""
        return f"{self.name}_arena + {self.plan.offsets_bytes[node_id]}"

    def value(self, node_id: str) -> int:
        """The zero point of a node."""
        return self.record.tensors[node_id].zero_point

    def seen(self, height: Any, rows: Any, top: Any, down: int) -> tuple[Any, Any, Any]:
        """What a kernel takes for the height of the map, the rows to make and the border above."""
        return height, rows, top

    def layer(
        self, *body: str, weights: Arrays | None = None, tables: Arrays | None = None
    ) -> Layer:
        """The finished layer."""
        return Layer(self.label, self.node, weights or {}, tables or {}, body)


class BandStep(Step):
    """A node that runs in bands: `read` and `made` are the rows of its ends at that time.

    Kernels take the rows of a band for a map of their own. It is as wide, so nothing else of their
    shapes changes, and the border is above its first row or below its last where the map ends.
    """

    def __init__(
        self, record: Int8Graph, plan: ArenaPlan, name: str, number: int, stage: Stage
    ) -> None:
        super().__init__(record, plan, name, number)
        self.stage = stage

    def at(self, node_id: str) -> str:
        """Where the rows begin that are read or made."""
        row = "read.low"
        if node_id == self.node.id:
            row = "(made.first - made.low)" if node_id in self.stage.heights else "made.first"
        elif node_id in self.stage.heights:
            return super().at(node_id)
        return f"{super().at(node_id)} + {row} * {math.prod(self.graph.shapes[node_id][1:])}"

    def seen(self, height: Any, rows: Any, top: Any, down: int) -> tuple[Any, Any, Any]:
        """All three depend on the band."""
        above = f"{top} + read.low - made.first * {down}"
        return "read.end - read.low", "made.end - made.first", above

    def layer(
        self, *body: str, weights: Arrays | None = None, tables: Arrays | None = None
    ) -> Layer:
        """The finished layer."""
        bands = "const tiny_band read = bands[0], made = bands[1];"
        return replace(super().layer(bands, *body, weights=weights, tables=tables), in_bands=True)


def steps(record: Int8Graph, plan: ArenaPlan, name: str) -> list[Step]:
    """All nodes in the order of the plan; symbols begin with a name."""
    stages = {node_id: stage for stage in plan.stages for node_id in stage.names}
    return [
        BandStep(record, plan, name, number, stages[node_id])
        if node_id in stages
        else Step(record, plan, name, number)
        for number, node_id in enumerate(plan.order, 1)
    ]
