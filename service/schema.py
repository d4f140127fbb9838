"""Which tables a database holds, and how they get up to date."""

from enum import StrEnum
from importlib.resources import files

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError

from service import __version__, database_url
from service.command_errors import (
    DatabaseEmpty,
    DatabaseForeign,
    DatabaseOutdated,
    DatabaseTooNew,
    TablesInUse,
)
from service.db import Database

# As in migrations/env.py: programs that share a database overwrite each other's `alembic_version`.
VERSION_TABLE = "tinyfront_alembic_version"
# Any number will do, if only two upgrades at once take the same.
UPGRADE_LOCK = 0x7F0E7
# Requests lock tables in another order than revisions do. Of two that wait for each other
# PostgreSQL ends one: a request is repeated by its client, and an upgrade, which is all or nothing,
# is begun again.
TRIES = 5
GAVE_WAY = (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable)


class State(StrEnum):
    """What a server finds in its database."""

    EMPTY = "empty"
    CURRENT = "current"
    OLDER = "older"
    NEWER = "newer"  # of a later release, which still serves this one
    TOO_NEW = "too_new"
    FOREIGN = "foreign"


def _config() -> Config:
    config = Config()
    # Alembic reads `%` as the start of a reference.
    config.set_main_option("script_location", str(files("migrations")).replace("%", "%%"))
    return config


def head() -> str:
    """Return the revision that this server was written for."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise LookupError("the package migrations holds no revision.")
    return revision


def revision_of(connection: Connection) -> str | None:
    """Return the revision of the tables; None where there are none of ours."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))
    return found


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("+")[0].split(".")[:3] if part.isdigit())


def _oldest_server(connection: Connection) -> str:
    oldest: str = connection.scalars(text("SELECT oldest_server FROM tinyfront_schema")).one()
    return oldest


def _state(connection: Connection) -> State:
    revision = revision_of(connection)
    if revision is None:
        return State.FOREIGN if inspect(connection).get_table_names() else State.EMPTY
    if revision == head():
        return State.CURRENT
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if revision in known:
        return State.OLDER
    return State.NEWER if serves(connection) else State.TOO_NEW


def serves(connection: Connection) -> bool:
    """Tell whether the tables, which may have been upgraded since, still serve this server."""
    return _parts(_oldest_server(connection)) <= _parts(__version__)


def state(db: Database) -> State:
    """Say what the database holds, from a server's point of view."""
    with db.read() as session:
        return _state(session.connection())


def check(db: Database) -> None:
    """Let a server start on its own tables or on newer ones that still serve it.

    Raises:
        DatabaseEmpty: there is no table; the message has the command that makes them.
        DatabaseOutdated: the tables are older; the message has the command that upgrades them.
        DatabaseTooNew: the tables no longer serve this server.
        DatabaseForeign: the tables are of another program.
    """
    url = database_url.shown(db.url)
    with db.read() as session:
        connection = session.connection()
        match _state(connection):
            case State.EMPTY:
                raise DatabaseEmpty(url)
            case State.OLDER:
                raise DatabaseOutdated(url, revision_of(connection) or "none", head())
            case State.TOO_NEW:
                raise DatabaseTooNew(url, _oldest_server(connection), __version__)
            case State.FOREIGN:
                raise DatabaseForeign(url)
            case State.CURRENT | State.NEWER:
                return


def upgrade(db: Database) -> str:
    """Bring the tables to this server's revision, all or nothing, and return that revision.

    Tables of a later release stay as they are; of another program, too. On PostgreSQL servers may
    run meanwhile.

    Raises:
        DatabaseForeign: the tables are of another program.
        DatabaseTooNew: the tables no longer serve this server.
        TablesInUse: requests were in the way each time.
    """
    for _ in range(TRIES):
        try:
            found = _upgrade(db)
        except OperationalError as error:
            if not isinstance(error.orig, GAVE_WAY):
                raise
        else:
            if found in {State.FOREIGN, State.TOO_NEW}:
                check(db)
            return head()
    raise TablesInUse(TRIES)


def _upgrade(db: Database) -> State:
    """Upgrade what can be upgraded, and return what was found before."""
    with db.begin() as session:
        connection = session.connection()
        if not db.sqlite:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})"))
        found = _state(connection)
        if found in {State.EMPTY, State.OLDER}:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    return found
