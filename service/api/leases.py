"""Claims: hand out work, and wait for it while holding neither a thread nor a connection."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from service import claims, leases, lending, needs, studies, workers
from service.access_errors import KeyNeeded
from service.api.answers import answer
from service.api.parts import Parts, PartsDep, StudyRef
from service.api.schemas.leases import Lease, LeaseRequest, Leases
from service.errors import ServiceError, StudyNotFound
from service.states import Kind, StudyStatus
from service.watcher import Place

router = APIRouter(tags=["leases"])

NOTHING: dict[int | str, dict[str, Any]] = {204: {"description": "There is nothing to do."}}
GONE = "The worker went away before it got the answer."


@router.post("/studies/{study}/leases", response_model=Leases, responses=NOTHING)
async def claim_of_study(
    study: StudyRef, body: LeaseRequest, parts: PartsDep, request: Request
) -> Response:
    """Claim trials of one study; with `wait_s` the answer waits until there are some."""
    return await _answer(parts, request, body, study)


@router.post("/leases", response_model=Leases, responses=NOTHING)
async def claim(body: LeaseRequest, parts: PartsDep, request: Request) -> Response:
    """Claim trials of any study whose work the worker can do."""
    return await _answer(parts, request, body, None)


async def _answer(
    parts: Parts, request: Request, body: LeaseRequest, study: str | None
) -> Response:
    wish = _wish(parts, body)
    same = wish.project_id, wish.request
    async with _disconnect(request) as gone:
        with parts.claiming.asking(same) as is_newest:
            claimed = await parts.write(_claim, _Asked(wish, study), patient=True)
            if not claimed.leases and not claimed.ended:
                claimed = await _wait(parts, claimed, gone, body.wait_s)
            await asyncio.sleep(0)  # lets `gone` hear of a disconnect that happened meanwhile
            if claimed.leases and gone.done():
                if is_newest():  # else the worker has asked again and got the same leases
                    await run_in_threadpool(_hand_back, parts, claimed.leases)
                return Response(status_code=204)
            if not claimed.leases and not gone.done() and body.wait_s > 0:
                await parts.write(_note, body.worker)
    if not claimed.leases:
        return Response(status_code=204)
    # A trial left the queue: the planner may think for the next claim.
    parts.keeper.wake()
    return answer(Leases(leases=[Lease.model_validate(lease) for lease in claimed.leases]))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A claim, and the number or the name of its study; None for any."""

    wish: claims.Claim
    study: str | None


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What a claim got; it names its study by its number now. `ended`: nothing will come of it."""

    wish: claims.Claim
    leases: list[lending.Lease]
    ended: bool = False


def _wish(parts: Parts, body: LeaseRequest) -> claims.Claim:
    return claims.Claim(
        worker=body.worker,
        request_id=body.request_id,
        count=body.count,
        lease_s=body.lease_s,
        kinds=frozenset(Kind(kind) for kind in body.kinds),
        data=body.data,
        resume=body.resume,
        can=needs.met_by(body.can),
        accelerator=body.accelerator,
        memory_mib=body.memory_mib,
        project_id=parts.db.project_id,
    )


def _claim(
    session: Session, asked: Sequence[_Asked], now: datetime
) -> list[_Claimed | ServiceError]:
    """Find the studies, and hand out what there is."""
    named = studies.named(session, {each.study for each in asked if each.study is not None})
    answers: dict[int, _Claimed | ServiceError] = {}
    wishes: dict[int, tuple[claims.Claim, bool]] = {}
    for place, each in enumerate(asked):
        if each.study is None:
            wishes[place] = each.wish, False
        elif (study := named.get(each.study)) is None:
            answers[place] = StudyNotFound(each.study)
        else:
            wish = replace(each.wish, study_id=study.id)
            wishes[place] = wish, study.status is StudyStatus.ENDED
    found = lending.claim(session, [wish for wish, _ in wishes.values()], now)
    for (place, (wish, ended)), lent in zip(wishes.items(), found, strict=True):
        answers[place] = _Claimed(wish, lent, ended)
    return [answers[place] for place in range(len(asked))]


def _note(session: Session, names: Sequence[str], now: datetime) -> list[ServiceError | None]:
    """Note that workers were heard of that have waited for nothing; others are noted by a lease."""
    workers.seen(session, names, now)
    return [None] * len(names)


async def _wait(
    parts: Parts, claimed: _Claimed, gone: asyncio.Task[None], wait_s: float
) -> _Claimed:
    """Stand in line until there is work, time is over, or the client has gone."""
    deadline_s = asyncio.get_running_loop().time() + wait_s
    wish = claimed.wish
    study = None if wish.study_id is None else str(wish.study_id)
    async with parts.watcher.place(wish) as place:
        while await _woken(place, gone, deadline_s) and not parts.watcher.closing:
            if not await parts.still_open():
                raise KeyNeeded(sent=True)
            claimed = await parts.write(_claim, _Asked(wish, study), patient=True)
            if claimed.leases or claimed.ended:
                return claimed
            place.again()
        if not gone.done():
            parts.watcher.echo(place)
        return claimed


async def _woken(place: Place, gone: asyncio.Task[None], deadline_s: float) -> bool:
    """Wait until the place is woken; False when time is over or the client has gone."""
    left_s = deadline_s - asyncio.get_running_loop().time()
    woken = asyncio.ensure_future(place.woken.wait())
    try:
        await asyncio.wait(
            {woken, gone}, timeout=max(0.0, left_s), return_when=asyncio.FIRST_COMPLETED
        )
        return woken.done() and not gone.done()
    finally:
        woken.cancel()


@asynccontextmanager
async def _disconnect(request: Request) -> AsyncIterator[asyncio.Task[None]]:
    """Give a task that ends when the client goes away; the body has been read before."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    task = asyncio.create_task(gone())
    try:
        yield task
    finally:
        task.cancel()


def _hand_back(parts: Parts, found: list[lending.Lease]) -> None:
    """Put back what nobody was there to receive, so that no lease has to expire first."""
    with parts.db.begin() as session:
        for lease in found:
            now = parts.db.now(session)
            leases.release(session, lease.trial_id, lease.token, GONE, now)
    parts.trials_changed()
