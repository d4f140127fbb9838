"""A server process: database, API, planner processes, and a clean end."""

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

import typer
import uvicorn

from service import bootstrap, logs, schema
from service.app import create_app
from service.command_errors import CommandFailed
from service.config import Settings
from service.db import Database
from service.planner.conductor import Conductor
from service.planner.pool import Pool
from service.watcher import Watcher

LOG = logging.getLogger(__name__)
STOP_S = 10  # for requests under way, after which the server ends all the same


class Server(uvicorn.Server):
    """A uvicorn server that lets long polls and streams go first, and ends with status 0."""

    def __init__(self, config: uvicorn.Config, watcher: Watcher) -> None:
        super().__init__(config)
        self._watcher = watcher

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end; a second signal ends at once.

        The signal is not kept: uvicorn would raise it again after a clean end.
        """
        self._watcher.close()
        self.force_exit = self.should_exit
        self.should_exit = True


def run(settings: Settings, with_worker: bool = False) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        CommandFailed: the port is taken.
        NoKeys: the host is not of this machine, and there are no keys.
        BootstrapKeyTaken: see `service.bootstrap`.
        DatabaseOutdated, DatabaseForeign, DatabaseTooNew, DatabaseInUse: see `service.schema`.
    """
    logs.set_up()
    listener = _listen(settings.host, settings.port)
    url = f"http://{_shown(settings.host)}:{listener.getsockname()[1]}"
    with ExitStack() as stack:
        stack.enter_context(listener)
        db = stack.enter_context(_database(settings.database_url))
        bootstrap.prepare(db, settings)
        pool = stack.enter_context(Pool(settings.planners))
        watcher = Watcher(db)
        conductor = stack.enter_context(
            Conductor(db, pool, watcher.waiting, watcher.look_soon, threads=settings.planners)
        )
        config = uvicorn.Config(
            create_app(settings, db, watcher, conductor),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=STOP_S,
        )
        typer.echo(f"Tinyfront listens on {url}")
        if with_worker:
            stack.enter_context(_worker(url, settings))
        Server(config, watcher).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """Take the port first: what comes after takes seconds, and its failure should not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, else asyncio does not switch off Nagle's algorithm, and every answer takes 40 ms
    # more (measured: 56 ms instead of 2 ms).
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CommandFailed(
            f"port: {port} on {host} is not free ({error.strerror}). Choose another with --port."
        ) from error
    listener.set_inheritable(False)
    return listener


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def _database(url: str) -> Iterator[Database]:
    """Open the database; an empty one gets its tables, an older one is refused."""
    db = Database(url)
    try:
        with db.exclusive():
            if schema.state(db) is schema.State.EMPTY:
                LOG.info("The database is empty; it gets revision %s.", schema.upgrade(db))
            schema.check(db)
            yield db
    finally:
        db.close()


@contextmanager
def _worker(url: str, settings: Settings) -> Iterator[None]:
    """One worker beside the server; it waits until the server answers."""
    command = [sys.executable, "-m", "service", "worker", "--server", url]
    # Its key goes by the environment, since everybody on the machine may read a command line.
    worker = subprocess.Popen(command, env=bootstrap.worker_environment(settings, os.environ))
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        try:
            worker.wait(STOP_S)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
