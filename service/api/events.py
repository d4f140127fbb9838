"""What happens in a study, or in all of them, as server-sent events."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from service import events, studies, study_lists
from service.api.parts import PartsDep, StudyRef
from service.db import Database
from service.errors import ServiceError
from service.models import Study
from service.open_studies import Pulse, all_newest_events, newest_events, pulse
from service.states import EventKind

LOG = logging.getLogger(__name__)

router = APIRouter(tags=["events"])

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


@dataclass(frozen=True, slots=True)
class Start:
    """Where a stream begins."""

    study_id: int
    kinds: frozenset[str]
    seen: int  # the number of the event to begin behind
    first: Sequence[ServerSentEvent] = ()


async def _start(
    study: StudyRef,
    parts: PartsDep,
    after: After = None,
    last_event_id: EventId = None,
    kind: Kinds = (),
) -> Start:
    """Find the study and the event to begin behind, while a refusal can still be answered."""
    kinds = frozenset(kind or (each.value for each in EventKind))

    def find() -> Start:
        with parts.db.read() as session:
            found = studies.get(session, study)
            newest = found.event_no
            seen = last_event_id if last_event_id is not None else after
            if seen is None or seen <= newest:
                return Start(found.id, kinds, newest if seen is None else seen)
            # The database came back from a backup: events that the client saw are gone. It looks
            # again at a `study` event, whose number lets it go on from here.
            stands = {**studies.standing(found), "at": parts.db.now(session)}
            first = [_message(newest, EventKind.STUDY, stands)] if EventKind.STUDY in kinds else []
            return Start(found.id, kinds, newest, first)

    return await run_in_threadpool(find)


@router.get("/studies/{study}/events", response_class=EventSourceResponse)
async def stream(
    parts: PartsDep, start: Annotated[Start, Depends(_start)]
) -> AsyncIterator[ServerSentEvent]:
    """Follow a study: `trial`, `front`, `hypervolume` and `study` events as they are entered.

    Their ids let a client resume: a browser sends the last one by itself.

    When the study is deleted, a `study` event without an id says so, and the stream ends.
    """
    for message in start.first:
        yield message
    async with parts.watcher.listener(start.study_id, start.seen) as listener:
        while not parts.watcher.closing:
            listener.woken.clear()
            try:
                happened, newest = await run_in_threadpool(_after, parts.db, start, listener.seen)
            except (SQLAlchemyError, ServiceError):
                # Too late for a refusal. The client comes again by itself and misses nothing.
                LOG.warning("An event stream could not reach the database.", exc_info=True)
                return
            if not await parts.still_open():
                return  # the key was revoked
            for message in happened:
                yield message
            if newest is None:
                return
            if newest == listener.seen:
                await listener.woken.wait()
            listener.seen = newest


def _after(db: Database, start: Start, seen: int) -> tuple[list[ServerSentEvent], int | None]:
    """Return what followed event `seen`, and the number of the last; None if nothing ever will."""
    newest: int | None
    with db.read() as session:
        if newest_events(session, [start.study_id]):
            happened = events.after(session, start.study_id, seen)
            newest = happened[-1].number if happened else seen
            messages = [_message(e.number, e.kind, {**e.data, "at": e.at}) for e in happened]
        else:
            gone = {"status": "deleted", "at": db.now(session)}
            messages, newest = [_message(None, EventKind.STUDY, gone)], None
    return [message for message in messages if message.event in start.kinds], newest


@dataclass(frozen=True, slots=True)
class Told:
    """Up to where a stream of all studies has told what happened."""

    pulse: Pulse
    numbers: Mapping[int, int]  # of the newest event, by study


async def _now(parts: PartsDep) -> Told:
    """Begin now, while a refusal can still be answered."""
    return (await run_in_threadpool(_since, parts.db, None))[0]


@router.get("/events", response_class=EventSourceResponse)
async def stream_of_all(
    parts: PartsDep, told: Annotated[Told, Depends(_now)]
) -> AsyncIterator[ServerSentEvent]:
    """Follow all studies: a `study` event for each that is new, gone, or has an event of its own.

    However much happens in a study at a time, one event tells where it stands now. None has an id:
    whoever comes back reads the list of studies, and goes on from there.
    """
    async with parts.watcher.onlooker(parts.db.project_id, told.pulse) as onlooker:
        while True:
            await onlooker.woken.wait()
            onlooker.woken.clear()
            if parts.watcher.closing:
                return
            try:
                told, messages = await run_in_threadpool(_since, parts.db, told)
            except (SQLAlchemyError, ServiceError):
                LOG.warning("A stream of all studies could not reach the database.", exc_info=True)
                return
            if not await parts.still_open():
                return  # the key was revoked
            for message in messages:
                yield message
            onlooker.seen = told.pulse


def _since(db: Database, before: Told | None) -> tuple[Told, list[ServerSentEvent]]:
    """Return where all studies are, and what is to be told to who knows where they were."""
    with db.read() as session:
        told = Told(pulse(session), all_newest_events(session))
        if before is None:
            return told, []
        at = db.now(session)
        moved = [each for each, no in told.numbers.items() if before.numbers.get(each) != no]
        stand = [_whereabouts(study) for study in study_lists.of_ids(session, moved)]
        gone = [
            {"id": each, "status": "deleted"} for each in before.numbers if each not in told.numbers
        ]
        return told, [_message(None, EventKind.STUDY, {**each, "at": at}) for each in gone + stand]


def _whereabouts(study: Study) -> dict[str, Any]:
    return {
        "id": study.id,
        "name": study.name,
        **studies.standing(study),
        "finished": study.finish_no,
        "front_size": study.front_size,
        "hypervolume": study.hypervolume,
    }


def _message(number: int | None, kind: EventKind, data: Mapping[str, Any]) -> ServerSentEvent:
    number_text = None if number is None else str(number)
    return ServerSentEvent(id=number_text, event=kind.value, data=data)
