"""Requests are built by pure functions: no connection, no clock, no chance."""

import ast
import inspect
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.client.scripted import Scripted, ok, problem
from tinyfront.calls import Call, access, studies, trials, workers

PACKAGE = Path(inspect.getfile(studies)).parents[1]
PURE = {"__future__", "collections.abc", "dataclasses", "tinyfront.calls", "typing", "urllib.parse"}
# What is sent twice without a key does no harm, for another reason.
HARMLESS_TWICE = {
    "claim": "goes by its request_id",
    "report": "is one by attempt and step",
    "complete": "goes by the lease's token",
    "fail": "goes by the lease's token",
    "release": "goes by the lease's token",
    "renew": "only moves the end of a lease",
    "cancel": "leaves a cancelled trial cancelled",
}
ARGUMENTS: dict[str, Any] = {
    "definition": {"name": "toy"},
    "content": b"{}\n",
    "study": 7,
    "studies": ["a", 7],
    "fields": {"status": "paused"},
    "networks": 20,
    "seeds": 3,
    "again": False,
    "options": {"x": "macs"},
    "format": "csv",
    "point": {"x": 0.5},
    "trial": 101,
    "attempt": 501,
    "token": "t",
    "step": 1,
    "metrics": {"cost": 1.0},
    "reason": "it melts",
    "infeasible": False,
    "retry": True,
    "worker": "w",
    "facts": {"data": []},
    "wish": {"wait_s": 20.0, "request_id": "r"},
    "name": "front",
    "verification": {"version": 1},
}


def builders() -> list[tuple[str, Callable[..., Call]]]:
    return [
        (name, function)
        for module in (access, studies, trials, workers)
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__
    ]


def built(function: Callable[..., Call]) -> Call:
    parameters = inspect.signature(function).parameters.values()
    needed = [each.name for each in parameters if each.default is each.empty]
    return function(**{name: ARGUMENTS[name] for name in needed})


def test_no_request_is_built_by_opening_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(httpx.Client, "send", refuse)
    assert len(builders()) > 25
    for name, function in builders():
        first, second = built(function), built(function)
        assert isinstance(first, Call), name
        assert first == second, name  # neither chance nor time is in it


def test_the_modules_that_build_requests_import_nothing_that_could_send_one() -> None:
    for path in (PACKAGE / "calls").glob("*.py"):
        imported = {
            node.module
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom)
        }
        assert imported <= PURE, path.name
        assert not any(
            isinstance(node, ast.Import) for node in ast.walk(ast.parse(path.read_text()))
        )


def test_requests_are_built_nowhere_else() -> None:
    elsewhere = [
        path.name
        for path in PACKAGE.rglob("*.py")
        if path.parent.name != "calls"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Call"
    ]
    assert elsewhere == []


def test_every_post_creates_under_a_key_or_does_no_harm_twice() -> None:
    posts = {name: built(function) for name, function in builders()}
    posts = {name: call for name, call in posts.items() if call.method == "POST"}
    keyed = {name for name, call in posts.items() if call.creates}
    assert keyed == {"create", "import_lines", "enqueue", "confirm"}
    assert set(posts) - keyed == set(HARMLESS_TWICE)


def test_every_creating_call_keeps_its_key_over_all_tries(server: Scripted) -> None:
    for _, function in builders():
        call = built(function)
        if not call.creates:
            continue
        away, lost = problem(503, "Away."), httpx.ReadError("reset")
        server.say(call.method, call.path, away, lost, ok({}))
        server.requests.clear()
        server.client().connection.json(call)
        assert len(server.requests) == 3
        assert len({request.headers["Idempotency-Key"] for request in server.requests}) == 1


def test_a_file_travels_with_its_type_and_the_token_of_its_lease(server: Scripted) -> None:
    server.say("PUT", "/attempts/501/artefacts/graph.json", ok({}, 201))
    server.say("PUT", "/attempts/501/artefacts/weights.npz", ok({}, 201))
    connection = server.client().connection
    for name in ("graph.json", "weights.npz"):
        connection.json(trials.deliver(501, "token-1", name, b"123"))
    assert [request.headers["X-Lease-Token"] for request in server.requests] == ["token-1"] * 2
    types = [request.headers["Content-Type"] for request in server.requests]
    assert types == ["application/json", "application/octet-stream"]
    assert server.requests[1].content == b"123"


def test_a_study_that_is_imported_travels_as_lines(server: Scripted) -> None:
    server.say("POST", "/studies/import", ok({}))
    server.client().connection.json(studies.import_lines(b"{}\n", "copy"))
    assert server.requests[0].headers["Content-Type"] == "application/jsonl"
    assert server.requests[0].url.params["name"] == "copy"


def test_a_list_in_a_query_is_repeated(server: Scripted) -> None:
    server.say("GET", "/figures/hypervolume", ok({}))
    call = studies.figure_of_several("hypervolume", ["a b", 7], {"log": True})
    server.client().connection.json(call)
    assert server.requests[0].url.query == b"study=a+b&study=7&log=true"
