"""A network without some of its channels and inputs, and what is kept of each node."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain, compress, count
from types import MappingProxyType
from typing import Any

from resource_models.channels import STAYS, Channels, Tie, channels
from resource_models.errors import InvalidCut
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
    rule_for,
)

NOTHING: Mapping[str, Collection[int]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cut:
    """The smaller network, and which weights of the larger one are in it.

    `outputs` and `inputs` hold for each conv2d, depthwise and dense node of the old network the
    output and input channels that are kept, rising. They are the rows and columns of its weights:
    units of a dense node are in the order row, column, channel, behind a gather those of the
    gather. Both are the same for a depthwise node.
    """

    graph: Graph
    outputs: Mapping[str, tuple[int, ...]]
    inputs: Mapping[str, tuple[int, ...]]


def cut(
    graph: Graph, gone: Iterable[Tie], gone_inputs: Mapping[str, Collection[int]] = NOTHING
) -> Cut:
    """Remove channels, then single inputs of dense nodes.

    Nodes keep their ids. Where inputs of a dense node go, a gather `<dense id>.gather` reads what
    is left. A gather that was there is shortened instead, if no other node needs it as it was; one
    that leaves nothing out any more is dropped.

    Args:
        graph: the network, which stays as it is.
        gone: ties of this network, as `channels.ties` gives them.
        gone_inputs: per dense node the numbers of its inputs that go, counted before the cut;
            inputs that go with their channel may be named, too.

    Raises:
        InvalidCut: a node would lose its last output or input, or `gone` or `gone_inputs` names
            what is not there or cannot go.
    """
    found = channels(graph)
    return cut_numbers(graph, found, found.numbers(gone), gone_inputs)


def cut_numbers(
    graph: Graph,
    found: Channels,
    gone: Iterable[int],
    gone_inputs: Mapping[str, Collection[int]] = NOTHING,
) -> Cut:
    """What `cut` does, by the positions of the ties in the channels of the network."""
    cutting = _Cutting(graph, found, gone, _checked_inputs(graph, gone_inputs))
    for node in graph.nodes:
        rule_for(CUTTERS, node)(node, cutting)
    return Cut(
        Graph(tuple(cutting.nodes)),
        MappingProxyType(cutting.outputs),
        MappingProxyType(cutting.inputs),
    )


def gatherable(graph: Graph) -> dict[str, int]:
    """The dense nodes of which single inputs may go, and how many inputs each has.

    These read a flattened map or the flat input of the network, perhaps through a gather.
    """
    counts = {}
    for node in graph.nodes:
        if isinstance(node, Dense):
            source = graph.node(node.inputs[0])
            origin = graph.node(source.inputs[0]) if isinstance(source, Gather) else source
            if isinstance(origin, Input | Flatten):
                counts[node.id] = graph.shapes[source.id][0]
    return counts


def _checked_inputs(
    graph: Graph, gone_inputs: Mapping[str, Collection[int]]
) -> dict[str, frozenset[int]]:
    checked = {}
    for name, numbers in gone_inputs.items():
        if name not in graph.shapes or not isinstance(graph.node(name), Dense):
            raise InvalidCut("gone_inputs", f"need ids of dense nodes, got {name!r}.")
        most = graph.shapes[graph.node(name).inputs[0]][0]
        for number in numbers:
            if not 0 <= number < most:
                need = f"need integers from 0 to {most - 1}"
                raise InvalidCut(f"gone_inputs.{name}", f"{need}, got {number!r}.")
        checked[name] = frozenset(numbers)
    return checked


class _Cutting:
    """What is known and made while the nodes are gone through in their order."""

    def __init__(
        self,
        graph: Graph,
        found: Channels,
        gone: Iterable[int],
        gone_inputs: Mapping[str, frozenset[int]],
    ) -> None:
        self.graph, self._found, self._gone_inputs = graph, found, gone_inputs
        self._stays = [True] * (len(found.ties) + 1)  # STAYS counts from the end: always True
        assert STAYS == -1
        for number in gone:
            self._stays[number] = False
        self._kept: dict[str, tuple[int, ...]] = {}
        # Per old gather what its readers read now, and which of its old outputs that has.
        self.held: dict[str, tuple[str, tuple[int, ...]]] = {}
        self.nodes: list[Node] = []
        self.outputs: dict[str, tuple[int, ...]] = {}
        self.inputs: dict[str, tuple[int, ...]] = {}

    def kept(self, name: str) -> tuple[int, ...]:
        """The outputs of a node that stay, since their channel does."""
        if name not in self._kept:
            lanes = self._found.of[name]
            stays = map(self._stays.__getitem__, lanes)
            self._kept[name] = tuple(compress(range(len(lanes)), stays))
        return self._kept[name]

    def read(self, dense_id: str) -> tuple[int, ...]:
        """The inputs of a dense node that stay."""
        found = self.kept(self.graph.node(dense_id).inputs[0])
        gone = self._gone_inputs.get(dense_id)
        if gone:
            found = tuple(number for number in found if number not in gone)
        if not found:
            raise InvalidCut(f"{dense_id}.inputs", "need at least one that stays.")
        return found

    def make(self, node_id: str, field: str) -> int:
        """Note which outputs of a node that makes channels stay, and count them."""
        kept = self.kept(node_id)
        if not kept:
            raise InvalidCut(f"{node_id}.{field}", "need at least one that stays.")
        self.outputs[node_id] = kept
        return len(kept)

    def gather(self, name: str, source: str, units: tuple[int, ...]) -> str:
        """Read some outputs of an old node that is no gather: what the reader has to read from."""
        kept = self.kept(source)
        if len(units) == len(kept):
            return source
        place = {unit: position for position, unit in enumerate(kept)}
        self.nodes.append(Gather(name, (source,), tuple(place[unit] for unit in units)))
        return name

    def unused(self, name: str) -> str:
        """This name, or with a number behind it if the old network has such a node."""
        names = chain((name,), (f"{name}{number}" for number in count(2)))
        return next(name for name in names if name not in self.graph.shapes)


def _conv2d(node: Conv2d, cutting: _Cutting) -> None:
    cutting.inputs[node.id] = cutting.kept(node.inputs[0])
    cutting.nodes.append(replace(node, filters=cutting.make(node.id, "filters")))


def _depthwise_conv2d(node: DepthwiseConv2d, cutting: _Cutting) -> None:
    cutting.inputs[node.id] = cutting.outputs[node.id] = cutting.kept(node.id)
    cutting.nodes.append(node)


def _same(node: Node, cutting: _Cutting) -> None:
    cutting.nodes.append(node)


def _pad(node: Pad, cutting: _Cutting) -> None:
    before = node.channels[0]
    behind = before + cutting.graph.shapes[node.inputs[0]][2]
    kept = cutting.kept(node.id)
    first, last = sum(c < before for c in kept), sum(c >= behind for c in kept)
    cutting.nodes.append(replace(node, channels=(first, last)))


def _gather(node: Gather, cutting: _Cutting) -> None:
    wanted = [cutting.read(reader) for reader in cutting.graph.consumers(node.id)]
    whole = cutting.kept(node.id)
    held = whole if whole in wanted else wanted[0]
    units = tuple(node.indices[number] for number in held)
    cutting.held[node.id] = cutting.gather(node.id, node.inputs[0], units), held


def _dense(node: Dense, cutting: _Cutting) -> None:
    (source,) = node.inputs
    read = cutting.read(node.id)
    before = cutting.graph.node(source)
    name, held = cutting.held.get(source, (source, cutting.kept(source)))
    if read != held:
        units = read
        if isinstance(before, Gather):  # it is another one for its other readers
            (source,) = before.inputs
            units = tuple(before.indices[number] for number in read)
        name = cutting.gather(cutting.unused(f"{node.id}.gather"), source, units)
    cutting.inputs[node.id] = read
    cutting.nodes.append(replace(node, inputs=(name,), units=cutting.make(node.id, "units")))


CUTTERS: Mapping[type[Node], Callable[[Any, _Cutting], None]] = {
    Input: _same,
    Conv2d: _conv2d,
    DepthwiseConv2d: _depthwise_conv2d,
    Dense: _dense,
    MaxPool: _same,
    AvgPool: _same,
    GlobalAvgPool: _same,
    Pad: _pad,
    Gather: _gather,
    Add: _same,
    Concat: _same,
    Flatten: _same,
}
