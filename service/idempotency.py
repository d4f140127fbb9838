"""Requests that create: under a key of their sender's choice they may arrive twice.

The answer is stored in the transaction of the effect, so there is never one without the other. A
refusal has no effect and is not stored: the same request may succeed later.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service import projects
from service.db import LOCK_S
from service.errors import IdempotencyKeyReused, RequestUnderWay
from service.models import Idempotency

KEPT = timedelta(hours=24)
# So long a repetition waits for the first request; then it is told to come again. Creating takes
# far less, and who waits holds a thread and a connection.
WAIT_S = 2.0
NO_KEY = ""  # the owner of what comes without an API key


@dataclass(frozen=True, slots=True)
class Request:
    """A request that creates, as its sender may repeat it. `owner` is the id of an API key."""

    owner: str
    route: str
    key: str
    sha256: str  # of the body


@dataclass(frozen=True, slots=True)
class Answer:
    """What the first request of a key was answered."""

    status: int
    body: Mapping[str, Any]


def begin(session: Session, request: Request) -> Answer | None:
    """Wait for an equal request that is under way, and return what it was answered.

    Returns:
        The stored answer; None if this request is the first, which then ends with `keep`.

    Raises:
        IdempotencyKeyReused: the key came with another body before.
        RequestUnderWay: the first request has not ended in `WAIT_S` (PostgreSQL; writers on SQLite
            are one at a time anyway).
    """
    _one_at_a_time(session, request)
    kept = session.get(Idempotency, _identity(session, request))
    if kept is None:
        return None
    if kept.request_sha256 != request.sha256:
        raise IdempotencyKeyReused(request.key)
    return Answer(kept.status, kept.answer)


def keep(session: Session, request: Request, answer: Answer, now: datetime) -> None:
    """Store the answer of a first request beside its effect."""
    project_id, owner, route, key = _identity(session, request)
    session.add(
        Idempotency(
            project_id=project_id,
            owner=owner,
            route=route,
            key=key,
            request_sha256=request.sha256,
            status=answer.status,
            answer=dict(answer.body),
            created_at=now,
        )
    )


def sweep(session: Session, now: datetime) -> None:
    """Forget the answers that are older than `KEPT`."""
    session.execute(delete(Idempotency).where(Idempotency.created_at < now - KEPT))


def _identity(session: Session, request: Request) -> tuple[int, str, str, str]:
    return projects.home(session), request.owner, request.route, request.key


def _one_at_a_time(session: Session, request: Request) -> None:
    if session.get_bind().dialect.name != "postgresql":
        return
    words = "\n".join(str(part) for part in _identity(session, request))
    lock = func.pg_advisory_xact_lock(func.hashtextextended(words, 0))
    session.execute(text(f"SET LOCAL lock_timeout = {WAIT_S * 1000:.0f}"))
    try:
        session.execute(select(lock))
    except OperationalError as error:
        if error.connection_invalidated:
            raise
        raise RequestUnderWay(request.key) from error
    session.execute(text(f"SET LOCAL lock_timeout = {LOCK_S * 1000:.0f}"))
