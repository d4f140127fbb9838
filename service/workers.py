"""Workers: what they say of themselves, when they were last heard of, what data they hold."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Insert, and_, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service import bulk, projects
from service.errors import ServiceError
from service.models import Attempt, Study, Trial, Worker

KEY = (Worker.project_id, Worker.name)


class WorkerNotFound(ServiceError):
    """No worker of that name was ever heard of."""

    remedy = "List the workers to see their names."

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no worker {name!r}.")


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a worker says when it starts. Each item of `data` has the fields of `DataOut`."""

    accelerator: str
    host: str
    pid: int
    versions: Mapping[str, str] = field(default_factory=dict)
    data: Sequence[Mapping[str, Any]] = ()
    memory_mib: int | None = None  # of what it trains on


def announce(session: Session, name: str, announcement: Announcement, now: datetime) -> Worker:
    """Store what a worker says of itself, in place of what it said before."""
    seen(session, [name], now)
    worker = session.get_one(Worker, (projects.home(session), name), populate_existing=True)
    worker.accelerator = announcement.accelerator
    worker.host = announcement.host
    worker.pid = announcement.pid
    worker.memory_mib = announcement.memory_mib
    worker.versions = dict(announcement.versions)
    worker.data = [dict(item) for item in announcement.data]
    return worker


def seen(session: Session, names: Iterable[str], now: datetime) -> None:
    """Note that workers of these names were heard of."""
    first = {"project_id": projects.home(session), "versions": {}, "data": []}
    first |= {"first_seen_at": now, "seen_at": now}
    # By name, so that two transactions never wait for each other's workers.
    rows = [{**first, "name": name} for name in sorted(set(names))]
    if session.get_bind().dialect.name == "postgresql":
        noting = _noting_all(tuple(first | {"name": ""}))
        session.connection().execute(noting, bulk.arrays(rows))
    else:
        insert = sqlite.insert(Worker)
        seen_at = {"seen_at": insert.excluded.seen_at}
        session.execute(insert.on_conflict_do_update(index_elements=KEY, set_=seen_at), rows)


@cache
def _noting_all(keys: tuple[str, ...]) -> Insert:
    """Insert workers, or note on those of these names when they were heard of."""
    insert = postgresql.insert(bulk.table(Worker)).from_select(
        keys, select(*bulk.given(Worker, keys).c)
    )
    seen_at = {"seen_at": insert.excluded.seen_at}
    return insert.on_conflict_do_update(index_elements=KEY, set_=seen_at)


def get(session: Session, name: str) -> Worker:
    """Return the worker of that name in the session's project.

    Raises:
        WorkerNotFound: nothing was ever heard of it.
    """
    worker = session.get(Worker, (projects.home(session), name))
    if worker is None:
        raise WorkerNotFound(name)
    return worker


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which workers a list shows; `contains` is part of the name, in any letters."""

    accelerator: str | None = None
    contains: str | None = None


ALL = Wanted()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ended: the name of its last worker, and when that was heard of."""

    name: str
    seen_at: datetime | None = None


def listing(
    session: Session,
    wanted: Wanted = ALL,
    after: Place | None = None,
    limit: int | None = None,
    by_name: bool = False,
) -> Sequence[Worker]:
    """Return workers of the session's project, the one heard of last first, or by name.

    By name none is missed that is heard of while pages are read.

    Args:
        after: continue behind this place.
    """
    workers = select(Worker).where(Worker.project_id == projects.home(session))
    if wanted.accelerator is not None:
        workers = workers.where(Worker.accelerator == wanted.accelerator)
    if wanted.contains:
        workers = workers.where(Worker.name.icontains(wanted.contains, autoescape=True))
    if after is not None and by_name:
        workers = workers.where(Worker.name > after.name)
    elif after is not None and after.seen_at is not None:
        same = and_(Worker.seen_at == after.seen_at, Worker.name > after.name)
        workers = workers.where(or_(Worker.seen_at < after.seen_at, same))
    order = [Worker.name] if by_name else [Worker.seen_at.desc(), Worker.name]
    return session.scalars(workers.order_by(*order).limit(limit)).all()


@dataclass(frozen=True, slots=True)
class Running:
    """A trial that a worker has leased."""

    trial_id: int
    number: int
    study_id: int
    study: str
    since: datetime
    heard_at: datetime  # the claim, or the last renewal


def running(session: Session, names: Collection[str]) -> dict[str, list[Running]]:
    """Return what workers of the session's project have leased, by their names; the oldest first.

    Open attempts are few and stand in an index of their own.
    """
    rows = session.execute(
        select(Attempt, Trial.number, Study.id, Study.name)
        .join(Trial, Trial.id == Attempt.trial_id)
        .join(Study, Study.id == Trial.study_id)
        .where(Attempt.ended_at.is_(None), Study.project_id == projects.home(session))
        .order_by(Attempt.id)
    )
    found: dict[str, list[Running]] = {name: [] for name in names}
    for attempt, number, study_id, study in rows:
        if attempt.worker in found:
            heard_at = attempt.expires_at - timedelta(seconds=attempt.lease_s)
            leased = Running(
                attempt.trial_id, number, study_id, study, attempt.started_at, heard_at
            )
            found[attempt.worker].append(leased)
    return found


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
