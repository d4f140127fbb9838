"""The short way of workers' requests: the same answers as the long one, faults by the long one."""

import json
import logging
import socket
import time
from typing import Any

import httpx
import pytest

from service.api import express
from service.app import ROUTERS
from tests.api.conftest import Served, new_id, wait_until

SHORT = "application/json"
LONG = "application/json; charset=utf-8"  # the short way leaves this to FastAPI


class Ways:
    """Sends requests on either way, and notes which were answered by the short one."""

    def __init__(self, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
        self.served = served
        self.short = 0
        original = express.Express._answer

        async def noted(*arguments: Any) -> Any:
            self.short += 1
            return await original(*arguments)

        monkeypatch.setattr(express.Express, "_answer", noted)

    def send(self, path: str, body: Any, way: str = SHORT) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.served.http.post(
            f"/api/v1{path}", content=content, headers={"Content-Type": way, "X-Request-ID": "one"}
        )


@pytest.fixture
def ways(served_sqlite: Served, monkeypatch: pytest.MonkeyPatch) -> Ways:
    served_sqlite.study()
    served_sqlite.enqueue(0.1)
    return Ways(served_sqlite, monkeypatch)


@pytest.mark.parametrize("way", [SHORT, LONG])
def test_both_ways_carry_a_trial_from_claim_to_result(ways: Ways, way: str) -> None:
    claim = {"worker": "w", "request_id": new_id()}
    (lease,) = ways.send("/studies/toy/leases", claim, way).json()["leases"]
    path, token = f"/trials/{lease['trial_id']}", {"token": lease["token"]}
    metrics = {"metrics": {"cost": 1.0, "size": 2.0}}
    report = ways.send(f"{path}/reports", {**token, "step": 1, **metrics}, way)
    assert (report.status_code, report.json()) == (200, {"order": "continue"})
    renewed = ways.send(f"{path}/renew", token, way)
    assert renewed.json().keys() == {"order", "expires_at"}
    done = ways.send(f"{path}/complete", {**token, **metrics}, way).json()
    assert done["status"] == "completed"
    assert done["values"] == metrics["metrics"]
    assert done.keys() == ways.served.get("/studies/toy/trials")["items"][0].keys()
    assert ways.short == (4 if way == SHORT else 0)


FAULTY: dict[str, tuple[str, Any]] = {
    "no json": ("/trials/1/renew", b"{"),
    "no object": ("/trials/1/renew", []),
    "no token": ("/trials/1/renew", {}),
    "an unknown field": ("/trials/1/renew", {"token": "t", "lease": 3}),
    "a text for a number": ("/trials/1/reports", {"token": "t", "step": "1", "metrics": {"a": 1}}),
    "not finite": ("/trials/1/complete", b'{"token": "t", "metrics": {"cost": NaN}}'),
    "too deep": ("/trials/1/complete", b'{"token": "t", "metrics": ' + b"[" * 20_000),
    "half a surrogate pair": ("/studies/toy/leases", b'{"worker": "\\ud800", "request_id": "r"}'),
    "no such study": ("/studies/none/leases", {"worker": "w", "request_id": "r"}),
    "no such trial": ("/trials/999/renew", {"token": "t"}),
    "a digit of another script": ("/trials/1\u0663/renew", {"token": "t"}),
    "no number of a trial": ("/trials/x/renew", {"token": "t"}),
    "a number that no trial has": (f"/trials/{2**63}/renew", {"token": "t"}),
    "a wrong token": ("/trials/1/renew", {"token": "t"}),
    "no metrics": ("/trials/1/complete", {"token": "t", "metrics": {}}),
}


@pytest.mark.parametrize("case", FAULTY)
def test_what_is_refused_is_refused_alike_on_both_ways(ways: Ways, case: str) -> None:
    path, body = FAULTY[case]
    short, long = ways.send(path, body), ways.send(path, body, LONG)
    assert short.status_code == long.status_code >= 400
    assert short.json() == long.json()


def test_a_client_that_goes_away_while_it_sends_is_no_error_of_ours(
    ways: Ways, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO, "service.api.access_log"),
        socket.create_connection(("127.0.0.1", ways.served.port)) as connection,
    ):
        connection.sendall(
            b"POST /api/v1/trials/1/renew HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
        )
        time.sleep(0.1)  # until the server reads
        connection.close()
        wait_until(lambda: bool(caplog.records))
    noted = caplog.records[0].__dict__
    assert (noted["route"], noted["status"]) == ("/api/v1/trials/{trial_id}/renew", 400)


def test_the_short_way_is_logged_and_counted_by_its_route(
    ways: Ways, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "service.api.access_log"):
        ways.send("/trials/1/renew", {"token": "t"})
        wait_until(lambda: bool(caplog.records))
    assert caplog.records[0].__dict__["route"] == "/api/v1/trials/{trial_id}/renew"
    counted = ways.served.http.get("/metrics").text
    assert 'route="/api/v1/trials/{trial_id}/renew"' in counted


def test_every_lane_is_a_route_of_the_api() -> None:
    paths = {getattr(route, "path", None) for router in ROUTERS for route in router.routes}
    assert {template for template, _, _ in express.LANES.values()} <= paths
