"""What routes reach of the service: the parts that `create_app` was given."""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from service.api.schemas.body import NAME
from service.artefacts import Store
from service.background import Background
from service.db import Database
from service.errors import StudyNotFound
from service.monitor import Monitor
from service.watcher import Planner, Watcher

# The largest identity that a database holds; beyond it a query would fail instead of finding none.
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of one server process."""

    db: Database
    store: Store
    watcher: Watcher
    planner: Planner
    background: Background
    monitor: Monitor

    def trials_changed(self) -> None:
        """Tell whom it concerns that trials were queued, closed or finished. Returns at once."""
        self.background.ledger.wake()
        self.watcher.look_soon()
        self.planner.wake()


# `async`, so that FastAPI calls them in the loop; a plain function would cost a thread each.
async def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


async def _db(request: Request) -> Database:
    return (await _parts(request)).db


PartsDep = Annotated[Parts, Depends(_parts)]
DbDep = Annotated[Database, Depends(_db)]
Id = Annotated[int, Path(ge=1, le=LARGEST_ID)]


async def _study_ref(
    study: Annotated[str, Path(description="The number or the name of a study.")],
) -> str:
    # What cannot be a name is nobody's name; some of it a database would not even compare.
    if re.fullmatch(NAME, study) is None:
        raise StudyNotFound(study)
    return study


StudyRef = Annotated[str, Depends(_study_ref)]
