"""Workers, what they hold, and the boards that the server knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyfront.calls import PATIENCE_FOR_RESULTS_S, Call, part


def announce(worker: str, facts: Mapping[str, Any]) -> Call:
    """Say what a worker is and which data it holds."""
    return Call("PUT", f"/workers/{part(worker)}", facts)


def claim(study: str | int | None, wish: Mapping[str, Any]) -> Call:
    """Claim trials of one study, or of any.

    `request_id` in the wish does what an idempotency key does elsewhere: the same one returns the
    same leases.
    """
    return Call(
        "POST",
        "/leases" if study is None else f"/studies/{part(study)}/leases",
        wish,
        wait_s=float(wish["wait_s"]),
        patience_s=PATIENCE_FOR_RESULTS_S,
    )


def data() -> Call:
    """The data sets that workers announced."""
    return Call("GET", "/data")


def devices() -> Call:
    """The boards."""
    return Call("GET", "/devices")


def listing(cursor: str | None = None) -> Call:
    """A page of the workers."""
    return Call("GET", "/workers", query={"cursor": cursor})


def log(worker: str, after: int = 0) -> Call:
    """The last lines of a worker's log, or those that came after one."""
    return Call("GET", f"/workers/{part(worker)}/log", query={"after": after or None})
