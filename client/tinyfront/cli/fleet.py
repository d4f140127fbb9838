"""`tinyfront fleet ...`: the workers that run on clusters, as the server knows them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from tinyfront.calls import workers as calls
from tinyfront.cli.commands import command, group
from tinyfront.cli.edge import Door, with_server
from tinyfront.cli.lists import WORKERS_A_PAGE, since
from tinyfront.numbers import NOTHING

# How a fleet names its workers: of its third berth, and there of the second slot, `crew-2.1`.
NAME = re.compile(r"(?P<fleet>.+)-(?P<berth>\d+)(?:\.(?P<slot>\d+))?")
ENGINE = "ray"  # whose version such a worker announces beside its own
# A worker that waits for work asks anew every half minute or so, one that runs renews its lease.
SILENT_S = 120

app = group("Fleets of workers on clusters.")


@command(
    app,
    "ls",
    "tinyfront fleet ls",
    "tinyfront fleet ls crew",
    "tinyfront fleet ls --json | jq -r '.[] | select(.state==\"silent\") | .worker'",
)
@with_server
def list_all(
    door: Door,
    fleet: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Only of the fleet of this name.")
    ] = None,
) -> None:
    """List the workers of fleets: node, actor, slot, what each does and when it was heard of."""
    narrowed = {} if fleet is None else {"contains": f"{fleet}-"}
    found = door.listed(calls.listing(), 0, WORKERS_A_PAGE, order="name", **narrowed)
    hands = [hand for each in found.items if (hand := _hand(each, found.now)) is not None]
    hands = [hand for hand in hands if fleet in (None, hand["fleet"])]
    hands.sort(key=lambda hand: (hand["fleet"], hand["berth"], hand["slot"]))
    door.say(hands, _table(hands, found.now), *_sums(hands))
    if not (hands or door.as_json):
        which = "No fleets" if fleet is None else f"No fleet {fleet}"
        typer.echo(f"{which} yet: tinyfront-server fleet --server URL --workers 4", err=True)


def _hand(worker: dict[str, Any], now: datetime) -> dict[str, Any] | None:
    """What there is to tell of a worker; None if it is of no fleet."""
    named = NAME.fullmatch(str(worker["name"]))
    version = (worker.get("versions") or {}).get(ENGINE)
    if named is None or version is None:
        return None
    running = worker.get("running") or []
    heard_at = max([worker["seen_at"], *(each["heard_at"] for each in running)])
    silent_s = (now - datetime.fromisoformat(heard_at)).total_seconds()
    return {
        "fleet": named["fleet"],
        "worker": worker["name"],
        "actor": f"{named['fleet']}-{named['berth']}",
        "berth": int(named["berth"]),
        "slot": int(named["slot"] or 0),
        "node": worker.get("host"),
        "pid": worker.get("pid"),
        "state": "running" if running else "waiting" if silent_s < SILENT_S else "silent",
        "running": running,
        "heard_at": heard_at,
        "accelerator": worker.get("accelerator"),
        "memory_mib": worker.get("memory_mib"),
        ENGINE: version,
    }


def _table(hands: Iterable[dict[str, Any]], now: datetime) -> Table:
    table = Table(
        "worker", "actor", "slot", "node", "pid", "state", "works on", "last heard of", "trains on",
        box=None,
    )  # fmt: skip
    for hand in hands:
        works = ", ".join(f"{each['study']} #{each['number']}" for each in hand["running"])
        table.add_row(
            str(hand["worker"]),
            hand["actor"],
            str(hand["slot"]),
            str(hand["node"] or NOTHING),
            str(NOTHING if hand["pid"] is None else hand["pid"]),
            hand["state"],
            works or NOTHING,
            since(datetime.fromisoformat(hand["heard_at"]), now),
            str(hand["accelerator"] or NOTHING),
        )
    return table


def _sums(hands: list[dict[str, Any]]) -> list[str]:
    """A line for each fleet."""
    lines = []
    for fleet in sorted({hand["fleet"] for hand in hands}):
        own = [hand for hand in hands if hand["fleet"] == fleet]
        states = Counter(hand["state"] for hand in own)
        told = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        nodes = len({hand["node"] for hand in own if hand["state"] != "silent"})
        nodes_word = "node" if nodes == 1 else "nodes"
        engine = ", ".join(sorted({str(hand[ENGINE]) for hand in own}))
        lines.append(f"{fleet}: {told}; {nodes} {nodes_word}, Ray {engine}")
    return lines
