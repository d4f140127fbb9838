"""The log of a worker from the command line."""

import json
from datetime import datetime
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from tests.client.scripted import Scripted, ok, problem
from tinyfront.cli import app, exits, profiles

AT = "2030-03-17T17:46:40.125000Z"
LINES = [
    {"id": 7, "at": AT, "level": "info", "text": "Worker crew-0 serves [all]: " + "x" * 300},
    {"id": 9, "at": AT, "level": "warning", "text": "Trial 3 is lost:\nno answer"},
]


@pytest.fixture(autouse=True)
def scripted(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "Client", lambda *_: server.client())
    server.say("GET", "/workers/crew-0/log", ok({"items": LINES}))
    server.say("GET", "/workers/mute/log", ok({"items": []}))
    server.say("GET", "/workers/none/log", problem(404, "There is no worker 'none'."))


def run(*words: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, ["log", *words])
    assert result.exit_code == code, result.output
    return result


def test_each_line_has_its_time_here_and_its_level() -> None:
    first, second, below = run("crew-0").stdout.splitlines()
    here = f"{datetime.fromisoformat(AT).astimezone():%Y-%m-%d %H:%M:%S}"
    assert first == f"{here}  info      {LINES[0]['text']}"  # whole, in a pipe too
    assert second == f"{here}  warning   Trial 3 is lost:"
    assert below == " " * (len(here) + 12) + "no answer"
    assert json.loads(run("crew-0", "--json").stdout) == LINES


def test_a_worker_that_said_nothing_and_one_that_is_unknown_are_a_line_each() -> None:
    assert run("mute").stderr == "Worker mute has not said anything yet.\n"
    assert json.loads(run("mute", "--json").stdout) == []
    unknown = run("none", code=exits.NOT_FOUND)
    assert unknown.stderr == "tinyfront: There is no worker 'none'.\n"
    assert unknown.stdout == ""


def test_a_log_is_followed_from_its_last_line_until_ctrl_c(server: Scripted) -> None:
    def leave(_: httpx.Request) -> httpx.Response:
        raise KeyboardInterrupt

    later = [LINES[0] | {"id": 12}]
    answers = (ok({"items": LINES}), ok({"items": []}), ok({"items": later}), leave)
    server.say("GET", "/workers/long/log", *answers)
    told = run("long", "--follow", "--json", code=exits.INTERRUPTED).stdout.splitlines()
    assert [json.loads(each)["id"] for each in told] == [7, 9, 12]
    asked = [request.url.params.get("after") for request in server.requests]
    assert asked == [None, "9", "9", "12"]
    assert len(server.pauses) == 3
