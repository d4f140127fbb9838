"""A real server in a thread, on a port of its own, on SQLite and on PostgreSQL."""

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from service.app import create_app
from service.artefacts import Store
from service.config import Settings
from service.db import Database
from service.door import Door
from service.monitor import Monitor
from service.own_keeper import OwnKeeper
from service.watcher import Watcher
from tests.conftest import TEMPLATE
from tests.postgres import Postgres
from tests.service.stage import Stage

BLACK_BOX: dict[str, Any] = {
    "name": "toy",
    "space": {
        "kind": "parameters",
        "parameters": [{"name": "x", "kind": "real", "low": 0.0, "high": 1.0}],
    },
    "objectives": [
        {"name": "cost", "ideal": 0.0, "reference": 10.0},
        {"name": "size", "ideal": 0.0, "reference": 10.0},
    ],
    "trials": 4,
    "designer": "random",
}


@dataclass
class FakePlanner:
    """Notes what it is told and, while `proposes`, queues a point when a claim waits."""

    proposes: bool = False
    wishes: list[int] = field(default_factory=list)
    wakes: int = 0
    http: httpx.Client | None = None
    counts: Mapping[int, int] = field(default_factory=dict)

    def waiting(self, counts: Mapping[int, int]) -> None:
        before, self.counts = self.counts, dict(counts)
        for study_id, count in counts.items():
            if count > before.get(study_id, 0):
                self.wishes.append(study_id)
                if self.proposes:
                    threading.Thread(target=self._propose, args=(study_id,)).start()

    def waits(self, study_id: int) -> int:
        """For how many trials claims wait."""
        return self.counts.get(study_id, 0)

    def wake(self) -> None:
        self.wakes += 1

    def _propose(self, study_id: int) -> None:
        assert self.http is not None
        study = self.http.get(f"/api/v1/studies/{study_id}").raise_for_status().json()
        if sum(study["counts"].values()) >= study["trials"]:
            return  # as a planner does: the ledger may not have ended it yet
        body = {"parameters": {"x": len(self.wishes) / 1000}}
        self.http.post(f"/api/v1/studies/{study_id}/trials", json=body).raise_for_status()


class Served:
    """A running service and a client of it."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db = db
        self.settings = Settings(artefact_url=str(folder / "blobs"), max_artefact_bytes=3_000_000)
        self.watcher = Watcher(db)
        self.planner = FakePlanner()
        self.monitor = Monitor()
        self.keeper = OwnKeeper(db, self.planner, self.watcher.look_soon, self.monitor)
        app = create_app(self.settings, db, self.watcher, self.keeper, self.monitor)
        self.store: Store = app.state.parts.store
        self.door: Door = app.state.parts.door
        self._socket = socket.socket(proto=socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=5)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), daemon=True
        )
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)
        self.planner.http = self.http

    def start(self) -> None:
        self._thread.start()
        wait_until(lambda: self._server.started)

    def stop(self) -> None:
        self.watcher.close()
        self._server.should_exit = True
        self._thread.join(20)
        self.http.close()
        self._socket.close()
        assert not self._thread.is_alive(), "the server did not stop"

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Send a request to a route of the API."""
        return self.http.request(method, f"/api/v1{path}", json=body, **options)

    def get(self, path: str) -> Any:
        """Return what a route shows; it must succeed."""
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def study(self, **changes: Any) -> dict[str, Any]:
        """Create a black-box study."""
        answer = self.ask("POST", "/studies", BLACK_BOX | changes)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def enqueue(self, x: float, study: str = "toy", **more: Any) -> dict[str, Any]:
        """Queue a proposal."""
        answer = self.ask("POST", f"/studies/{study}/trials", {"parameters": {"x": x}, **more})
        assert answer.status_code == 201, answer.text
        queued: dict[str, Any] = answer.json()
        return queued

    def claim(self, study: str | None = "toy", **body: Any) -> list[dict[str, Any]]:
        """Claim work and return the leases; the worker also judges networks by their integers."""
        body["can"] = [*body.get("can", []), "int8"]
        path = "/leases" if study is None else f"/studies/{study}/leases"
        answer = self.ask("POST", path, {"worker": "w1", "request_id": new_id(), **body})
        if answer.status_code == 204:
            return []
        assert answer.status_code == 200, answer.text
        leases: list[dict[str, Any]] = answer.json()["leases"]
        return leases

    def tell(self, lease: dict[str, Any], verb: str, **body: Any) -> httpx.Response:
        """Say something under a lease."""
        body = {"token": lease["token"], **body}
        return self.ask("POST", f"/trials/{lease['trial_id']}/{verb}", body)

    def complete(self, lease: dict[str, Any], cost: float, size: float) -> dict[str, Any]:
        """Deliver a result."""
        answer = self.tell(lease, "complete", metrics={"cost": cost, "size": size})
        assert answer.status_code == 200, answer.text
        done: dict[str, Any] = answer.json()
        return done


_ids = iter(range(10**9))


def new_id() -> str:
    return f"request-{next(_ids)}"


def wait_until(holds: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Wait until something holds; the ledger, for one, follows within half a second."""
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline_s, "it did not become true in time"
        time.sleep(0.01)


def assert_problem(answer: httpx.Response, status: int, field: str | None = None) -> dict[str, Any]:
    """Check the form of a refusal, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "field", "remedy"} <= problem.keys()
    assert problem["status"] == status
    assert problem["type"].startswith("/problems/")
    assert problem["detail"]
    assert problem["remedy"]
    assert problem["field"] == field
    return problem


@contextmanager
def serving(db: Database, folder: Path) -> Iterator[Served]:
    """Serve a database; closes it, too."""
    service = Served(db, folder)
    service.start()
    try:
        yield service
    finally:
        service.stop()
        db.close()


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> Iterator[Served]:
    """A running service on a fresh database, once of each kind."""
    with serving(Database(database_url), tmp_path) as service:
        yield service


@pytest.fixture
def served_sqlite(sqlite_url: str, tmp_path: Path) -> Iterator[Served]:
    """A running service on SQLite, for what has nothing to do with the database."""
    with serving(Database(sqlite_url), tmp_path) as service:
        yield service


@pytest.fixture(scope="module")
def shared(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One running service for all tests of a module that leave nothing behind."""
    folder = tmp_path_factory.mktemp("shared")
    shutil.copy(sqlite_template, folder / "tinyfront.db")
    with serving(Database(f"sqlite:///{folder / 'tinyfront.db'}"), folder) as service:
        yield service


@pytest.fixture
def stage(db: Database) -> Stage:
    """A stage of the domain on a fresh database, once of each kind."""
    return Stage(db)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_anywhere(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """As `shared`, once on each kind of database."""
    if request.param == "sqlite":
        yield request.getfixturevalue("shared")
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = postgres.create(TEMPLATE)
    with serving(Database(postgres.url(name)), tmp_path_factory.mktemp("shared")) as service:
        yield service
    postgres.drop(name)
