"""The table of roles and routes, cell by cell; it is said here once more, as rules."""

import re

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from service.api.roles import MAY, PUBLIC
from service.app import ROUTERS
from service.states import Role
from tests.access.conftest import Keyed
from tests.api.conftest import assert_problem
from tests.api.test_verification import FOUND

ADMINISTRATION = re.compile(r"/(keys|projects)(/|$)")
# What `worker/api.py` calls, and what a person asks of a worker's machine.
WORKERS = {
    ("POST", "/leases"),
    ("POST", "/studies/{study}/leases"),
    ("POST", "/trials/{trial_id}/renew"),
    ("POST", "/trials/{trial_id}/reports"),
    ("POST", "/trials/{trial_id}/complete"),
    ("POST", "/trials/{trial_id}/fail"),
    ("POST", "/trials/{trial_id}/release"),
    ("PUT", "/attempts/{attempt_id}/artefacts/{name}"),
    ("GET", "/trials/{trial_id}/artefacts"),
    ("GET", "/trials/{trial_id}/artefacts/{name}"),
    ("PUT", "/trials/{trial_id}/verification"),
    ("GET", "/trials/{trial_id}/verification"),
    ("PUT", "/workers/{name}"),
    ("PUT", "/workers/{name}/log"),
    ("GET", "/workers"),
    ("GET", "/workers/{name}"),
    ("GET", "/workers/{name}/log"),
    ("GET", "/data"),
    ("GET", "/devices"),
    ("GET", "/studies/{study}"),
    ("GET", "/session"),
}


def routes_of(routers: tuple[APIRouter, ...]) -> list[tuple[str, str]]:
    routes = [route for router in routers for route in router.routes]
    assert all(isinstance(route, APIRoute) for route in routes)
    return [
        (method, route.path)
        for route in routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods)
    ]


ROUTES = routes_of(ROUTERS)
GUARDED = [place for place in ROUTES if place not in PUBLIC]


def may(role: Role, method: str, path: str) -> bool:
    """Say the rules in other words than the table does."""
    administration = ADMINISTRATION.match(path) is not None
    match role:
        case Role.ADMIN:
            return True
        case Role.USER:
            return not administration
        case Role.VIEWER:
            return method == "GET" and not administration
        case Role.WORKER:
            return (method, path) in WORKERS


def send(keyed: Keyed, place: tuple[str, str], headers: dict[str, str]) -> httpx.Response:
    """Call a route about things that do not exist, so that nothing changes."""
    method, path = place
    for name, value in {"study": "none", "name": "none", "key_id": "none"}.items():
        path = path.replace(f"{{{name}}}", value)
    path = re.sub(r"\{\w+_id\}", "999", path)
    body = None if method == "GET" else {}
    with keyed.served.http.stream(method, f"/api/v1{path}", json=body, headers=headers) as answer:
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()  # the events of all studies never end
    return answer


def test_every_route_is_in_the_table_and_nothing_else_is() -> None:
    assert len(ROUTES) == len(set(ROUTES))
    assert {*MAY, *PUBLIC} == set(ROUTES)
    assert not MAY.keys() & PUBLIC


def test_every_route_of_the_description_is_in_the_table(shared_keyed: Keyed) -> None:
    paths = shared_keyed.served.http.get("/openapi.json").json()["paths"]
    described = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in paths.items()
        for method in methods
        if path.startswith("/api/")
    }
    assert described == set(ROUTES)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("place", GUARDED, ids=" ".join)
def test_a_role_may_call_what_the_rules_say(
    shared_keyed: Keyed, place: tuple[str, str], role: Role
) -> None:
    answer = send(shared_keyed, place, shared_keyed.header("one", role))
    if may(role, *place):
        assert answer.status_code != 401
        assert answer.headers.get("content-type") != "application/problem+json" or (
            answer.json()["type"] != "/problems/role-forbids" or place == ("POST", "/projects")
        )
    else:
        problem = assert_problem(answer, 403)
        assert problem["type"] == "/problems/role-forbids"


@pytest.mark.parametrize("place", GUARDED, ids=" ".join)
def test_no_route_answers_without_a_key(shared_keyed: Keyed, place: tuple[str, str]) -> None:
    answer = send(shared_keyed, place, {})
    assert_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    wrong = {"Authorization": "Basic dGY6dGY="}
    assert send(shared_keyed, place, wrong).status_code in {401, 429}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
def test_what_is_no_route_is_not_told_without_a_key(shared_keyed: Keyed, method: str) -> None:
    assert_problem(shared_keyed.served.ask(method, "/none"), 401)
    known = shared_keyed.header("one")
    assert_problem(shared_keyed.served.ask(method, "/none", headers=known), 404)


def test_a_body_is_not_read_before_the_key(shared_keyed: Keyed) -> None:
    http = shared_keyed.served.http
    assert http.post("/api/v1/studies", content=b"{broken").status_code == 401


def test_the_role_is_told_before_what_is_wrong_with_the_body(shared_keyed: Keyed) -> None:
    answer = shared_keyed.ask("one", "POST", "/studies", {"strange": 1}, Role.VIEWER)
    problem = assert_problem(answer, 403)
    assert problem["detail"] == "A key of the role viewer may not POST /studies."
    assert problem["remedy"] == "Use a key of the role admin or user."


def test_probes_page_and_description_need_no_key(shared_keyed: Keyed) -> None:
    for path in ("/health/live", "/health/ready", "/", "/studies/x", "/static/page.js", "/docs"):
        assert shared_keyed.served.http.get(path).status_code == 200, path


def test_only_users_store_what_they_checked_without_a_token(keyed_sqlite: Keyed) -> None:
    body = {"verification": FOUND}
    answers = {
        role: keyed_sqlite.ask("one", "PUT", "/trials/1/verification", body, role=role)
        for role in (Role.WORKER, Role.VIEWER, Role.USER, Role.ADMIN)
    }
    assert {role: answer.status_code for role, answer in answers.items()} == {
        Role.WORKER: 403,
        Role.VIEWER: 403,
        Role.USER: 404,
        Role.ADMIN: 404,
    }
    assert_problem(answers[Role.WORKER], 403)
