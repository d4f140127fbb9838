"""Trying again: how long to wait between two tries, and when to give up."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from worker.errors import ServerAway

Answer = TypeVar("Answer")

FIRST_DELAY_S = 0.25
LONGEST_DELAY_S = 10.0
# A server that is restarted or moved is back by then; a result may have cost hours.
PATIENCE_S = 600.0


@dataclass(slots=True)
class Patience:
    """Waits between tries, twice as long each time, until it is used up or the worker ends.

    Half of each wait is chance: many workers do not come back at the same moment.
    """

    stopping: threading.Event
    limit_s: float = PATIENCE_S
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic
    _tries: int = field(default=0, init=False)
    _since_s: float = field(default=0.0, init=False)

    def wait(self, away: ServerAway) -> None:
        """Wait for the next try.

        Raises:
            ServerAway: the given one, if there shall be no other try.
        """
        now_s = self.clock()
        if self._tries == 0:
            self._since_s = now_s
        longest_s = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(self._tries, 10))
        delay_s = max(longest_s * (0.5 + 0.5 * self.chance()), away.retry_after_s)
        self._tries += 1
        used_s = now_s + delay_s - self._since_s
        if used_s > min(self.limit_s, away.worth_s) or self.stopping.wait(delay_s):
            raise away

    def persist(
        self, call: Callable[[], Answer], again: Callable[[ServerAway], None] = lambda away: None
    ) -> Answer:
        """Call until the server answers, and return that.

        Args:
            call: asks the server.
            again: told before each further try why the one before came to nothing.

        Raises:
            ServerAway: the last one, if there shall be no other try.
        """
        while True:
            try:
                return call()
            except ServerAway as away:
                self.wait(away)
                again(away)

    def restore(self) -> None:
        """The server answered: the next time counts anew."""
        self._tries = 0
