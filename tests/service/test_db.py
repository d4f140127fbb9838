"""Two kinds of transactions, one clock, one writer on SQLite."""

import multiprocessing
import os
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError
from sqlalchemy.orm import Session

from service import db as db_module
from service import schema
from service.command_errors import DatabaseInUse
from service.db import Database
from service.errors import DatabaseBusy
from service.models import Project, Worker

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def add_worker(db: Database, name: str) -> None:
    with db.begin() as session:
        session.add(
            Worker(project_id=1, name=name, versions={}, data=[], first_seen_at=NOW, seen_at=NOW)
        )


def count_workers(db: Database) -> int:
    with db.read() as session:
        return session.scalars(select(func.count()).select_from(Worker)).one()


def test_a_transaction_that_ends_well_is_kept(db: Database) -> None:
    add_worker(db, "w")
    assert count_workers(db) == 1


def test_a_transaction_that_fails_leaves_nothing(db: Database) -> None:
    def fail(session: Session) -> None:
        session.add(
            Worker(project_id=1, name="w", versions={}, data=[], first_seen_at=NOW, seen_at=NOW)
        )
        session.flush()
        raise RuntimeError

    with pytest.raises(RuntimeError), db.begin() as session:
        fail(session)
    assert count_workers(db) == 0


def test_a_reader_cannot_write(db: Database) -> None:
    with pytest.raises(DBAPIError), db.read() as session:
        session.execute(text("DELETE FROM workers"))
    add_worker(db, "a writer on the same connection can")


def test_a_reader_sees_one_state_while_others_write(db: Database) -> None:
    with db.read() as session:
        counted = select(func.count()).select_from(Worker)
        assert session.scalars(counted).one() == 0
        add_worker(db, "w")
        assert session.scalars(counted).one() == 0
    assert count_workers(db) == 1


def test_values_that_are_not_json_are_refused(db: Database) -> None:
    strange = {"x": float("nan")}
    with db.begin() as session:
        session.add(
            Worker(
                project_id=1, name="w", versions=strange, data=[], first_seen_at=NOW, seen_at=NOW
            )
        )
        # PostgreSQL's driver writes JSON later, outside of what SQLAlchemy wraps.
        with pytest.raises((StatementError, ValueError), match="not JSON compliant"):
            session.flush()


def test_the_clock_is_the_databases_and_in_utc(db: Database) -> None:
    with db.read() as session:
        now = db.now(session)
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_clock_goes_on_within_a_transaction(db: Database) -> None:
    with db.read() as session:
        before = db.now(session)
        time.sleep(0.01)
        assert db.now(session) > before


def test_a_test_may_bring_its_own_clock(database_url: str) -> None:
    db = Database(database_url, clock=lambda: NOW)
    with db.read() as session:
        assert db.now(session) == NOW
    db.close()


def test_writers_on_sqlite_take_turns_and_none_is_locked_out(sqlite_url: str) -> None:
    db = Database(sqlite_url)

    def work(name: str) -> None:
        for n in range(20):
            add_worker(db, f"{name}-{n}")

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count_workers(db) == 320
    db.close()


