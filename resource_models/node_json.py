"""Nodes as JSON objects and back."""

from dataclasses import MISSING, Field, fields
from typing import Any

from resource_models.errors import InvalidGraph, UnknownKind
from resource_models.nodes import KINDS, Node

FIELDS: dict[str, dict[str, Field[Any]]] = {
    name: {field.name: field for field in fields(kind)} for name, kind in KINDS.items()
}


def node_to_json(node: Node) -> dict[str, Any]:
    """All fields of a node, defaults included, with `kind` and `inputs`."""
    if KINDS.get(node.kind) is not type(node):
        raise UnknownKind(node.kind, KINDS)
    own = {name: _plain(getattr(node, name)) for name in FIELDS[node.kind]}
    return {"id": node.id, "kind": node.kind, "inputs": list(node.inputs)} | own


def node_from_json(entry: Any, place: str) -> Node:
    """The node that `entry` describes; `place` says in errors where it stands, as `nodes.3`."""
    if not isinstance(entry, dict):
        raise InvalidGraph(place, f"need an object, got {entry!r}.")
    name = entry.get("kind")
    if not isinstance(name, str) or name not in KINDS:
        raise UnknownKind(str(name), KINDS)
    own = FIELDS[name]
    values = {key: value for key, value in entry.items() if key != "kind"}
    if "inputs" not in own and values.pop("inputs", []) != []:
        raise InvalidGraph(f"{place}.inputs", f"need [] for kind {name!r}.")
    for key in values:
        if key not in own:
            raise InvalidGraph(f"{place}.{key}", f"need one of {', '.join(own)} for kind {name!r}.")
    for key, field in own.items():
        if field.default is MISSING and key not in values:
            raise InvalidGraph(f"{place}.{key}", f"needed for kind {name!r}, but missing.")
    return KINDS[name](**{key: _frozen(value) for key, value in values.items()})


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
