"""Which new rows have to begin at zero, since they are added to something of the parent."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from resource_models.graph import Graph
from resource_models.nodes import Add, Concat, Gather, Node, Pad, Weighted
from worker.inherit.labels import Signal, alike

Found: TypeAlias = Mapping[str, Signal]
Asked: TypeAlias = dict[str, set[int]]


def silent_rows(graph: Graph, found: Found) -> dict[str, frozenset[int]]:
    """The rows of weighted nodes that an addition wants to be zero.

    Args:
        graph: the child's.
        found: the labels of its tensors; what has none is new.
    """
    asked: Asked = {node.id: set() for node in graph.nodes}
    silent: dict[str, frozenset[int]] = {}
    for node in reversed(graph.nodes):
        own = asked[node.id]
        if isinstance(node, Weighted):
            # The last weights on the way are enough: what comes before them may be anything.
            silent[node.id] = frozenset(own)
        elif node.inputs:
            RULES.get(type(node), _hand_on)(node, own, found, asked)
    return {name: rows for name, rows in silent.items() if rows}


def _hand_on(node: Node, own: set[int], found: Found, asked: Asked) -> None:
    asked[node.inputs[0]] |= own


def _gather(node: Gather, own: set[int], found: Found, asked: Asked) -> None:
    """Units are no channels; only a dense layer reads them."""


def _add(node: Add, own: set[int], found: Found, asked: Asked) -> None:
    if not alike([found[name] for name in node.inputs]):
        return
    sums = found[node.id].labels
    for name in node.inputs:
        for channel, label in enumerate(found[name].labels):
            if label is None and (channel in own or sums[channel] is not None):
                asked[name].add(channel)


def _concat(node: Concat, own: set[int], found: Found, asked: Asked) -> None:
    start = 0
    for name in node.inputs:
        width = len(found[name].labels)
        asked[name] |= {channel - start for channel in own if start <= channel < start + width}
        start += width


def _pad(node: Pad, own: set[int], found: Found, asked: Asked) -> None:
    width, before = len(found[node.inputs[0]].labels), node.channels[0]
    asked[node.inputs[0]] |= {place - before for place in own if 0 <= place - before < width}


# Every other kind hands channels on as they are, and zeros as zeros.
RULES: Mapping[type[Node], Callable[[Any, set[int], Found, Asked], None]] = {
    Add: _add,
    Concat: _concat,
    Gather: _gather,
    Pad: _pad,
}
