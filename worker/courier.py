"""Brings what a training says to the server, in order, and keeps the lease meanwhile.

The training never waits for the server. When that is away, letters are kept and tried again.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from worker.api import Api, Lease
from worker.errors import Refused, ServerAway
from worker.patience import Patience

LOG = logging.getLogger(__name__)
LAST_WORD_S = 5.0  # for a request under way when the worker ends
RENEWALS_PER_LEASE = 3  # two may be lost

CONTINUE, STOP, CANCEL = ORDERS = ("continue", "stop", "cancel")  # each outranks those before

Letter = Callable[[], str | None]


class Courier:
    """A thread for one lease; `order` is the strongest order that the server gave so far."""

    def __init__(self, api: Api, lease: Lease, patience: Patience) -> None:
        """Take over a lease.

        Args:
            api: the way to the server.
            lease: what is kept.
            patience: between tries; its event ends the tries.
        """
        self.order = CONTINUE
        self.reason = ""  # why the order is to cancel, if the server did not simply say so
        self._api, self._lease, self._patience = api, lease, patience
        self._period_s = lease.lease_s / RENEWALS_PER_LEASE
        self._renew_at_s = time.monotonic() + self._period_s
        self._letters: queue.SimpleQueue[Letter | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        self._thread.join(LAST_WORD_S)

    def report(self, step: int, metrics: dict[str, float]) -> None:
        """Send the metrics of an epoch, after all that was sent before."""
        self.send(lambda: self._api.report(self._lease, step, metrics))

    def send(self, letter: Letter) -> None:
        """Send a letter, after all that was sent before; its answer is an order or None."""
        self._letters.put(letter)

    def close(self) -> None:
        """Send nothing more; what was sent before is still delivered."""
        self._letters.put(None)

    def drop(self) -> None:
        """Forget what is not sent yet."""
        self.order = CANCEL
        self.close()

    def delivered(self, timeout_s: float) -> bool:
        """Whether, after `close`, all is delivered or lost within `timeout_s`."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (letter := self._next()) is not None:
            self._deliver(letter)
            if self.order == CANCEL:
                return

    def _next(self) -> Letter | None:
        """The next letter; a renewal if none comes before that is due."""
        try:
            return self._letters.get(timeout=max(0.0, self._renew_at_s - time.monotonic()))
        except queue.Empty:
            return lambda: None  # `_deliver` renews first

    def _deliver(self, letter: Letter) -> None:
        while True:
            try:
                if time.monotonic() >= self._renew_at_s:
                    self._obey(self._api.renew(self._lease))
                    self._renew_at_s = time.monotonic() + self._period_s
                if self.order != CANCEL:
                    self._obey(letter())
                self._patience.restore()
                return
            except ServerAway as away:
                LOG.warning("%s Trying again.", away)
                try:
                    self._patience.wait(away)
                except ServerAway:
                    return self._lose(f"The server stayed away: {away}")
            except Refused as refused:
                return self._lose(str(refused))

    def _obey(self, order: str | None) -> None:
        if order in ORDERS and ORDERS.index(order) > ORDERS.index(self.order):
            self.order = order

    def _lose(self, reason: str) -> None:
        self.order, self.reason = CANCEL, reason
