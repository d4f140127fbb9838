"""One API process: requests, the watcher, ledger and sweeper, and its share of the planners.

Several of them, on one machine or on many, keep the same promises as one: each study has one
thinker and one holder of its ledger at a time, by rows and locks of the database, and expired
leases are taken by whoever locks them first.
"""

import math
import signal
import socket
import sys
from contextlib import ExitStack
from types import FrameType

import uvicorn

from service.app import create_app
from service.config import Settings
from service.db import Database
from service.monitor import Monitor
from service.planner.conductor import Conductor
from service.planner.pool import Pool
from service.watcher import Watcher

# For requests under way, after which this process ends all the same; less than the supervisor
# waits, so that what follows has its time, too.
REQUESTS_S = 7
# The ledger and the conductor compute for tens of milliseconds. What writes for all requests gives
# the interpreter up at each of its statements, and by default waits 5 ms to get it back.
SWITCH_S = 0.001


class Server(uvicorn.Server):
    """A uvicorn server that lets long polls and streams go first, and ends with status 0."""

    def __init__(self, config: uvicorn.Config, watcher: Watcher) -> None:
        super().__init__(config)
        self._watcher = watcher

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end; a second signal ends at once.

        The signal is not kept: uvicorn would raise it again after a clean end. Ctrl-C comes to all
        processes of a terminal, and a second time, as SIGTERM, from the supervisor.
        """
        if sig == signal.SIGINT:
            return
        self._watcher.close()
        self.force_exit = self.should_exit
        self.should_exit = True


def run(settings: Settings, listener: socket.socket) -> None:
    """Serve requests at an address that is listened to, until SIGTERM."""
    sys.setswitchinterval(SWITCH_S)
    planners = max(1, math.ceil(settings.planners / settings.processes))
    monitor = Monitor()
    with ExitStack() as stack:
        db = Database(settings.database_url)
        stack.callback(db.close)
        pool = stack.enter_context(Pool(planners))
        watcher = Watcher(db)
        conductor = stack.enter_context(
            Conductor(
                db, pool, watcher.waiting, watcher.look_soon, threads=planners, monitor=monitor
            )
        )
        config = uvicorn.Config(
            create_app(settings, db, watcher, conductor, monitor),
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=REQUESTS_S,
        )
        Server(config, watcher).run(sockets=[listener])
