"""Without keys a server answers this machine only, and no page of another site."""

import pytest

from service.access_errors import ForeignHost, ForeignOrigin, ProxiedRequest
from service.loopback import stranger
from tests.api.conftest import BLACK_BOX, Served, assert_problem


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8000", "LOCALHOST", "[::1]:80", "[::1]"])
def test_a_server_answers_to_its_own_names(host: str) -> None:
    assert stranger("POST", {"host": host}) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:80",
        "evil.example#localhost",
        "127.0.0.2",
        "0.0.0.0:8000",
        "localhost:port",
        "localhost\n",
    ],
)
def test_a_name_that_was_bent_to_this_machine_is_refused(host: str) -> None:
    refused = stranger("GET", {"host": host})
    assert isinstance(refused, ForeignHost)


@pytest.mark.parametrize(
    "name",
    [
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-forwarded-server",
        "x-real-ip",
    ],
)
def test_what_came_through_a_proxy_is_refused(name: str) -> None:
    refused = stranger("GET", {"host": "localhost", name: "10.0.0.1"})
    assert isinstance(refused, ProxiedRequest)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:9000"},
        {"origin": "http://127.0.0.1:8000"},
        {"sec-fetch-site": "cross-site"},
    ],
    ids=str,
)
def test_a_foreign_page_may_change_nothing(method: str, headers: dict[str, str]) -> None:
    refused = stranger(method, {"host": "localhost:8000", **headers})
    assert isinstance(refused, ForeignOrigin)


def test_the_own_page_may_change_everything() -> None:
    headers = {"host": "localhost:8000", "origin": "http://localhost:8000"}
    assert stranger("POST", headers | {"sec-fetch-site": "same-origin"}) is None


def test_a_link_from_a_foreign_page_may_be_followed() -> None:
    headers = {"host": "localhost:8000", "sec-fetch-site": "cross-site"}
    assert stranger("GET", headers) is None


def test_the_server_refuses_strangers_before_anything_else(served_sqlite: Served) -> None:
    stranger = served_sqlite.http.get("/health/live", headers={"Host": "evil.example"})
    assert_problem(stranger, 403, "Host")
    answer = served_sqlite.ask(
        "POST", "/studies", BLACK_BOX, headers={"Origin": "https://evil.example"}
    )
    assert_problem(answer, 403, "Origin")
    assert served_sqlite.get("/studies")["items"] == []
