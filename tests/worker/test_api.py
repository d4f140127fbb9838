"""What a worker says on the wire, and how it reads answers."""

import httpx
import pytest

from tests.worker.fake_server import FakeServer
from worker.api import Api, Lease
from worker.errors import Refused, ServerAway

LEASE = Lease(11, 3, "toy", 2, 1, "secret", 60, {})


def saying(status: int, **answer: object) -> Api:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, **answer)  # type: ignore[arg-type]

    return Api("http://fake", transport=httpx.MockTransport(respond))


def test_each_word_goes_to_its_route_with_the_token() -> None:
    server = FakeServer()
    api = server.api()
    api.report(LEASE, 4, {"error": 0.5})
    api.upload(LEASE, "graph.json", b"{}")
    api.complete(LEASE, {"error": 0.1}, {"epochs": 4})
    api.fail(LEASE, "Out of luck.\0", infeasible=True)
    api.release(LEASE, "No time.")
    assert server.calls == [
        ("POST", "/trials/3/reports", {"token": "secret", "step": 4, "metrics": {"error": 0.5}}),
        ("PUT", "/attempts/11/artefacts/graph.json", b"{}"),
        (
            "POST",
            "/trials/3/complete",
            {"token": "secret", "metrics": {"error": 0.1}, "details": {"epochs": 4}},
        ),
        (
            "POST",
            "/trials/3/fail",
            {"token": "secret", "reason": "Out of luck. ", "infeasible": True},
        ),
        ("POST", "/trials/3/release", {"token": "secret", "reason": "No time."}),
    ]


def test_a_study_may_have_any_name_in_an_address() -> None:
    server = FakeServer(study_status="ended")
    assert server.api().study("a b/c")["status"] == "ended"
    assert server.calls[0][1] == "/studies/a b/c"  # decoded by the fake


def test_a_refusal_carries_the_servers_words_and_its_remedy() -> None:
    api = saying(409, json={"detail": "It has ended.", "remedy": "Claim the next."})
    with pytest.raises(Refused, match=r"^It has ended\. Claim the next\.$") as refused:
        api.renew(LEASE)
    assert refused.value.status == 409


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_cannot_now_is_away(status: int) -> None:
    with pytest.raises(ServerAway) as away:
        saying(status, headers={"Retry-After": "7"}, text="<html>").renew(LEASE)
    assert away.value.retry_after_s == 7


def test_an_error_in_the_servers_code_is_worth_less_patience_than_an_absent_server() -> None:
    worth_s = []
    for status in (500, 503):
        with pytest.raises(ServerAway) as away:
            saying(status).renew(LEASE)
        worth_s.append(away.value.worth_s)
    assert worth_s == [20.0, float("inf")]


def test_a_connection_that_breaks_is_an_absent_server() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("reset by peer")

    with pytest.raises(ServerAway, match=r"No answer from http://fake \(reset by peer\)"):
        Api("http://fake/", transport=httpx.MockTransport(respond)).renew(LEASE)


def test_an_answer_that_is_no_json_comes_from_no_server_of_ours() -> None:
    with pytest.raises(Refused, match="is it a Tinyfront server"):
        saying(200, text="Welcome to nginx").renew(LEASE)


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://here", "http://", "http://[::1"])
def test_an_address_that_is_none_is_refused_before_any_call(url: str) -> None:
    with pytest.raises(ValueError, match=r"no address|need http"):
        Api(url)
