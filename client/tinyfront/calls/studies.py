"""Studies: create, read, steer, and what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tinyfront.calls import JSON_LINES, Call, part

IMPORT_S = 600.0  # the server checks each line before it answers


def create(definition: Mapping[str, Any]) -> Call:
    """Create a study."""
    return Call("POST", "/studies", definition, creates=True)


def import_lines(content: bytes, name: str | None) -> Call:
    """Import a whole study, perhaps under another name."""
    return Call(
        "POST",
        "/studies/import",
        content,
        {"name": name},
        wait_s=IMPORT_S,
        creates=True,
        media_type=JSON_LINES,
    )


def listing(cursor: str | None = None) -> Call:
    """A page of studies."""
    return Call("GET", "/studies", query={"cursor": cursor})


def read(study: str | int, patience_s: float | None = None) -> Call:
    """One study, by name or number."""
    return Call("GET", f"/studies/{part(study)}", patience_s=patience_s)


def change(study: int, fields: Mapping[str, Any]) -> Call:
    """Change its status or its budgets."""
    return Call("PATCH", f"/studies/{study}", fields)


def delete(study: int) -> Call:
    """Delete it with all its trials."""
    return Call("DELETE", f"/studies/{study}")


def front(study: int, device: str | None = None) -> Call:
    """Its front, or what of it fits a device."""
    return Call("GET", f"/studies/{study}/front", query={"device": device})


def hypervolume(study: int) -> Call:
    """How its hypervolume grew."""
    return Call("GET", f"/studies/{study}/hypervolume")


def importance(study: int) -> Call:
    """What its objectives depend on."""
    return Call("GET", f"/studies/{study}/importance")


def confirm(
    study: int, networks: int, seeds: int, again: bool, trials: Sequence[int] | None = None
) -> Call:
    """Train networks of its front from scratch."""
    body: dict[str, Any] = {"networks": networks, "seeds": seeds, "again": again}
    if trials is not None:
        body["trials"] = list(trials)
    return Call("POST", f"/studies/{study}/confirm", body, creates=True)


def confirmed(study: int) -> Call:
    """What its confirm runs found."""
    return Call("GET", f"/studies/{study}/confirmed")


def figure(study: int, name: str, options: Mapping[str, Any]) -> Call:
    """A figure of one study."""
    return Call("GET", f"/studies/{study}/figures/{part(name)}", query=options)


def figure_of_several(name: str, studies: Sequence[str | int], options: Mapping[str, Any]) -> Call:
    """A figure that lays several studies over each other."""
    return Call("GET", f"/figures/{part(name)}", query={"study": list(studies), **options})


def export(study: int, format: str) -> Call:
    """Its trials as text, or the whole study."""
    return Call("GET", f"/studies/{study}/export", query={"format": format})
