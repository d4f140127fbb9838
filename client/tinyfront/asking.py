"""Ask a study for trials, hold their leases while the program works, hand back what is left."""

from __future__ import annotations

import atexit
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from tinyfront.asked import AskedTrial
from tinyfront.calls import Call, workers
from tinyfront.connection import Connection
from tinyfront.errors import InvalidArgument, TinyfrontError, TrialLeftOpen, UnreadableAnswer
from tinyfront.records import Lease, StudyState, read

Kind = TypeVar("Kind", bound=AskedTrial)

LONGEST_POLL_S = 20.0
# Two claims of a paused or exhausted study are at least this far apart, also when the server
# answers at once.
SHORTEST_POLL_S = 0.5
# The program is ending or the loop was left: a server that is away now gets its trials back when
# their leases expire.
PATIENCE_FOR_RELEASE_S = 1.0


@dataclass(frozen=True, slots=True)
class Asking:
    """What one loop asks for; checked when built."""

    study: str | int | None  # None: of any
    worker: str
    count: int
    lease_s: int
    wait_s: float | None
    resume: bool
    has: Mapping[str, Any] = field(default_factory=dict)  # further fields of a claim

    def __post_init__(self) -> None:
        if not 1 <= self.count <= 64:
            raise InvalidArgument("count", f"need 1 to 64 trials at a time, got {self.count!r}.")
        if not 10 <= self.lease_s <= 604_800:
            raise InvalidArgument("lease", f"need 10 seconds to 7 days, got {self.lease_s} s.")


class Keeper(Generic[Kind]):
    """Holds the trials of one loop: renews their leases from a daemon thread, releases the rest."""

    def __init__(self, lease_s: float, kind: type[Kind]) -> None:
        self._kind = kind
        self._period_s = lease_s / 3  # two renewals may be lost
        self._trials: dict[int, Kind] = {}
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def held(self) -> list[Kind]:
        """The trials that are open now, oldest first."""
        with self._changed:
            return list(self._trials.values())

    def hold(self, connection: Connection, lease: Lease) -> Kind:
        """Take a trial and keep its lease until it is closed."""
        trial = self._kind(connection, lease, self._drop)
        with self._changed:
            self._trials[trial.id] = trial
        if self._thread is None:
            self._thread = threading.Thread(target=self._renew, name="tinyfront", daemon=True)
            self._thread.start()
            atexit.register(self.close)
        return trial

    def wait_for_room(self, count: int, longest_s: float) -> bool:
        """Wait until fewer than `count` trials are open; False when that took too long."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._trials) < count, longest_s)

    def close(self) -> None:
        """Release what is open and end the thread; a second call does nothing."""
        if self._ended.is_set():
            return
        self._ended.set()
        atexit.unregister(self.close)
        for trial in self.held:
            with suppress(TinyfrontError):
                trial.release("the program left its loop", patience_s=PATIENCE_FOR_RELEASE_S)

    def _drop(self, trial: AskedTrial) -> None:
        with self._changed:
            self._trials.pop(trial.id, None)
            self._changed.notify_all()

    def _renew(self) -> None:
        while not self._ended.wait(self._period_s):
            for trial in self.held:
                with suppress(TinyfrontError):  # the next turn tries again
                    trial.renew(patience_s=self._period_s / 2)


def ask(
    connection: Connection,
    asking: Asking,
    has_ended: Callable[[], bool],
    kind: type[Kind],
) -> Iterator[Kind]:
    """Claim and hand out trials until the study has ended or none came within `wait_s`."""
    keeper = Keeper(asking.lease_s, kind)
    resume = asking.resume
    try:
        while True:
            room = _room(keeper, asking)
            leases = _claim(connection, asking, room, resume, has_ended)
            if not leases:
                return
            resume = False  # from now on our open trials are those this loop holds
            for trial in [keeper.hold(connection, lease) for lease in leases]:
                yield trial
                _check_left_open(trial, asking)
    finally:
        keeper.close()


def check_able(study: StudyState, has: Mapping[str, Any]) -> None:
    """Refuse a loop that would wait for ever, as it may be given no trial of this study."""
    recipe = study.definition.get("training") or {}
    quantised = not study.is_black_box and recipe.get("quantisation", "none") != "none"
    if quantised and "int8" not in has.get("can", []):
        raise InvalidArgument(
            "has",
            f"the error in {study.name!r} is that of quantised networks; say "
            'has={"can": ["int8"]} if your program measures that, or create the study with '
            'training={"quantisation": "none"}.',
        )
    if quantised and recipe.get("weight_bits", 8) == 4 and "int4" not in has.get("can", []):
        raise InvalidArgument(
            "has",
            f"the networks in {study.name!r} have weights of 4 bits; say "
            'has={"can": ["int8", "int4"]} if your program quantises so, or create the study with '
            'training={"weight_bits": 8}.',
        )


def worker_name() -> str:
    """A name that no other process bears, from the host's name and the process id."""
    host = "".join(c if c.isascii() and c.isalnum() else "-" for c in socket.gethostname())
    return f"{host[:32].strip('-') or 'host'}-{os.getpid()}-{uuid.uuid4().hex[:8]}"


def _room(keeper: Keeper[Any], asking: Asking) -> int:
    while not keeper.wait_for_room(asking.count, longest_s=1.0):
        pass
    return asking.count - len(keeper.held)


def _check_left_open(trial: AskedTrial, asking: Asking) -> None:
    """With one trial at a time nobody else can close it: waiting for that would last for ever."""
    if trial.is_open and asking.count == 1:
        raise TrialLeftOpen(trial.number)


def _claim(
    connection: Connection,
    asking: Asking,
    count: int,
    resume: bool,
    has_ended: Callable[[], bool],
) -> list[Lease]:
    """Poll until there are leases; an empty list when the study ended or the time is over."""
    started = time.monotonic()
    while True:
        left_s = _left(asking.wait_s, started)
        call = _claim_call(asking, count, min(LONGEST_POLL_S, left_s), resume)
        asked_at = time.monotonic()
        leases = _leases(connection.json(call), connection.url)
        if leases or has_ended() or _left(asking.wait_s, started) <= 0:
            return leases
        connection.pause(max(0.0, SHORTEST_POLL_S - (time.monotonic() - asked_at)))


def _left(wait_s: float | None, started: float) -> float:
    return LONGEST_POLL_S if wait_s is None else max(0.0, wait_s - time.monotonic() + started)


def _claim_call(asking: Asking, count: int, poll_s: float, resume: bool) -> Call:
    body: dict[str, Any] = {
        "worker": asking.worker,
        # The same in every retry of this call, so that an answer lost on its way is given again.
        "request_id": uuid.uuid4().hex,
        "count": count,
        "lease_s": asking.lease_s,
        "wait_s": round(poll_s, 3),
        "resume": resume,
        **asking.has,
    }
    return workers.claim(asking.study, body)


def _leases(answer: Any, url: str) -> list[Lease]:
    if answer is None:
        return []
    if not isinstance(answer, dict) or not isinstance(answer.get("leases"), list):
        raise UnreadableAnswer(url, "no leases")
    return [read(Lease, each, url) for each in answer["leases"]]
