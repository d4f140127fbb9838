"""Operators in a row that run for a few rows of the last map at a time, from the first to the last.

So the maps between them are never whole in memory: of each there are only the rows that the next
operator reads for these rows. MCUNetV2 cuts maps into patches, which overlap in what they read, and
computes those values again. A band goes over the whole width of the map and overlaps only with the
band before; the rows that both read stay in memory, so nothing is computed twice. And a band lies
in memory as a map of fewer rows does: kernels take it for one.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from resource_models.arena import ALIGNMENT_BYTES
from resource_models.graph import Graph
from resource_models.nodes import AvgPool, Conv2d, DepthwiseConv2d, MaxPool, Shape, rule_for
from resource_models.placement import height, place
from resource_models.program import SCRATCH
from resource_models.shapes import border
from resource_models.stacking import Block

Sliding = Conv2d | DepthwiseConv2d | MaxPool | AvgPool


class Band(NamedTuple):
    """Rows of a map: `low` to `end` - 1 lie in memory, of which those from `first` on are new."""

    low: int
    first: int
    end: int


NO_ROWS = Band(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the windows of an operator go down a map of `height` rows; `top` lies in front of it."""

    height: int
    window: int
    down: int
    top: int

    @classmethod
    def of(cls, node: Sliding, shape: Shape) -> "Reading":
        """That of a node over a map of this shape."""
        size = node.kernel if isinstance(node, Conv2d | DepthwiseConv2d) else node.window
        top, _ = border(shape[0], size[0], node.stride[0], node.padding)
        return cls(shape[0], size[0], node.stride[0], top)

    def of_band(self, made: Band) -> Band:
        """The rows of the map that the new rows of a band are made of."""
        end = min(self.height, (made.end - 1) * self.down - self.top + self.window)
        low = min(max(0, made.first * self.down - self.top), end)
        return Band(low, low, end)


def walk(readings: Sequence[Reading], rows: int, last_height: int) -> Iterator[list[Band]]:
    """The rows of each map for each band in turn, those of the map that is read first.

    Args:
        readings: of each operator.
        rows: of the last map, at a time.
        last_height: of the last map.
    """
    last = [NO_ROWS] * len(readings)
    for row in range(0, last_height, rows):
        found = [Band(row, row, min(row + rows, last_height))]
        for i, each in reversed([*enumerate(readings)]):
            read = each.of_band(found[-1])
            # What the first operator reads is all there.
            if i and read.low < last[i].end:
                read = read._replace(first=last[i].end)
            found.append(read)
        last = found = found[::-1]
        yield found


@dataclass(frozen=True, slots=True)
class Stage:
    """Operators that run in bands, and what that takes.

    Args:
        names: the operators, each of which reads what the one before it makes.
        rows: of the map of the last one, at a time.
        kept: the maps of which rows stay for the next band.
        heights: how many rows there are at once of each map between the operators.
        moved_bytes: what is moved to the beginning of its room, for the rows that stay.
        lead_bytes: how far behind the beginning of the last map the first one must begin, so that
            the last may take its place: a row of it goes where all rows have been read.
        least_bytes: of what lives at once beside the first and the last map, each size aligned.
    """

    names: tuple[str, ...]
    rows: int
    kept: tuple[str, ...]
    heights: Mapping[str, int]
    moved_bytes: int
    lead_bytes: int
    least_bytes: int


@dataclass(frozen=True, slots=True)
class Room:
    """Where the maps between the operators of a stage lie, and their scratch."""

    offsets_bytes: Mapping[str, int]
    scratch_offsets_bytes: Mapping[str, int]
    size_bytes: int


def chains(graph: Graph) -> list[tuple[str, ...]]:
    """The longest rows of operators that can run in bands, in the order of the network.

    Windows that slide over a map, each over that of the one before it, which nobody else reads.
    """
    found: list[list[str]] = []
    ends: dict[str, list[str]] = {}
    for node in graph.nodes:
        if not isinstance(node, Sliding):
            continue
        before = node.inputs[0]
        if before in ends and graph.consumers(before) == (node.id,):
            ends[node.id] = ends.pop(before)
        else:
            ends[node.id] = []
            found.append(ends[node.id])
        ends[node.id].append(node.id)
    return [tuple(names) for names in found]


def stage(graph: Graph, names: tuple[str, ...], rows: int) -> Stage:
    """What it takes to run a part of one of `chains` for so many rows of its last map at a time."""
    shapes = graph.shapes
    maps = (graph.node(names[0]).inputs[0], *names)
    most, stay, moved = ([0] * len(maps) for _ in range(3))
    readings = [reading(graph, name) for name in names]
    row_bytes = [math.prod(shapes[name][1:]) for name in maps]
    last, lead_bytes = [NO_ROWS] * len(maps), 0
    for bands in walk(readings, rows, shapes[names[-1]][0]):
        for i, (low, first, end) in enumerate(bands):
            most[i] = max(most[i], end - low)
            stay[i] += first - low
            moved[i] += first - low if low > last[i].low else 0
        # The first operator of a band reads after the last one of the band before has written.
        lead_bytes = max(lead_bytes, last[-1].end * row_bytes[-1] - bands[0].low * row_bytes[0])
        last = bands
    between = range(1, len(names))
    heights = {maps[i]: most[i] for i in between}
    kept = tuple(maps[i] for i in between if stay[i])
    blocks = _blocks(graph, names, heights, kept)
    return Stage(
        names=names,
        rows=rows,
        kept=kept,
        heights=heights,
        moved_bytes=sum(moved[i] * row_bytes[i] for i in between),
        lead_bytes=_aligned(lead_bytes),
        least_bytes=max(
            sum(block.size_bytes for block in blocks.values() if block.first <= step <= block.last)
            for step in range(len(names))
        ),
    )


def room(graph: Graph, found: Stage) -> Room:
    """Lay out what a stage needs beside the map that it reads and the one that it makes."""
    blocks = _blocks(graph, found.names, found.heights, found.kept)
    offsets = place([*blocks.values()], found.least_bytes)
    where = dict(zip(blocks, offsets, strict=True))
    return Room(
        {name: offset for (name, scratch), offset in where.items() if not scratch},
        {name: offset for (name, scratch), offset in where.items() if scratch},
        height([*blocks.values()], offsets),
    )


def reading(graph: Graph, name: str) -> Reading:
    """How an operator of a stage goes down the map that it reads."""
    node = graph.node(name)
    assert isinstance(node, Sliding)
    return Reading.of(node, graph.shapes[node.inputs[0]])


def _blocks(
    graph: Graph, names: Sequence[str], heights: Mapping[str, int], kept: Sequence[str]
) -> dict[tuple[str, bool], Block]:
    """What needs room, by node and whether it is scratch; times are the operators of a band."""
    blocks = {}
    for i, name in enumerate(names):
        node = graph.node(name)
        if name in heights:
            size_bytes = _aligned(heights[name] * math.prod(graph.shapes[name][1:]))
            # A map that stays does so from band to band.
            first, last = (0, len(names) - 1) if name in kept else (i, i + 1)
            blocks[name, False] = Block(size_bytes, first, last)
        scratch_bytes = rule_for(SCRATCH, node)(node, graph.shapes[node.inputs[0]])
        if scratch_bytes:
            blocks[name, True] = Block(_aligned(scratch_bytes), i, i)
    return blocks


def _aligned(size_bytes: int) -> int:
    return -(-size_bytes // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
