"""Tells the server what a worker logs, from a thread of its own: nothing waits for it.

A thousand workers tell a server some fifteen times a second: each once a minute if it said
something, and sooner after a warning, unless one follows the other.
"""

import logging
import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from types import TracebackType
from typing import Self

from worker.api import Api
from worker.errors import Refused, ServerAway, WorkerError
from worker.tail import Tail

LOG = logging.getLogger(__name__)
LOOK_S = 0.5
FIRST_S = 2.0  # what a worker says as it starts goes in one
URGENT_S = 10.0
QUIET_S = 60.0
# Workers that were started together do not tell together for ever: a pause is up to this longer.
SPREAD = 0.25
LAST_WORD_S = 2.0  # less than a supervisor waits before it kills
NOT_FOUND = 404


@dataclass(slots=True)
class Rhythm:
    """When to tell: plain lines after a pause, a warning sooner, but not one warning after another.

    While warnings go on, each is waited for twice as long as the one before, up to that pause.
    """

    begun_s: float
    chance: Callable[[], float] = random.random
    _urgent_s: float = field(default=URGENT_S, init=False)
    _plain_at_s: float = field(init=False)
    _urgent_at_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._plain_at_s = self._urgent_at_s = self.begun_s + FIRST_S * (1 + self.chance())

    def is_due(self, now_s: float, warned: bool) -> bool:
        """Whether to tell now what is new; `warned` says that a warning is among it."""
        return now_s >= (self._urgent_at_s if warned else self._plain_at_s)

    def told(self, now_s: float, warned: bool) -> None:
        """The server has it."""
        urgent_s = self._urgent_s if warned else URGENT_S
        self._urgent_at_s = now_s + urgent_s
        self._urgent_s = min(2 * urgent_s, QUIET_S) if warned else URGENT_S
        self._plain_at_s = now_s + QUIET_S * (1 + SPREAD * self.chance())

    def away(self, now_s: float, retry_after_s: float) -> None:
        """The server has nothing of it; trials, which are worth more, try again sooner."""
        pause_s = max(QUIET_S, retry_after_s) * (1 + SPREAD * self.chance())
        self._plain_at_s = self._urgent_at_s = now_s + pause_s


class Teller:
    """Listens to all that is logged while it is entered, and tells it under a worker's name.

    It tells nothing before `begin`, for the server shall know the worker by then. What the worker
    ends with is the last line. A server that is away hears it later, or never; one of an earlier
    release is not asked again.
    """

    def __init__(self, api: Api, worker: str) -> None:
        self._api, self._worker = api, worker
        self._process = uuid.uuid4().hex
        self._tail = Tail()
        self._told = 0  # the number of the last line that the server has
        self._hears = True
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        logging.getLogger().addHandler(self._tail)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        logging.getLogger().removeHandler(self._tail)
        if isinstance(error, Exception):
            self._tail.handle(_last_words(error))
        if isinstance(error, ServerAway) or (isinstance(error, Refused) and error.bars):
            self._hears = False
        self._ending.set()
        if self._thread is not None:
            self._thread.join(LAST_WORD_S)

    def begin(self) -> None:
        """Tell from now on."""
        rhythm = Rhythm(time.monotonic())
        self._thread = threading.Thread(
            target=self._run, args=(rhythm,), name="teller", daemon=True
        )
        self._thread.start()

    def _run(self, rhythm: Rhythm) -> None:
        while self._hears and not self._ending.wait(LOOK_S):
            if rhythm.is_due(time.monotonic(), self._tail.warned.is_set()):
                self._tell(rhythm)
        if self._hears:
            self._tell(rhythm)

    def _tell(self, rhythm: Rhythm) -> None:
        """Tell what is new. It logs nothing: that would be new again."""
        warned = self._tail.warned.is_set()
        self._tail.warned.clear()
        lines = self._tail.after(self._told)
        if not lines:
            return
        try:
            self._api.log(self._worker, self._process, [asdict(line) for line in lines])
        except ServerAway as away:
            rhythm.away(time.monotonic(), away.retry_after_s)
            return
        except Refused as refused:
            self._hears = refused.status != NOT_FOUND and not refused.bars
        except Exception:  # the way to the server was closed meanwhile
            self._hears = False
        self._told = lines[-1].number
        rhythm.told(time.monotonic(), warned)


def _last_words(error: Exception) -> logging.LogRecord:
    """What a worker ends with, as a line of its log; what nobody foresaw with its traceback."""
    known = isinstance(error, WorkerError)
    trace = None if known else (type(error), error, error.__traceback__)
    text = str(error) if known else "The worker failed."
    return LOG.makeRecord(LOG.name, logging.ERROR, __file__, 0, text, (), trace)