def test_two_processes_that_read_and_then_write_sqlite_do_not_lock_each_other_out(
    sqlite_url: str,
) -> None:
    databases = [Database(sqlite_url), Database(sqlite_url)]
    failed: list[Exception] = []

    def count_up(db: Database) -> None:
        try:
            for _ in range(40):
                with db.begin() as session:
                    old = session.scalars(select(Project.name)).one()
                    session.execute(update(Project).values(name=f"{int(old or 0) + 1}"))
        except Exception as error:
            failed.append(error)

    with databases[0].begin() as session:
        session.execute(update(Project).values(name="0"))
    threads = [threading.Thread(target=count_up, args=(db,)) for db in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with databases[0].read() as session:
        assert session.scalars(select(Project.name)).one() == "80"
    for db in databases:
        db.close()


def test_a_writer_that_waits_too_long_is_told(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db_module, "BUSY_S", 0.05)
    db = Database(sqlite_url)
    with db.begin(), pytest.raises(DatabaseBusy), db.begin():
        pass
    add_worker(db, "later")
    db.close()


def test_sqlite_is_set_up_for_one_server_with_many_readers(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    with db.begin() as session:
        pragmas = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 1,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }
    db.close()


def modes(path: Path) -> dict[str, int]:
    """The modes of a database file and of what lies beside it, by ending."""
    files = path.parent.glob(f"{path.name}*")
    return {file.name.removeprefix(path.name): file.stat().st_mode & 0o777 for file in files}


@pytest.mark.parametrize("linked", [False, True])
def test_a_new_sqlite_file_is_for_its_owner_alone(tmp_path: Path, linked: bool) -> None:
    path = tmp_path / "tinyfront.db"
    if linked:
        (tmp_path / "link").symlink_to(path)
    before = os.umask(0o022)
    try:
        db = Database(f"sqlite:///{tmp_path / 'link' if linked else path}")
        schema.upgrade(db)
        add_worker(db, "w")
        assert modes(path) == {"": 0o600, "-wal": 0o600, "-shm": 0o600}
        db.close()
    finally:
        os.umask(before)


def test_a_sqlite_file_that_cannot_be_made_is_told_as_any_error_of_the_database(
    tmp_path: Path,
) -> None:
    db = Database(f"sqlite:///{tmp_path / 'none' / 'tinyfront.db'}")
    with pytest.raises(OperationalError, match=r"tinyfront.db: No such file"), db.read():
        count_workers(db)


HOLD = """
import sys, time
from service.db import Database
with Database(sys.argv[1]).exclusive():
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_server_on_a_sqlite_file_is_refused_until_the_first_dies(
    sqlite_url: str, tmp_path: Path
) -> None:
    db = Database(sqlite_url)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, sqlite_url], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DatabaseInUse, match=f"process {holder.pid}"), db.exclusive():
            pass
    finally:
        holder.kill()
        holder.communicate()
    with db.exclusive():
        lock = tmp_path / "tinyfront.db.lock"
        assert lock.read_text() == f"{multiprocessing.current_process().pid}\n"
    with db.exclusive():
        pass
    db.close()


def test_several_servers_may_use_postgresql(postgres_url: str) -> None:
    db = Database(postgres_url)
    with db.exclusive(), db.exclusive():
        pass
    db.close()


def test_deleting_a_row_deletes_what_belongs_to_it(db: Database) -> None:
    with db.begin() as session:
        session.execute(text("DELETE FROM projects"))
    with db.read() as session:
        assert session.scalars(select(func.count()).select_from(Project)).one() == 0


def test_an_error_of_the_database_does_not_show_what_was_to_be_written(db: Database) -> None:
    with pytest.raises(DBAPIError) as error, db.begin() as session:
        session.execute(text("INSERT INTO nowhere VALUES (:value)"), {"value": "a secret"})
    assert "a secret" not in str(error.value)


def cut_pooled_connections(db: Database) -> None:
    """End at the server what the pool keeps, as a restart of the database does."""
    with db.read() as session:
        pid = session.scalars(select(func.pg_backend_pid())).one()
    other = Database(db.url.render_as_string(hide_password=False))
    with other.begin() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    other.close()


def test_a_pooled_connection_that_rested_is_asked_before_it_is_used(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(postgres_url)
    cut_pooled_connections(db)
    monkeypatch.setattr(db_module, "UNASKED_S", 0.0)
    assert count_workers(db) == 0
    db.close()


def test_a_pooled_connection_that_was_just_used_is_believed_in_and_replaced_after_its_failure(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(postgres_url)
    monkeypatch.setattr(db_module, "UNASKED_S", 60.0)
    cut_pooled_connections(db)
    with pytest.raises(DBAPIError) as lost:
        count_workers(db)
    assert lost.value.connection_invalidated
    assert count_workers(db) == 0
    db.close()
