"""Two projects cannot see or guess each other's studies, trials, artefacts or events."""

import re
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from service.app import ROUTERS
from service.states import Role
from tests.access.conftest import Keyed
from tests.api.conftest import BLACK_BOX, assert_problem, new_id
from tests.api.test_verification import FOUND

WORKER = {"accelerator": "cpu", "host": "h", "pid": 1}
# The routes about something that belongs to a project, by the parameter that names it.
OWNED = [
    (method, route.path)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in route.methods
    if re.search(r"\{(study|trial_id|attempt_id)\}", route.path)
]


class Team:
    """A project with a study, a running trial with a file, and a finished one."""

    def __init__(self, keyed: Keyed, project: str, **study: Any) -> None:
        self.keyed, self.project = keyed, project
        self.study = self.ok("POST", "/studies", {**BLACK_BOX, **study})
        for x in (0.25, 0.5):
            self.ok("POST", "/studies/toy/trials", {"parameters": {"x": x}})
        (self.lease,) = self.claim()

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        return self.keyed.ask(self.project, method, path, body)

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.ask(method, path, body)
        assert answer.is_success, answer.text
        return answer.json()

    def claim(self, path: str = "/studies/toy/leases", **more: Any) -> list[dict[str, Any]]:
        body = {"worker": "w", "request_id": new_id(), **more}
        answer = self.ask("POST", path, body)
        assert answer.is_success, answer.text
        return answer.json()["leases"] if answer.status_code == 200 else []

    def upload(self, lease: dict[str, Any]) -> httpx.Response:
        headers = self.keyed.header(self.project) | {"X-Lease-Token": lease["token"]}
        path = f"/api/v1/attempts/{lease['attempt_id']}/artefacts/weights.bin"
        return self.keyed.served.http.put(path, content=b"secret weights", headers=headers)


def body_of(place: tuple[str, str], lease: dict[str, Any]) -> Any:
    """A body that the owner's request would be answered for with success."""
    method, path = place
    if method == "GET":
        return None
    told = {"token": lease["token"]}
    return {
        "leases": {"worker": "w", "request_id": new_id()},
        "trials": {"parameters": {"x": 0.125}},
        "confirm": {},
        "renew": told,
        "reports": {**told, "step": 1, "metrics": {"cost": 1.0}},
        "complete": {**told, "metrics": {"cost": 1.0, "size": 1.0}},
        "fail": {**told, "reason": "x"},
        "release": told,
        "verification": {**told, "verification": FOUND},
        "{study}": {"trials": 9} if method == "PATCH" else None,
    }.get(path.rsplit("/", 1)[1])


@pytest.mark.parametrize("place", OWNED, ids=" ".join)
def test_what_another_project_owns_is_answered_like_what_does_not_exist(
    keyed_sqlite: Keyed, place: tuple[str, str]
) -> None:
    owner = Team(keyed_sqlite, "one")
    assert owner.upload(owner.lease).status_code == 201
    method, path = place
    headers = keyed_sqlite.header("two", Role.ADMIN) | {"X-Lease-Token": owner.lease["token"]}
    headers["X-Request-ID"] = "same"

    def ask(study: str, trial: int, attempt: int) -> tuple[int, str]:
        named = path.replace("{study}", study).replace("{trial_id}", str(trial))
        named = named.replace("{attempt_id}", str(attempt)).replace("{name}", "weights.bin")
        answer = keyed_sqlite.served.ask(
            method, named, body_of(place, owner.lease), headers=headers
        )
        words = answer.text
        for told in (study, str(trial), str(attempt)):
            words = words.replace(f" {told}.", " #.").replace(f"'{told}'", "#")
            words = words.replace(f"rial {told} ", "rial # ")
        return answer.status_code, words

    nothing = ask("none", 999_999, 999_999)
    trial, attempt = owner.lease["trial_id"], owner.lease["attempt_id"]
    assert nothing[0] == 404
    assert ask("toy", trial, attempt) == nothing
    assert ask(str(owner.study["id"]), trial, attempt) == nothing
    # Nothing of it has happened.
    assert owner.ok("GET", f"/trials/{trial}")["status"] == "running"
    assert owner.ok("GET", "/studies/toy")["trials"] == BLACK_BOX["trials"]


def test_the_same_name_is_another_study_in_another_project(keyed: Keyed) -> None:
    one = Team(keyed, "one")
    two = Team(keyed, "two", trials=7)
    assert one.study["id"] != two.study["id"]
    assert one.ok("GET", "/studies/toy")["trials"] == BLACK_BOX["trials"]
    assert two.ok("GET", "/studies/toy")["trials"] == 7
    for team in (one, two):
        assert [s["id"] for s in team.ok("GET", "/studies")["items"]] == [team.study["id"]]


def test_a_claim_of_any_study_gets_trials_of_its_own_project(keyed: Keyed) -> None:
    one = Team(keyed, "one")
    two = Team(keyed, "two")
    leases = two.claim("/leases", count=9)
    assert [lease["study_id"] for lease in leases] == [two.study["id"]]
    assert two.claim("/leases", count=9) == []
    assert one.claim("/leases", count=9) != []


