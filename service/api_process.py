"""One API process: requests and the watcher; a server's only one keeps itself, too."""

import signal
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType

import uvicorn

from service.app import create_app
from service.config import Settings
from service.db import Database
from service.keeper import Keeper
from service.keeper_process import SWITCH_S, keeping
from service.monitor import Monitor
from service.supervisor import END
from service.watcher import Watcher

# For requests under way, after which this process ends all the same; less than the supervisor
# waits, so that what follows has its time, too.
REQUESTS_S = 7


class Server(uvicorn.Server):
    """A uvicorn server that lets long polls and streams go first, and ends with status 0."""

    def __init__(
        self, config: uvicorn.Config, watcher: Watcher, accepts: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._watcher, self._accepts = watcher, accepts

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to take connections, and say so."""
        await super().startup(sockets)
        if not self.should_exit:  # else the application could not be started
            self._accepts()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Do nothing: SIGTERM and Ctrl-C are the supervisor's, who ends this process by `END`."""

    def end(self, _number: int, _frame: FrameType | None) -> None:
        """Begin the end: no new connections, and what waits is answered."""
        self._watcher.close()
        self.should_exit = True


def run(
    settings: Settings,
    listener: socket.socket,
    accepts: Callable[[], None],
    keeper_of: Callable[[Callable[[], None]], Keeper] | None = None,
) -> None:
    """Serve requests at an address that is listened to, until the supervisor's `END`.

    Args:
        settings: of the server.
        listener: bound; this process listens on it.
        accepts: called when connections are taken.
        keeper_of: gives the keeper that is another process, by what it is to call when the database
            has something; None if this process keeps itself.
    """
    sys.setswitchinterval(SWITCH_S)
    monitor = Monitor()
    with ExitStack() as stack:
        db = Database(settings.database_url)
        stack.callback(db.close)
        watcher = Watcher(db)
        keeper: Keeper = (
            stack.enter_context(keeping(settings, db, watcher.look_soon, monitor))
            if keeper_of is None
            else keeper_of(watcher.look_soon)
        )
        config = uvicorn.Config(
            create_app(settings, db, watcher, keeper, monitor),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=REQUESTS_S,
        )
        server = Server(config, watcher, accepts)
        signal.signal(END, server.end)
        server.run(sockets=[listener])
