"""Finds what a client of an earlier release would miss in today's OpenAPI description.

A request may be made easier and an answer may say more; the other way round breaks somebody:

- a route, a parameter or a field of a request that is gone, or is newly required, or a key is;
- a type of a request that takes less than before, or a default that means something else;
- a field of an answer that is gone, may be missing, or has a type or format that it did not have.

Answers are those of success, each item of a stream, and the one form of all refusals.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]
METHODS = ("get", "put", "post", "patch", "delete")
# Narrower in a request, if it appears or changes in this direction.
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")


def breaks(before: Json, after: Json) -> list[str]:
    """Return every break, each as a path and what happened to it."""
    return sorted(set(_Comparison(before, after).routes()))


class _Comparison:
    def __init__(self, before: Json, after: Json) -> None:
        self._before = before["components"]["schemas"]
        self._after = after["components"]["schemas"]
        self._paths = before["paths"], after["paths"]
        self._security = before.get("security", []), after.get("security", [])

    def routes(self) -> Iterator[str]:
        before, after = self._paths
        for path, operations in before.items():
            for method in METHODS:
                if method not in operations:
                    continue
                name = f"{method.upper()} {path}"
                if method not in after.get(path, {}):
                    yield f"{name}: is gone"
                else:
                    yield from self._operation(name, operations[method], after[path][method])

    def _operation(self, name: str, before: Json, after: Json) -> Iterator[str]:
        yield from self._keys(name, before, after)
        yield from self._parameters(name, before, after)
        yield from self._body(name, before, after)
        for status, answer in before["responses"].items():
            if not status.startswith("2") and status != "default":
                continue
            if status not in after["responses"]:
                yield f"{name} {status}: is gone"
                continue
            kinds = answer.get("content", {})
            others = after["responses"][status].get("content", {})
            for kind, media in kinds.items():
                if kind not in others:
                    yield f"{name} {status}: {kind} is gone"
                else:
                    for word, where in (("schema", status), ("itemSchema", f"{status}[]")):
                        schemas = media.get(word, {}), others[kind].get(word, {})
                        yield from self._answer(f"{name} {where}", *schemas, ())

    def _keys(self, name: str, before: Json, after: Json) -> Iterator[str]:
        """Whoever was let in before, with some keys or none, must still be."""
        old, new = (
            [frozenset(way) for way in operation.get("security", whole)] or [frozenset()]
            for operation, whole in zip((before, after), self._security, strict=True)
        )
        if not all(any(needed <= held for needed in new) for held in old):
            yield f"{name}: needs {' or '.join(', '.join(sorted(way)) for way in new)} now"

    def _parameters(self, name: str, before: Json, after: Json) -> Iterator[str]:
        old = {(each["in"], each["name"]): each for each in before.get("parameters", [])}
        new = {(each["in"], each["name"]): each for each in after.get("parameters", [])}
        for key, parameter in new.items():
            if parameter.get("required") and not old.get(key, {}).get("required"):
                yield f"{name} {key[1]}: is newly required"
        for key, parameter in old.items():
            if key not in new:
                yield f"{name} {key[1]}: is gone"
            else:
                schemas = parameter["schema"], new[key]["schema"]
                yield from self._request(f"{name} {key[1]}", *schemas, ())

    def _body(self, name: str, before: Json, after: Json) -> Iterator[str]:
        old, new = before.get("requestBody"), after.get("requestBody")
        if new is not None and new.get("required") and not (old or {}).get("required"):
            yield f"{name} body: is newly required"
        if old is None or new is None:
            return
        for kind, media in old["content"].items():
            if kind not in new["content"]:
                yield f"{name} body: {kind} is gone"
            else:
                schemas = media["schema"], new["content"][kind]["schema"]
                yield from self._request(f"{name} body", *schemas, ())

    def _request(
        self, where: str, before: Json, after: Json, seen: tuple[str, ...]
    ) -> Iterator[str]:
        """What was sent before must still be taken, and what was left out mean the same."""
        if "default" in before and before["default"] != after.get("default", "nothing"):
            yield f"{where}: default is {json.dumps(after.get('default'))} now"
        seen, before, after, again = self._resolved(before, after, seen)
        if again:
            return
        for old in alternatives(before):
            new = self._matching(old, alternatives(after))
            if new is None:
                yield f"{where}: takes no {kind_of(old)} any more"
                continue
            yield from narrowed(where, old, new)
            required = set(new.get("required", [])) - set(old.get("required", []))
            for field in sorted(required):
                yield f"{where}.{field}: is newly required"
            for field, schema in old.get("properties", {}).items():
                other = new.get("properties", {}).get(field)
                if other is None:
                    yield f"{where}.{field}: is gone"
                else:
                    yield from self._request(f"{where}.{field}", schema, other, seen)
            yield from self._inside(self._request, where, old, new, seen)

    def _answer(
        self, where: str, before: Json, after: Json, seen: tuple[str, ...]
    ) -> Iterator[str]:
        """What is answered now must be what a reader knew before."""
        seen, before, after, again = self._resolved(before, after, seen)
        if again:
            return
        for new in alternatives(after):
            old = self._matching(new, alternatives(before))
            if old is None:
                yield f"{where}: may be {kind_of(new)} now"
                continue
            yield from strange(where, old, new)
            for field, schema in old.get("properties", {}).items():
                other = new.get("properties", {}).get(field)
                if other is None:
                    yield f"{where}.{field}: is gone"
                elif field in old.get("required", []) and field not in new.get("required", []):
                    yield f"{where}.{field}: may be missing now"
                else:
                    yield from self._answer(f"{where}.{field}", schema, other, seen)
            yield from self._inside(self._answer, where, old, new, seen)

    def _inside(
        self, compare: Any, where: str, old: Json, new: Json, seen: tuple[str, ...]
    ) -> Iterator[str]:
        """Compare what lists and maps hold."""
        for field, name in (("items", f"{where}[]"), ("additionalProperties", f"{where}.*")):
            held: list[Any] = [each.get(field) for each in (old, new)]
            before, after = ({} if each is True else each for each in held)
            if isinstance(before, Mapping) and isinstance(after, Mapping):
                yield from compare(name, before, after, seen)

    def _resolved(
        self, before: Json, after: Json, seen: tuple[str, ...]
    ) -> tuple[tuple[str, ...], Json, Json, bool]:
        """Follow references; a schema inside itself is compared once."""
        names = f"{before.get('$ref')} {after.get('$ref')}"
        again = "$ref" in before and names in seen
        before, after = deref(self._before, before), deref(self._after, after)
        return (*seen, names), before, after, again

    def _matching(self, wanted: Json, others: list[Json]) -> Json | None:
        kind = kind_of(wanted)
        fitting = [each for each in others if kind_of(each) in {kind, "anything"}]
        if kind == "integer" and not fitting:
            fitting = [each for each in others if kind_of(each) == "number"]
        return fitting[0] if fitting else None


def deref(schemas: Json, schema: Json) -> Json:
    """The schema that a reference names."""
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    return schema


def alternatives(schema: Json) -> list[Json]:
    """The forms that a value may have."""
    return list(schema.get("anyOf") or schema.get("oneOf") or [schema])


def kind_of(schema: Json) -> str:
    """The JSON type of a schema."""
    if "$ref" in schema:
        return "object"
    if "const" in schema or "enum" in schema:
        return str(schema.get("type", "string"))
    return str(schema.get("type", "anything"))


def closed(schema: Json) -> bool:
    """Whether an object has no fields but those that are named."""
    return schema.get("additionalProperties", True) is False


def strange(where: str, old: Json, new: Json) -> Iterator[str]:
    """What an answer's value was not before."""
    if "format" in old and new.get("format") != old["format"]:
        yield f"{where}: format is {new.get('format')} now"
    if old.get("additionalProperties", False) is not False and closed(new):
        yield f"{where}: has no other fields now"
    if "enum" in old and "enum" in new and not set(new["enum"]) <= set(old["enum"]):
        more = sorted(set(new["enum"]) - set(old["enum"]))
        yield f"{where}: may be {', '.join(more)} now"


def narrowed(where: str, old: Json, new: Json) -> Iterator[str]:
    """What a request's value may not be any more."""
    lower = [word for word in LOWER if new.get(word, -math.inf) > old.get(word, -math.inf)]
    upper = [word for word in UPPER if new.get(word, math.inf) < old.get(word, math.inf)]
    for word in lower + upper:
        yield f"{where}: {word} is {new[word]} now"
    for word in ("pattern", "format"):
        if word in new and new[word] != old.get(word):
            yield f"{where}: {word} is {new[word]} now"
    if closed(new) and not closed(old):
        yield f"{where}: takes no other fields any more"
    if "enum" in new and not set(old.get("enum", ["anything"])) <= set(new["enum"]):
        gone = sorted(set(old.get("enum", ["anything"])) - set(new["enum"]))
        yield f"{where}: may not be {', '.join(gone)} any more"
