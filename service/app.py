"""Builds the application from its parts; all that it touches from outside is an argument."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import anyio.to_thread
from fastapi import APIRouter, FastAPI
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
    leases,
    monitoring,
    pages,
    studies,
    trials,
    workers,
)
from service.api.access_log import AccessLog
from service.api.body_limit import BodyLimit
from service.api.description import REFUSED, describe_problems
from service.api.errors import add_error_handlers
from service.api.parts import Parts
from service.artefacts import Store
from service.background import Background
from service.config import Settings
from service.db import POOL, Database
from service.loopback import LoopbackOnly
from service.monitor import Monitor
from service.watcher import NoPlanner, Planner, Watcher

# Far more than a definition, a result with its details or an imported trial needs.
BODY_BYTES = 2 * 2**20

ROUTERS = (
    studies.router,
    leases.router,
    trials.router,
    confirming.router,
    fronts.router,
    export.router,
    figures.router,
    events.router,
    artefacts.router,
    workers.router,
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
        settings: where artefacts lie and how large they may be.
        db: upgraded and checked (`service.schema`); closed by the caller.
        watcher: shared with the planner, which asks it how many claims wait.
        planner: told when claims wait and when something changed; None if nothing proposes.
        monitor: counts what happens; None for one of its own.
    """
    planner = planner or NoPlanner()
    monitor = monitor or Monitor()
    watcher.attach(planner)
    background = Background(db, watcher, planner, monitor)
    app = FastAPI(
        title="Tinyfront",
        version=__version__,
        summary="Finds the Pareto front of neural networks that fit a microcontroller.",
        lifespan=partial(_lifespan, watcher, background),
        middleware=[
            # The outermost first.
            Middleware(AccessLog, answered=monitor.answered),
            # There are no keys yet, so every server is for its own machine.
            Middleware(LoopbackOnly),
            Middleware(BodyLimit, limit_bytes=BODY_BYTES),
        ],
        responses=REFUSED,
        redoc_url=None,
    )
    store = Store(settings.artefact_url, settings.max_artefact_bytes)
    app.state.parts = Parts(db, store, watcher, planner, background, monitor)
    add_error_handlers(app)
    describe_problems(app)
    api = APIRouter(prefix="/api/v1")
    for router in ROUTERS:
        api.include_router(router)
    app.include_router(api)
    app.include_router(health.router)
    app.include_router(monitoring.router)
    pages.mount_pages(app)
    return app


@asynccontextmanager
async def _lifespan(watcher: Watcher, background: Background, _app: FastAPI) -> AsyncIterator[None]:
    # A thread without a connection would only wait for one.
    anyio.to_thread.current_default_thread_limiter().total_tokens = POOL
    watching = asyncio.create_task(watcher.run())
    background.start()
    try:
        yield
    finally:
        watcher.close()
        await watching
        await anyio.to_thread.run_sync(background.stop)
