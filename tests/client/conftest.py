"""What the tests of the SDK share."""

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import uvicorn

from service.app import create_app
from service.config import Settings
from service.db import Database
from service.own_keeper import OwnKeeper
from service.planner.conductor import Conductor
from service.planner.pool import Pool
from service.watcher import Watcher
from tests.client.scripted import Scripted, nothing, ok, study_json, trial_json
from tinyfront import Client, Study


@pytest.fixture
def server() -> Scripted:
    return Scripted()


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the developer has set for himself must not change a test."""
    for name in ("URL", "API_KEY", "PROFILE"):
        monkeypatch.delenv(f"TINYFRONT_{name}", raising=False)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def study(server: Scripted) -> Study:
    """A study that has ended but for the trials that a test hands out."""
    server.say("GET", "/studies/toy", ok(study_json()))
    server.say("GET", "/studies/7", ok(study_json(status="ended")))
    for number in range(1, 6):
        server.say("POST", f"/trials/{100 + number}/complete", ok(trial_json(number)))
        server.say("POST", f"/trials/{100 + number}/fail", ok(trial_json(number)))
        server.say("POST", f"/trials/{100 + number}/release", nothing())
    return server.client().study("toy")


@pytest.fixture
def black_box(server: Scripted) -> Scripted:
    """A study that ends when its leases are used up."""
    server.say("GET", "/studies/toy", ok(study_json()))
    server.say("GET", "/studies/7", ok(study_json(status="ended")))
    for number in range(1, 9):
        for verb in ("complete", "fail"):
            server.say("POST", f"/trials/{100 + number}/{verb}", ok(trial_json(number)))
        server.say("POST", f"/trials/{100 + number}/release", nothing())
    return server


@contextmanager
def running(template: Path, folder: Path) -> Iterator[str]:
    """A running service with one planner process, in a folder of its own; gives its address."""
    shutil.copy(template, folder / "tinyfront.db")
    settings = Settings(artefact_url=str(folder / "artefacts"))
    with ExitStack() as stack:
        db = Database(f"sqlite:///{folder / 'tinyfront.db'}")
        stack.callback(db.close)
        pool = stack.enter_context(Pool(1))
        watcher = Watcher(db)
        conductor = stack.enter_context(Conductor(db, pool, watcher.look_soon))
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # who comes before the thread has begun waits
        keeper = OwnKeeper(db, conductor, watcher.look_soon)
        config = uvicorn.Config(create_app(settings, db, watcher, keeper), log_level="error")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=[[listener]])
        thread.start()
        stack.callback(thread.join, 20)
        stack.callback(setattr, server, "should_exit", True)
        stack.callback(watcher.close)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture(scope="module")
def url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running service."""
    with running(sqlite_template, tmp_path_factory.mktemp("real")) as address:
        yield address


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url) as client:
        yield client
