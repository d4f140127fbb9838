"""What routes reach of the service: the parts that `create_app` was given."""

import re
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Path, Request

from service.access_errors import KeyNeeded
from service.api.kept import Kept
from service.api.newest import Newest
from service.api.schemas.body import NAME
from service.artefacts import Store
from service.db import Database
from service.door import Door
from service.errors import StudyNotFound
from service.group_commit import GroupCommit, Outcome, Step, Wish
from service.keeper import Keeper
from service.keyring import Caller
from service.monitor import Monitor
from service.watcher import Watcher

# The largest identity that a database holds; beyond it a query would fail instead of finding none.
LARGEST_ID = 2**63 - 1
CALLER = "tinyfront.caller"  # in the scope of a request, put there by `service.api.access`


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one server process, for one request: `db` is limited to its caller's project."""

    db: Database
    store: Store
    watcher: Watcher
    keeper: Keeper
    monitor: Monitor
    door: Door
    charts: Kept
    commits: GroupCommit
    claiming: Newest
    caller: Caller | None = None

    def of(self, caller: Caller | None) -> "Parts":
        """Return the same parts for a request of this caller."""
        if caller is None:
            return self
        return replace(self, db=self.db.of_project(caller.project_id), caller=caller)

    async def write(self, step: Step[Wish, Outcome], wish: Wish, patient: bool = False) -> Outcome:
        """Fulfil a wish in a transaction that this process's requests share (`GroupCommit.do`).

        Raises:
            What the step says of the wish.
        """
        return await self.commits.do(self.db.project_id, step, wish, patient)

    async def still_open(self) -> bool:
        """Tell whether a request that has waited would still be let in."""
        return await self.door.still_open(self.caller)

    def trials_changed(self) -> None:
        """Tell whom it concerns that trials were queued, closed or finished. Returns at once."""
        self.keeper.trials_changed()
        self.watcher.look_soon()


def parts_of(parts: Parts, request: Request) -> Parts:
    """Return the parts of an application for one request."""
    return parts.of(request.scope.get(CALLER))


# `async`, so that FastAPI calls them in the loop; a plain function would cost a thread each.
async def _parts(request: Request) -> Parts:
    return parts_of(request.app.state.parts, request)


async def _caller(request: Request) -> Caller:
    caller: Caller | None = request.scope.get(CALLER)
    if caller is None:
        raise KeyNeeded(sent=False)
    return caller


async def _db(request: Request) -> Database:
    return (await _parts(request)).db


PartsDep = Annotated[Parts, Depends(_parts)]
DbDep = Annotated[Database, Depends(_db)]
CallerDep = Annotated[Caller, Depends(_caller)]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


async def _study_ref(
    study: Annotated[str, Path(description="The number or the name of a study.")],
) -> str:
    # What cannot be a name is nobody's name; some of it a database would not even compare.
    if re.fullmatch(NAME, study) is None:
        raise StudyNotFound(study)
    return study


StudyRef = Annotated[str, Depends(_study_ref)]
