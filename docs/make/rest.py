"""The reference of the REST API, from `docs/openapi.json`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docs.make.tables import table

SOURCE = Path(__file__).parents[1] / "openapi.json"

HEAD = """# REST

Every route of a server, from its own description ([openapi.json](../openapi.json)), which a running
server also shows under `/docs`. [Using the API](../api.md) says what goes for all of them;
[Refusals](../problems.md) lists every way in which a request can be refused. Fields in **bold** are
needed.

"""
WORDS = {"integer": "whole number", "string": "text", "boolean": "true or false"}
METHODS = ("get", "post", "put", "patch", "delete")
Json = Mapping[str, Any]


def page() -> str:
    """The page in Markdown."""
    told = json.loads(SOURCE.read_text())
    groups: dict[str, list[str]] = {}
    for path, routes in told["paths"].items():
        for method in METHODS:
            if method in routes:
                group = (routes[method].get("tags") or ["other"])[0]
                groups.setdefault(group, []).append(_route(method, path, routes[method]))
    parts = [HEAD]
    for group, routes in sorted(groups.items()):
        parts += [f"## {group.capitalize()}\n\n", *routes]
    parts.append("## Bodies\n\n")
    parts += [_schema(name, body) for name, body in sorted(told["components"]["schemas"].items())]
    return "".join(parts)


def _route(method: str, path: str, route: Json) -> str:
    parts = [f"### `{method.upper()} {path}`\n\n{_text(route)}\n\n"]
    given = route.get("parameters", [])
    if given:
        rows = [
            (
                _name(each["name"], each.get("required", False)),
                each["in"],
                _type(each["schema"]),
                _text(each),
            )
            for each in given
        ]
        parts.append(table(("parameter", "in", "value", "what"), rows) + "\n")
    if body := route.get("requestBody"):
        kinds = [
            f"{_type(kind.get('schema', {}))} as `{name}`" for name, kind in body["content"].items()
        ]
        parts.append(f"Body: {', or '.join(kinds)}.\n\n")
    answers = []
    for status, answer in route["responses"].items():
        kinds = [_type(kind.get("schema", {})) for kind in answer.get("content", {}).values()]
        if status == "default":
            continue  # a problem, as everywhere
        answers.append(f"{status} {' or '.join(dict.fromkeys(kinds)) or 'without a body'}")
    parts.append(f"Answer: {'; '.join(answers)}.\n\n")
    return "".join(parts)


def _schema(name: str, body: Json) -> str:
    parts = [f"### {name}\n\n{_text(body)}\n\n"]
    needed = set(body.get("required", ()))
    rows = [
        (_name(field, field in needed), _type(told), _text(told))
        for field, told in body.get("properties", {}).items()
    ]
    if rows:
        parts.append(table(("field", "value", "what"), rows) + "\n")
    elif "properties" not in body:
        parts.append(f"{_type(body)}\n\n")
    return "".join(parts)


def _name(name: str, needed: bool) -> str:
    return f"**`{name}`**" if needed else f"`{name}`"


def _text(told: Json) -> str:
    return str(told.get("description") or "").strip()


def _type(schema: Json) -> str:
    """What a value may be, in a few words."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    for joined in ("anyOf", "oneOf", "allOf"):
        if joined in schema:
            return " or ".join(dict.fromkeys(_type(each) for each in schema[joined]))
    if values := schema.get("enum", [schema["const"]] if "const" in schema else None):
        return ", ".join(f"`{json.dumps(value)}`" for value in values)
    return _plain(schema)


def _plain(schema: Json) -> str:
    """What a value of one JSON type may be."""
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object":
        inner = schema.get("additionalProperties")
        return f"object of {_type(inner)}" if isinstance(inner, dict) and inner else "object"
    return WORDS.get(str(kind), str(kind) if kind else "any JSON") + _limits(schema)


def _limits(schema: Json) -> str:
    told = []
    if "default" in schema:
        told.append(f"default {json.dumps(schema['default'])}")
    for key, words in (
        ("minimum", "from"),
        ("exclusiveMinimum", "above"),
        ("maximum", "to"),
        ("exclusiveMaximum", "below"),
        ("minLength", "at least"),
        ("maxLength", "at most"),
    ):
        if key in schema:
            unit = " characters" if key.endswith("Length") else ""
            told.append(f"{words} {schema[key]}{unit}")
    if schema.get("format"):
        told.append(str(schema["format"]))
    return f" ({', '.join(told)})" if told else ""
