"""What tests of several folders need: a browser, and databases of both kinds, empty but for tables.

Each process of pytest makes one upgraded database of either kind and copies it for each test, which
takes 60 ms on PostgreSQL and 5 ms on SQLite.
"""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from service import schema
from service.db import Database
from tests.browser import browser
from tests.postgres import Postgres, postgres_server

__all__ = ["browser"]

# A shell ignores Ctrl-C for what it starts in the background, and whatever that starts inherits
# it: programs under test would never hear the interrupts that they are sent.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

TEMPLATE = "tinyfront_template"


def upgrade(url: str) -> None:
    database = Database(url)
    schema.upgrade(database)
    database.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this process's own, with an upgraded database to copy."""
    with postgres_server() as running:
        running.run(f"CREATE DATABASE {TEMPLATE}")
        upgrade(running.url(TEMPLATE))
        yield running


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An upgraded SQLite file that tests copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a fresh SQLite database with all tables."""
    path = tmp_path / "tinyfront.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """The URL of a fresh PostgreSQL database with all tables."""
    name = postgres.create(TEMPLATE)
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database with all tables, once of each kind."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """A fresh database with all tables, once of each kind."""
    database = Database(database_url)
    yield database
    database.close()
