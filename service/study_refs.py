"""Studies by what an address calls them: a number or a name."""

from collections.abc import Collection
from functools import cache

from sqlalchemy import Row, Select, and_, bindparam, or_, select
from sqlalchemy.orm import Session

from service import projects
from service.errors import StudyNotFound
from service.models import Study
from service.states import StudyStatus


def get(session: Session, ref: int | str) -> Study:
    """Return a study by its number or its name; a text of digits is a number first.

    Raises:
        StudyNotFound: there is none in the session's project.
    """
    studies = select(Study).where(projects.seen(session))
    text = str(ref)
    if _is_number(text):
        found = session.scalars(studies.where(Study.id == int(text))).one_or_none()
        if found is not None:
            return found
    named = studies.where(Study.name == text, Study.project_id == projects.home(session))
    found = session.scalars(named).one_or_none()
    if found is None:
        raise StudyNotFound(ref)
    return found


def _is_number(ref: str) -> bool:
    # A number beyond 63 bits is no row's, and a database would refuse to compare it.
    return ref.isascii() and ref.isdigit() and len(ref) < 19


def named(session: Session, refs: Collection[str]) -> dict[str, Row[int, str, StudyStatus]]:
    """Find studies as `get` does; of each its number, its name and where it stands."""
    if not refs:
        return {}
    numbers = {ref: int(ref) for ref in refs if _is_number(ref)}
    rows = session.execute(
        _named(projects.of_session(session) is not None),
        {
            "numbers": list(numbers.values()),
            "names": list(refs),
            "project_id": projects.home(session),
        },
    ).all()
    # A text of digits is a number first.
    by_number = {row.id: row for row in rows if row.id in numbers.values()}
    by_name = {row.name: row for row in rows}
    found = {ref: by_number.get(numbers.get(ref, 0)) or by_name.get(ref) for ref in refs}
    return {ref: row for ref, row in found.items() if row is not None}


@cache
def _named(limited: bool) -> Select[int, str, StudyStatus]:
    """Select studies by numbers and by names in a project; built once, since all claims need it."""
    number = Study.id.in_(bindparam("numbers", expanding=True))
    name = Study.name.in_(bindparam("names", expanding=True))
    mine = Study.project_id == bindparam("project_id")
    found = select(Study.id, Study.name, Study.status).where(or_(number, and_(name, mine)))
    return found.where(mine) if limited else found
