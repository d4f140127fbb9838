"""A creating request has its effect once, however often it arrives under its key."""

import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, text

from service import idempotency, openapi
from service.db import Database
from service.models import Idempotency, Trial
from tests.api.conftest import BLACK_BOX, Served, assert_problem
from tests.service.stage import START, Stage

# Routes that create nothing, or that are told apart by something better than a key.
BY_REQUEST_ID = "a claim carries request_id"
BY_TOKEN = "an attempt ends once, and its token says which; a report is unique by its step"
EXEMPT = {
    "/api/v1/leases": BY_REQUEST_ID,
    "/api/v1/studies/{study}/leases": BY_REQUEST_ID,
    "/api/v1/trials/{trial_id}/renew": BY_TOKEN,
    "/api/v1/trials/{trial_id}/reports": BY_TOKEN,
    "/api/v1/trials/{trial_id}/complete": BY_TOKEN,
    "/api/v1/trials/{trial_id}/fail": BY_TOKEN,
    "/api/v1/trials/{trial_id}/release": BY_TOKEN,
    "/api/v1/session": "signing in twice is being signed in",
    "/api/v1/trials/{trial_id}/cancel": "a trial that is cancelled twice is cancelled",
}


def keyed(key: str) -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": key}}


def test_every_route_that_creates_takes_a_key() -> None:
    """A new POST route takes `OnceDep`, or stands in EXEMPT with the reason."""
    paths = openapi.json.loads(openapi.description())["paths"]
    posts = {path: each["post"] for path, each in paths.items() if "post" in each}
    keyless = {
        path
        for path, post in posts.items()
        if "Idempotency-Key" not in {each["name"] for each in post.get("parameters", [])}
    }
    assert keyless == set(EXEMPT)


def test_a_repeated_request_gets_the_first_answer_and_has_no_second_effect(served: Served) -> None:
    first = served.ask("POST", "/studies", BLACK_BOX, **keyed("a"))
    again = served.ask("POST", "/studies", BLACK_BOX, **keyed("a"))
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    body = {"parameters": {"x": 0.5}, "replicate": True}
    trials = [served.ask("POST", "/studies/toy/trials", body, **keyed("b")) for _ in range(3)]
    assert {each.status_code for each in trials} == {201}
    assert len({each.json()["id"] for each in trials}) == 1
    assert served.get("/studies/toy/trials")["total"] == 1


def test_a_request_without_a_key_has_its_effect_each_time(served: Served) -> None:
    served.study()
    body = {"parameters": {"x": 0.5}, "replicate": True}
    ids = {served.ask("POST", "/studies/toy/trials", body).json()["id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_key_with_another_body_is_refused(served: Served) -> None:
    served.ask("POST", "/studies", BLACK_BOX, **keyed("a"))
    answer = served.ask("POST", "/studies", BLACK_BOX | {"name": "other"}, **keyed("a"))
    problem = assert_problem(answer, 422, "Idempotency-Key")
    assert problem["type"] == "/problems/idempotency-key-reused"
    assert len(served.get("/studies")["items"]) == 1


def test_a_key_counts_for_its_route_alone(served_sqlite: Served) -> None:
    for name in ("a", "b"):
        served_sqlite.study(name=name)
    body = {"parameters": {"x": 0.5}}
    answers = [
        served_sqlite.ask("POST", f"/studies/{name}/trials", body, **keyed("k")) for name in "ab"
    ]
    assert [each.json()["study_id"] for each in answers] == [1, 2]


def test_a_refusal_is_not_kept_so_the_request_may_succeed_later(served: Served) -> None:
    body = {"parameters": {"x": 0.5}}
    assert_problem(served.ask("POST", "/studies/toy/trials", body, **keyed("a")), 404)
    served.study()
    assert served.ask("POST", "/studies/toy/trials", body, **keyed("a")).status_code == 201


@pytest.mark.parametrize("key", ["", "with blank", "é", "k" * 129])
def test_a_malformed_key_is_refused(shared: Served, key: str) -> None:
    headers = {"Idempotency-Key": key.encode()}
    answer = shared.ask("POST", "/studies", BLACK_BOX, headers=headers)
    assert_problem(answer, 422, "Idempotency-Key")


def test_duplicates_at_the_same_time_have_one_effect_and_one_answer(served: Served) -> None:
    served.study()
    body = {"parameters": {"x": 0.5}, "replicate": True}
    answers: list[httpx.Response] = []
    begin = threading.Barrier(8)

    def send() -> None:
        begin.wait()
        url = f"http://127.0.0.1:{served.port}/api/v1/studies/toy/trials"
        answers.append(httpx.post(url, json=body, timeout=30, **keyed("same")))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["id"] for each in answers}) == 1
    with served.db.read() as session:
        assert session.scalars(select(func.count()).select_from(Trial)).one() == 1


def test_a_request_waits_no_longer_than_it_may_for_the_first_one(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_S", 0.2)
    db = Database(postgres_url)
    request = idempotency.Request("", "/r", "k", "a")
    with db.begin() as first:
        assert idempotency.begin(first, request) is None
        with pytest.raises(idempotency.RequestUnderWay), db.begin() as second:
            idempotency.begin(second, request)
        with db.begin() as third:  # another key does not wait
            other = idempotency.Request("", "/r", "other", "a")
            assert idempotency.begin(third, other) is None
            assert third.scalar(text("SHOW lock_timeout")) == "10s"
    db.close()


def test_who_shall_come_again_is_told_when(
    served_sqlite: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: Any) -> None:
        raise idempotency.RequestUnderWay("a")

    monkeypatch.setattr("service.idempotency.begin", busy)
    answer = served_sqlite.ask("POST", "/studies", BLACK_BOX, **keyed("a"))
    assert_problem(answer, 409, "Idempotency-Key")
    assert int(answer.headers["Retry-After"]) > 0


def test_answers_are_kept_for_a_day(stage: Stage) -> None:
    request = idempotency.Request("", "/r", "k", "a")
    answer = idempotency.Answer(201, {"id": 1})
    with stage.begin() as session:
        idempotency.keep(session, request, answer, START)
    for hours, left in ((23, 1), (25, 0)):
        with stage.begin() as session:
            idempotency.sweep(session, START + timedelta(hours=hours))
            assert session.scalars(select(func.count()).select_from(Idempotency)).one() == left


def test_owners_do_not_share_their_keys(stage: Stage) -> None:
    mine = idempotency.Request("1", "/r", "k", "a")
    theirs = idempotency.Request("2", "/r", "k", "b")
    with stage.begin() as session:
        idempotency.keep(session, mine, idempotency.Answer(201, {}), START)
    with stage.begin() as session:
        assert idempotency.begin(session, theirs) is None
        assert idempotency.begin(session, mine) == idempotency.Answer(201, {})
