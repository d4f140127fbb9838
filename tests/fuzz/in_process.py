"""The service in the process of a test, with studies in every state, and with keys if wanted."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from schemathesis.python.asgi import shutdown_lifespans
from sqlalchemy import delete, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import keys, projects, studies
from service.app import create_app
from service.config import Settings
from service.db import Database
from service.lending import Lease
from service.models import Idempotency, Study
from service.states import Role
from service.transfer import writing
from service.watcher import Watcher
from tests.service import network_study
from tests.service.stage import Stage

STREAM_S = 0.05
SEEDED = ("hill", "net")  # the names of the studies that are there from the beginning
OPEN, QUEUED = 40, 20  # trials that are leased, and trials for claims


@dataclass
class InProcess:
    """A running service, what of it can be named, and who may ask it."""

    app: FastAPI
    db: Database
    door: "Door"
    names: dict[str, list[Any]]
    leases: list[Lease]
    export: list[Any]  # the lines of a study
    keys: dict[Role, str] = field(default_factory=dict)

    def header(self, role: Role) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.keys[role]}"}

    def key_id(self, role: Role) -> str:
        return self.keys[role].split("_")[1]

    def begin_again(self) -> None:
        """Leave one study with trials to claim, and no request that is answered as before."""
        with self.db.begin() as session:
            session.execute(delete(Idempotency))
            for study in session.scalars(select(Study)):
                studies.delete(session, study.id)
        stage = Stage(self.db)
        stage.enqueue(stage.study(), 5)


@dataclass(frozen=True)
class Sent:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Door:
    """Where requests come in; their client goes away from an event stream once that has begun."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.noted: list[Sent] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.noted is not None:
            receive = await self._note(self.noted, scope, receive)
        follows = scope["type"] == "http" and scope["path"].endswith("/events")
        # An error is raised once more behind the 500 that was sent, for the log of the server.
        with suppress(Exception):
            await (self._follow if follows else self.app)(scope, receive, send)

    async def _note(self, noted: list[Sent], scope: Scope, receive: Receive) -> Receive:
        """Keep a request, and return its body to whoever reads it next."""
        messages = [await receive()]
        query = scope["query_string"].decode()
        target = scope["raw_path"].decode() + (f"?{query}" if query else "")
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        noted.append(Sent(scope["method"], target, headers, messages[0].get("body", b"")))

        async def again() -> Message:
            return messages.pop() if messages else await receive()

        return again

    async def _follow(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun, asked, ended = asyncio.Event(), False, False

        async def listen() -> Message:
            nonlocal asked
            if not asked:
                asked = True
                return await receive()
            await begun.wait()
            await asyncio.sleep(STREAM_S)
            return {"type": "http.disconnect"}

        async def noted(message: Message) -> None:
            nonlocal ended
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)
            begun.set()

        await self.app(scope, listen, noted)
        if not ended:
            await send({"type": "http.response.body", "body": b""})


@contextmanager
def in_process(url: str, folder: Path, with_keys: bool = False) -> Iterator[InProcess]:
    """Serve a fresh database until the block ends."""
    db = Database(url)
    names, leases = _fill(db, folder)
    settings = Settings(artefact_url=str(folder / "blobs"), max_artefact_bytes=100_000)
    watcher = Watcher(db)
    app = create_app(settings, db, watcher)
    served = InProcess(app, db, Door(app), names, leases, _exported(db))
    if with_keys:
        with db.begin() as session:
            now = db.now(session)
            for role in Role:
                wanted = keys.Wanted(role.value, role, projects.DEFAULT)
                served.keys[role] = keys.create(session, wanted, now)[1]
    try:
        yield served
    finally:
        watcher.close()
        shutdown_lifespans()
        db.close()


def _exported(db: Database) -> list[Any]:
    with db.read() as session:
        study = studies.get(session, "hill")
    lines = list(writing.lines(db, study.id))
    exported: list[Any] = json.loads(json.dumps(lines, default=datetime.isoformat))
    return exported


def _fill(db: Database, folder: Path) -> tuple[dict[str, list[Any]], list[Lease]]:
    """Make a study of a black box and one of networks, with trials in every state, and name them.

    Their leases last longer than any walk, so that their tokens stay good.
    """
    stage = Stage(db)
    with db.begin() as session:
        stage.now = db.now(session)
    hill = stage.study(constraints=[{"name": "heat", "limit": 5.0}])
    for at in range(3):
        stage.enqueue(hill)
        lease = stage.lease(study_id=hill)
        stage.report(lease, 1, loss=1.0, cost=2.0)
        stage.complete(lease, float(at), float(at), heat=float(3 * at))
    stage.enqueue(hill)
    stage.fail(stage.lease(study_id=hill), infeasible=True)
    stage.enqueue(hill, OPEN + QUEUED)
    leases = stage.claim(study_id=hill, count=OPEN, lease_s=604_800)
    stage.advance(hill)
    store = network_study.store(folder)
    net = network_study.searched(stage, [0.3, 0.2, 0.1])
    done = network_study.finished(stage, store, net, seed=20)
    runs = network_study.confirm(stage, net, networks=1, seeds=2)
    names = {
        "studies": [*SEEDED, str(hill), str(net)],
        "trials": [1, 4, done.id, runs[0].id, leases[0].trial_id],
        "artefacts": ["graph.json", "weights.safetensors"],
        "metrics": ["cost", "gain", "heat", "error", "model_size"],
    }
    return names, leases
