"""Threads that repeat one step."""

import logging
import threading
import time
from collections.abc import Callable

LOG = logging.getLogger(__name__)

# A step that is woken again and again rests so many times as long as it took: what comes meanwhile
# is met by one step, and a busy server keeps its cores for requests.
REST = 4.0


class Beat:
    """A thread that repeats one step: at a steady beat, and when it is woken.

    A step that fails is logged and repeated at the next beat; the database may be back by then.
    """

    def __init__(
        self, name: str, step: Callable[[], None], every_s: float, rest_s: float = 0.0
    ) -> None:
        """Take what to repeat.

        Args:
            name: of the thread.
            step: what to repeat.
            every_s: from the end of a step to the next, if nobody wakes it.
            rest_s: the least rest between steps that nobody hurries.
        """
        self._step = step
        self._every_s, self._rest_s = every_s, rest_s
        self._nudged = threading.Event()
        self._hurried = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def wake(self) -> None:
        """Take the next step after a rest. Any thread may call this; it returns at once."""
        self._nudged.set()

    def hurry(self) -> None:
        """Take the next step now: somebody waits for it. Any thread may call this."""
        self._nudged.set()
        self._hurried.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End after the step under way."""
        self._ending.set()
        self.hurry()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._ending.is_set():
            begun_s = time.monotonic()
            try:
                self._step()
                tired_s = REST * (time.monotonic() - begun_s)
                rest_s = min(max(tired_s, self._rest_s), self._every_s)
            except Exception:
                LOG.exception("%s failed; it is repeated.", self._thread.name)
                rest_s = self._every_s
            self._hurried.wait(rest_s)
            self._nudged.wait(self._every_s - rest_s)
            # What came until here is met by the next step, or by the end.
            self._nudged.clear()
            self._hurried.clear()
