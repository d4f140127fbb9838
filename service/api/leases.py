"""Claims: hand out work, and wait for it while holding neither a thread nor a connection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from service import leases, needs, studies
from service.access_errors import KeyNeeded
from service.api.parts import Parts, PartsDep, StudyRef
from service.api.schemas.leases import Lease, LeaseRequest, Leases
from service.states import Kind, StudyStatus
from service.watcher import Place

router = APIRouter(tags=["leases"])

NOTHING: dict[int | str, dict[str, Any]] = {204: {"description": "There is nothing to do."}}
GONE = "The worker went away before it got the answer."


@router.post("/studies/{study}/leases", response_model=Leases, responses=NOTHING)
async def claim_of_study(
    study: StudyRef, body: LeaseRequest, parts: PartsDep, request: Request
) -> Leases | Response:
    """Claim trials of one study; with `wait_s` the answer waits until there are some."""
    return await _answer(parts, request, body, study)


@router.post("/leases", response_model=Leases, responses=NOTHING)
async def claim(body: LeaseRequest, parts: PartsDep, request: Request) -> Leases | Response:
    """Claim trials of any study whose work the worker can do."""
    return await _answer(parts, request, body, None)


async def _answer(
    parts: Parts, request: Request, body: LeaseRequest, study: str | None
) -> Leases | Response:
    wanted, ended = await run_in_threadpool(_wanted, parts, body, study)
    async with _disconnect(request) as gone:
        found = await run_in_threadpool(_claim, parts, wanted)
        if not found and not ended:
            found = await _wait(parts, wanted, gone, body.wait_s)
        await asyncio.sleep(0)  # lets `gone` hear of a disconnect that happened meanwhile
        if found and gone.done():
            await run_in_threadpool(_hand_back, parts, found)
            found = []
    if not found:
        return Response(status_code=204)
    # A trial left the queue: the planner may think for the next claim.
    parts.planner.wake()
    return Leases(leases=[Lease.model_validate(lease, from_attributes=True) for lease in found])


def _wanted(parts: Parts, body: LeaseRequest, study: str | None) -> tuple[leases.Claim, bool]:
    """Turn a request into a claim, and tell whether its study has ended."""
    study_id, ended = None, False
    if study is not None:
        with parts.db.read() as session:
            found = studies.get(session, study)
            study_id, ended = found.id, found.status is StudyStatus.ENDED
    wanted = leases.Claim(
        worker=body.worker,
        request_id=body.request_id,
        count=body.count,
        lease_s=body.lease_s,
        study_id=study_id,
        kinds=frozenset(Kind(kind) for kind in body.kinds),
        data=body.data,
        resume=body.resume,
        can=needs.met_by(body.can),
        accelerator=body.accelerator,
        memory_mib=body.memory_mib,
        project_id=parts.db.project_id,
    )
    return wanted, ended


def _claim(parts: Parts, wanted: leases.Claim) -> list[leases.Lease]:
    with parts.db.begin() as session:
        return leases.claim(session, wanted, parts.db.now(session))


async def _wait(
    parts: Parts, wanted: leases.Claim, gone: asyncio.Task[None], wait_s: float
) -> list[leases.Lease]:
    """Stand in line until there is work, time is over, or the client has gone."""
    deadline_s = asyncio.get_running_loop().time() + wait_s
    async with parts.watcher.place(wanted) as place:
        while await _woken(place, gone, deadline_s) and not parts.watcher.closing:
            if not await parts.still_open():
                raise KeyNeeded(sent=True)
            found = await run_in_threadpool(_claim, parts, wanted)
            if found:
                return found
            if await run_in_threadpool(_has_ended, parts, wanted):
                return []
            place.again()
        if not gone.done():
            parts.watcher.echo(place)
        return []


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


def _hand_back(parts: Parts, found: list[leases.Lease]) -> None:
    """Put back what nobody was there to receive, so that no lease has to expire first."""
    with parts.db.begin() as session:
        for lease in found:
            now = parts.db.now(session)
            leases.release(session, lease.trial_id, lease.token, GONE, now)
    parts.trials_changed()


def _has_ended(parts: Parts, wanted: leases.Claim) -> bool:
    """Tell whether nothing will come any more: the study of the claim has ended, or is gone."""
    if wanted.study_id is None:
        return False
    with parts.db.read() as session:
        return studies.get(session, wanted.study_id).status is StudyStatus.ENDED
