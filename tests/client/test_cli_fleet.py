"""Fleets from the command line."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.client.scripted import Scripted, ok
from tinyfront.cli import app, profiles


def worker_json(name: str, silent_s: float = 5, **more: Any) -> dict[str, Any]:
    at = (datetime.now(UTC) - timedelta(seconds=silent_s)).isoformat()
    versions = {"python": "3.11.7", "ray": "2.60.0"}
    facts = {"host": "node-1", "pid": 7, "accelerator": "cuda", "memory_mib": 1024}
    return {"name": name, "seen_at": at, "versions": versions, "running": [], **facts, **more}


@pytest.fixture(autouse=True)
def fleets(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "Client", lambda *_: server.client())
    heard_at = datetime.now(UTC).isoformat()
    leased = {"study": "digits", "number": 41, "heard_at": heard_at}
    workers = [
        worker_json("lab-3", versions={"python": "3.11.7"}),  # a name like theirs, but of no fleet
        worker_json("crew-10", silent_s=900, host="node-2"),
        worker_json("crew-2.1", silent_s=900, running=[leased]),
        worker_json("crew-2.0"),
        worker_json("night-crew-0"),
    ]
    server.say("GET", "/workers", ok({"items": workers, "next": None}))


def run(*words: str) -> Any:
    result = CliRunner().invoke(app, ["fleet", "ls", *words])
    assert result.exit_code == 0, result.output
    return result


def test_workers_are_listed_by_fleet_berth_and_slot_with_what_they_do() -> None:
    found = json.loads(run("--json").stdout)
    told = [(each["worker"], each["actor"], each["slot"], each["state"]) for each in found]
    assert told == [
        ("crew-2.0", "crew-2", 0, "waiting"),
        ("crew-2.1", "crew-2", 1, "running"),
        ("crew-10", "crew-10", 0, "silent"),
        ("night-crew-0", "night-crew-0", 0, "waiting"),
    ]
    text = run().stdout
    assert "digits #41" in text
    assert "crew: 1 running, 1 silent, 1 waiting; 1 node, Ray 2.60.0" in text


def test_one_fleet_is_asked_for_by_its_name(server: Scripted) -> None:
    found = json.loads(run("crew", "--json").stdout)
    assert {each["fleet"] for each in found} == {"crew"}
    assert server.requests[-1].url.params["contains"] == "crew-"


def test_without_a_fleet_the_command_that_starts_one_is_told() -> None:
    result = run("other")
    assert result.stderr.startswith("No fleet other yet: tinyfront-server fleet")
    assert json.loads(run("other", "--json").stdout) == []


def test_how_long_a_worker_is_silent_is_told_by_the_clock_of_the_server(server: Scripted) -> None:
    worker = worker_json("crew-0")
    now = datetime.fromisoformat(worker["seen_at"]) + timedelta(minutes=90)
    server.answers["GET", "/workers"].clear()
    server.say("GET", "/workers", ok({"items": [worker], "next": None, "now": now.isoformat()}))
    assert json.loads(run("--json").stdout)[0]["state"] == "silent"
    assert "1 h ago" in run().stdout
