"""The tables: made by the migrations, equal to the models, checked before a server starts."""

import ast
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

import migrations
from service import __version__, schema
from service.command_errors import DatabaseEmpty, DatabaseForeign, DatabaseOutdated, DatabaseTooNew
from service.db import Database
from service.models import Base
from service.schema import VERSION_TABLE, State
from tests.postgres import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table, once of each kind."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'bare.db'}")
        yield database
        database.close()
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = postgres.create()
    database = Database(postgres.url(name))
    yield database
    database.close()
    postgres.drop(name)


def run(db: Database, statement: str) -> None:
    with db.begin() as session:
        session.execute(text(statement))


def test_the_migrations_make_the_tables_of_the_models(db: Database) -> None:
    with db.read() as session:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(session.connection(), opts=options)
        assert compare_metadata(context, Base.metadata) == []


def checks(db: Database) -> dict[str, list[tuple[str | None, str]]]:
    with db.read() as session:
        tables = inspect(session.connection())
        return {
            table: sorted((c["name"], c["sqltext"]) for c in tables.get_check_constraints(table))
            for table in tables.get_table_names()
            if table != VERSION_TABLE
        }


def test_the_migrations_make_the_checks_of_the_models(db: Database, bare: Database) -> None:
    if db.sqlite is not bare.sqlite:
        return
    Base.metadata.create_all(bare.engine)
    assert checks(db) == checks(bare)
    assert sum(map(len, checks(db).values())) > 15


def test_an_empty_database_is_refused_with_the_command_until_it_is_upgraded(bare: Database) -> None:
    assert schema.state(bare) is State.EMPTY
    with pytest.raises(DatabaseEmpty, match="Run: tinyfront-server db upgrade --database"):
        schema.check(bare)
    assert schema.upgrade(bare) == schema.head()
    schema.check(bare)
    assert schema.state(bare) is State.CURRENT


def test_a_second_upgrade_changes_nothing(db: Database) -> None:
    assert schema.upgrade(db) == schema.head()
    assert schema.state(db) is State.CURRENT


def test_two_upgrades_at_once_do_not_hurt_each_other(bare: Database) -> None:
    results: list[object] = []

    def upgrade() -> None:
        try:
            results.append(schema.upgrade(bare))
        except Exception as error:
            results.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [schema.head()] * 3


def test_a_foreign_database_is_refused_and_left_alone(bare: Database) -> None:
    run(bare, "CREATE TABLE alembic_version (version_num VARCHAR(32))")
    assert schema.state(bare) is State.FOREIGN
    for refusing in (schema.check, schema.upgrade):
        with pytest.raises(DatabaseForeign, match="database of its own"):
            refusing(bare)


def test_an_older_database_is_refused_with_the_command(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = schema.head()
    monkeypatch.setattr(schema, "head", lambda: "9999")
    with pytest.raises(DatabaseOutdated, match=rf"revision {newest}.*needs 9999.*db upgrade"):
        schema.check(db)


def test_a_newer_database_is_used_if_it_still_serves_this_server(db: Database) -> None:
    run(db, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    run(db, f"UPDATE tinyfront_schema SET oldest_server = '{__version__}'")
    assert schema.state(db) is State.NEWER
    schema.check(db)
    schema.upgrade(db)
    assert schema.state(db) is State.NEWER


def test_a_newer_database_that_no_longer_serves_this_server_is_refused(db: Database) -> None:
    run(db, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    run(db, "UPDATE tinyfront_schema SET oldest_server = '99.1.0'")
    for refusing in (schema.check, schema.upgrade):
        with pytest.raises(DatabaseTooNew, match=r"version 99\.1\.0 or later"):
            refusing(db)


def test_an_upgrade_that_fails_leaves_nothing(
    bare: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patch:
        patch.setattr("secrets.token_bytes", fail)
        with pytest.raises(RuntimeError):
            schema.upgrade(bare)
    assert schema.state(bare) is State.EMPTY


def test_revisions_import_nothing_of_ours() -> None:
    ours = {"service", "optimizer", "resource_models", "worker", "tinyfront", "migrations"}
    for path in Path(migrations.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not {name.partition(".")[0] for name in names} & ours, path
