"""Studies: create, list, read, change, delete."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from sqlalchemy.orm import Session

from service import confirming, definitions, studies
from service.api.once import OnceDep
from service.api.parts import PartsDep, StudyRef
from service.api.schemas.lists import StudyQuery
from service.api.schemas.studies import StudyCreate, StudyOut, StudyPage, StudyPatch
from service.api.study_answers import study_out, study_outs
from service.states import Kind, StudyStatus

router = APIRouter(prefix="/studies", tags=["studies"])

IfMatch = Annotated[
    str | None,
    Header(pattern=r'^("\d{1,9}"|\*)$', description="The ETag of the study that was seen."),
]


@router.post("", status_code=201, responses={200: {"model": StudyOut}})
def create(body: StudyCreate, parts: PartsDep, once: OnceDep, response: Response) -> StudyOut:
    """Create a study. The same definition again returns it; another under its name is refused."""
    definition = body.model_dump()
    definitions.check_points(definition)

    def effect(session: Session, now: datetime) -> tuple[StudyOut, bool]:
        study, is_new = studies.create(session, definition, now)
        return study_out(session, study), is_new

    answer = once.perform(StudyOut, effect)
    response.headers["ETag"] = etag(answer.version)
    parts.keeper.wake()
    return answer


@router.get("")
def list_studies(query: Annotated[StudyQuery, Query()], parts: PartsDep) -> StudyPage:
    """List the studies page by page, newest first."""
    wanted = studies.Wanted(
        None if query.status is None else StudyStatus(query.status),
        None if query.kind is None else Kind(query.kind),
        query.contains,
    )
    after = None if query.cursor is None else int(query.cursor)
    oldest_first = query.order == "oldest"
    with parts.db.read() as session:
        found = studies.listing(session, wanted, after, query.limit + 1, oldest_first)
        items = study_outs(session, found[: query.limit])
        more = len(found) > query.limit
        return StudyPage(items=items, next=str(items[-1].id) if more else None)


@router.get("/{study}")
def read(study: StudyRef, parts: PartsDep, response: Response) -> StudyOut:
    """Read a study by its number or its name."""
    with parts.db.read() as session:
        answer = study_out(session, studies.get(session, study))
    response.headers["ETag"] = etag(answer.version)
    return answer


@router.patch("/{study}")
def change(
    study: StudyRef,
    body: StudyPatch,
    parts: PartsDep,
    response: Response,
    if_match: IfMatch = None,
) -> StudyOut:
    """Pause, resume, extend or end a study; with If-Match only if it is as it was seen."""
    version = None if if_match in {None, "*"} else int(str(if_match).strip('"'))
    with parts.db.begin() as session:
        changed = studies.patch(
            session,
            studies.get(session, study).id,
            parts.db.now(session),
            status=None if body.status is None else StudyStatus(body.status),
            version=version,
            trials=body.trials,
            epochs=body.epochs,
            hours=body.hours,
            plateau=body.plateau,
        )
        confirming.confirm_at_the_end(session, changed, parts.db.now(session))
        answer = study_out(session, changed)
    response.headers["ETag"] = etag(answer.version)
    parts.trials_changed()
    return answer


@router.delete("/{study}", status_code=204)
def delete(study: StudyRef, parts: PartsDep) -> None:
    """Delete a study with all its trials; their workers are told at their next word."""
    with parts.db.begin() as session:
        studies.delete(session, studies.get(session, study).id)
    parts.trials_changed()


def etag(version: int) -> str:
    """Name a version of a study as If-Match sends it back."""
    return f'"{version}"'
