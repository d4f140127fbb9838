"""Retries, timeouts and what answers turn into."""

import httpx
import pytest

import tinyfront
from tests.client.scripted import Scripted, nothing, ok, problem, study_json
from tinyfront.calls import Call
from tinyfront.connection import Connection

LOOK = Call("GET", "/studies/7")
CREATE = Call("POST", "/studies/7/trials", {"parameters": {}}, creates=True)


def test_a_lost_connection_is_tried_again(server: Scripted) -> None:
    server.say("GET", "/studies/7", ok({}), httpx.ReadError("reset"), ok({"name": "toy"}))
    connection = server.client().connection
    connection.json(LOOK)
    assert connection.json(LOOK) == {"name": "toy"}
    assert len(server.pauses) == 1


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_server_that_is_away_is_asked_again(server: Scripted, status: int) -> None:
    server.say("GET", "/studies/7", problem(status, "Away."), ok({"name": "toy"}))
    assert server.client().connection.json(LOOK) == {"name": "toy"}


def test_retry_after_is_kept(server: Scripted) -> None:
    away = problem(503, "The database is away.")
    away.headers["Retry-After"] = "7"
    server.say("GET", "/studies/7", away, ok({}))
    server.client().connection.json(LOOK)
    assert server.pauses == [7.0]


def test_an_unreadable_retry_after_is_no_error(server: Scripted) -> None:
    away = problem(503, "Away.")
    away.headers["Retry-After"] = "soon"
    server.say("GET", "/studies/7", away, ok({}))
    server.client().connection.json(LOOK)
    assert len(server.pauses) == 1
    assert server.pauses[0] < 1


def test_delays_grow_and_are_never_all_the_same(server: Scripted) -> None:
    server.say("GET", "/studies/7", problem(503, "Away."))
    for _ in range(2):
        with pytest.raises(tinyfront.Unavailable):
            server.client().connection.json(LOOK)
    half = len(server.pauses) // 2
    first, second = server.pauses[:half], server.pauses[half : 2 * half]
    assert first != second
    assert max(first[:2]) < max(first)
    assert sum(first) <= 60


def test_an_error_of_the_request_is_not_repeated(server: Scripted) -> None:
    server.say("GET", "/studies/7", problem(422, "No."), ok({}))
    with pytest.raises(tinyfront.Refused):
        server.client().connection.json(LOOK)
    assert server.pauses == []


def test_what_creates_is_repeated_under_the_same_key(server: Scripted) -> None:
    under_way = problem(409, "Under way.")
    under_way.headers["Retry-After"] = "1"
    lost = httpx.ReadError("reset")
    server.say("POST", "/studies/7/trials", problem(503, "Away."), lost, under_way, ok({"id": 1}))
    connection = server.client().connection
    assert connection.json(CREATE) == {"id": 1}
    keys = {request.headers["Idempotency-Key"] for request in server.requests}
    assert len(server.requests) == 4
    assert len(keys) == 1
    connection.json(CREATE)
    assert server.requests[-1].headers["Idempotency-Key"] not in keys


def test_what_creates_nothing_has_no_key(server: Scripted) -> None:
    server.say("GET", "/studies/7", ok({}))
    server.client().connection.json(LOOK)
    assert "Idempotency-Key" not in server.requests[0].headers


def test_a_conflict_is_not_repeated(server: Scripted) -> None:
    server.say("POST", "/studies/7/trials", problem(409, "It exists."), ok({"id": 1}))
    with pytest.raises(tinyfront.Conflict):
        server.client().connection.json(CREATE)


def test_every_call_that_creates_says_so(server: Scripted) -> None:
    study = {**study_json(), "id": 7}
    server.say("POST", "/studies", ok(study, 201))
    server.say("POST", "/studies/7/trials", problem(409, "It exists."))
    server.say("POST", "/studies/7/confirm", problem(409, "Nothing to confirm."))
    made = server.client().create_study_from({"name": "toy"})
    for refused in (lambda: made.enqueue({"x": 1}), made.confirm):
        with pytest.raises(tinyfront.Conflict):
            refused()
    assert all("Idempotency-Key" in request.headers for request in server.requests)


def test_a_server_that_never_answered_is_given_up_soon_with_what_to_run(server: Scripted) -> None:
    server.say("GET", "/studies/7", httpx.ConnectError("Connection refused"))
    with pytest.raises(tinyfront.ServerUnreachable, match="tinyfront-server serve") as caught:
        server.client().connection.json(LOOK)
    assert "http://tinyfront.test" in str(caught.value)
    assert "Connection refused" in str(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None  # a page of another library's
    assert sum(server.pauses) <= 2


def test_a_server_that_did_answer_is_waited_for(server: Scripted) -> None:
    server.say("GET", "/studies/7", ok({}), httpx.ConnectError("Connection refused"))
    connection = server.client().connection
    connection.json(LOOK)
    with pytest.raises(tinyfront.ServerUnreachable):
        connection.json(LOOK)
    assert 50 < sum(server.pauses) <= 60


def test_an_answer_that_breaks_off_is_tried_again(server: Scripted) -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self):  # type: ignore[no-untyped-def]
            yield b'{"na'
            raise httpx.ReadError("reset")

    server.say("GET", "/studies/7", httpx.Response(200, stream=Broken()), ok({"name": "toy"}))
    assert server.client().connection.json(LOOK) == {"name": "toy"}


