"""What `tinyfront-server doctor` looks at when no study is named: whether a server can work here.

Each check asks the real thing: the database, the store, a planner process.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service import database_file, database_url, schema, store_check, workers
from service.command_errors import CommandFailed
from service.config import Settings
from service.db import Database
from service.errors import ServiceError
from service.planner.pool import START_S, Planner

# A clock that is further off confuses whoever compares logs; leases go by the database's alone.
CLOCK_S = 5.0
LATELY_S = 300.0  # an idle worker is heard of every 20 s, one in a trial at each renewal
MB = 2**20


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. A `note` is worth knowing, but no failure."""

    name: str
    state: Literal["ok", "note", "failed"]
    text: str

    def to_json(self) -> dict[str, str]:
        """Plain JSON; the names are the fields."""
        return asdict(self)


def examine(settings: Settings) -> Iterator[Finding]:
    """Check a server's surroundings, one after the other; what cannot be checked is left out."""
    db = Database(settings.database_url)
    try:
        reached = _check("database", lambda: _database(db))
        yield reached
        if reached.state == "ok":
            if db.sqlite:
                yield _file(db)
            yield _check("schema", lambda: _schema(db))
            yield _check("clock", lambda: _clock(db))
        yield _check("artefacts", lambda: _artefacts(settings))
        yield _check("planner", _planner)
        with suppress(SQLAlchemyError), db.read() as session:  # said above already
            yield from _workers(session, db.now(session))
    finally:
        db.close()


def _check(name: str, look: Callable[[], Finding]) -> Finding:
    """Take what a check raises as its finding."""
    try:
        return look()
    except (CommandFailed, ServiceError) as error:
        return Finding(name, "failed", str(error))
    except SQLAlchemyError as error:
        return Finding(name, "failed", f"The database does not answer: {_first_line(error)}")
    except OSError as error:
        return Finding(name, "failed", f"Cannot be used: {error}")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _database(db: Database) -> Finding:
    with db.read() as session:
        db.now(session)
        begun_s = time.perf_counter()
        session.connection().exec_driver_sql("SELECT 1")
        took_ms = (time.perf_counter() - begun_s) * 1000
    return Finding(
        "database", "ok", f"{database_url.shown(db.url)} answers within {took_ms:.1f} ms."
    )


def _file(db: Database) -> Finding:
    exposed = database_file.exposed(db)
    if exposed is None:
        return Finding("file", "ok", "Its owner alone may read the database's file.")
    return Finding("file", "failed", exposed)


def _schema(db: Database) -> Finding:
    schema.check(db)
    with db.read() as session:
        revision = schema.revision_of(session.connection())
    return Finding("schema", "ok", f"The tables are at revision {revision}.")


def _clock(db: Database) -> Finding:
    with db.read() as session:
        before = datetime.now(UTC)
        theirs = db.now(session)
        after = datetime.now(UTC)
    off_s = (theirs - (before + (after - before) / 2)).total_seconds()
    text = (
        f"The database's clock is {abs(off_s):.1f} s {'ahead of' if off_s > 0 else 'behind'} ours."
    )
    if abs(off_s) <= CLOCK_S:
        return Finding("clock", "ok", text)
    return Finding("clock", "failed", f"{text} Let both machines keep time by NTP.")


def _artefacts(settings: Settings) -> Finding:
    store_check.try_out(settings.artefact_url)
    text = f"{store_check.shown(settings.artefact_url)} takes and gives files"
    if not Path(settings.artefact_url).is_dir():
        return Finding("artefacts", "ok", f"{text}.")
    free = shutil.disk_usage(settings.artefact_url).free
    if free < settings.max_artefact_bytes:
        need = f"one file may have {settings.max_artefact_bytes // MB} MB: make room"
        return Finding("artefacts", "failed", f"{text}, but has {free // MB} MB left; {need}.")
    return Finding("artefacts", "ok", f"{text}, {free // MB} MB are free.")


def _planner() -> Finding:
    planner = Planner()
    begun_s = time.monotonic()
    planner.start()
    try:
        ready = planner.await_ready()
    finally:
        planner.retire()
    took_s = time.monotonic() - begun_s
    if ready:
        return Finding("planner", "ok", f"A planner process was ready after {took_s:.1f} s.")
    text = f"No planner process was ready within {START_S:g} s; random proposals are made instead."
    return Finding("planner", "failed", f"{text} Is torch installed, and memory free?")


def _workers(session: Session, now: datetime) -> Iterator[Finding]:
    listed = workers.listing(session)
    ages_s = [(now - worker.seen_at).total_seconds() for worker in listed]
    lately = sum(age_s <= LATELY_S for age_s in ages_s)
    start = "Start one: tinyfront-server worker --server URL"
    if lately:
        yield Finding("workers", "ok", f"{lately} of {len(listed)} were seen within 5 minutes.")
    elif listed:
        last = f"the last of {len(listed)} was seen {min(ages_s) / 60:.0f} minutes ago"
        yield Finding("workers", "note", f"None at present, {last}. {start}")
    else:
        yield Finding("workers", "note", f"None was ever seen. {start}")
    yield _data(workers.announced_data(session))


def _data(items: list[dict[str, Any]]) -> Finding:
    usable = [item["name"] for item in items if not item.get("problem")]
    bad = [f"{item['name']} ({item['problem']})" for item in items if item.get("problem")]
    text = f"Usable: {', '.join(usable) or 'none'}."
    if bad:
        return Finding("data", "note", f"{text} Not usable: {', '.join(bad)}")
    return Finding("data", "ok" if usable else "note", text)
