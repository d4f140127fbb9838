"""The database: two kinds of transactions, one clock, one writer on SQLite."""

import copy
import json
import math
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Self

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from service import database_url
from service.command_errors import DatabaseInUse
from service.errors import DatabaseBusy

POOL = 16  # connections, and the limit of threads that serve requests
BUSY_S = 5.0
# On PostgreSQL a request waits for a connection, then for the server, and is answered within 5 s.
CONNECTION_S = 2.5
SERVER_S = 2
# So long a statement waits on PostgreSQL for a row that another transaction holds. A server that
# lost its power holds some until PostgreSQL misses it, and one thread writes for all requests.
LOCK_S = 10.0
UNASKED_S = 1.0  # so long a pooled connection is believed to be alive
# SQLite has one kind of error for a file that cannot be used and for a statement that cannot.
SQLITE_AWAY = tuple(f"SQLITE_{w}" for w in ("BUSY", "LOCKED", "IOERR", "CANTOPEN", "FULL"))
OWNER_ONLY = 0o600  # the mode of files that hold what a database holds: secrets, too

CLOCK = select(func.clock_timestamp())
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return this machine's time."""
    return datetime.now(UTC)


def is_away(error: Exception) -> bool:
    """Whether the database could not be reached at all; else it had something to say."""
    if isinstance(error, OperationalError | InterfaceError):
        if isinstance(error.orig, sqlite3.Error):
            return getattr(error.orig, "sqlite_errorname", "").startswith(SQLITE_AWAY)
        return getattr(error.orig, "sqlstate", None) is None
    return isinstance(error, PoolTimeout | DatabaseBusy)


def _before_sqlite_connect(_dialect: Any, _record: Any, arguments: Any, _options: Any) -> None:
    # SQLite would let everybody read a new file; what lies beside it (-wal, -shm) gets its mode.
    path = os.path.realpath(arguments[0])
    try:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
    except OSError as error:
        raise sqlite3.OperationalError(f"{path}: {error.strerror}") from error


def _on_sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver's own BEGIN is deferred and comes late; ours is sent in `_on_sqlite_begin`.
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_S * 1000:.0f}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _on_sqlite_begin(connection: Connection) -> None:
    # A deferred transaction that writes later fails at once when another wrote meanwhile, whatever
    # the busy timeout; so a writer takes its lock first, and a reader may never write.
    writes = connection.get_execution_options().get("tinyfront_writes", True)
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _on_postgres_connect(connection: Any, _record: Any) -> None:
    try:
        connection.execute(f"SET lock_timeout = {LOCK_S * 1000:.0f}")
        connection.commit()
    except psycopg.Error:  # the pool does not know it yet
        connection.close()
        raise


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_s"] = time.monotonic()


def _ping_after_rest(connection: Any, record: Any, _proxy: Any) -> None:
    # A pooled connection may be older than the last restart of the database. One that was in use a
    # moment ago hardly is, and to ask it costs a request as much as one of its statements.
    if time.monotonic() - record.info.get("used_s", math.inf) > UNASKED_S:
        try:
            connection.execute("SELECT 1")
            connection.rollback()
        except psycopg.Error as error:
            raise InvalidatePoolError from error  # all are from before; the pool makes another


class Database:
    """The tables of one service, reached through `read()` and `begin()`.

    Args:
        url: `sqlite:///FILE` or `postgresql://HOST/NAME`.
        clock: replaces the database's clock; for tests.
    """

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self.url = database_url.parse(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.project_id: int | None = None
        self._of_project: dict[int | None, Self] = {}
        self.engine = self._engine()
        self._clock = utc_now if clock is None and self.sqlite else clock
        reading: dict[str, Any] = {"tinyfront_writes": False}
        if not self.sqlite:
            # One state of the tables for the whole answer, as SQLite gives by itself.
            reading = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
        self._readers = self.engine.execution_options(**reading)
        # SQLite lets waiting writers sleep and retry, which starves some; a lock queues them.
        self._writer = threading.Lock()

    def _engine(self) -> Engine:
        shared: dict[str, Any] = {
            "pool_size": POOL,
            "max_overflow": 0,
            "pool_timeout": BUSY_S,
            # Errors are logged, and what was written may be a secret.
            "hide_parameters": True,
            # NaN has no place in JSON; refuse it here rather than store a text nobody can read.
            "json_serializer": partial(json.dumps, allow_nan=False, separators=(",", ":")),
        }
        if not self.sqlite:
            # A machine that is gone sends no word of it: what was sent and is not acknowledged by
            # then ends the connection. (Through a socket of this machine there is always word.)
            arguments = {"connect_timeout": SERVER_S, "tcp_user_timeout": SERVER_S * 1000}
            shared |= {"pool_timeout": CONNECTION_S, "connect_args": arguments}
            engine = create_engine(self.url, **shared)
            event.listen(engine, "connect", _on_postgres_connect)
            event.listen(engine, "checkin", _note_use)
            event.listen(engine, "checkout", _ping_after_rest)
            return engine
        engine = create_engine(self.url, **shared)
        event.listen(engine, "do_connect", _before_sqlite_connect)
        event.listen(engine, "connect", _on_sqlite_connect)
        event.listen(engine, "begin", _on_sqlite_begin)
        return engine

    def of_project(self, project_id: int | None) -> Self:
        """Return the same database for one project: its sessions see nothing of any other.

        `service.projects` reads from a session which project it belongs to; None sees everything.
        """
        if project_id not in self._of_project:
            limited = copy.copy(self)  # shares connections and the writers' lock
            limited.project_id = project_id
            self._of_project[project_id] = limited
        return self._of_project[project_id]

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a session that sees one state of the tables and cannot write."""
        with self._session(self._readers) as session:
            yield session

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Open a session that may write; commits at the end, rolls back on an error."""
        with self._turn(), self._session(self.engine) as session, session.begin():
            yield session

    def _session(self, engine: Engine) -> Session:
        return Session(engine, expire_on_commit=False, info={"project_id": self.project_id})

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.sqlite:
            yield
            return
        if not self._writer.acquire(timeout=BUSY_S):
            raise DatabaseBusy(BUSY_S)
        try:
            yield
        finally:
            self._writer.release()

    def now(self, session: Session) -> datetime:
        """Return the database's time, the only clock of leases: servers' clocks may differ."""
        if self._clock is not None:
            return self._clock()
        moment: datetime = session.scalars(CLOCK).one()
        return moment.astimezone(UTC)

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Keep other servers off this SQLite file while the block runs; nothing on PostgreSQL.

        Raises:
            DatabaseInUse: another process holds the file.
        """
        if not self.sqlite:
            yield
            return
        with _lock_file(Path(f"{self.url.database}.lock")):
            yield

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


@contextmanager
def _lock_file(path: Path) -> Iterator[None]:
    import fcntl  # not on Windows, where the service does not run

    # Opened without truncation: until the lock is ours, the text in it is the holder's.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode().strip() or "unknown"
            raise DatabaseInUse(str(path.with_suffix("")), holder) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        # The kernel frees the lock with the descriptor, after kill -9 too; the file stays, since
        # removing it would let two servers lock two files of one name.
        os.close(descriptor)
