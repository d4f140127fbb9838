"""Projects: the name spaces of teams. What a session may see is decided here, in one place.

A route's session belongs to the project of its caller (`Database.of_project`), so no route can
forget to ask; the sessions of planners, ledgers and commands belong to none and see everything.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.access_errors import InvalidName, ProjectNotFound
from service.models import Project, Study

DEFAULT = "default"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def of_session(session: Session) -> int | None:
    """Return the project that a session is limited to; None if it sees everything."""
    project_id: int | None = session.info.get("project_id")
    return project_id


def home(session: Session) -> int:
    """Return the project to which a session adds rows, and in which it looks for names."""
    project_id = of_session(session)
    return named(session, DEFAULT).id if project_id is None else project_id


def seen(session: Session) -> ColumnElement[bool]:
    """Return the condition that a study, joined by the caller, is one that the session may see."""
    project_id = of_session(session)
    return true() if project_id is None else Study.project_id == project_id


def named(session: Session, name: str) -> Project:
    """Return a project by its name.

    Raises:
        ProjectNotFound: there is none.
    """
    found = session.scalars(select(Project).where(Project.name == name)).one_or_none()
    if found is None:
        raise ProjectNotFound(name)
    return found


def create(session: Session, name: str, now: datetime) -> tuple[Project, bool]:
    """Create a project, or return the one of that name.

    Returns:
        The project, and whether it is new.

    Raises:
        InvalidName: the name is malformed.
    """
    check_name(name)
    project = Project(name=name, created_at=now)
    try:
        with session.begin_nested():
            session.add(project)
    except IntegrityError:
        return named(session, name), False
    return project, True


def listing(session: Session) -> Sequence[Project]:
    """Return all projects by name."""
    return session.scalars(select(Project).order_by(Project.name)).all()


def check_name(name: str) -> None:
    """Refuse a name that could not stand in an address.

    Raises:
        InvalidName: the message says what a name looks like.
    """
    if NAME.fullmatch(name) is None:
        raise InvalidName(name)
