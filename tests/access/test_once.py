"""An idempotency key is a word between one caller and one route."""

import httpx
from sqlalchemy import select

from service.models import Idempotency
from service.states import Role
from tests.access.conftest import Keyed
from tests.api.conftest import BLACK_BOX, assert_problem


def create(keyed: Keyed, project: str, role: Role, name: str) -> tuple[int, str]:
    headers = keyed.header(project, role) | {"Idempotency-Key": "same"}
    answer = keyed.served.ask("POST", "/studies", BLACK_BOX | {"name": name}, headers=headers)
    return answer.status_code, answer.json().get("name", "")


def test_neither_projects_nor_keys_share_their_idempotency_keys(keyed: Keyed) -> None:
    assert create(keyed, "one", Role.USER, "a") == (201, "a")
    assert create(keyed, "two", Role.USER, "b") == (201, "b")
    assert create(keyed, "one", Role.ADMIN, "c") == (201, "c")
    assert create(keyed, "one", Role.USER, "a") == (201, "a")
    assert create(keyed, "one", Role.USER, "d")[0] == 422


def administer(keyed: Keyed, path: str, body: dict[str, str], key: str) -> httpx.Response:
    headers = keyed.header("default", Role.ADMIN) | {"Idempotency-Key": key}
    return keyed.served.ask("POST", path, body, headers=headers)


def test_a_project_is_made_once_and_its_answer_repeated(keyed: Keyed) -> None:
    first, again = (administer(keyed, "/projects", {"name": "new"}, "k") for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert administer(keyed, "/projects", {"name": "new"}, "another").status_code == 200
    assert administer(keyed, "/projects", {"name": "other"}, "k").status_code == 422


def test_a_key_is_made_once_and_its_text_is_never_kept(keyed: Keyed) -> None:
    body = {"name": "ci", "role": "worker"}
    made = administer(keyed, "/keys", body, "k")
    assert made.status_code == 201
    problem = assert_problem(administer(keyed, "/keys", body, "k"), 409, "Idempotency-Key")
    assert problem["type"] == "/problems/key-made-before"
    assert made.json()["id"] in problem["detail"]
    assert f"revoke the key {made.json()['id']}" in problem["remedy"]
    listed = keyed.ask("default", "GET", "/keys", role=Role.ADMIN).json()["items"]
    assert [key["id"] for key in listed if key["name"] == "ci"] == [made.json()["id"]]
    with keyed.served.db.read() as session:
        (kept,) = session.scalars(select(Idempotency))
    secret = made.json()["key"].split("_", 2)[2]
    assert secret not in str(kept.answer)
    assert kept.answer["id"] == made.json()["id"]
    assert administer(keyed, "/keys", body, "another").status_code == 201
    assert administer(keyed, "/keys", body | {"role": "user"}, "k").status_code == 422


def test_a_study_is_imported_into_the_project_of_its_caller(keyed_sqlite: Keyed) -> None:
    keyed = keyed_sqlite
    keyed.ask("one", "POST", "/studies", BLACK_BOX)
    exported = keyed.ask("one", "GET", "/studies/toy/export?format=study").content
    url = "/api/v1/studies/import"
    answer = keyed.served.http.post(url, content=exported, headers=keyed.header("two"))
    assert answer.status_code == 201
    listed = keyed.ask("two", "GET", "/studies").json()["items"]
    assert [(study["id"], study["name"]) for study in listed] == [(answer.json()["id"], "toy")]
    assert keyed.ask("one", "GET", f"/studies/{listed[0]['id']}").status_code == 404
    viewer = keyed.header("two", Role.VIEWER)
    assert keyed.served.http.post(url, content=exported, headers=viewer).status_code == 403
