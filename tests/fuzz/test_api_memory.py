"""The same requests again and again: what a server holds in memory after them stays the same."""

import gc
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest
from schemathesis.python.asgi import get_client

from tests.fuzz.in_process import InProcess, Sent, in_process
from tests.fuzz.walks import ADDRESS, described, keyless, walk

pytestmark = pytest.mark.usefixtures("same_draws")

WARM_UP, ROUNDS = 1, 2  # in the first, caches fill
# Not to forget a request, its answer or a row of it would take several times as much.
BYTES_PER_REQUEST = 1000


def requests_of(served: InProcess, examples: int) -> Sequence[Sent]:
    """What a walk sends."""
    noted: list[Sent] = []
    served.door.noted = noted
    assert walk(keyless(described(served, examples, ["fuzzing"]))).findings == []
    served.door.noted = None
    return noted


def grown_bytes(served: InProcess, sent: Sequence[Sent]) -> int:
    """Send all of it in several rounds, and return by how much the last ones grew."""
    tracemalloc.start()
    try:
        with get_client(served.door) as client:
            for number in range(WARM_UP + ROUNDS):
                if number == WARM_UP:
                    gc.collect()
                    before = tracemalloc.get_traced_memory()[0]
                for each in sent:
                    client.request(
                        each.method, ADDRESS + each.target, headers=each.headers, data=each.body
                    )
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def check(served: InProcess, examples: int) -> None:
    sent = requests_of(served, examples)
    assert grown_bytes(served, sent) <= BYTES_PER_REQUEST * ROUNDS * len(sent)


def test_memory_does_not_grow(sqlite_url: str, tmp_path: Path) -> None:
    with in_process(sqlite_url, tmp_path) as served:
        check(served, examples=2)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_memory_does_not_grow_on_either_database(database_url: str, tmp_path: Path) -> None:
    with in_process(database_url, tmp_path) as served:
        check(served, examples=15)
