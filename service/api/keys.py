"""Keys: make, list, revoke. An admin of `default` has all of them, another its own project's."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from service import keys, projects
from service.access_errors import KeyMadeBefore, ProjectNotFound
from service.api.once import OnceDep
from service.api.parts import CallerDep, PartsDep
from service.api.schemas.access import KeyCreate, KeyCreated, KeyList, KeyOut
from service.api.schemas.lists import KeyQuery
from service.keyring import Caller
from service.states import Role

router = APIRouter(prefix="/keys", tags=["access"])


def administered(caller: Caller) -> str | None:
    """Return the only project whose keys a caller administers; None if those of all."""
    return None if caller.project == projects.DEFAULT else caller.project


@router.post("", status_code=201)
def create(body: KeyCreate, parts: PartsDep, caller: CallerDep, once: OnceDep) -> KeyCreated:
    """Make a key. The answer is the only place where it ever stands."""
    project = body.project or caller.project
    if administered(caller) not in {None, project}:
        raise ProjectNotFound(project)

    def effect(session: Session, now: datetime) -> KeyCreated:
        key, text = keys.create(session, keys.Wanted(body.name, Role(body.role), project), now)
        return KeyCreated(
            id=key.id,
            name=key.name,
            role=body.role,
            project=project,
            created_at=key.created_at,
            used_at=None,
            revoked_at=None,
            key=text,
        )

    answer = once.perform_secretly(KeyOut, effect, lambda made: KeyMadeBefore(made.id))
    parts.door.keyring.forget()
    return answer


@router.get("")
def list_keys(query: Annotated[KeyQuery, Query()], parts: PartsDep, caller: CallerDep) -> KeyList:
    """List the keys page by page, oldest first; never what opens the door."""
    chosen = keys.Filter(None if query.role is None else Role(query.role), query.revoked)
    project = administered(caller)
    with parts.db.read() as session:
        found = keys.listing(session, project, chosen, query.place, query.limit + 1)
    items = [KeyOut.model_validate(key) for key in found[: query.limit]]
    more = len(found) > query.limit
    return KeyList(items=items, next=query.cursor_of(items[-1]) if more else None)


@router.delete("/{key_id}", status_code=204)
def revoke(key_id: str, parts: PartsDep, caller: CallerDep) -> None:
    """Revoke a key, and with it the sessions that were begun with it. Twice is fine."""
    with parts.db.begin() as session:
        keys.revoke(session, key_id, parts.db.now(session), administered(caller))
    parts.door.keyring.forget()
