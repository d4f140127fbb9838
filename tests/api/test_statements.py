"""How often a worker's request asks the database: a guard that needs no clock."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from tests.api.conftest import Served

# Once a worker is known; beside BEGIN and COMMIT. Of many requests together: as many in all.
# A claim: the clock, the study, earlier leases of the request, the trials, the worker, the
# attempts, the trials' new state, the tokens.
CLAIM = 8
# The clock, the trial with its attempts, reports of the step, the report.
REPORT = 4
RENEW = 3
# The clock, the trial with its attempts, the new states of both, the values.
COMPLETE = 5


class Counter:
    """Counts the statements of the thread that writes for all requests."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self.statements: list[str] = []

    def note(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        frame = statement.startswith(("BEGIN", "PRAGMA"))
        if threading.current_thread().name == "tinyfront-writer" and not frame:
            self.statements.append(statement)

    def take(self) -> list[str]:
        taken, self.statements = self.statements, []
        return taken


@pytest.fixture
def counter(served: Served) -> Iterator[Counter]:
    made = Counter(served)
    event.listen(served.db.engine, "before_cursor_execute", made.note)
    yield made
    event.remove(served.db.engine, "before_cursor_execute", made.note)


def test_a_workers_requests_ask_the_database_so_often_and_no_oftener(
    served: Served, counter: Counter
) -> None:
    served.study()
    served.enqueue(0.1)
    served.enqueue(0.2)
    served.complete(served.claim()[0], 1.0, 2.0)
    counter.take()
    clock = 0 if served.db.sqlite else 1  # on SQLite it is the machine's own
    (lease,) = served.claim()
    assert len(counter.take()) == CLAIM - 1 + clock
    served.tell(lease, "reports", step=1, metrics={"cost": 1.0})
    assert len(counter.take()) == REPORT - 1 + clock
    served.tell(lease, "renew")
    assert len(counter.take()) == RENEW - 1 + clock
    served.complete(lease, 1.0, 2.0)
    assert len(counter.take()) == COMPLETE - 1 + clock