def test_no_step_of_a_request_may_last_for_ever(server: Scripted) -> None:
    server.say("GET", "/studies/7", ok({}))
    server.client(timeout=3.0).connection.json(Call("GET", "/studies/7", wait_s=20.0))
    assert server.requests[0].extensions["timeout"] == {
        "connect": 3.0,
        "read": 23.0,
        "write": 3.0,
        "pool": 3.0,
    }


@pytest.mark.parametrize("timeout", [0.0, -1.0, float("inf"), float("nan")])
def test_an_endless_timeout_is_refused(timeout: float) -> None:
    with pytest.raises(tinyfront.InvalidArgument, match="timeout"):
        Connection("http://tinyfront.test", timeout_s=timeout)


@pytest.mark.parametrize("url", ["tinyfront.test:8000", "ftp://tinyfront.test", "http://", ""])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(tinyfront.InvalidArgument, match="url"):
        Connection(url)


def test_a_problem_becomes_the_error_of_its_status_with_all_its_words(server: Scripted) -> None:
    server.say(
        "GET",
        "/studies/7",
        problem(422, "There is no objective eror", field="objectives.0.name", remedy="Use error."),
    )
    with pytest.raises(tinyfront.Refused) as caught:
        server.client().connection.json(LOOK)
    assert str(caught.value) == ("There is no objective eror. Field: objectives.0.name. Use error.")
    assert caught.value.problem.status == 422
    assert caught.value.problem.type == "/problems/test"
    assert caught.value.problem.remedy == "Use error."


def test_a_field_that_the_detail_names_is_not_said_twice() -> None:
    said = str(tinyfront.Problem("", "", 422, "trials: need 1 or more.", "trials", "Correct it."))
    assert said == "trials: need 1 or more. Correct it."


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, tinyfront.Refused),
        (401, tinyfront.NotAllowed),
        (403, tinyfront.NotAllowed),
        (404, tinyfront.NotFound),
        (409, tinyfront.Conflict),
        (412, tinyfront.Conflict),
        (413, tinyfront.Refused),
        (500, tinyfront.ServerError),
        (503, tinyfront.Unavailable),
    ],
)
def test_each_status_has_its_error(
    server: Scripted, status: int, error: type[tinyfront.ServerError]
) -> None:
    server.say("GET", "/studies/7", problem(status, "No."))
    with pytest.raises(tinyfront.ServerError) as caught:
        server.client().connection.json(LOOK)
    assert type(caught.value) is error


def test_a_refusal_that_is_no_problem_json_names_the_address(server: Scripted) -> None:
    server.say("GET", "/studies/7", httpx.Response(404, text="<html>nginx</html>"))
    with pytest.raises(tinyfront.NotFound, match=r"tinyfront\.test/api/v1/studies/7 answered 404"):
        server.client().connection.json(LOOK)


def test_an_answer_of_some_other_server_is_named_so(server: Scripted) -> None:
    server.say("GET", "/studies/7", httpx.Response(200, text="<html>hello</html>"))
    with pytest.raises(tinyfront.UnreadableAnswer, match="is this a Tinyfront server"):
        server.client().connection.json(LOOK)


def test_an_answer_without_content_is_none(server: Scripted) -> None:
    server.say("GET", "/studies/7", nothing())
    assert server.client().connection.json(LOOK) is None


def test_the_key_travels_as_a_bearer_token(server: Scripted) -> None:
    server.say("GET", "/studies/7", ok({}))
    server.client(api_key="tf_1_abc").connection.json(LOOK)
    assert server.requests[0].headers["Authorization"] == "Bearer tf_1_abc"


def test_a_key_with_a_line_break_is_refused() -> None:
    with pytest.raises(tinyfront.InvalidArgument, match="api_key"):
        Connection("http://tinyfront.test", api_key="tf_1_abc\n")


def test_a_proxy_of_the_environment_is_not_asked_for_a_server_on_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    with pytest.raises(tinyfront.ServerUnreachable, match="refused"):
        Connection("http://127.0.0.1:9", pause=lambda _: None).json(LOOK)


def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Scripted()
    server.say("GET", "/studies/toy", ok(study_json()))
    monkeypatch.setenv("TINYFRONT_URL", "http://elsewhere.test:81/")
    monkeypatch.setenv("TINYFRONT_API_KEY", "tf_2_xyz")
    client = tinyfront.Client(transport=httpx.MockTransport(server))
    client.study("toy")
    assert client.url == "http://elsewhere.test:81"
    assert str(server.requests[0].url) == "http://elsewhere.test:81/api/v1/studies/toy"
    assert server.requests[0].headers["Authorization"] == "Bearer tf_2_xyz"
    assert tinyfront.Client("http://mine.test").url == "http://mine.test"


def test_without_settings_the_server_of_this_machine_is_meant() -> None:
    assert tinyfront.Client().url == "http://127.0.0.1:8000"


def test_a_value_that_json_cannot_hold_is_refused_before_it_is_sent(server: Scripted) -> None:
    connection = server.client().connection
    with pytest.raises(tinyfront.InvalidArgument, match="JSON"):
        connection.json(Call("POST", "/studies", {"seed": float("nan")}))
    with pytest.raises(tinyfront.InvalidArgument, match="object"):
        connection.json(Call("POST", "/studies", {"seed": object()}))
    assert server.requests == []
