"""Artefacts: files that workers deliver, streamed in and out."""

from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from service import artefacts, trials
from service.api.parts import DbDep, Id, Parts, PartsDep
from service.api.schemas.trials import ArtefactOut
from service.api.trial_answers import artefact_out, artefacts_out
from service.artefacts import Blob
from service.errors import ArtefactNotFound, ArtefactTooLarge

router = APIRouter(tags=["artefacts"])

# Enough per write that the hop to a thread does not count; little enough for many uploads at once.
WRITE_BYTES = 2**20
MEDIA_TYPE = r"^[\w.+-]{1,60}/[\w.+-]{1,60}$"

Name = Annotated[str, Path(description="Up to 64 of a-z, 0-9, '.', '_' and '-'.")]
Token = Annotated[str, Header(alias="X-Lease-Token", min_length=1, max_length=200)]
ContentType = Annotated[
    str, Header(alias="Content-Type", pattern=MEDIA_TYPE, description="Kept with the file.")
]


class ArtefactList(BaseModel):
    """The files of a trial."""

    items: list[ArtefactOut]


@router.put(
    "/attempts/{attempt_id}/artefacts/{name}",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def deliver(
    attempt_id: Id,
    name: Name,
    token: Token,
    request: Request,
    parts: PartsDep,
    content_type: ContentType = "application/octet-stream",
) -> ArtefactOut:
    """Deliver a file under a lease; the body is the file."""
    announced = request.headers.get("Content-Length", "")
    await run_in_threadpool(_check, parts, attempt_id, name, token)
    if announced.isdigit() and int(announced) > parts.store.max_bytes:
        raise ArtefactTooLarge(parts.store.max_bytes)
    blob = await _receive(parts, request)
    return await run_in_threadpool(_enter, parts, (attempt_id, name, token), blob, content_type)


def _check(parts: Parts, attempt_id: int, name: str, token: str) -> None:
    with parts.db.read() as session:
        artefacts.check(session, attempt_id, name, token)


async def _receive(parts: Parts, request: Request) -> Blob:
    """Write the body aside while it arrives, then keep it; what breaks off is forgotten."""
    with await run_in_threadpool(parts.store.upload) as upload:
        waiting = bytearray()
        async for chunk in request.stream():
            waiting += chunk
            if len(waiting) >= WRITE_BYTES:
                await run_in_threadpool(upload.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(upload.write, bytes(waiting))
        return await run_in_threadpool(upload.keep)


def _enter(parts: Parts, place: tuple[int, str, str], blob: Blob, media_type: str) -> ArtefactOut:
    with parts.db.begin() as session:
        attempt_id, name, token = place
        attempt = artefacts.check(session, attempt_id, name, token)
        now = parts.db.now(session)
        artefact = artefacts.enter(session, attempt, name, blob, media_type, now)
        artefacts.check_kept(session, parts.store, attempt_id, blob)
        return artefact_out(artefact)


@router.get("/trials/{trial_id}/artefacts")
def list_artefacts(trial_id: Id, db: DbDep) -> ArtefactList:
    """List the files of the attempt that counted, or else of the last one."""
    with db.read() as session:
        trial = trials.get(session, trial_id)
        return ArtefactList(items=artefacts_out(session, trial.id))


@router.get("/trials/{trial_id}/artefacts/{name}", response_class=StreamingResponse)
def download(trial_id: Id, name: Name, parts: PartsDep) -> StreamingResponse:
    """Download a file."""
    with parts.db.read() as session:
        trial = trials.get(session, trial_id)
        artefact = artefacts.get(session, trial.id, name)
        headers = {
            # Nothing that a worker sent is ever shown as a page of ours.
            "Content-Disposition": f'attachment; filename="{artefact.name}"',
            "X-Content-Type-Options": "nosniff",
            "Content-Length": str(artefact.size_bytes),
            "ETag": f'"{artefact.sha256}"',
        }
        sha256, media_type = artefact.sha256, artefact.media_type
    chunks = parts.store.read(sha256)
    # The first chunk now: a store that cannot be read is told as an error, not as a broken file.
    try:
        first = next(chunks, b"")
    except FileNotFoundError as lost:
        raise ArtefactNotFound(trial_id, name) from lost
    return StreamingResponse(chain((first,), chunks), media_type=media_type, headers=headers)
