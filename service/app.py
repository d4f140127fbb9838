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
    analysis,
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
    small_fronts,
    studies,
    trial_figures,
    trials,
    verifications,
    workers,
)
from service.api.access import ROOT, Access, SecurityHeaders, authorize
from service.api.access_log import AccessLog
from service.api.body_limit import BodyLimit
from service.api.description import REFUSED, describe
from service.api.errors import add_error_handlers
from service.api.express import Express
from service.api.kept import Kept
from service.api.newest import Newest
from service.api.parts import Parts
from service.artefacts import Store
from service.beat import Beat
from service.config import Settings
from service.db import POOL, Database
from service.door import Door
from service.group_commit import GroupCommit
from service.keeper import Keeper, NoPlanner
from service.keyring import Keyring
from service.monitor import Monitor
from service.own_keeper import OwnKeeper
from service.watcher import Watcher

# Far more than a definition, a result with its details or an imported trial needs.
BODY_BYTES = 2 * 2**20
KEYS_EVERY_S = 10.0  # uses of keys are noted

# Routes are tried one after the other; what workers call all the time stands first.
ROUTERS = (
    leases.router,
    trials.router,
    studies.router,
    importing.router,
    confirming.router,
    fronts.router,
    small_fronts.router,
    export.router,
    figures.router,
    analysis.router,
    trial_figures.router,
    events.router,
    artefacts.router,
    verifications.router,
    workers.router,
    keys.router,
    projects.router,
    sessions.router,
)


def create_app(
    settings: Settings,
    db: Database,
    watcher: Watcher,
    keeper: Keeper | None = None,
    monitor: Monitor | None = None,
) -> FastAPI:
    """Build one server process.

    While it runs it writes and watches the database, in threads and a task that its lifespan starts
    and stops, as it does its keeper. Before the server is told to stop, call
    `watcher.close()`: waiting claims and event streams would else hold it up.

    Args:
        settings: where artefacts lie, how large they may be, whether keys are asked for at once.
        db: upgraded and checked (`service.schema`); closed by the caller.
        watcher: the line of claims and streams; it tells the keeper how many claims wait.
        keeper: what enters trials, expires leases and proposes; None if nothing shall propose.
        monitor: counts what happens; None for one of its own.
    """
    monitor = monitor or Monitor()
    keeper = keeper or OwnKeeper(db, NoPlanner(), watcher.look_soon, monitor)
    watcher.attach(keeper)
    door = Door(Keyring(db, always=settings.asks_for_keys))
    commits = GroupCommit(db)
    store = Store(settings.artefact_url, settings.max_artefact_bytes, settings.max_attempt_bytes)
    parts = Parts(db, store, watcher, keeper, monitor, door, Kept(), commits, Newest())
    app = FastAPI(
        title="Tinyfront",
        version=__version__,
        summary="Finds the Pareto front of neural networks that fit a microcontroller.",
        lifespan=partial(_lifespan, watcher, keeper, door.keyring, commits),
        middleware=[
            # The outermost first.
            Middleware(AccessLog, answered=monitor.answered),
            Middleware(SecurityHeaders),
            Middleware(Access, door=door),
            Middleware(BodyLimit, limit_bytes=BODY_BYTES),
            Middleware(Express, parts=parts),
        ],
        responses=REFUSED,
        redoc_url=None,
    )
    app.state.parts = parts
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
    watcher: Watcher,
    keeper: Keeper,
    keyring: Keyring,
    commits: GroupCommit,
    _app: FastAPI,
) -> AsyncIterator[None]:
    # A thread without a connection would only wait for one.
    anyio.to_thread.current_default_thread_limiter().total_tokens = POOL
    watching = asyncio.create_task(watcher.run())
    keyring.asked()  # so that the first request finds whether there are keys
    uses = Beat("tinyfront-keys", keyring.note_uses, KEYS_EVERY_S)
    keeper.start()
    uses.start()
    commits.start()
    # What was imported stays as long as the process. To look through it at every full collection
    # takes 0.1 s each time, and a chart of ten thousand points causes one.
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        watcher.close()
        await watching
        await anyio.to_thread.run_sync(commits.stop)
        await anyio.to_thread.run_sync(keeper.stop)
        await anyio.to_thread.run_sync(uses.stop)
