"""What every request body has in common: known fields, finite numbers, text that can be stored."""

import math
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

MAX_DEPTH = 32
INT_LIMIT = 2**63
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
CURSOR = r"^\d{1,18}$"
METRIC_NAME = r"^[A-Za-z_][A-Za-z0-9_:.@-]{0,63}$"

Path = tuple[str | int, ...]


class Part(BaseModel):
    """An object inside a body. No conversion: a text is not a number, a boolean is not a count."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _know_every_field(cls, value: Any) -> Any:
        """Refuse unknown fields in words that help, before `extra` refuses them in general ones."""
        if isinstance(value, Mapping):
            for name in value:
                if name not in cls.model_fields:
                    raise unknown_field(str(name), list(cls.model_fields))
        return value


class Body(Part):
    """A whole request body."""

    @model_validator(mode="before")
    @classmethod
    def _hold_plain_values(cls, value: Any) -> Any:
        """Refuse what JSON or a database cannot hold, wherever it stands."""
        for path, fault in faults(value):
            raise PydanticCustomError("plain_value", "{fault}", {"fault": fault, "at": path})
        return value


def unknown_field(name: str, known: list[str]) -> PydanticCustomError:
    """Name a field that does not exist, the ones that do and the likely one."""
    near = get_close_matches(name, known, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    return PydanticCustomError(
        "unknown_field",
        "There is no such field.{guess}",
        {"guess": guess, "known": ", ".join(known), "at": (name,)},
    )


def faults(value: Any) -> Iterator[tuple[Path, str]]:
    """Walk a JSON value in its own order and yield what is wrong in it, with its place."""
    stack: list[tuple[Path, Any]] = [((), value)]
    while stack:
        path, item = stack.pop()
        fault = leaf_fault(item) if len(path) <= MAX_DEPTH else "This value is nested too deeply."
        if fault is not None:
            yield path, fault
        elif isinstance(item, Mapping):
            for name in item:
                if text_fault(name) is not None:
                    yield path, f"A name in it cannot be stored: {name!a}."
            stack.extend(((*path, name), item[name]) for name in reversed(item))
        elif isinstance(item, list):
            stack.extend(((*path, at), item[at]) for at in reversed(range(len(item))))


def leaf_fault(item: Any) -> str | None:
    """Say what is wrong with one value; None if nothing is, or if it is an object or a list."""
    if isinstance(item, float) and not math.isfinite(item):
        return "This must be a finite number, not NaN or infinity."
    if isinstance(item, int) and not -INT_LIMIT <= item < INT_LIMIT:
        return "This integer needs more than 64 bits."
    if isinstance(item, str):
        return text_fault(item)
    return None


def text_fault(text: str) -> str | None:
    """Say why a text cannot be stored: PostgreSQL holds neither NUL nor half a surrogate pair."""
    if "\0" in text:
        return "This text holds a NUL character."
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return "This text holds half a surrogate pair."
    return None
