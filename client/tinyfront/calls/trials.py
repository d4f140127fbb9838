"""Trials: propose, read, and what is said under a lease."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyfront.calls import PATIENCE_FOR_RESULTS_S, Call, part

OCTETS = "application/octet-stream"


def enqueue(
    study: int,
    point: Mapping[str, Any],
    values: Mapping[str, float] | None = None,
    parent: int | None = None,
    replicate: bool = False,
) -> Call:
    """Add a proposal, or with `values` a result."""
    body: dict[str, Any] = {"point": dict(point)}
    if values is not None:
        body["values"] = dict(values)
    if parent is not None:
        body["parent"] = parent
    if replicate:
        body["replicate"] = True
    return Call("POST", f"/studies/{study}/trials", body, creates=True)


def listing(
    study: int,
    status: str | None = None,
    purpose: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call:
    """A page of a study's trials."""
    query = {"status": status, "purpose": purpose, "limit": limit, "cursor": cursor}
    return Call("GET", f"/studies/{study}/trials", query=query)


def read(trial: int) -> Call:
    """One trial with all that is known of it."""
    return Call("GET", f"/trials/{trial}")


def cancel(trial: int) -> Call:
    """Close an open trial."""
    return Call("POST", f"/trials/{trial}/cancel")


def figure(trial: int, name: str, options: Mapping[str, Any]) -> Call:
    """A figure of one trial."""
    return Call("GET", f"/trials/{trial}/figures/{part(name)}", query=options)


def artefact(trial: int, name: str) -> Call:
    """A file that a trial left."""
    return Call("GET", f"/trials/{trial}/artefacts/{part(name)}")


def verification(trial: int) -> Call:
    """What was checked of its network, and for which board it is meant."""
    return Call("GET", f"/trials/{trial}/verification")


def keep_verification(trial: int, verification: Mapping[str, Any]) -> Call:
    """Store what a user checked of its network, in place of what is there."""
    return Call("PUT", f"/trials/{trial}/verification", {"verification": verification})


def report(trial: int, token: str, step: int, metrics: Mapping[str, float]) -> Call:
    """Say how far a trial is."""
    body = {"token": token, "step": step, "metrics": metrics}
    path = f"/trials/{trial}/reports"
    return Call("POST", path, body, patience_s=PATIENCE_FOR_RESULTS_S)


def complete(
    trial: int,
    token: str,
    metrics: Mapping[str, float],
    details: Mapping[str, Any] | None = None,
) -> Call:
    """Deliver a result."""
    body: dict[str, Any] = {"token": token, "metrics": metrics}
    if details is not None:
        body["details"] = dict(details)
    path = f"/trials/{trial}/complete"
    return Call("POST", path, body, patience_s=PATIENCE_FOR_RESULTS_S)


def fail(trial: int, token: str, reason: str, infeasible: bool, retry: bool) -> Call:
    """Say that there is no result."""
    body = {"token": token, "reason": reason, "infeasible": infeasible, "retry": retry}
    path = f"/trials/{trial}/fail"
    return Call("POST", path, body, patience_s=PATIENCE_FOR_RESULTS_S)


def release(trial: int, token: str, reason: str, patience_s: float | None = None) -> Call:
    """Hand a trial back."""
    body = {"token": token, "reason": reason}
    return Call("POST", f"/trials/{trial}/release", body, patience_s=patience_s)


def renew(trial: int, token: str, patience_s: float | None = None) -> Call:
    """Keep a lease."""
    return Call("POST", f"/trials/{trial}/renew", {"token": token}, patience_s=patience_s)


def deliver(attempt: int, token: str, name: str, content: bytes) -> Call:
    """Hand in a file under a lease."""
    return Call(
        "PUT",
        f"/attempts/{attempt}/artefacts/{part(name)}",
        content,
        patience_s=PATIENCE_FOR_RESULTS_S,
        media_type="application/json" if name.endswith(".json") else OCTETS,
        headers={"X-Lease-Token": token},
    )
