"""Kernels of a child, written from those of its parent.

Beside each kernel goes a map of where its weights come from: `FRESH`, `CARRIED`, `RESAMPLED` or
`NEUTRAL`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, DepthwiseConv2d, Pair, Weighted
from worker.inherit.labels import ABSENT, Segment, Signal
from worker.inherit.plan import Part
from worker.inherit.rows import Rows
from worker.layers import padding
from worker.sensor import overlap

# Neutral are zeros and ones that let the parent's signals through as if nothing had been added.
FRESH, CARRIED, RESAMPLED, NEUTRAL = range(4)


class Kernel(NamedTuple):
    """The weights of one node and, in the same shape, their origins."""

    weight: Tensor
    origin: Tensor


def blank(weight: Tensor) -> Kernel:
    """A kernel as it was drawn."""
    return Kernel(weight.clone(), torch.full(weight.shape, FRESH, dtype=torch.int8))


def silenced(kernel: Kernel, rows: Sequence[int]) -> Kernel:
    """The same kernel with rows of zeros."""
    kernel.weight[rows] = 0.0
    kernel.origin[rows] = NEUTRAL
    return kernel


def handing_on(drawn: Tensor, taps: Rows, centre: Pair, each: bool) -> Kernel:
    """Rows that repeat one of their inputs; rows without a tap stay as they were drawn.

    Args:
        drawn: fresh weights.
        taps: the input of each row.
        centre: the place in the window that lies on the output's own pixel.
        each: depthwise, so that a row has its own input only.
    """
    kernel = blank(drawn)
    for row, tap in enumerate(taps):
        if tap is not None:
            place = (row, 0 if each else tap, *centre)[: drawn.dim()]
            kernel.weight[row] = 0.0
            kernel.weight[place] = 1.0
            kernel.origin[row] = NEUTRAL
    return kernel


def centre(node: Weighted, graph: Graph) -> Pair:
    """The place in the window of a node that lies on the output's own pixel."""
    if isinstance(node, Dense):
        return 0, 0
    if node.padding == "valid":
        return (node.kernel[0] - 1) // 2, (node.kernel[1] - 1) // 2
    return border(node, graph)


def border(node: Conv2d | DepthwiseConv2d, graph: Graph) -> Pair:
    """Rows above and columns left of the map that the first window covers."""
    surplus, even = padding(graph.shapes[node.inputs[0]], node.kernel, node.stride, node.padding)
    left, _, top, _ = surplus
    return top + even[0], left + even[1]


def windowed(
    drawn: Tensor,
    old: Tensor,
    part: Part,
    nodes: tuple[Weighted, Weighted],
    graphs: tuple[Graph, Graph],
) -> Kernel:
    """The kernel of a convolution that continues one of the parent.

    Args:
        drawn: fresh weights of the child's node.
        old: the parent's kernel.
        part: says what continues what.
        nodes: of the child and of the parent.
        graphs: of the child and of the parent.
    """
    new_rows, old_rows = _known(part.rows)
    new_columns, old_columns = ([0], [0]) if not part.columns else _known(part.columns)
    places = _places(nodes, graphs)
    (top, old_top, height), (left, old_left, width) = places
    inner = old[old_rows][:, old_columns]
    inner = inner[:, :, old_top : old_top + height, old_left : old_left + width]
    block = torch.zeros(len(new_rows), *drawn.shape[1:])
    origin = torch.full(block.shape, NEUTRAL, dtype=torch.int8)
    window = (slice(top, top + height), slice(left, left + width))
    for k, column in enumerate(new_columns):
        block[:, column, window[0], window[1]] = inner[:, k]
        origin[:, column, window[0], window[1]] = CARRIED
    return _placed(drawn, new_rows, block, origin)


