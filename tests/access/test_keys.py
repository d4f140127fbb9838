"""Keys: what is stored of them, when they open, when they no longer do."""

import threading
import time
from typing import Any

import pytest
from sqlalchemy import select

from service import key_texts, keys
from service.access_errors import InvalidName, KeyNotFound, ProjectNotFound
from service.db import Database
from service.models import Key
from service.states import Role
from tests.access.conftest import Keyed
from tests.api.conftest import BLACK_BOX, Served, assert_problem, new_id, wait_until


def make(db: Database, **changes: Any) -> str:
    wanted = keys.Wanted(**{"name": "me", "role": Role.ADMIN, **changes})
    with db.begin() as session:
        return keys.create(session, wanted, db.now(session))[1]


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_a_key_has_its_form_and_is_never_made_twice() -> None:
    texts = {key_texts.new() for _ in range(200)}
    assert len(texts) == 200
    assert all(key_texts.FORM.fullmatch(text) for text in texts)


@pytest.mark.parametrize(
    "text", ["", "tf_", "tf_abc_x", "x" * 60, "tf_abcdef_" + "x" * 44, "tf_é_é"]
)
def test_what_has_not_the_form_of_a_key_has_no_id(text: str) -> None:
    assert key_texts.id_of(text) is None


def test_the_database_holds_no_key_but_its_hash(db: Database) -> None:
    text = make(db)
    with db.read() as session:
        row = session.scalars(select(Key)).one()
    stored = [str(getattr(row, column.name)) for column in Key.__table__.columns]
    assert key_texts.digest(text) in stored
    secret = text.split("_", 2)[2]
    assert not any(secret in value for value in stored)


def test_a_key_needs_a_name_and_a_project(db: Database) -> None:
    with pytest.raises(InvalidName, match="got 'two words'"):
        make(db, name="two words")
    with pytest.raises(ProjectNotFound, match="'none'"):
        make(db, project="none")
    with pytest.raises(KeyNotFound), db.begin() as session:
        keys.revoke(session, "none", db.now(session))


def test_the_first_key_closes_a_running_server_within_a_second(served: Served) -> None:
    assert served.ask("POST", "/studies", BLACK_BOX).status_code == 201
    text = make(served.db)  # as the command does, in another process
    wait_until(lambda: served.ask("GET", "/studies").status_code == 401, timeout_s=1.5)
    assert served.ask("GET", "/studies", headers=bearer(text)).status_code == 200


def test_the_first_key_made_by_a_request_closes_the_server_at_once(served: Served) -> None:
    made = served.ask("POST", "/keys", {"name": "me", "role": "admin"})
    assert made.status_code == 201
    assert_problem(served.ask("GET", "/studies"), 401)
    assert served.ask("GET", "/studies", headers=bearer(made.json()["key"])).status_code == 200


def test_a_server_that_was_idle_does_not_answer_by_what_it_knew(served_sqlite: Served) -> None:
    assert served_sqlite.ask("GET", "/studies").status_code == 200
    time.sleep(1.1)
    make(served_sqlite.db)
    assert_problem(served_sqlite.ask("POST", "/studies", BLACK_BOX), 401)


def test_a_fresh_key_works_at_once(keyed: Keyed) -> None:
    assert keyed.ask("one", "GET", "/studies").status_code == 200
    text = make(keyed.served.db, project="one")
    assert keyed.served.ask("GET", "/studies", headers=bearer(text)).status_code == 200


def test_the_id_of_a_key_without_its_secret_opens_nothing(keyed: Keyed) -> None:
    text = keyed.texts["one", Role.ADMIN]
    almost = text[:-5] + ("aaaaa" if not text.endswith("aaaaa") else "bbbbb")
    for wrong in (almost, f"tf_{key_texts.id_of(text)}_{'x' * 43}", f"{text}x", text.upper()):
        assert_problem(keyed.served.ask("GET", "/studies", headers=bearer(wrong)), 401)
        assert keyed.served.ask("POST", "/session", {"key": wrong}).status_code == 401


def test_a_revoked_key_opens_nothing_within_a_second(keyed: Keyed) -> None:
    assert keyed.ask("one", "GET", "/studies").status_code == 200
    with keyed.served.db.begin() as session:  # as the command does
        keys.revoke(session, keyed.key_id("one", Role.USER), keyed.served.db.now(session))
    wait_until(lambda: keyed.ask("one", "GET", "/studies").status_code == 401, timeout_s=1.5)


def test_the_last_key_that_is_revoked_does_not_open_the_server(served: Served) -> None:
    made = served.ask("POST", "/keys", {"name": "me", "role": "admin"}).json()
    path = f"/keys/{made['id']}"
    assert served.ask("DELETE", path, headers=bearer(made["key"])).status_code == 204
    assert_problem(served.ask("GET", "/studies"), 401)
    assert_problem(served.ask("GET", "/studies", headers=bearer(made["key"])), 401)


