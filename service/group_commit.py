"""Group commit: what many requests write at the same time goes into one transaction.

A transaction costs a thread, a connection and its BEGIN and COMMIT whether it holds one wish or
fifty, and so does each statement in it. The wishes that come in while one transaction is under way
therefore wait for the next and share it: the more a server has to do, the less each request costs.

A step takes all wishes of its kind and says of each what came of it, or why it is refused; it may
change nothing for a wish that it refuses. Wishes must bear being repeated, as all that comes under
a token or a request id does: after a lost connection nobody knows whether the commit was done.
"""

import asyncio
import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from service import bulk
from service.db import Database, is_away
from service.errors import DatabaseBusy, ServiceError

LOG = logging.getLogger(__name__)

# After a transaction that was shared the next wish waits so long for company; a lone client's never
# does.
GATHER_S = 0.015
ALONE_S = 5.0  # after which no more wishes of a transaction that failed are tried alone
# A claim takes twice as many statements as anything else, and no worker minds this.
PATIENCE_S = 0.06
MOST = 64  # wishes in one transaction; more would hold their rows for too long

Wish = TypeVar("Wish")
Outcome = TypeVar("Outcome")
Step = Callable[[Session, Sequence[Wish], datetime], Sequence[Outcome | ServiceError]]


@dataclass(eq=False, frozen=True, slots=True)
class _Entry:
    project_id: int | None
    step: Step[Any, Any]
    wish: Any
    answered: Callable[[Any], None]
    patient: bool = False
    since_s: float = field(default_factory=time.monotonic)


class GroupCommit:
    """One thread that writes for all requests of a process."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._entries: queue.SimpleQueue[_Entry | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="tinyfront-writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End once all wishes so far are answered."""
        self._entries.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    async def do(
        self,
        project_id: int | None,
        step: Step[Wish, Outcome],
        wish: Wish,
        patient: bool = False,
    ) -> Outcome:
        """Fulfil a wish in a session of that project; returns after the commit.

        Args:
            project_id: whose session the step gets; None for one that sees all projects.
            step: fulfils wishes of its kind.
            wish: what it is to do.
            patient: whether the wish may wait for others of its kind while there is company.

        Raises:
            What the step said of this wish, or what the database said of its transaction.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Outcome] = loop.create_future()

        def answered(outcome: Outcome | Exception) -> None:
            if answer.done():  # nobody waits any more
                return
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

        def later(outcome: Outcome | Exception) -> None:
            with suppress(RuntimeError):  # the loop has ended: nobody waits any more
                loop.call_soon_threadsafe(answered, outcome)

        self._entries.put(_Entry(project_id, step, wish, later, patient))
        return await answer

    def _run(self) -> None:
        held: list[_Entry] = []  # patient ones
        crowded = ending = False
        while not ending:
            come = self._come(held, GATHER_S if crowded else 0.0)
            ending = None in come
            entries = [*held, *(entry for entry in come if entry is not None)]
            crowded = len(entries) > 1
            held = [] if ending or not crowded else _patient(entries)
            if held:
                entries = [entry for entry in entries if not entry.patient]
            groups = [
                [entry for entry in entries if entry.project_id == project_id]
                for project_id in dict.fromkeys(entry.project_id for entry in entries)
            ]
            away = self._settle_all(groups)
            if away is not None:
                _answer_all([*held, *self._waiting(self._entries.qsize())], away)
                held = []

    def _come(self, held: Sequence[_Entry], gather_s: float) -> list[_Entry | None]:
        """Wait for wishes, no longer than those may wait that are held; None is the end."""
        due_s = None
        if held:
            due_s = max(0.0, held[0].since_s + PATIENCE_S - time.monotonic())
        try:
            first = self._entries.get(timeout=due_s)
        except queue.Empty:
            return []
        if first is None:
            return [None]
        time.sleep(gather_s)
        return [first, *self._waiting(MOST - 1)]

    def _waiting(self, most: int) -> list[_Entry]:
        """Take what waits, without waiting for more."""
        taken: list[_Entry] = []
        while len(taken) < most:
            try:
                entry = self._entries.get_nowait()
            except queue.Empty:
                break
            if entry is None:
                self._entries.put(None)  # the end is for `_run`
                break
            taken.append(entry)
        return taken

    def _settle_all(
        self, groups: Iterable[Sequence[_Entry]], within_s: float = math.inf
    ) -> Exception | None:
        """Answer groups of wishes; returns the error if the database is away.

        What is left then would find the same, and each must be answered within seconds. So must
        what waits behind rows that another transaction holds.
        """
        away: Exception | None = None
        until_s = time.monotonic() + within_s
        for group in groups:
            if away is not None:
                _answer_all(group, away)
            elif time.monotonic() > until_s:
                _answer_all(group, DatabaseBusy(within_s))
            else:
                away = self._settle(group)
        return away

    def _settle(self, entries: Sequence[_Entry]) -> Exception | None:
        """Answer wishes of one project. One that breaks the transaction is left alone with it."""
        try:
            outcomes = self._twice(entries)
        except Exception as error:  # whatever it is, each that waits must hear of it
            away = is_away(error)
            if len(entries) > 1 and not away:
                LOG.warning(
                    "A shared transaction failed; its parts are tried alone.", exc_info=True
                )
                return self._settle_all([[entry] for entry in entries], ALONE_S)
            _answer_all(entries, error)
            return error if away else None
        for entry in entries:
            entry.answered(outcomes[entry])
        return None

    def _twice(self, entries: Sequence[_Entry]) -> Mapping[_Entry, Any]:
        """Write, and once more if the connection was lost: the database may be back already.

        Or if two wishes met at a constraint: the second then finds what the first has done.
        """
        try:
            return self._write(entries)
        except IntegrityError:
            return self._write(entries)
        except DBAPIError as lost:
            if not lost.connection_invalidated:
                raise
            return self._write(entries)

    def _write(self, entries: Sequence[_Entry]) -> Mapping[_Entry, Any]:
        outcomes: dict[_Entry, Any] = {}
        db = self._db.of_project(entries[0].project_id)
        with db.begin() as session:
            now = db.now(session)
            # In one order everywhere: two servers would else wait for each other's rows.
            for step in sorted(dict.fromkeys(entry.step for entry in entries), key=_name):
                chosen = [entry for entry in entries if entry.step == step]
                results = step(session, [entry.wish for entry in chosen], now)
                bulk.flush(session)
                outcomes.update(zip(chosen, results, strict=True))
        return outcomes


def _patient(entries: Sequence[_Entry]) -> list[_Entry]:
    """Return the patient ones, oldest first; none once the first of them has waited its time."""
    patient = [entry for entry in entries if entry.patient]
    due = bool(patient) and time.monotonic() - patient[0].since_s >= PATIENCE_S
    return [] if due else patient


def _name(step: Step[Any, Any]) -> str:
    return getattr(step, "__name__", "")


def _answer_all(entries: Iterable[_Entry], error: Exception) -> None:
    for entry in entries:
        entry.answered(error)
