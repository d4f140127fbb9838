"""Projects: make and list. Only an administrator of `default` makes one."""

from datetime import datetime

from fastapi import APIRouter
from sqlalchemy.orm import Session

from service import projects
from service.access_errors import RoleForbids
from service.api.keys import administered
from service.api.once import OnceDep
from service.api.parts import CallerDep, PartsDep
from service.api.schemas.access import ProjectCreate, ProjectList, ProjectOut

router = APIRouter(prefix="/projects", tags=["access"])


@router.post("", status_code=201, responses={200: {"model": ProjectOut}})
def create(body: ProjectCreate, caller: CallerDep, once: OnceDep) -> ProjectOut:
    """Make a project; one of that name is returned as it is."""
    if administered(caller) is not None:
        raise RoleForbids("admin of a project", "POST /projects", ["admin of the project default"])

    def effect(session: Session, now: datetime) -> tuple[ProjectOut, bool]:
        project, is_new = projects.create(session, body.name, now)
        return ProjectOut.model_validate(project), is_new

    return once.perform(ProjectOut, effect)


@router.get("")
def list_projects(parts: PartsDep, caller: CallerDep) -> ProjectList:
    """List the projects by name."""
    only = administered(caller)
    with parts.db.read() as session:
        found = [each for each in projects.listing(session) if only in {None, each.name}]
        return ProjectList(items=[ProjectOut.model_validate(each) for each in found])
