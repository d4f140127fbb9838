"""Keeps in threads of this process: enters finished trials, expires leases, tells the planner."""

import logging
from collections.abc import Callable, Mapping

from service import ledger
from service.beat import Beat
from service.db import Database, is_away
from service.keeper import Planner
from service.monitor import Monitor
from service.sweeper import Sweeper

LOG = logging.getLogger(__name__)

# Routes wake the ledger when a trial ends; the beat is for what other servers were told. A step
# costs the same statements for one trial as for twenty, so it waits a little for company.
LEDGER_EVERY_S, LEDGER_REST_S = 0.5, 0.1
SWEEPER_EVERY_S = 1.0


class OwnKeeper:
    """A `service.keeper.Keeper` of threads."""

    def __init__(
        self,
        db: Database,
        planner: Planner,
        look_soon: Callable[[], None],
        monitor: Monitor | None = None,
    ) -> None:
        """Take the parts it works with.

        Args:
            db: where trials lie.
            planner: told when claims wait and when something changed.
            look_soon: called when the database has something for claims and event streams.
            monitor: told of lost workers; None if nobody wants to know.
        """
        self._db, self._planner, self._look_soon = db, planner, look_soon
        self._lost = (lambda _count: None) if monitor is None else monitor.lost
        self._sweeper = Sweeper(db)
        self._ledger = Beat("tinyfront-ledger", self.enter_finished, LEDGER_EVERY_S, LEDGER_REST_S)
        self._sweeping = Beat("tinyfront-sweeper", self.sweep, SWEEPER_EVERY_S)

    def start(self) -> None:
        """Start the threads."""
        self._ledger.start()
        self._sweeping.start()

    def stop(self) -> None:
        """Stop the threads."""
        self._ledger.stop()
        self._sweeping.stop()

    def waiting(self, counts: Mapping[int, int]) -> None:
        """Tell the planner for how many trials claims wait."""
        self._planner.waiting(counts)

    def wake(self) -> None:
        """Tell the planner that a queue or a history changed."""
        self._planner.wake()

    def trials_changed(self) -> None:
        """Enter what has finished, soon, and tell the planner."""
        self._ledger.wake()
        self._planner.wake()

    def enter_finished(self) -> None:
        """Enter all finished trials into their ledgers, each study in a transaction of its own."""
        with self._db.read() as session:
            due = ledger.due(session, self._db.now(session))
        if sum(self._advance(study_id) for study_id in due):
            self._look_soon()
            # A batch may have left some, and a study may be due again.
            self.trials_changed()

    def _advance(self, study_id: int) -> int:
        """Enter what has finished in one study; its errors must not hold up the others."""
        try:
            with self._db.begin() as session:
                return ledger.advance(session, study_id, self._db.now(session))
        except Exception as error:
            if is_away(error):  # all others would find the same
                raise
            LOG.exception("The ledger of study %d failed; it is tried again.", study_id)
            return 0

    def sweep(self) -> None:
        """Take back what lost workers hold."""
        swept = self._sweeper.step()
        if swept:
            self._lost(swept)
            self._look_soon()
            self.trials_changed()  # a trial may have been given up
