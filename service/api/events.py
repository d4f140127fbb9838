"""What happens in a study, as server-sent events; their ids let a client resume."""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from service import events, studies
from service.api.parts import PartsDep, StudyRef
from service.db import Database
from service.errors import ServiceError
from service.models import Event

LOG = logging.getLogger(__name__)

router = APIRouter(prefix="/studies/{study}", tags=["events"])

EventId = Annotated[
    int | None, Header(ge=0, lt=2**31, description="Sent by a browser when it reconnects.")
]
After = Annotated[
    int | None, Query(ge=0, lt=2**31, description="Begin behind this event; default: now.")
]

Kinds = Annotated[
    Sequence[Literal["trial", "front", "hypervolume", "study"]],
    Query(description="Only events of these kinds; each time it is given."),
]


async def _start(
    study: StudyRef, parts: PartsDep, after: After = None, last_event_id: EventId = None
) -> tuple[int, int]:
    """Find the study and the event to begin behind, while a refusal can still be answered."""

    def find() -> tuple[int, int]:
        with parts.db.read() as session:
            found = studies.get(session, study)
            seen = last_event_id if last_event_id is not None else after
            return found.id, found.event_no if seen is None else seen

    return await run_in_threadpool(find)


@router.get("/events", response_class=EventSourceResponse)
async def stream(
    parts: PartsDep,
    start: Annotated[tuple[int, int], Depends(_start)],
    kind: Kinds = (),
) -> AsyncIterator[ServerSentEvent]:
    """Follow a study: `trial`, `front`, `hypervolume` and `study` events as they are entered."""
    study_id, seen = start
    async with parts.watcher.listener(study_id, seen) as listener:
        while not parts.watcher.closing:
            listener.woken.clear()
            try:
                happened = await run_in_threadpool(_after, parts.db, study_id, listener.seen)
            except (SQLAlchemyError, ServiceError):
                # Too late for a refusal. The client comes again by itself and misses nothing.
                LOG.warning("An event stream could not reach the database.", exc_info=True)
                return
            if not await parts.still_open():
                return  # the key was revoked
            for event in happened:
                listener.seen = event.number
                if kind and event.kind.value not in kind:
                    continue
                yield ServerSentEvent(
                    id=str(event.number),
                    event=event.kind.value,
                    data={**event.data, "at": event.at},
                )
            if not happened:
                await listener.woken.wait()


def _after(db: Database, study_id: int, number: int) -> Sequence[Event]:
    with db.read() as session:
        return events.after(session, study_id, number)
