"""A running service with projects and keys, and callers who hold them."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from service import keys, projects
from service.db import Database
from service.states import Role
from tests.api.conftest import Served, served, served_sqlite, serving

__all__ = ["served", "served_sqlite"]

PROJECTS = ("default", "one", "two")


class Keyed:
    """A service that asks for keys, with one of each role in each project."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.texts: dict[tuple[str, Role], str] = {}
        with served.db.begin() as session:
            now = served.db.now(session)
            for project in PROJECTS:
                projects.create(session, project, now)
                for role in Role:
                    wanted = keys.Wanted(f"{role}-of-{project}", role, project)
                    self.texts[project, role] = keys.create(session, wanted, now)[1]
        served.door.keyring.forget()  # instead of a second's patience

    def header(self, project: str, role: Role = Role.USER) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.texts[project, role]}"}

    def ask(
        self, project: str, method: str, path: str, body: Any = None, role: Role = Role.USER
    ) -> httpx.Response:
        return self.served.ask(method, path, body, headers=self.header(project, role))

    def key_id(self, project: str, role: Role) -> str:
        return self.texts[project, role].split("_")[1]


@pytest.fixture
def keyed(served: Served) -> Keyed:
    """A fresh service with keys, once on each kind of database."""
    return Keyed(served)


@pytest.fixture
def keyed_sqlite(served_sqlite: Served) -> Keyed:
    """A fresh service with keys, for what has nothing to do with the database."""
    return Keyed(served_sqlite)


@pytest.fixture(scope="module")
def shared_keyed(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Keyed]:
    """One service with keys for all tests of a module that leave nothing behind."""
    folder = tmp_path_factory.mktemp("keyed")
    shutil.copy(sqlite_template, folder / "tinyfront.db")
    with serving(Database(f"sqlite:///{folder / 'tinyfront.db'}"), folder) as service:
        yield Keyed(service)
