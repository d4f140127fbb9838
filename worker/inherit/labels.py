"""Which channel is which: every channel of every tensor is labelled by where its signal is made.

A convolution or a dense layer makes a signal in each of its rows. Pools, padding and flatten hand
a signal on, a depthwise convolution does so under a longer name, an addition gives the sum of some.
So a label is the set of the (name, row) that are summed in a channel; a channel of zeros has none
of them. None stands for a signal that the parent does not have.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
    Pad,
    Shape,
    rule_for,
)

Source: TypeAlias = tuple[str, int]  # node id and the depthwise convolutions behind it; row
Label: TypeAlias = frozenset[Source] | None
Mix: TypeAlias = Callable[[Any, "Signal"], "Signal"]

SILENT: Label = frozenset()  # always zero
THEN = " then "
ABSENT = -1  # in place of a position: a unit that is no value of the map it was picked from


@dataclass(frozen=True, slots=True)
class Segment:
    """The channels of a map; flat values are maps of one position."""

    height: int
    width: int
    labels: tuple[Label, ...]

    @property
    def units(self) -> int:
        """How many values it has; flat they stand in the order row, column, channel."""
        return self.height * self.width * len(self.labels)

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width


@dataclass(frozen=True, slots=True)
class Signal:
    """What a tensor holds: a map, or flat the values of several one after the other.

    If `picked` is given, the tensor holds only these of the values, in this order.
    """

    segments: tuple[Segment, ...]
    picked: tuple[int, ...] | None = None

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels of all channels, one segment after the other."""
        return tuple(label for segment in self.segments for label in segment.labels)

    @property
    def sources(self) -> set[Source]:
        """All that its signals are made of."""
        return sources(self.labels)

    @property
    def unit_labels(self) -> list[Label]:
        """The label of each value."""
        full = [
            label
            for segment in self.segments
            for _ in range(segment.height * segment.width)
            for label in segment.labels
        ]
        if self.picked is None:
            return full
        return [None if unit == ABSENT else full[unit] for unit in self.picked]


def sources(labels: Iterable[Label]) -> set[Source]:
    """All that some labels name."""
    return {source for label in labels if label for source in label}


def own(node_id: str, shape: Shape) -> Signal:
    """A tensor all of whose channels are made by one node."""
    labels: tuple[Label, ...] = tuple(frozenset({(node_id, row)}) for row in range(shape[-1]))
    return made(shape, labels)


def made(shape: Shape, labels: tuple[Label, ...]) -> Signal:
    """A tensor of a shape with a label for each channel (or unit, if it is flat)."""
    height, width = shape[:2] if len(shape) == 3 else (1, 1)
    return Signal((Segment(height, width, labels),))


def signals(graph: Graph, mix: Mix) -> dict[str, Signal]:
    """The labels of all tensors of a network.

    Args:
        graph: the network.
        mix: what a convolution, depthwise convolution or dense layer makes of its input.
    """
    found: dict[str, Signal] = {}
    for node in graph.nodes:
        given = [found[name] for name in node.inputs]
        rule = rule_for(RULES, node)
        found[node.id] = rule(node, graph.shapes[node.id], given, mix)
    return found


def parent_signals(graph: Graph) -> dict[str, Signal]:
    """The labels of a network in its own terms."""

    def mix(node: Any, given: Signal) -> Signal:
        if isinstance(node, DepthwiseConv2d):
            return made(graph.shapes[node.id], tuple(filtered(k, node.id) for k in given.labels))
        return own(node.id, graph.shapes[node.id])

    return signals(graph, mix)


def filtered(label: Label, node_id: str) -> Label:
    """A signal behind a depthwise convolution."""
    return label and frozenset((f"{name}{THEN}{node_id}", row) for name, row in label)


def origin(source: Source) -> Source:
    """Where a signal was made, whatever filtered it since."""
    return source[0].partition(THEN)[0], source[1]


def total(labels: Sequence[Label]) -> Label:
    """The label of a sum; what is new is left out, since it can be made to begin at zero."""
    known = [label for label in labels if label is not None]
    if not any(known) and len(known) < len(labels):
        return None
    return frozenset().union(*known)


def _input(node: Input, shape: Shape, given: list[Signal], mix: Mix) -> Signal:
    return own(node.id, shape)


def _mixed(node: Node, shape: Shape, given: list[Signal], mix: Mix) -> Signal:
    return mix(node, given[0])


def _handed_on(node: Node, shape: Shape, given: list[Signal], mix: Mix) -> Signal:
    return made(shape, given[0].labels)


def _pad(node: Pad, shape: Shape, given: list[Signal], mix: Mix) -> Signal:
    before, after = node.channels
    return made(shape, (SILENT,) * before + given[0].labels + (SILENT,) * after)


def _gather(node: Gather, shape: Shape, given: list[Signal], mix: Mix) -> Signal:
    before = given[0].picked
    picked = node.indices if before is None else tuple(before[unit] for unit in node.indices)
    return replace(given[0], picked=picked)


def _add(node: Add, shape: Shape, given: list[Signal], mix: Mix) -> Signal:
    if not alike(given):
        return own(node.id, shape)  # maps of several shapes, flat: no channel is the other's
    parts = []
    for same in zip(*(signal.segments for signal in given), strict=True):
        labels = zip(*(segment.labels for segment in same), strict=True)
        parts.append(replace(same[0], labels=tuple(map(total, labels))))
    return Signal(tuple(parts))


def alike(given: Sequence[Signal]) -> bool:
    """Whether each value of a tensor is at the place of the same map in all of them."""
    layouts = {tuple((*part.grid, len(part.labels)) for part in one.segments) for one in given}
    return len(layouts) == 1 and all(one.picked is None for one in given)


def _concat(node: Concat, shape: Shape, given: list[Signal], mix: Mix) -> Signal:
    if len(shape) == 3:
        return made(shape, tuple(label for signal in given for label in signal.labels))
    segments = tuple(segment for signal in given for segment in signal.segments)
    if all(signal.picked is None for signal in given):
        return Signal(segments)
    picked: list[int] = []
    start = 0
    for signal in given:
        units = sum(segment.units for segment in signal.segments)
        own_units = range(units) if signal.picked is None else signal.picked
        picked += [unit if unit == ABSENT else start + unit for unit in own_units]
        start += units
    return Signal(segments, tuple(picked))


def _flatten(node: Flatten, shape: Shape, given: list[Signal], mix: Mix) -> Signal:
    return given[0]


RULES: Mapping[type[Node], Callable[[Any, Shape, list[Signal], Mix], Signal]] = {
    Input: _input,
    Conv2d: _mixed,
    DepthwiseConv2d: _mixed,
    Dense: _mixed,
    MaxPool: _handed_on,
    AvgPool: _handed_on,
    GlobalAvgPool: _handed_on,
    Pad: _pad,
    Gather: _gather,
    Add: _add,
    Concat: _concat,
    Flatten: _flatten,
}
