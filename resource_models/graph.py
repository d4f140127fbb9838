"""A network: named nodes in an order in which they can run, checked when built."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from resource_models.errors import InvalidGraph, UnknownNode
from resource_models.node_json import node_from_json, node_to_json
from resource_models.nodes import Dense, Gather, Input, Node, Shape, rule_for
from resource_models.shapes import SHAPES, shape_of

VERSION = 1


@dataclass(frozen=True, slots=True)
class Graph:
    """A network with one input and one output; `shapes` holds the output shape of each node."""

    nodes: tuple[Node, ...]
    shapes: Mapping[str, Shape] = field(init=False, repr=False, compare=False)
    output: str = field(init=False, repr=False, compare=False)
    _by_id: Mapping[str, Node] = field(init=False, repr=False, compare=False)
    _consumers: Mapping[str, tuple[str, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if type(self.nodes) is not tuple or len(self.nodes) < 2:
            raise InvalidGraph("nodes", "need a tuple of an input and at least one node behind it.")
        by_id, shapes = _checked(self.nodes)
        consumers = _consumers(self.nodes)
        _check_gathers(self.nodes, by_id, consumers)
        object.__setattr__(self, "_by_id", by_id)
        object.__setattr__(self, "_consumers", consumers)
        object.__setattr__(self, "shapes", MappingProxyType(shapes))
        object.__setattr__(self, "output", _output(consumers))

    def __reduce__(self) -> tuple[type["Graph"], tuple[tuple[Node, ...]]]:
        return Graph, (
            self.nodes,
        )  # the rest follows from the nodes, and a proxy cannot be pickled

    def node(self, node_id: str) -> Node:
        """The node of this name; `UnknownNode` if there is none."""
        try:
            return self._by_id[node_id]
        except KeyError:
            raise UnknownNode(node_id) from None

    def consumers(self, node_id: str) -> tuple[str, ...]:
        """The nodes that read this one, in the order of the network."""
        try:
            return self._consumers[node_id]
        except KeyError:
            raise UnknownNode(node_id) from None

    @property
    def input(self) -> Input:
        """The one input node."""
        first = self.nodes[0]  # all others need an earlier node, so it can only be the first
        assert isinstance(first, Input)
        return first

    def to_json(self) -> dict[str, Any]:
        """The network as a JSON object that `from_json` reads."""
        return {"version": VERSION, "nodes": [node_to_json(node) for node in self.nodes]}

    @classmethod
    def from_json(cls, value: Any) -> "Graph":
        """The network that `value` describes; unknown versions, kinds and fields raise."""
        if not isinstance(value, dict):
            raise InvalidGraph("graph", f"need an object, got {type(value).__name__}.")
        if value.get("version") != VERSION or type(value["version"]) is not int:
            raise InvalidGraph("version", f"need {VERSION}, got {value.get('version')!r}.")
        for key in value:
            if key not in ("version", "nodes"):
                raise InvalidGraph(str(key), "need only version and nodes.")
        nodes = value.get("nodes")
        if not isinstance(nodes, list):
            raise InvalidGraph("nodes", f"need a list, got {nodes!r}.")
        return cls(tuple(node_from_json(node, f"nodes.{i}") for i, node in enumerate(nodes)))

    def sha256(self) -> str:
        """The hash of the canonical JSON: equal networks, equal hashes, on every machine."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _checked(nodes: Sequence[Node]) -> tuple[dict[str, Node], dict[str, Shape]]:
    by_id: dict[str, Node] = {}
    shapes: dict[str, Shape] = {}
    for position, node in enumerate(nodes):
        rule_for(SHAPES, node)  # before all else: only a node of a known kind has an id and inputs
        if node.id in by_id:
            raise InvalidGraph(f"{node.id}.id", "need unique ids, but it occurs twice.")
        for name in node.inputs:
            if name not in shapes:
                raise InvalidGraph(f"{node.id}.inputs", f"need earlier nodes, got {name!r}.")
        if isinstance(node, Input) and position:
            raise InvalidGraph(
                f"{node.id}.kind", f"need one input, but {nodes[0].id!r} is another."
            )
        by_id[node.id] = node
        shapes[node.id] = shape_of(node, tuple(shapes[name] for name in node.inputs))
    return by_id, shapes


def _consumers(nodes: Sequence[Node]) -> dict[str, tuple[str, ...]]:
    readers: dict[str, list[str]] = {node.id: [] for node in nodes}
    for node in nodes:
        for name in node.inputs:
            readers[name].append(node.id)
    return {name: tuple(ids) for name, ids in readers.items()}


def _check_gathers(
    nodes: Sequence[Node], by_id: Mapping[str, Node], consumers: Mapping[str, tuple[str, ...]]
) -> None:
    for node in nodes:
        if isinstance(node, Gather):
            readers = consumers[node.id]
            if not readers or not all(isinstance(by_id[name], Dense) for name in readers):
                raise InvalidGraph(f"{node.id}.kind", "need a dense node directly behind a gather.")


def _output(consumers: Mapping[str, tuple[str, ...]]) -> str:
    sinks = [name for name, readers in consumers.items() if not readers]
    if len(sinks) != 1:
        raise InvalidGraph("nodes", f"need one output, got {', '.join(sinks)}.")
    return sinks[0]
