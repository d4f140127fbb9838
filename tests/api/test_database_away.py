"""The real PostgreSQL is killed and started again under a running service."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from service.db import Database
from tests.api.conftest import Served, assert_problem, new_id, serving, wait_until
from tests.conftest import upgrade
from tests.postgres import SURE, Postgres, postgres_server


@pytest.fixture(scope="module")
def mortal() -> Iterator[Postgres]:
    """A PostgreSQL of this module's own, which may be killed."""
    with postgres_server(SURE) as running:
        yield running


@pytest.fixture
def served(mortal: Postgres, tmp_path: Path) -> Iterator[Served]:
    url = mortal.url(mortal.create())
    upgrade(url)
    with serving(Database(url), tmp_path) as service:
        yield service


def assert_away(answer: httpx.Response, begun_s: float) -> None:
    assert time.monotonic() - begun_s < 5
    assert_problem(answer, 503)
    assert 0 < int(answer.headers["Retry-After"]) <= 5


def test_while_the_database_is_away_every_kind_of_route_says_so_and_then_goes_on(
    mortal: Postgres, served: Served
) -> None:
    study = served.study()
    for x in (0.1, 0.2):
        served.enqueue(x)
    [lease] = served.claim()
    mortal.kill()
    wish = {"worker": "w2", "request_id": new_id(), "wait_s": 5}
    body = {"token": lease["token"], "metrics": {"cost": 1.0, "size": 2.0}}
    for method, path, sent in (
        ("GET", "/studies/toy", None),
        ("POST", "/studies/toy/leases", wish),
        ("POST", f"/trials/{lease['trial_id']}/complete", body),
        ("GET", "/studies/toy/events", None),
        ("GET", "/events", None),
        ("GET", f"/trials/{lease['trial_id']}/artefacts/none", None),
    ):
        begun_s = time.monotonic()
        assert_away(served.ask(method, path, sent), begun_s)
    begun_s = time.monotonic()
    assert_away(served.http.get("/health/ready"), begun_s)
    assert served.http.get("/health/live").status_code == 200
    mortal.start()
    wait_until(lambda: served.http.get("/health/ready").status_code == 200)
    served.complete(lease, 1.0, 2.0)
    assert len(served.claim(request_id=wish["request_id"])) == 1
    wait_until(lambda: served.get("/studies/toy")["finished"] == 1)
    assert served.get("/studies/toy")["id"] == study["id"]


def test_a_claim_that_waits_through_an_outage_gets_its_trial(
    mortal: Postgres, served: Served
) -> None:
    served.study()
    found: list[httpx.Response] = []
    wish = {"worker": "w1", "request_id": new_id(), "wait_s": 20}
    waiting = threading.Thread(
        target=lambda: found.append(served.ask("POST", "/studies/toy/leases", wish))
    )
    waiting.start()
    wait_until(lambda: bool(served.watcher._places))
    mortal.kill()
    time.sleep(1.0)  # several looks of the watcher fail
    mortal.start()
    wait_until(lambda: served.http.get("/health/ready").status_code == 200)
    served.enqueue(0.5)
    waiting.join(20)
    assert [answer.status_code for answer in found] == [200]
