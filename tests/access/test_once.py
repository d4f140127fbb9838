"""An idempotency key is a word between one caller and one route."""

from service.states import Role
from tests.access.conftest import Keyed
from tests.api.conftest import BLACK_BOX


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
