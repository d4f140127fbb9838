"""A study comes in from its JSON lines."""

import hashlib
import logging
import tempfile
from datetime import datetime
from typing import IO, Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from service.api.body_limit import BodyTooLarge, announced_bytes
from service.api.once import Key, Once, named
from service.api.parts import PartsDep
from service.api.schemas.body import NAME
from service.api.schemas.studies import StudyOut
from service.api.study_answers import study_out
from service.errors import ImportRefused
from service.transfer import entering, reading

LOG = logging.getLogger(__name__)
router = APIRouter(prefix="/studies", tags=["studies"])

# Some ten thousand trials. While they are stored, other writers on SQLite wait or come again.
IMPORT_BYTES = 64 * 2**20
MEMORY_BYTES = 2**20  # beyond it a body waits in a file


@router.post(
    "/import",
    status_code=201,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/jsonl": {"schema": {"type": "string"}}},
        }
    },
)
async def import_study(
    request: Request,
    response: Response,
    parts: PartsDep,
    key: Key = None,
    name: Annotated[
        str | None, Query(pattern=NAME, description="Another name for the study here.")
    ] = None,
) -> StudyOut:
    """Import a study as GET /studies/{study}/export?format=study wrote it; all of it or nothing."""
    with tempfile.SpooledTemporaryFile(MEMORY_BYTES) as file:
        sha256 = await _receive(request, file, name)
        once = Once(parts, response, named(request, parts, key, sha256))
        answer = await run_in_threadpool(_enter, once, file, name)
    parts.trials_changed()
    return answer


async def _receive(request: Request, file: IO[bytes], name: str | None) -> str:
    """Write the body aside and return the hash of all that was asked."""
    if announced_bytes(request.scope) > IMPORT_BYTES:
        raise BodyTooLarge(IMPORT_BYTES)
    digest = hashlib.sha256(f"{name or ''}\n".encode())
    size_bytes = 0
    async for chunk in request.stream():
        size_bytes += len(chunk)
        if size_bytes > IMPORT_BYTES:
            raise BodyTooLarge(IMPORT_BYTES)
        digest.update(chunk)
        await run_in_threadpool(file.write, chunk)
    return digest.hexdigest()


def _enter(once: Once, file: IO[bytes], name: str | None) -> StudyOut:
    file.seek(0)
    checked = reading.check(file, name)  # seconds; no transaction waits for it

    def effect(session: Session, now: datetime) -> tuple[StudyOut, bool]:
        file.seek(0)
        try:
            return study_out(session, entering.enter(session, checked, file, now)), True
        except (IntegrityError, DataError) as error:
            LOG.warning("The database refuses what was checked.", exc_info=error)
            fault = "what it says together cannot be stored"
            raise ImportRefused(None, None, fault) from error

    return once.perform(StudyOut, effect)