def test_a_request_id_of_another_project_brings_none_of_its_leases(keyed: Keyed) -> None:
    one = Team(keyed, "one")
    request_id = "the-same"
    (mine,) = one.claim(request_id=request_id)
    assert one.claim(request_id=request_id) == [mine]
    two = Team(keyed, "two")
    (theirs,) = two.claim(request_id=request_id)
    assert theirs["trial_id"] != mine["trial_id"]
    assert two.claim(request_id=request_id) == [theirs]
    assert one.claim(request_id=request_id) == [mine]


def test_a_restarted_worker_takes_nothing_back_from_another_project(keyed: Keyed) -> None:
    one = Team(keyed, "one")
    assert keyed.ask("two", "POST", "/studies", BLACK_BOX).status_code == 201
    claim = {"worker": "w", "request_id": new_id(), "resume": True}
    assert keyed.ask("two", "POST", "/leases", claim).status_code == 204
    assert one.ok("GET", f"/trials/{one.lease['trial_id']}")["status"] == "running"


def test_workers_their_data_and_their_logs_are_of_a_project(keyed: Keyed) -> None:
    item = {"name": "secret", "problem": "It is empty."}
    for project, data in (("one", [item]), ("two", [])):
        answer = keyed.ask(project, "PUT", "/workers/w", {**WORKER, "data": data}, Role.WORKER)
        assert answer.status_code == 200, answer.text
    for project, count in (("one", 1), ("two", 0), ("default", 0)):
        assert len(keyed.ask(project, "GET", "/data").json()["items"]) == count
        workers = keyed.ask(project, "GET", "/workers").json()["items"]
        held = [len(worker["data"]) for worker in workers]
        assert held == ([] if project == "default" else [count])
    line = {"number": 1, "at_ms": 0, "level": "info", "text": "secret"}
    body = {"process": "a" * 32, "lines": [line]}
    assert keyed.ask("one", "PUT", "/workers/w/log", body, Role.WORKER).status_code == 204
    for project, count in (("one", 1), ("two", 0)):
        assert len(keyed.ask(project, "GET", "/workers/w/log").json()["items"]) == count
    for path in ("/workers/w", "/workers/w/log"):
        assert_problem(keyed.ask("default", "GET", path), 404)


def test_a_waiting_claim_of_another_project_is_no_reason_to_propose(keyed_sqlite: Keyed) -> None:
    one = Team(keyed_sqlite, "one")
    assert len(one.claim(count=9)) == 1  # the queue is empty, the budget is not
    wishes = keyed_sqlite.served.planner.wishes
    body = {"worker": "w", "request_id": new_id(), "wait_s": 0.6}
    assert keyed_sqlite.ask("two", "POST", "/leases", body).status_code == 204
    assert wishes == []
    assert one.claim("/leases", wait_s=0.6) == []
    assert wishes == [one.study["id"]]


def names_of(keyed: Keyed, project: str) -> list[str]:
    listed = keyed.ask(project, "GET", "/projects", role=Role.ADMIN).json()
    return [each["name"] for each in listed["items"]]


def test_an_admin_of_a_project_administers_its_keys_alone(keyed: Keyed) -> None:
    admin = Role.ADMIN
    listed = keyed.ask("one", "GET", "/keys", role=admin).json()["items"]
    assert {key["project"] for key in listed} == {"one"}
    assert_problem(
        keyed.ask("one", "POST", "/keys", {"name": "x", "role": "user", "project": "two"}, admin),
        404,
        "project",
    )
    other = keyed.key_id("two", Role.USER)
    assert_problem(keyed.ask("one", "DELETE", f"/keys/{other}", role=admin), 404, "id")
    assert_problem(keyed.ask("one", "POST", "/projects", {"name": "three"}, admin), 403)
    assert names_of(keyed, "one") == ["one"]


def test_an_admin_of_the_default_project_administers_the_server(keyed: Keyed) -> None:
    admin = Role.ADMIN
    made = keyed.ask("default", "POST", "/projects", {"name": "three"}, admin)
    assert made.status_code == 201
    assert keyed.ask("default", "POST", "/projects", {"name": "three"}, admin).status_code == 200
    assert names_of(keyed, "default") == ["default", "one", "three", "two"]
    key = keyed.ask(
        "default", "POST", "/keys", {"name": "x", "role": "user", "project": "three"}, admin
    ).json()["key"]
    answer = keyed.served.ask("GET", "/session", headers={"Authorization": f"Bearer {key}"})
    assert answer.json()["project"] == "three"
    other = keyed.key_id("two", Role.USER)
    assert keyed.ask("default", "DELETE", f"/keys/{other}", role=admin).status_code == 204
    assert_problem(keyed.ask("two", "GET", "/studies"), 401)


def test_a_stream_of_all_studies_tells_of_the_own_project_alone(keyed: Keyed) -> None:
    for project in ("one", "two"):
        keyed.ask(project, "POST", "/studies", BLACK_BOX)
    header = keyed.header("one", Role.VIEWER)
    with keyed.served.http.stream("GET", "/api/v1/events", headers=header) as answer:
        keyed.ask("two", "POST", "/studies", {**BLACK_BOX, "name": "theirs"})
        keyed.ask("two", "DELETE", "/studies/toy")
        keyed.ask("one", "POST", "/studies", {**BLACK_BOX, "name": "ours"})
        told = next(line for line in answer.iter_lines() if line.startswith("data"))
        assert '"ours"' in told
