"""Every refusal is a problem: of the domain, of the framework, of the database, and of ours."""

import importlib
import json
import pkgutil
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

import service
from service import errors
from service.api.errors import HTTP_STATUS
from service.api.problems import slug
from service.api.schemas.body import MAX_DEPTH
from service.app import BODY_BYTES, create_app
from service.config import Settings
from service.db import Database
from service.watcher import Watcher
from tests.api.conftest import BLACK_BOX, Served, assert_problem, serving

JSON = {"Content-Type": "application/json"}


def all_errors(error: type[Exception] = errors.ServiceError) -> Iterator[type[Exception]]:
    for each in error.__subclasses__():
        yield each
        yield from all_errors(each)


def test_every_domain_error_has_an_answer() -> None:
    for module in pkgutil.walk_packages(service.__path__, "service."):
        if module.name not in {"service.__main__", "service.demo", "service.planner.child"}:
            importlib.import_module(module.name)
    assert set(HTTP_STATUS) == set(all_errors())


def test_every_domain_error_has_an_address_of_its_own() -> None:
    slugs = [slug(error) for error in HTTP_STATUS]
    assert len(slugs) == len(set(slugs))
    assert slug(errors.TrialNotFound) == "trial-not-found"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v2/studies", 404),
        ("GET", "/nothing", 404),
        ("PUT", "/api/v1/studies", 405),
        ("DELETE", "/api/v1/leases", 405),
        ("POST", "/health/live", 405),
    ],
)
def test_an_unknown_route_or_method_is_a_problem(
    shared: Served, method: str, path: str, status: int
) -> None:
    answer = shared.http.request(method, path)
    assert_problem(answer, status)
    assert ("Allow" in answer.headers) is (status == 405)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("OPTIONS", "/api/v1/studies", "GET, POST"),
        ("PUT", "/api/v1/studies/toy", "DELETE, GET, PATCH"),
        ("PATCH", "/api/v1/session", "DELETE, GET, POST"),
        ("DELETE", "/api/v1/leases", "POST"),
        ("POST", "/static/style.css", "GET, HEAD"),
    ],
)
def test_a_wrong_method_is_told_all_right_ones(
    shared: Served, method: str, path: str, allowed: str
) -> None:
    assert_problem(shared.http.request(method, path), 405)
    assert shared.http.request(method, path).headers["Allow"] == allowed


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"name": }', b"\xff\xfe", b"[" * 100_000, b"1" * 5000]
)
def test_what_is_not_json_is_a_problem(shared: Served, body: bytes) -> None:
    answer = shared.http.post("/api/v1/studies", content=body, headers=JSON)
    assert answer.status_code in {400, 422}
    assert_problem(answer, answer.status_code)


def test_json_under_another_name_is_a_problem_that_tells_the_name(shared: Served) -> None:
    answer = shared.http.post(
        "/api/v1/studies", content=json.dumps(BLACK_BOX), headers={"Content-Type": "text/plain"}
    )
    assert "application/json" in assert_problem(answer, 422)["remedy"]


def test_values_that_are_nested_too_deeply_are_a_problem(shared: Served) -> None:
    nested: Any = 1
    for _ in range(MAX_DEPTH + 1):
        nested = [nested]
    answer = shared.ask("POST", "/studies", BLACK_BOX | {"training": {"a": nested}})
    problem = assert_problem(answer, 422, ".".join(["training.a", *"0" * (MAX_DEPTH - 1)]))
    assert "nested too deeply" in problem["detail"]


def test_a_body_whose_announced_length_is_too_large_is_a_problem(shared: Served) -> None:
    answer = shared.http.post("/api/v1/studies", content=b" " * (BODY_BYTES + 1), headers=JSON)
    assert str(BODY_BYTES) in assert_problem(answer, 413)["detail"]


def test_a_body_without_length_is_counted_while_it_arrives(shared: Served) -> None:
    pieces = iter([b" " * 2**16] * (BODY_BYTES // 2**16 + 2))
    answer = shared.http.post("/api/v1/studies", content=pieces, headers=JSON)
    assert_problem(answer, 413)


def test_an_error_of_ours_is_a_problem_that_tells_nothing_of_the_inside(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise LookupError("secret path")

    monkeypatch.setattr("service.studies.listing", fail)
    with serving(Database(sqlite_url), tmp_path) as served:
        answer = served.ask("GET", "/studies")
        assert "secret" not in answer.text
        assert_problem(answer, 500)


def test_a_busy_database_is_a_problem_that_says_when_to_come_again(
    served_sqlite: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("SELECT 1", {}, sqlite3.OperationalError("database is locked"))

    monkeypatch.setattr("service.studies.listing", fail)
    answer = served_sqlite.ask("GET", "/studies")
    assert_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0


def test_a_database_that_is_away_is_a_problem_within_five_seconds(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # taken, but nobody listens
        port = nobody.getsockname()[1]
        db = Database(f"postgresql://nobody@127.0.0.1:{port}/nothing")
        with serving(db, tmp_path) as served:
            answers = [
                served.ask("GET", "/studies"),
                served.ask("POST", "/studies", BLACK_BOX),
                served.ask("POST", "/leases", {"worker": "w", "request_id": "r", "wait_s": 5}),
                served.ask("GET", "/studies/toy/events"),
                served.http.get("/health/ready"),
            ]
            assert served.http.get("/health/live").status_code == 200
    for answer in answers:
        assert_problem(answer, 503)
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.elapsed.total_seconds() < 5


def test_every_route_of_the_api_describes_its_refusals(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'unused.db'}")
    description = create_app(Settings(), db, Watcher(db)).openapi()
    assert "HTTPValidationError" not in description["components"]["schemas"]
    assert {"ProblemOut", "FieldProblem"} <= description["components"]["schemas"].keys()
    for path in description["paths"].values():
        for operation in path.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
