"""Sessions, and what pages of other sites can do with them: nothing."""

import http.cookies
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from service import cookies
from service.slowdown import AT_ONCE, EVERY_S, MOST_ADDRESSES, Slowdown
from service.states import Role
from tests.access.conftest import Keyed
from tests.api.conftest import BLACK_BOX, Served, assert_problem

WRONG = "tf_000000000000_" + "x" * 43
SECRET = b"s" * 32


@contextmanager
def signed_in(keyed: Keyed, role: Role = Role.USER) -> Iterator[httpx.Client]:
    """A browser with a session in project `one`."""
    with httpx.Client(base_url=str(keyed.served.http.base_url), timeout=30) as browser:
        answer = browser.post("/api/v1/session", json={"key": keyed.texts["one", role]})
        assert answer.status_code == 201, answer.text
        yield browser


def test_a_session_is_a_cookie_that_no_script_and_no_other_site_gets(keyed: Keyed) -> None:
    text = keyed.texts["one", Role.USER]
    answer = keyed.served.ask("POST", "/session", {"key": text})
    assert answer.json() == {
        "role": "user",
        "project": "one",
        "name": "user-of-one",
        "key_id": keyed.key_id("one", Role.USER),
        "by_cookie": True,
    }
    (morsel,) = http.cookies.SimpleCookie(answer.headers["set-cookie"]).values()
    assert morsel["httponly"]
    assert morsel["samesite"] == "strict"
    assert morsel["path"] == "/"
    assert not morsel["secure"]  # this is plain HTTP
    assert text.split("_", 2)[2] not in morsel.value


def test_a_session_behind_tls_never_travels_without_it(keyed_sqlite: Keyed) -> None:
    text = keyed_sqlite.texts["one", Role.USER]
    headers = {"X-Forwarded-Proto": "https"}  # of a proxy on this machine
    answer = keyed_sqlite.served.ask("POST", "/session", {"key": text}, headers=headers)
    assert "Secure" in answer.headers["set-cookie"]


def test_a_session_may_what_its_key_may_until_it_ends(keyed: Keyed) -> None:
    with signed_in(keyed, Role.VIEWER) as browser:
        assert browser.get("/api/v1/studies").status_code == 200
        assert_problem(browser.post("/api/v1/studies", json=BLACK_BOX), 403)
        assert browser.get("/api/v1/session").json()["by_cookie"] is True
        assert browser.delete("/api/v1/session").status_code == 204
        assert_problem(browser.get("/api/v1/studies"), 401)
        assert browser.delete("/api/v1/session").status_code == 204


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ],
)
def test_a_hostile_page_changes_nothing_with_the_session_of_a_reader(
    shared_keyed: Keyed, method: str, header: str, value: str
) -> None:
    with signed_in(shared_keyed, Role.ADMIN) as browser:
        path = "/api/v1/workers/w" if method == "PUT" else "/api/v1/studies/toy"
        path = "/api/v1/studies" if method == "POST" else path
        answer = browser.request(method, path, json=BLACK_BOX, headers={header: value})
        assert_problem(answer, 403, header)
        assert browser.get("/api/v1/studies").json()["items"] == []


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_hostile_page_signs_nobody_in_or_out(shared_keyed: Keyed, method: str) -> None:
    body = {"key": shared_keyed.texts["one", Role.USER]}
    headers = {"Origin": "https://evil.example"}
    answer = shared_keyed.served.ask(method, "/session", body, headers=headers)
    assert_problem(answer, 403, "Origin")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin", "Origin": "https://tinyfront.example"},
        {"Sec-Fetch-Site": "none"},
        {"Host": "tinyfront.example", "Origin": "https://tinyfront.example"},
        {},
    ],
    ids=str,
)
def test_the_own_page_may_act_also_behind_a_proxy(
    keyed_sqlite: Keyed, headers: dict[str, str]
) -> None:
    with signed_in(keyed_sqlite) as browser:
        assert browser.post("/api/v1/studies", json=BLACK_BOX, headers=headers).status_code == 201


def test_a_key_in_the_header_may_act_wherever_it_comes_from(keyed_sqlite: Keyed) -> None:
    headers = keyed_sqlite.header("one") | {"Origin": "https://evil.example"}
    answer = keyed_sqlite.served.ask("POST", "/studies", BLACK_BOX, headers=headers)
    assert answer.status_code == 201


def test_a_name_bent_to_this_machine_reads_nothing_without_a_key(shared_keyed: Keyed) -> None:
    rebound = {"Host": "evil.example", "Sec-Fetch-Site": "same-origin"}
    for path in ("/studies", "/keys", "/session"):
        assert_problem(shared_keyed.served.ask("GET", path, headers=rebound), 401)


