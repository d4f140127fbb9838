"""`tinyfront workers`, `devices`, `data`: what a server has to work with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import typer
from rich.table import Table

from tinyfront.calls import workers as calls
from tinyfront.calls.access import session
from tinyfront.cli.edge import Door, with_server
from tinyfront.numbers import NOTHING

WORKERS_A_PAGE = 1000
UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


@with_server
def workers(door: Door) -> None:
    """List the workers, the one heard of last first, with the data sets that they hold."""
    found = door.listed(calls.listing(), 0, WORKERS_A_PAGE)
    door.say(found.items, _workers(found.items, found.now))
    if not (found.items or door.as_json):
        typer.echo("No workers yet: tinyfront-server worker --server URL", err=True)


@with_server
def devices(door: Door) -> None:
    """List the boards that networks can be made for."""
    found = door.client.devices()
    door.say(found, _devices(found))


@with_server
def data(door: Door) -> None:
    """List the data sets that workers hold."""
    found = door.client.data()
    door.say(found, _data(found))
    if not (found or door.as_json):
        typer.echo("No data yet: workers bring it. See: tinyfront workers", err=True)


@with_server
def whoami(door: Door) -> None:
    """Tell whose key is used, on which server, and what it may do."""
    found = door.answer(session())
    whose = found.get("name") or "nobody in particular: this server asks for no key"
    said = f"{door.client.url}: {whose}, role {found['role']}, project {found['project']}"
    door.say({"url": door.client.url, **found}, said)


def _workers(found: list[dict[str, Any]], now: datetime) -> Table:
    columns = ("name", "trains on", "memory", "host", "tinyfront", "torch", "last heard of", "data")
    table = Table(*columns, box=None)
    for each in found:
        memory = each.get("memory_mib")
        versions = each.get("versions") or {}
        table.add_row(
            str(each["name"]),
            str(each.get("accelerator") or NOTHING),
            NOTHING if memory is None else f"{memory:,} MiB",
            str(each.get("host") or NOTHING),
            str(versions.get("tinyfront") or NOTHING),
            str(versions.get("torch") or NOTHING),
            since(datetime.fromisoformat(each["seen_at"]), now),
            ", ".join(str(held["name"]) for held in each.get("data", [])) or NOTHING,
        )
    return table


def since(at: datetime, now: datetime) -> str:
    """How long ago, in one unit."""
    seconds = max(0, round((now - at).total_seconds()))
    for length, unit in UNITS:
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"


def _devices(found: list[dict[str, Any]]) -> Table:
    table = Table("name", "board", "core", "clock", "RAM", "flash", box=None)
    for column in table.columns[3:]:
        column.justify = "right"
    for each in found:
        clock = f"{each['clock_hz'] / 1e6:g} MHz"
        sizes = [f"{each[name] / 1024:,.0f} KiB" for name in ("sram_bytes", "flash_bytes")]
        table.add_row(each["name"], each["title"], each["core"], clock, *sizes)
    return table


def _data(found: list[dict[str, Any]]) -> Table:
    table = Table(
        "name", "sample", "classes", "train", "validation", "test", "sha256", "", box=None
    )
    for column in table.columns[2:6]:
        column.justify = "right"
    for each in found:
        shape = " x ".join(map(str, each.get("shape") or [])) or NOTHING
        counts = [_count(each, name) for name in ("classes", "train", "validation", "test")]
        digest = str(each.get("sha256") or NOTHING)[:12]
        table.add_row(each["name"], shape, *counts, digest, each.get("problem") or "")
    return table


def _count(item: Mapping[str, Any], name: str) -> str:
    return NOTHING if item.get(name) is None else f"{item[name]:,}"
