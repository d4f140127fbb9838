"""`tinyfront-server serve`: takes address and database, then supervises who serves them."""

import errno
import json
import logging
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import typer

from service import bootstrap, database_file, logs, schema, store_check
from service.bells import Bells
from service.command_errors import HostInvalid, OneProcessOnly, PortTaken
from service.config import SHARED_FOLDER, Settings
from service.db import Database
from service.keeper import Keeper
from service.supervisor import ENDING, Fork, Member, Program, Supervisor, ends_with_parent

LOG = logging.getLogger(__name__)


def run(settings: Settings, with_worker: bool = False, as_json: bool = False) -> int:
    """Serve until SIGTERM, Ctrl-C or the end of the terminal.

    Args:
        with_worker: start one beside the server.
        as_json: say as an object where it listens.

    Returns:
        The exit status: 0 after a clean end.

    Raises:
        HostInvalid, PortTaken: it cannot listen there.
        StoreUnusable: artefacts cannot be kept.
        OneProcessOnly: SQLite shall take several processes.
        NoKeys: the host is not of this machine, and there are no keys.
        BootstrapKeyTaken: see `service.bootstrap`.
        DatabaseOutdated, DatabaseForeign, DatabaseTooNew, DatabaseInUse: see `service.schema`.
    """
    logs.set_up(settings.log)
    # What imports numpy, and with it threads, has to wait for the copies: see `Fork`.
    with ExitStack() as stack:
        listener = stack.enter_context(_listen(settings.host, settings.port))
        url = f"http://{_shown(settings.host)}:{listener.getsockname()[1]}"
        store_check.try_out_aside(settings.artefact_url)
        stack.enter_context(_database(settings))
        if settings.processes > 1:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tinyfront-figures-"))
            os.environ[SHARED_FOLDER] = folder
        opening = Opening(url, as_json)
        members = [
            Member(name, partial(Fork, name, work))
            for name, work in _works(settings, listener, opening.opened).items()
        ]
        if with_worker:
            command = [sys.executable, "-m", "service", "worker", "--server", url]
            # Its key goes by the environment: everybody on the machine may read a command line.
            own = bootstrap.worker_environment(settings, os.environ)
            # First, since it hands its trial back to those who end after it.
            members.append(Member("worker", partial(Program, command, own), ends_first=True))
        sys.stdout.flush()  # before it is copied
        # Not later: while this process holds the address, the kernel takes connections to it.
        return Supervisor(members, ending=listener.close, looking=opening.look).run()


class Opening:
    """Says where the server listens once it does: seconds later than the port is taken.

    Whoever has read the line, a person or a program, may connect at once.
    """

    def __init__(self, url: str, as_json: bool) -> None:
        self._line = json.dumps({"url": url}) if as_json else f"Tinyfront listens on {url}"
        self._told = False
        self._reading, self._writing = os.pipe()
        for end in (self._reading, self._writing):
            os.set_blocking(end, False)

    def opened(self) -> None:
        """Note that connections are taken; for the copies, each time one of them is started."""
        with suppress(BlockingIOError):  # nobody reads any more, and there were thousands
            os.write(self._writing, b"!")

    def look(self) -> None:
        """Say it, once."""
        if self._told:
            return
        with suppress(BlockingIOError):
            os.read(self._reading, 1)
            self._told = True
            typer.echo(self._line)
            sys.stdout.flush()


def _works(
    settings: Settings, listener: socket.socket, opened: Callable[[], None]
) -> dict[str, Callable[[], None]]:
    """Return what each process of a server does, by its name."""
    lifeline = os.pipe()
    if settings.processes == 1:
        return {"api": partial(_serve, settings, listener, lifeline, opened)}
    bells = Bells(settings.processes)
    works: dict[str, Callable[[], None]] = {
        f"api-{number + 1}": partial(
            _serve, settings, listener, lifeline, opened, partial(bells.keeper_of, number)
        )
        for number in range(settings.processes)
    }
    return works | {"keeper": partial(_keep, settings, listener, lifeline, bells)}


def _serve(
    settings: Settings,
    listener: socket.socket,
    lifeline: tuple[int, int],
    opened: Callable[[], None],
    keeper_of: Callable[[Callable[[], None]], Keeper] | None = None,
) -> None:
    """Be one of the API processes."""
    _be_a_copy(lifeline)
    from service.api_process import run as run_api

    run_api(settings, listener, opened, keeper_of)


def _keep(
    settings: Settings, listener: socket.socket, lifeline: tuple[int, int], bells: Bells
) -> None:
    """Be the keeper."""
    listener.close()  # the kernel would else hold the address for whoever starts the server again
    _be_a_copy(lifeline)
    from service.keeper_process import run as run_keeper

    run_keeper(settings, bells)


def _be_a_copy(lifeline: tuple[int, int]) -> None:
    """Leave signals to a whole group to the supervisor, and end when it says so or is gone."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    reading, writing = lifeline
    os.close(writing)
    threading.Thread(target=ends_with_parent, args=(reading,), daemon=True).start()


@contextmanager
def _listen(host: str, port: int) -> Iterator[socket.socket]:
    """Take the port first: what comes after takes seconds, and its failure should not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, else asyncio does not switch off Nagle's algorithm, and every answer takes 40 ms
    # more (measured: 56 ms instead of 2 ms).
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except UnicodeError as error:
            raise HostInvalid(host, str(error)) from error
        except OSError as error:
            reason = error.strerror or str(error)
            # A name that is not known, or an address of another machine.
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise HostInvalid(host, reason) from error
            raise PortTaken(host, port, reason) from error
        listener.set_inheritable(False)
        yield listener


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextmanager
def _database(settings: Settings) -> Iterator[None]:
    """Keep the database for this server; an empty one gets its tables, an older one is refused."""
    db = Database(settings.database_url)
    if db.sqlite and settings.processes > 1:
        raise OneProcessOnly(settings.processes)
    try:
        with db.exclusive():
            if schema.state(db) is schema.State.EMPTY:
                LOG.info("The database is empty; it gets revision %s.", schema.upgrade(db))
            schema.check(db)
            if exposed := database_file.exposed(db):
                LOG.warning(exposed)
            bootstrap.prepare(db, settings)
            db.close()  # no connection may be shared with a copy of this process
            yield
    finally:
        db.close()
