"""Workers: what they say of themselves, when they were last heard of, what data they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service import projects
from service.models import Worker


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a worker says when it starts. Each item of `data` has the fields of `DataOut`."""

    accelerator: str
    host: str
    pid: int
    versions: Mapping[str, str] = field(default_factory=dict)
    data: Sequence[Mapping[str, Any]] = ()


def announce(session: Session, name: str, announcement: Announcement, now: datetime) -> Worker:
    """Store what a worker says of itself, in place of what it said before."""
    worker = seen(session, name, now)
    worker.accelerator = announcement.accelerator
    worker.host = announcement.host
    worker.pid = announcement.pid
    worker.versions = dict(announcement.versions)
    worker.data = [dict(item) for item in announcement.data]
    return worker


def seen(session: Session, name: str, now: datetime) -> Worker:
    """Note that a worker of that name was heard of."""
    key = (projects.home(session), name)
    worker = session.get(Worker, key) or _first(session, key, now)
    worker.seen_at = now
    return worker


def _first(session: Session, key: tuple[int, str], now: datetime) -> Worker:
    project_id, name = key
    worker = Worker(
        project_id=project_id, name=name, versions={}, data=[], first_seen_at=now, seen_at=now
    )
    try:
        with session.begin_nested():
            session.add(worker)
    except IntegrityError:
        # Two first words of one worker met here; the other was faster.
        return session.get_one(Worker, key)
    return worker


def listing(session: Session) -> Sequence[Worker]:
    """Return the workers of the session's project, the one heard of last first."""
    own = select(Worker).where(Worker.project_id == projects.home(session))
    return session.scalars(own.order_by(Worker.seen_at.desc(), Worker.name)).all()


def announced_data(session: Session) -> list[dict[str, Any]]:
    """Return each announced data set once, by name.

    Of several workers that hold different files under one name, the one heard of last is believed;
    a usable file goes before one with a problem.
    """
    found: dict[str, dict[str, Any]] = {}
    for worker in listing(session):
        for item in worker.data:
            present = found.get(item["name"])
            if present is None or (present.get("problem") and not item.get("problem")):
                found[item["name"]] = item
    return [found[name] for name in sorted(found)]
