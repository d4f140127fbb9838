"""Which row of the parent each row of a child's convolution or dense layer continues."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from resource_models.graph import Graph
from resource_models.nodes import Add, Concat, Conv2d, Dense, Input
from worker.inherit.labels import Label, Source, origin
from worker.inherit.parent import Parent, kernel_shape

Rows: TypeAlias = tuple[int | None, ...]  # None: new


def rows_of(graph: Graph, parent: Parent) -> dict[str, Rows]:
    """The rows of all convolutions and dense layers that the parent has, too.

    A layer that grew has its new rows behind the others. One that shrank keeps those of the largest
    L1 norm, in their order. Layers whose rows meet in an addition choose together: what only the
    wider of them keeps stands behind what all keep.
    """
    old, new = _widths(parent.graph), _widths(graph)
    found: dict[str, Rows] = {}
    for members, bound in _groups(graph):
        own = [name for name in members if name in old and parent.has(graph.node(name))]
        order = list(range(max((old[name] for name in own), default=0)))
        if not bound:
            limits = {new[name] for name in own if new[name] < old[name]}
            order = _nested(_importance(own, parent, len(order)), sorted(limits))
        for name in own:
            places: list[int | None] = [row if row < old[name] else None for row in order]
            places += [None] * new[name]
            found[name] = tuple(places[: new[name]])
    return found


def matched(child: Sequence[Label], parent: Sequence[Label]) -> Rows:
    """For each label of a child's tensor its position among those of the parent's.

    Equal labels first, one for one. What is left goes to what it shares most with, wherever it was
    filtered: a sum may have lost or won a part, a filter may have come or gone.
    """
    places: dict[Label, list[int]] = {}
    for place in reversed(range(len(parent))):
        places.setdefault(parent[place], []).append(place)
    places.pop(None, None)
    found = [places[label].pop() if places.get(label) else None for label in child]
    left = {place for rest in places.values() for place in rest}
    made = [frozenset(map(origin, label or ())) for label in parent]
    for number, label in enumerate(child):
        if found[number] is None and label:
            best = _nearest(frozenset(map(origin, label)), made, left)
            if best is not None:
                found[number] = best
                left.discard(best)
    return tuple(found)


def occurs(rows: Rows, parent: Sequence[Label]) -> bool:
    """Whether anything was found that is more than zeros."""
    return any(row is not None and parent[row] for row in rows)


def _nearest(
    label: frozenset[Source], parent: Sequence[frozenset[Source]], left: set[int]
) -> int | None:
    best, share = None, 0.0
    for place in sorted(left):
        common = len(label & parent[place]) / len(label | parent[place])
        if common > share:
            best, share = place, common
    return best


def _widths(graph: Graph) -> dict[str, int]:
    mixing = [node for node in graph.nodes if isinstance(node, Conv2d | Dense)]
    return {node.id: kernel_shape(node, graph)[0] for node in mixing}


def _groups(graph: Graph) -> list[tuple[list[str], bool]]:
    """Convolutions and dense layers that meet in additions; True: bound to positions."""
    above = {node.id: node.id for node in graph.nodes}

    def root(name: str) -> str:
        while above[name] != name:
            name = above[name]
        return name

    for node in graph.nodes:
        if isinstance(node, Add):
            for name in node.inputs:
                above[root(name)] = node.id
        elif not isinstance(node, Conv2d | Dense | Concat | Input):
            above[node.id] = root(node.inputs[0])
    members: dict[str, list[str]] = {}
    for name in _widths(graph):
        members.setdefault(root(name), []).append(name)
    fixed = {root(node.id) for node in graph.nodes if isinstance(node, Input | Concat)}
    return [(names, top in fixed) for top, names in members.items()]


def _importance(names: Sequence[str], parent: Parent, count: int) -> list[float]:
    found = [0.0] * count
    for name in names:
        for row, norm in enumerate(parent.importance(name).tolist()):
            found[row] += norm
    return found


def _nested(importance: Sequence[float], limits: Sequence[int]) -> list[int]:
    """Positions so that for each limit the first so many are the most important ones."""
    order: list[int] = []
    for limit in (*limits, len(importance)):
        rest = sorted(set(range(len(importance))) - set(order), key=lambda row: -importance[row])
        order += sorted(rest[: limit - len(order)])
    return order


def sizes(parent: Parent) -> Mapping[str, list[float]]:
    """The L1 norms of the rows of every convolution and dense layer."""
    return {name: parent.importance(name).tolist() for name in _widths(parent.graph)}
