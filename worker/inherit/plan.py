"""What each weight of a child begins as, decided on the two graphs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from resource_models.graph import Graph
from resource_models.nodes import Add, Dense, DepthwiseConv2d, Node, Weighted
from worker.inherit.labels import (
    ABSENT,
    Label,
    Mix,
    Signal,
    Source,
    filtered,
    made,
    origin,
    parent_signals,
    signals,
)
from worker.inherit.parent import Parent
from worker.inherit.rows import Rows, matched, occurs, rows_of, sizes
from worker.inherit.silence import silent_rows


@dataclass(frozen=True, slots=True)
class Part:
    """How one weighted node of the child begins.

    `kept`: it continues the parent's node of the same id. Then `rows` and `columns` name for each
    of its rows and input channels the parent's (a depthwise convolution has rows alone). Else
    `taps` names for each row the input that it hands on unchanged. None is new, and fresh. The rows
    in `silent` begin at zero, since what they are added to is known.
    """

    kept: bool
    rows: Rows = ()
    columns: Rows = ()
    taps: Rows = ()
    silent: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts of a child by node id; the labels of its tensors and of its parent's."""

    parts: Mapping[str, Part]
    child: Mapping[str, Signal]
    parent: Mapping[str, Signal]


def plan(graph: Graph, parent: Parent) -> Plan:
    """Decide for every weighted node of a child's graph; any two graphs will do."""
    planner = _Planner(graph, parent)
    # Once without new layers, to see where the parent's signals come from by themselves, then with
    # those layers as identities where someone behind them waits for what they get.
    natural = signals(graph, planner.mix({}))
    wanted = planner.wanted(natural)
    found = signals(graph, planner.mix(wanted))
    parts = dict(planner.parts)
    for name, rows in silent_rows(graph, found).items():
        parts[name] = replace(parts[name], silent=rows)
    return Plan(parts, found, planner.before)


class _Planner:
    def __init__(self, graph: Graph, parent: Parent) -> None:
        self.graph, self.parent = graph, parent
        self.before = parent_signals(parent.graph)
        self.rows = rows_of(graph, parent)
        self.sizes = sizes(parent)
        self.parts: dict[str, Part] = {}

    def read_before(self, node: Node) -> Signal:
        """What the parent's node of this id reads."""
        return self.before[self.parent.graph.node(node.id).inputs[0]]

    def mix(self, wanted: Mapping[str, set[Source]]) -> Mix:
        """The labels of a weighted node; its part is entered on the way."""

        def labelled(node: Any, given: Signal) -> Signal:
            part = self._kept(node, given) if self.parent.has(node) else None
            if part is None:
                part = Part(False, taps=self._taps(node, given, wanted.get(node.id, set())))
            self.parts[node.id] = part
            return self._signal(node, part, given)

        return labelled

    def wanted(self, natural: Mapping[str, Signal]) -> dict[str, set[Source]]:
        """What those who read a tensor hope to find in it: what they read in the parent."""
        reached = self._reached(natural)
        found: dict[str, set[Source]] = {node.id: set() for node in self.graph.nodes}
        for node in reversed(self.graph.nodes):
            if isinstance(node, Add):
                parts = _shared(node, found[node.id], natural, reached)
                for name, part in zip(node.inputs, parts, strict=True):
                    found[name] |= part
                continue
            for name in node.inputs:
                makes = self._makes(node)
                found[name] |= self.read_before(node).sources if makes else found[node.id]
        return found

    def _makes(self, node: Node) -> bool:
        """Whether a node makes signals of the parent, or filters them as there."""
        return isinstance(node, Weighted) and self.parent.has(node)

    def _reached(self, natural: Mapping[str, Signal]) -> dict[str, set[Source]]:
        """What a tensor could hold if all new layers handed everything on."""
        found: dict[str, set[Source]] = {}
        for node in self.graph.nodes:
            given = set[Source]().union(*(found[name] for name in node.inputs))
            if isinstance(node, DepthwiseConv2d) and self._makes(node):
                given = set(filtered(frozenset(given), node.id) or ())
            elif self._makes(node):
                given = set()
            found[node.id] = natural[node.id].sources | given
        return found

    def _kept(self, node: Weighted, given: Signal) -> Part | None:
        before = self.read_before(node)
        columns = matched(given.labels, before.labels)
        if not occurs(columns, before.labels):
            # What it read is gone. A dense layer finds nothing by position on a map of other size.
            if isinstance(node, Dense) and not _same_grids(given, before):
                return None
            count = len(before.labels)
            columns = tuple(k if k < count else None for k in range(len(given.labels)))
        if isinstance(node, DepthwiseConv2d):
            return Part(True, rows=columns)
        return Part(True, self.rows[node.id], columns)

    def _taps(self, node: Weighted, given: Signal, wanted: set[Source]) -> Rows:
        labels = given.labels if len(self.graph.shapes[node.inputs[0]]) == 3 else given.unit_labels
        asked = [place for place, label in enumerate(labels) if label and label <= wanted]
        if isinstance(node, DepthwiseConv2d):
            known = set(asked)
            return tuple(place if place in known else None for place in range(len(labels)))
        width = self.graph.shapes[node.id][-1]
        if 2 * width < len(asked):
            return (None,) * width  # most of it would be lost anyway
        largest = sorted(asked, key=lambda place: -self._size(labels[place]))[:width]
        return (*sorted(largest), *(None for _ in range(width - len(largest))))

    def _size(self, label: Label) -> float:
        made = map(origin, label or ())
        return sum(self.sizes[name][row] for name, row in made if name in self.sizes)

    def _signal(self, node: Weighted, part: Part, given: Signal) -> Signal:
        shape = self.graph.shapes[node.id]
        labels: Sequence[Label]
        if part.kept and isinstance(node, DepthwiseConv2d):
            pairs = zip(given.labels, part.rows, strict=True)
            labels = [None if row is None else filtered(label, node.id) for label, row in pairs]
        elif part.kept:
            labels = [None if row is None else frozenset({(node.id, row)}) for row in part.rows]
        elif isinstance(node, Dense) and any(tap is not None for tap in part.taps):
            return _picked(given, part.taps)
        else:
            labels = [None if tap is None else given.labels[tap] for tap in part.taps]
        return made(shape, tuple(labels))


def _picked(given: Signal, taps: Rows) -> Signal:
    """What a dense layer makes that hands on some of its inputs: they keep their places."""
    before = given.picked
    places = [ABSENT if tap is None else tap if before is None else before[tap] for tap in taps]
    return replace(given, picked=tuple(places))


def _same_grids(one: Signal, other: Signal) -> bool:
    return [part.grid for part in one.segments] == [part.grid for part in other.segments]


def _shared(
    node: Add,
    wanted: set[Source],
    natural: Mapping[str, Signal],
    reached: Mapping[str, set[Source]],
) -> list[set[Source]]:
    """Who of those that are added shall bring what: nothing twice."""
    missing = wanted - set().union(*(natural[name].sources for name in node.inputs))
    parts = []
    for name in node.inputs:
        brought = missing & reached[name]
        missing -= brought
        parts.append(wanted & natural[name].sources | brought)
    return parts
