"""Keys: made, shown once, kept as hashes, revoked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import Session

from service import key_texts, projects
from service.access_errors import KeyNotFound
from service.models import Key, Project
from service.states import Role

USED_EVERY = timedelta(minutes=1)  # no use is noted sooner after the last


@dataclass(frozen=True, slots=True)
class Listed:
    """A key as it is shown, without what opens the door."""

    id: str
    name: str
    role: Role
    project: str
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A key to be made."""

    name: str
    role: Role
    project: str = projects.DEFAULT


@dataclass(frozen=True, slots=True)
class Filter:
    """Which keys a list shows."""

    role: Role | None = None
    revoked: bool | None = None


ALL = Filter()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: when its last key was made, and its id."""

    created_at: datetime
    id: str


def create(
    session: Session, wanted: Wanted, now: datetime, text: str | None = None
) -> tuple[Key, str]:
    """Make a key, or enter one whose text is given.

    Returns:
        The row, and the text, which is nowhere else.

    Raises:
        InvalidName: the name is malformed.
        ProjectNotFound: there is no such project.
    """
    projects.check_name(wanted.name)
    text = text or key_texts.new()
    key = Key(
        id=key_texts.id_of(text),
        project_id=projects.named(session, wanted.project).id,
        name=wanted.name,
        role=wanted.role,
        sha256=key_texts.digest(text),
        created_at=now,
    )
    session.add(key)
    session.flush()
    return key, text


def listing(
    session: Session,
    project: str | None = None,
    chosen: Filter = ALL,
    after: Place | None = None,
    limit: int | None = None,
) -> list[Listed]:
    """Return the keys of a project, or of all, oldest first.

    Args:
        after: continue behind this place.
    """
    rows = select(Key, Project.name).join(Project, Project.id == Key.project_id)
    if project is not None:
        rows = rows.where(Project.name == project)
    if chosen.role is not None:
        rows = rows.where(Key.role == chosen.role)
    if chosen.revoked is not None:
        rows = rows.where(Key.revoked_at.is_not(None) == chosen.revoked)
    if after is not None:
        same = and_(Key.created_at == after.created_at, Key.id > after.id)
        rows = rows.where(or_(Key.created_at > after.created_at, same))
    return [
        Listed(
            id=key.id,
            name=key.name,
            role=key.role,
            project=name,
            created_at=key.created_at,
            used_at=key.used_at,
            revoked_at=key.revoked_at,
        )
        for key, name in session.execute(rows.order_by(Key.created_at, Key.id).limit(limit))
    ]


def revoke(session: Session, key_id: str, now: datetime, project: str | None = None) -> Key:
    """Let a key open nothing any more. Twice is fine.

    Args:
        project: the one whose keys the caller administers; None for all.

    Raises:
        KeyNotFound: there is none of that id.
    """
    rows = select(Key).join(Project, Project.id == Key.project_id).where(Key.id == key_id)
    if project is not None:
        rows = rows.where(Project.name == project)
    key = session.scalars(rows).one_or_none()
    if key is None:
        raise KeyNotFound(key_id)
    key.revoked_at = key.revoked_at or now
    return key


def valid(session: Session) -> Sequence[tuple[Key, str]]:
    """Return the keys that open something, each with the name of its project."""
    rows = select(Key, Project.name).join(Project, Project.id == Key.project_id)
    return [(key, name) for key, name in session.execute(rows.where(Key.revoked_at.is_(None)))]


def any_valid(session: Session) -> bool:
    """Tell whether there is a key that opens something."""
    return session.scalar(select(exists().where(Key.revoked_at.is_(None)))) or False


def note_uses(session: Session, key_ids: Collection[str], now: datetime) -> None:
    """Note that keys were used, unless that was noted within the last minute."""
    due = or_(Key.used_at.is_(None), Key.used_at <= now - USED_EVERY)
    session.execute(update(Key).where(Key.id.in_(key_ids), due).values(used_at=now))
