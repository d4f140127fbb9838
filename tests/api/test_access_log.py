"""Each request has an id and a line in the log, which names what it was about and no secret."""

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
import structlog
from anyio import BrokenResourceError
from starlette.types import Message, Receive, Scope, Send

from service import logs
from service.api.access_log import AccessLog
from tests.api.conftest import Served, assert_problem, wait_until

SECRET = "a-secret-of-mine"


def requests_in(found: list[dict[str, object]]) -> list[dict[str, object]]:
    return [line for line in found if line["event"] == "request"]


@contextmanager
def lines(capsys: pytest.CaptureFixture[str], last: str) -> Iterator[list[dict[str, object]]]:
    """What the log gets in the block, up to the line of request `last`: it follows the answer."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    logs.set_up("json")
    found: list[dict[str, object]] = []
    capsys.readouterr()
    try:
        yield found

        def told() -> bool:
            found.extend(json.loads(line) for line in capsys.readouterr().err.splitlines())
            return last in [line["request_id"] for line in requests_in(found)]

        wait_until(told)
    finally:
        root.handlers[:], root.level = before[0], before[1]
        structlog.reset_defaults()


def test_an_id_is_made_for_each_request(served_sqlite: Served) -> None:
    first, second = (served_sqlite.ask("GET", "/studies").headers["x-request-id"] for _ in "12")
    assert len(first) == 16
    assert first != second


@pytest.mark.parametrize("given", ["abc-1.2_3", "x" * 64])
def test_an_id_that_is_a_plain_word_is_kept(served_sqlite: Served, given: str) -> None:
    answer = served_sqlite.ask("GET", "/studies/nobody", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] == given
    assert assert_problem(answer, 404)["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "a;b"])
def test_any_other_id_is_replaced(served_sqlite: Served, given: str) -> None:
    answer = served_sqlite.ask("GET", "/studies", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] != given


def test_a_request_has_one_line_without_query_or_header(
    served_sqlite: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    served_sqlite.study()
    with lines(capsys, "r-1") as found:
        headers = {"X-Request-ID": "r-1", "Authorization": SECRET, "X-Lease-Token": SECRET}
        served_sqlite.ask(
            "GET", f"/studies/toy/trials?status=queued&after={SECRET}", headers=headers
        )
    [line] = [line for line in requests_in(found) if line["request_id"] == "r-1"]
    assert SECRET not in json.dumps(found)
    assert (line["method"], line["route"]) == ("GET", "/api/v1/studies/{study}/trials")
    assert (line["request_id"], line["study"]) == ("r-1", "toy")
    assert isinstance(line["status"], int)
    assert isinstance(line["ms"], float)


def test_what_a_request_causes_names_the_request_and_its_trial(
    served_sqlite: Served,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise LookupError("a mistake of ours")

    served_sqlite.http.timeout = 5
    monkeypatch.setattr("service.api.trials.trials.get", broken)
    with lines(capsys, "r-2") as found:
        answer = served_sqlite.ask("GET", "/trials/7", headers={"X-Request-ID": "r-2"})
    assert_problem(answer, 500)
    told = [line for line in found if line["event"] == "A request failed."]
    assert [(line["request_id"], line["trial"]) for line in told] == [("r-2", "7")]
    assert answer.headers["x-request-id"] == "r-2"
    assert answer.json()["request_id"] == "r-2"


def test_probes_that_succeed_are_not_worth_a_line(
    served_sqlite: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    with lines(capsys, "r-3") as found:
        assert served_sqlite.http.get("/health/ready").status_code == 200
        assert served_sqlite.http.get("/metrics").status_code == 200
        served_sqlite.ask("GET", "/devices", headers={"X-Request-ID": "r-3"})
    assert [line["route"] for line in requests_in(found)] == ["/api/v1/devices"]


@pytest.mark.parametrize("other", [None, ZeroDivisionError()])
def test_a_client_that_left_an_event_stream_is_no_error(other: Exception | None) -> None:
    errors = [BrokenResourceError(), *([] if other is None else [other])]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ExceptionGroup("a stream", errors)

    async def nothing(*_: object) -> Message:
        return {}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    log = AccessLog(app, answered=lambda *_: None)
    with nullcontext() if other is None else pytest.raises(ExceptionGroup):
        asyncio.run(log(scope, nothing, nothing))
