"""The threads behind the routes: they enter finished trials, expire leases, note uses of keys."""

from service import ledger
from service.beat import Beat
from service.db import Database
from service.keyring import Keyring
from service.monitor import Monitor
from service.sweeper import Sweeper
from service.watcher import Planner, Watcher

# Routes wake the ledger when a trial ends; the beat is for what other servers were told.
LEDGER_EVERY_S = 0.5
SWEEPER_EVERY_S = 1.0
KEYS_EVERY_S = 10.0


class Background:
    """What one server process does by itself."""

    def __init__(
        self, db: Database, watcher: Watcher, planner: Planner, keyring: Keyring, monitor: Monitor
    ) -> None:
        self._db = db
        self._monitor = monitor
        self._watcher = watcher
        self._planner = planner
        self._sweeper = Sweeper(db)
        self.ledger = Beat("tinyfront-ledger", self.enter_finished, LEDGER_EVERY_S)
        self.sweeper = Beat("tinyfront-sweeper", self.sweep, SWEEPER_EVERY_S)
        self.keys = Beat("tinyfront-keys", keyring.note_uses, KEYS_EVERY_S)

    def start(self) -> None:
        """Start the threads."""
        self.ledger.start()
        self.sweeper.start()
        self.keys.start()

    def stop(self) -> None:
        """Stop the threads."""
        self.ledger.stop()
        self.sweeper.stop()
        self.keys.stop()

    def enter_finished(self) -> None:
        """Enter all finished trials into their ledgers, each study in a transaction of its own."""
        with self._db.read() as session:
            due = ledger.due(session, self._db.now(session))
        if sum(self._advance(study_id) for study_id in due):
            self._watcher.look_soon()
            self._planner.wake()
            self.ledger.wake()  # a batch may have left some, and a study may be due again

    def _advance(self, study_id: int) -> int:
        with self._db.begin() as session:
            return ledger.advance(session, study_id, self._db.now(session))

    def sweep(self) -> None:
        """Take back what lost workers hold."""
        swept = self._sweeper.step()
        if swept:
            self._monitor.lost(swept)
            self.ledger.wake()  # a trial may have been given up
            self._watcher.look_soon()
            self._planner.wake()
