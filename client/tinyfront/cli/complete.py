"""What the shell offers when a name is half typed; of a server that is away, nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import typer

from tinyfront.calls import Call, workers
from tinyfront.calls import studies as calls
from tinyfront.cli import profiles as config
from tinyfront.errors import TinyfrontError
from tinyfront.records import items

# Whoever presses the tabulator does not wait longer. An address that answers nothing, or whose name
# is looked up for long, is left to a thread that ends with this process.
PATIENCE_S = 1.0
MOST = 200
DESIGNERS = ("bayes", "sparse", "ageing-evolution", "nehvi", "random", "sobol")
SPACES = ("tiny", "sparse", "munas")
Offers = list[tuple[str, str]]


def studies(ctx: typer.Context, incomplete: str) -> Offers:
    """Names of studies, with where they stand."""
    found = _asked(ctx, calls.listing(), contains=incomplete or None, limit=MOST)
    return [
        (each["name"], f"{each['status']}, {each['finished']}/{each['trials']}") for each in found
    ]


def data(ctx: typer.Context, incomplete: str) -> Offers:
    """Names of data sets that workers hold."""
    return [(each["name"], each.get("problem") or "") for each in _asked(ctx, workers.data())]


def devices(ctx: typer.Context, incomplete: str) -> Offers:
    """Names of boards."""
    return [(each["name"], each.get("title") or "") for each in _asked(ctx, workers.devices())]


def worker_names(ctx: typer.Context, incomplete: str) -> Offers:
    """Names of workers, with where each runs."""
    found = _asked(ctx, workers.listing(), contains=incomplete or None, limit=MOST)
    return [(each["name"], each.get("host") or "") for each in found]


def profiles(ctx: typer.Context, incomplete: str) -> Offers:
    """Names of profiles in the config file."""
    try:
        found = config.read(config.path_of(os.environ)).profiles
    except TinyfrontError:
        return []
    return [(name, each.url or "") for name, each in found.items()]


def one_of(*names: str) -> Callable[[typer.Context, str], Offers]:
    """Offer these names."""

    def offer(ctx: typer.Context, incomplete: str) -> Offers:
        return [(name, "") for name in names]

    return offer


def _asked(ctx: typer.Context, listing: Call, **query: Any) -> list[dict[str, Any]]:
    """The items of a list, or nothing: a completion never complains."""
    found: list[dict[str, Any]] = []

    def ask() -> None:
        call = replace(listing, query={**listing.query, **query}, patience_s=0.0)
        try:
            with config.client(ctx.params.get("url"), ctx.params.get("profile")) as client:
                found.extend(items(client.connection.json(call), client.url))
        except Exception:  # whatever it was, the line that is being typed must stay as it is
            return

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE_S)
    return list(found)
