"""What keeps a server: ledger, sweeper, conductor and planners, in a process of their own or not.

Several keepers, on many machines, keep the same promises as one: each study has one thinker and one
holder of its ledger at a time, by rows and locks of the database, and expired leases are taken by
whoever locks them first.
"""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from service.bells import Bells
from service.config import Settings
from service.db import Database
from service.monitor import Monitor
from service.own_keeper import OwnKeeper
from service.planner.conductor import Conductor
from service.planner.pool import Pool
from service.supervisor import END

# The ledger and the conductor compute for tens of milliseconds. What writes for all requests gives
# the interpreter up at each of its statements, and by default waits 5 ms to get it back.
SWITCH_S = 0.001


@contextmanager
def keeping(
    settings: Settings, db: Database, look_soon: Callable[[], None], monitor: Monitor
) -> Iterator[OwnKeeper]:
    """Have planners and a conductor for as long as the block runs; the keeper is to be started."""
    planners = settings.planners
    with (
        Pool(planners) as pool,
        Conductor(db, pool, look_soon, threads=planners, monitor=monitor) as conductor,
    ):
        yield OwnKeeper(db, conductor, look_soon, monitor)


def run(settings: Settings, bells: Bells) -> None:
    """Keep for the API processes of this server, until the supervisor's `END`."""
    sys.setswitchinterval(SWITCH_S)
    ending = False

    def end(_number: int, _frame: object) -> None:
        nonlocal ending
        ending = True

    signal.signal(END, end)
    with ExitStack() as stack:
        db = Database(settings.database_url)
        stack.callback(db.close)
        keeper = stack.enter_context(keeping(settings, db, bells.ring, Monitor()))
        keeper.start()
        stack.callback(keeper.stop)
        desk = bells.desk(keeper)
        while not ending:
            desk.look()