def test_with_keys_any_name_and_any_proxy_will_do(shared_keyed: Keyed) -> None:
    headers = shared_keyed.header("one") | {
        "Host": "tinyfront.example",
        "X-Forwarded-For": "192.0.2.7",
        "Forwarded": "for=192.0.2.7",
    }
    assert shared_keyed.served.ask("GET", "/studies", headers=headers).status_code == 200


def test_a_hostile_page_makes_no_key_on_a_server_without_keys(served_sqlite: Served) -> None:
    body = {"name": "evil", "role": "admin"}
    for headers in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        assert_problem(
            served_sqlite.ask("POST", "/keys", body, headers=headers), 403, next(iter(headers))
        )
    rebound = {"Host": "evil.example", "Sec-Fetch-Site": "same-origin"}
    assert_problem(served_sqlite.ask("POST", "/keys", body, headers=rebound), 403, "Host")
    assert served_sqlite.get("/keys")["items"] == []


def test_a_session_is_read_back_until_its_time_is_over() -> None:
    text = cookies.made(SECRET, "abcdef", 1000.0)
    assert cookies.key_id_of(SECRET, text, 1000.0 + cookies.LIFE_S - 1) == "abcdef"
    assert cookies.key_id_of(SECRET, text, 1000.0 + cookies.LIFE_S + 1) is None


@pytest.mark.parametrize(
    "forged",
    ["", ".", "..", "a.b.c", "abcdef.9999999999.", "abcdef.9999999999." + "0" * 64, "é.é.é"],
)
def test_a_forged_session_is_nobodys(forged: str) -> None:
    assert cookies.key_id_of(SECRET, forged, 0.0) is None


def test_a_session_of_another_database_or_another_key_is_nobodys() -> None:
    text = cookies.made(SECRET, "abcdef", 0.0)
    assert cookies.key_id_of(b"t" * 32, text, 0.0) is None
    assert cookies.key_id_of(SECRET, text.replace("abcdef", "abcdeg"), 0.0) is None
    assert cookies.key_id_of(SECRET, text.replace(".1", ".2", 1), 0.0) is None


def test_wrong_keys_are_slowed_and_valid_ones_are_not(keyed: Keyed) -> None:
    now_s = [0.0]
    slowdown = keyed.served.door.slowdown
    slowdown._clock_s = lambda: now_s[0]
    wrong = {"Authorization": f"Bearer {WRONG}"}

    def tried() -> httpx.Response:
        return keyed.served.ask("GET", "/studies", headers=wrong)

    assert [tried().status_code for _ in range(AT_ONCE + 2)] == [401] * AT_ONCE + [429] * 2
    answer = tried()
    problem = assert_problem(answer, 429)
    assert 0 < int(answer.headers["retry-after"]) <= EVERY_S
    assert "Wait" in problem["remedy"]
    assert keyed.ask("one", "GET", "/studies").status_code == 200
    sign_in = keyed.served.ask("POST", "/session", {"key": keyed.texts["one", Role.USER]})
    assert_problem(sign_in, 429)
    now_s[0] += EVERY_S
    assert [tried().status_code for _ in range(2)] == [401, 429]


def test_failed_sign_ins_are_slowed(keyed_sqlite: Keyed) -> None:
    def sign_in() -> int:
        return keyed_sqlite.served.ask("POST", "/session", {"key": WRONG}).status_code

    assert [sign_in() for _ in range(AT_ONCE + 1)] == [401] * AT_ONCE + [429]


def test_each_address_is_slowed_for_itself_and_a_network_of_ipv6_together() -> None:
    slowdown = Slowdown(lambda: 0.0)
    for _ in range(AT_ONCE):
        slowdown.failed("192.0.2.1")
        slowdown.failed("2001:db8::1")
    assert slowdown.wait_s("192.0.2.1") == EVERY_S
    assert slowdown.wait_s("2001:db8::ffff:2") == EVERY_S
    assert slowdown.wait_s("192.0.2.2") == 0.0
    assert slowdown.wait_s("2001:db8:0:1::1") == 0.0
    assert slowdown.wait_s("no address") == 0.0


def test_failures_of_many_addresses_take_bounded_memory() -> None:
    slowdown = Slowdown(lambda: 0.0)
    for number in range(MOST_ADDRESSES + 50):
        slowdown.failed(f"address {number}")
    assert len(slowdown) == MOST_ADDRESSES