@pytest.mark.parametrize("events", ["/studies/toy/events", "/events"])
def test_a_revoked_key_hears_no_more_events(keyed_sqlite: Keyed, events: str) -> None:
    keyed, http = keyed_sqlite, keyed_sqlite.served.http
    assert keyed.ask("one", "POST", "/studies", BLACK_BOX).status_code == 201
    viewer = keyed.header("one", Role.VIEWER)
    with http.stream("GET", f"/api/v1{events}", headers=viewer) as stream:
        assert stream.status_code == 200
        path = f"/keys/{keyed.key_id('one', Role.VIEWER)}"
        assert keyed.ask("default", "DELETE", path, role=Role.ADMIN).status_code == 204
        assert keyed.ask("one", "PATCH", "/studies/toy", {"trials": 9}).status_code == 200
        assert [line for line in stream.iter_lines() if line.startswith("data")] == []


def test_a_claim_that_waited_gets_nothing_for_a_revoked_key(keyed_sqlite: Keyed) -> None:
    keyed, answers = keyed_sqlite, []
    assert keyed.ask("one", "POST", "/studies", BLACK_BOX).status_code == 201
    claim = {"worker": "w", "request_id": new_id(), "wait_s": 20}

    def wait() -> None:
        answers.append(keyed.ask("one", "POST", "/leases", claim, Role.WORKER))

    waiting = threading.Thread(target=wait)
    waiting.start()
    wait_until(lambda: bool(keyed.served.planner.wishes))
    path = f"/keys/{keyed.key_id('one', Role.WORKER)}"
    assert keyed.ask("default", "DELETE", path, role=Role.ADMIN).status_code == 204
    body = {"parameters": {"x": 0.5}}
    assert keyed.ask("one", "POST", "/studies/toy/trials", body).status_code == 201
    waiting.join(20)
    assert [answer.status_code for answer in answers] == [401]


def test_the_last_use_of_a_key_is_noted_once_a_minute(keyed: Keyed) -> None:
    ring = keyed.served.door.keyring
    now_s = [time.monotonic()]
    ring.clock_s = lambda: now_s[0]
    ring.forget()
    key_id = keyed.key_id("one", Role.USER)

    def used() -> Any:
        with keyed.served.db.read() as session:
            return session.get_one(Key, key_id).used_at

    keyed.ask("one", "GET", "/studies")
    ring.note_uses()
    first = used()
    assert first is not None
    keyed.ask("one", "GET", "/studies")
    ring.note_uses()
    assert used() == first
    with keyed.served.db.begin() as session:
        session.get_one(Key, key_id).used_at = first - keys.USED_EVERY
    now_s[0] += 61
    keyed.ask("one", "GET", "/studies")
    ring.note_uses()
    assert used() >= first


def test_keys_are_listed_without_their_secrets(keyed: Keyed) -> None:
    answer = keyed.ask("default", "GET", "/keys", role=Role.ADMIN)
    assert len(answer.json()["items"]) == len(keyed.texts)
    for text in keyed.texts.values():
        assert text.split("_", 2)[2] not in answer.text
        assert key_texts.digest(text) not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_keys_are_listed_page_by_page(keyed: Keyed) -> None:
    def page(query: str) -> dict[str, Any]:
        answer = keyed.ask("default", "GET", f"/keys?{query}", role=Role.ADMIN)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    everything = page("limit=1000")
    assert everything["next"] is None
    first = page("limit=5")
    make(keyed.served.db, name="made-meanwhile")
    pages = [first]
    while pages[-1]["next"]:
        pages.append(page(f"limit=5&cursor={pages[-1]['next']}"))
    names = [key["name"] for each in pages for key in each["items"]]
    assert names == [*(key["name"] for key in everything["items"]), "made-meanwhile"]


def test_keys_are_listed_by_role_and_by_whether_they_open(keyed: Keyed) -> None:
    def ids(query: str) -> set[str]:
        answer = keyed.ask("default", "GET", f"/keys?{query}", role=Role.ADMIN)
        return {key["id"] for key in answer.json()["items"]}

    revoked = keyed.key_id("one", Role.WORKER)
    keyed.ask("default", "DELETE", f"/keys/{revoked}", role=Role.ADMIN)
    workers = {keyed.key_id(project, Role.WORKER) for project in ("default", "one", "two")}
    assert ids("role=worker") == workers
    assert ids("revoked=true") == {revoked}
    assert ids("revoked=false&role=worker") == workers - {revoked}


@pytest.mark.parametrize(
    ("query", "field"),
    [("cursor=last", "cursor"), ("limit=0", "limit"), ("role=king", "role"), ("sort=id", "sort")],
)
def test_a_list_of_keys_refuses_what_it_does_not_know(
    keyed_sqlite: Keyed, query: str, field: str
) -> None:
    answer = keyed_sqlite.ask("default", "GET", f"/keys?{query}", role=Role.ADMIN)
    assert_problem(answer, 422, field)
