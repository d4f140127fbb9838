"""Answers that take long to make and are asked for again, as long as nothing has changed."""

import threading
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MOST_BYTES = 32 * 2**20  # a chart of ten thousand points is up to two million
MOST_MADE = 2  # a few more answers that take a second would take all threads' time


@dataclass(slots=True)
class _Turn:
    """Who makes one answer, and how many wait for it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    takers: int = 0


class Kept:
    """The newest answer about each thing and the version that it shows; any thread may ask.

    What was not asked for the longest time goes first when there are too many bytes.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[Hashable, tuple[int, bytes]] = OrderedDict()
        self._lock = threading.Lock()
        self._turns: dict[Hashable, _Turn] = {}
        self._places = threading.BoundedSemaphore(MOST_MADE)

    def get(self, thing: Hashable, version: int) -> bytes | None:
        """Return the answer about a thing at this version; None if it must be made."""
        with self._lock:
            found = self._answers.get(thing)
            if found is None or found[0] != version:
                return None
            self._answers.move_to_end(thing)
            return found[1]

    def put(self, thing: Hashable, version: int, answer: bytes) -> None:
        """Keep an answer in place of an older one."""
        with self._lock:
            before = self._answers.get(thing)
            if before is not None and before[0] > version:
                return  # another thread was faster, and saw more
            self._bytes += len(answer) - (len(before[1]) if before is not None else 0)
            self._answers[thing] = version, answer
            self._answers.move_to_end(thing)
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._answers.popitem(last=False)[1][1])

    @contextmanager
    def making(self, thing: Hashable) -> Iterator[None]:
        """Be the only one who makes an answer about a thing, and one of few who make any.

        For answers that take a second. Whoever has waited looks first whether it is there now.
        """
        with self._lock:
            turn = self._turns.setdefault(thing, _Turn())
            turn.takers += 1
        try:
            with turn.lock, self._places:
                yield
        finally:
            with self._lock:
                turn.takers -= 1
                if turn.takers == 0:
                    del self._turns[thing]
