"""Builds the application from its parts; all that it touches from outside is an argument."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware

from service import __version__
from service.api import (
    artefacts,
    confirming,
    events,
    export,
    figures,
    fronts,
    health,
    importing,
    keys,
    leases,
    monitoring,
    pages,
    projects,
    sessions,
    studies,
    trials,
    workers,
)
from service.api.access import ROOT, Access, SecurityHeaders, authorize
from service.api.access_log import AccessLog
from service.api.body_limit import BodyLimit
from service.api.description import REFUSED, describe
from service.api.errors import add_error_handlers
from service.api.kept import Kept
from service.api.parts import Parts
from service.artefacts import Store
from service.background import Background
from service.config import Settings
from service.db import POOL, Database
from service.door import Door
from service.keyring import Keyring
from service.monitor import Monitor
from service.watcher import NoPlanner, Planner, Watcher

# Far more than a definition, a result with its details or an imported trial needs.
BODY_BYTES = 2 * 2**20

ROUTERS = (
    studies.router,
    importing.router,
    leases.router,
    trials.router,
    confirming.router,
    fronts.router,
    export.router,
    figures.router,
    events.router,
    artefacts.router,
    workers.router,
    keys.router,
    projects.router,
    sessions.router,
)


def create_app(
    settings: Settings,
    db: Database,
    watcher: Watcher,
    planner: Planner | None = None,
    monitor: Monitor | None = None,
) -> FastAPI:
    """Build one server process.

    While it runs it keeps the ledgers, expires leases and watches the database, in threads and a
    task that its lifespan starts and stops. Before the server is told to stop, call
    `watcher.close()`: waiting claims and event streams would else hold it up.

    Args:
        settings: where artefacts lie, how large they may be, whether keys are asked for at once.
        db: upgraded and checked (`service.schema`); closed by the caller.
        watcher: shared with the planner, which asks it how many claims wait.
        planner: told when claims wait and when something changed; None if nothing proposes.
        monitor: counts what happens; None for one of its own.
    """
    planner = planner or NoPlanner()
    monitor = monitor or Monitor()
    watcher.attach(planner)
    door = Door(Keyring(db, always=settings.asks_for_keys))
    background = Background(db, watcher, planner, door.keyring, monitor)
    app = FastAPI(
        title="Tinyfront",
        version=__version__,
        summary="Finds the Pareto front of neural networks that fit a microcontroller.",
        lifespan=partial(_lifespan, watcher, background, door.keyring),
        middleware=[
            # The outermost first.
            Middleware(AccessLog, answered=monitor.answered),
            Middleware(SecurityHeaders),
            Middleware(Access, door=door),
            Middleware(BodyLimit, limit_bytes=BODY_BYTES),
        ],
        responses=REFUSED,
        redoc_url=None,
    )
    store = Store(settings.artefact_url, settings.max_artefact_bytes, settings.max_attempt_bytes)
    app.state.parts = Parts(db, store, watcher, planner, background, monitor, door, Kept())
    add_error_handlers(app)
    describe(app)
    api = APIRouter(prefix=ROOT, dependencies=[Depends(authorize)])
    for router in ROUTERS:
        api.include_router(router)
    app.include_router(api)
    app.include_router(health.router)
    app.include_router(monitoring.router)
    pages.mount_pages(app)
    return app


@asynccontextmanager
async def _lifespan(
    watcher: Watcher, background: Background, keyring: Keyring, _app: FastAPI
) -> AsyncIterator[None]:
    # A thread without a connection would only wait for one.
    anyio.to_thread.current_default_thread_limiter().total_tokens = POOL
    watching = asyncio.create_task(watcher.run())
    keyring.asked()  # so that the first request finds whether there are keys
    background.start()
    # What was imported stays as long as the process. To look through it at every full collection
    # takes 0.1 s each time, and a chart of ten thousand points causes one.
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        watcher.close()
        await watching
        await anyio.to_thread.run_sync(background.stop)