def dense(drawn: Tensor, old: Tensor, part: Part, given: Signal, before: Signal) -> Kernel:
    """The kernel of a dense layer that continues one of the parent.

    Args:
        drawn: fresh weights of the child's node.
        old: the parent's kernel.
        part: says what continues what.
        given: what the child's layer reads.
        before: what the parent's layer reads.
    """
    new_rows, old_rows = _known(part.rows)
    maps = _maps(_full(old[old_rows], before), before.segments)
    blocks, origins, start = [], [], 0
    for segment in given.segments:
        columns = part.columns[start : start + len(segment.labels)]
        start += len(segment.labels)
        block, origin = _segment(segment, columns, maps)
        blocks.append(block)
        origins.append(origin)
    block, origin = torch.cat(blocks, 1), torch.cat(origins, 1)
    if given.picked is not None:
        # One column more, of zeros, for what is no value of these maps.
        block = torch.cat((block, block.new_zeros(len(block), 1)), 1)
        origin = torch.cat((origin, origin.new_full((len(origin), 1), NEUTRAL)), 1)
        places = [block.shape[1] - 1 if unit == ABSENT else unit for unit in given.picked]
        block, origin = block[:, places], origin[:, places]
    return _placed(drawn, new_rows, block, origin)


def resampled(maps: Tensor, height: int, width: int) -> Tensor:
    """Kernels over a map of another size: each weight is shared out by the area it lay on.

    The sum of the weights stays, and with it the answer to a map of one value. `maps` is
    `rows x height x width x channels`.
    """
    down = _shares(maps.shape[1], height)
    across = _shares(maps.shape[2], width)
    return torch.einsum("ah,bw,rhwc->rabc", down, across, maps)


def _shares(old: int, new: int) -> Tensor:
    """`new x old`: the share of each old cell that lies in each new one."""
    return overlap(old, new) * (old / new)


def _places(
    nodes: tuple[Weighted, Weighted], graphs: tuple[Graph, Graph]
) -> list[tuple[int, int, int]]:
    """For rows and columns of a window: its start in the new one, in the old one, its length."""
    new, old = nodes
    assert not isinstance(new, Dense)
    assert not isinstance(old, Dense)
    same = new.stride == old.stride and all(
        graphs[0].shapes[name][:2] == graphs[1].shapes[before][:2]
        for name, before in ((new.id, old.id), (new.inputs[0], old.inputs[0]))
    )
    shifts = [
        after - before
        for after, before in zip(border(new, graphs[0]), border(old, graphs[1]), strict=True)
    ]
    places = []
    for long, short, shift in zip(new.kernel, old.kernel, shifts, strict=True):
        # At the centre, but where a window grows on the same maps it goes on reading the same
        # pixels: padding puts a window of even surplus off the centre.
        if not (same and 0 <= shift <= long - short):
            shift = (long - short) // 2 if long >= short else -((short - long) // 2)
        places.append((max(0, shift), max(0, -shift), min(long, short)))
    return places


def _full(kernel: Tensor, before: Signal) -> Tensor:
    """The kernel over all values of the maps that it reads some values of."""
    if before.picked is None:
        return kernel
    full = kernel.new_zeros(len(kernel), sum(segment.units for segment in before.segments))
    full[:, list(before.picked)] = kernel
    return full


def _maps(kernel: Tensor, segments: Sequence[Segment]) -> list[Tensor]:
    parts = torch.split(kernel, [segment.units for segment in segments], 1)
    return [
        part.reshape(len(kernel), *segment.grid, len(segment.labels))
        for part, segment in zip(parts, segments, strict=True)
    ]


def _segment(segment: Segment, columns: Rows, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The weights over one map of the child, from those over all maps of the parent."""
    rows = len(maps[0])
    block = torch.zeros(rows, *segment.grid, len(segment.labels))
    origin = torch.full(block.shape, NEUTRAL, dtype=torch.int8)
    start = 0
    for old in maps:
        pairs = [
            (k, column - start)
            for k, column in enumerate(columns)
            if column is not None and start <= column < start + old.shape[3]
        ]
        start += old.shape[3]
        if pairs:
            new_places, old_places = map(list, zip(*pairs, strict=True))
            same = tuple(old.shape[1:3]) == segment.grid
            kept = old[..., old_places]
            block[..., new_places] = kept if same else resampled(kept, *segment.grid)
            origin[..., new_places] = CARRIED if same else RESAMPLED
    return block.flatten(1), origin.flatten(1)


def _placed(drawn: Tensor, rows: list[int], block: Tensor, origin: Tensor) -> Kernel:
    kernel = blank(drawn)
    kernel.weight[rows] = block
    kernel.origin[rows] = origin
    return kernel


def _known(rows: Rows) -> tuple[list[int], list[int]]:
    """The places that continue something, and what they continue."""
    new = [place for place, row in enumerate(rows) if row is not None]
    return new, [row for row in rows if row is not None]
