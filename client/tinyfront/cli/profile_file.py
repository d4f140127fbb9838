"""Change one value in the file of profiles and leave all else, comments too, as it stands."""

from __future__ import annotations

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any

from tinyfront.cli.profiles import wrong


def write(path: Path, place: tuple[str, ...], value: str | None) -> None:
    """Set one value in the file, or remove it with None; the rest of it stays as it was written.

    Args:
        place: `("profile",)`, or `("profiles", NAME, "url" or "key")`.

    Raises:
        InvalidArgument: the file is written in a way that only its owner can change.
    """
    path = path.resolve()  # what a link stands for is changed, not the link
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    changed = _changed(text, place, value)
    try:
        agrees = tomllib.loads(changed) == _with(tomllib.loads(text), place, value)
    except tomllib.TOMLDecodeError:
        agrees = False
    if not agrees:
        raise wrong(path, f"{'.'.join(place)} cannot be changed in it; change it by hand.")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f"{path.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(changed)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _changed(text: str, place: tuple[str, ...], value: str | None) -> str:
    """The text with one line set, added or removed."""
    *table, name = place
    lines = text.splitlines()
    heading = f"[{'.'.join(table)}]"
    start, end = _section(lines, heading if table else None)
    line = [] if value is None else [f"{name} = {json.dumps(value, ensure_ascii=False)}"]
    if start is None:
        return "\n".join([*lines, *([""] if lines else []), heading, *line, ""])
    for at in range(start, end):
        if re.match(rf"\s*{name}\s*=", lines[at]):
            return "\n".join([*lines[:at], *line, *lines[at + 1 :], ""])
    return "\n".join([*lines[:start], *line, *lines[start:], ""])


def _section(lines: list[str], heading: str | None) -> tuple[int | None, int]:
    """From the line after a heading to the one before the next; the top has no heading."""
    headings = [at for at, line in enumerate(lines) if line.lstrip().startswith("[")]
    if heading is None:
        return 0, (headings or [len(lines)])[0]
    for at in headings:
        if lines[at].partition("#")[0].strip() == heading:
            return at + 1, next((later for later in headings if later > at), len(lines))
    return None, len(lines)


def _with(said: dict[str, Any], place: tuple[str, ...], value: str | None) -> dict[str, Any]:
    table = said
    for name in place[:-1]:
        table = table.setdefault(name, {})
    if value is None:
        table.pop(place[-1], None)
    else:
        table[place[-1]] = value
    return said
