"""What is asked of a server, request by request: pure functions, each of which returns a `Call`.

No module of this package opens a connection or knows of one. `Connection` sends calls one after the
other; a client of another kind can send the same ones in its own way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

# A result may have cost hours, so it is worth waiting as long as our workers do (DESIGN section 8).
PATIENCE_FOR_RESULTS_S = 600.0

JSON, JSON_LINES = "application/json", "application/jsonl"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the server."""

    method: str
    path: str  # below /api/v1
    body: Mapping[str, Any] | bytes | None = None
    query: Mapping[str, Any] = field(default_factory=dict)  # None is left out, a list is repeated
    wait_s: float = 0.0  # the server may hold its answer back for so long
    # Sent under a key, the same in each try, so that arriving twice it creates once.
    creates: bool = False
    patience_s: float | None = None  # how long it is tried again; None: the connection decides
    media_type: str = JSON  # of the body
    headers: Mapping[str, str] = field(default_factory=dict)


def part(text: str | int) -> str:
    """A name or number as one part of a path, which it cannot leave."""
    return quote(str(text), safe="")
