"""Workers that go away while they claim: no lease is left behind, none is taken from them."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from service import lending
from tests.api.conftest import Served, wait_until


@contextmanager
def claiming(served: Served, path: str, body: bytes) -> Iterator[None]:
    """Claim, and go away at the end of the block."""
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        connection.sendall(
            b"POST /api/v1%s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (path.encode(), len(body), body)
        )
        yield


def test_a_client_that_went_away_leaves_no_lease_behind(served: Served) -> None:
    served.study()
    body = b'{"worker": "gone", "request_id": "r", "wait_s": 30}'
    with claiming(served, "/studies/toy/leases", body):
        wait_until(lambda: served.planner.waits(1) == 1)
    wait_until(lambda: served.planner.waits(1) == 0)
    served.enqueue(0.5)
    time.sleep(0.4)  # longer than a beat of the watcher
    assert served.get("/studies/toy")["counts"]["running"] == 0


def test_a_worker_that_asked_again_keeps_what_both_requests_got(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy, go_on = threading.Event(), threading.Event()
    original = lending.claim

    def slow(*arguments: Any) -> list[list[lending.Lease]]:
        busy.set()
        go_on.wait(10)
        return original(*arguments)

    served.study()
    trial = served.enqueue(0.5)
    monkeypatch.setattr("service.lending.claim", slow)
    # Both wait behind the first claim, and share a transaction.
    with ThreadPoolExecutor() as pool:
        nothing = {"worker": "first", "request_id": "r"}
        first = pool.submit(served.ask, "POST", "/studies/nobody/leases", nothing)
        assert busy.wait(10)
        with claiming(served, "/leases", b'{"worker": "slow", "request_id": "r"}'):
            time.sleep(0.1)  # until the server has read it
        again = pool.submit(served.ask, "POST", "/leases", {"worker": "slow", "request_id": "r"})
        time.sleep(0.2)  # until both stand in line
        go_on.set()
        first.result()
    (lease,) = again.result().json()["leases"]
    time.sleep(0.2)  # in which the first request would have handed it back
    renewed = served.ask("POST", f"/trials/{lease['trial_id']}/renew", {"token": lease["token"]})
    assert (lease["trial_id"], renewed.json()["order"]) == (trial["id"], "continue")


def test_a_client_that_went_away_during_its_claim_hands_the_trial_back(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed, go_on = threading.Event(), threading.Event()
    original = lending.claim

    def slow(*arguments: Any) -> list[list[lending.Lease]]:
        found = original(*arguments)
        claimed.set()
        go_on.wait(10)
        return found

    served.study()
    trial = served.enqueue(0.5)
    monkeypatch.setattr("service.lending.claim", slow)
    with claiming(served, "/leases", b'{"worker": "gone", "request_id": "r"}'):
        assert claimed.wait(10)
    time.sleep(0.1)  # until the server has heard of it
    go_on.set()

    def outcomes() -> list[str | None]:
        attempts = served.get(f"/trials/{trial['id']}")["attempts_list"]
        return [attempt["outcome"] for attempt in attempts]

    wait_until(lambda: outcomes() == ["released"])
    assert served.get(f"/trials/{trial['id']}")["status"] == "queued"
