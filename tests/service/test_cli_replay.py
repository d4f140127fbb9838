"""`tinyfront-server replay`: what it prints, and its exit status."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from service import replaying, trials
from service.cli import app
from service.command_errors import DatabaseEmpty, NotReplayable
from service.db import Database
from service.replaying import Proposed, Replay
from tests.planner.studies import make_study

THEN = Proposed({"x": 0.5, "kind": "a"}, {"cost": {"mean": 1.0, "sd": 0.25}}, -3.5)
SAME = Replay(7, "same", (), THEN, THEN)
OTHER = Replay(
    7,
    "different",
    ("torch was 2.13.0, now it is 2.14.0",),
    THEN,
    replace(THEN, point={"x": 0.75, "kind": "b"}, value=-4.0),
)


def shown(
    monkeypatch: pytest.MonkeyPatch, url: str, found: Replay, *options: str
) -> tuple[int, str]:
    monkeypatch.setattr(replaying, "replay", lambda db, trial_id: replace(found, trial_id=trial_id))
    result = CliRunner().invoke(app, ["replay", "7", "--database", url, *options])
    return result.exit_code, result.stdout


def test_the_same_proposal_is_told_with_status_0(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, text = shown(monkeypatch, sqlite_url, SAME)
    assert status == 0
    assert "the same, to the last bit" in text
    assert text.count("-3.5") == 2
    assert text.count("1 ± 0.25") == 2


def test_another_proposal_is_told_with_its_reason_and_status_1(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, text = shown(monkeypatch, sqlite_url, OTHER)
    assert status == 1
    assert "torch was 2.13.0, now it is 2.14.0" in text
    assert "0.75" in text


def test_nothing_proposed_is_told(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = replace(OTHER, now=None)
    assert shown(monkeypatch, sqlite_url, nothing)[0] == 1
    status, text = shown(monkeypatch, sqlite_url, nothing, "--json")
    assert status == 1
    found = json.loads(text)
    assert (found["trial_id"], found["verdict"], found["now"]) == (7, "different", None)
    assert found["then"]["value"] == -3.5


def test_a_users_own_trial_is_refused(database_url: str) -> None:
    db = Database(database_url)
    study_id = make_study(db)
    with db.begin() as session:
        trial = trials.enqueue(session, study_id, {"x": 0.5, "y": 0.5}, None, db.now(session))
    result = CliRunner().invoke(app, ["replay", str(trial.id), "--database", database_url])
    assert isinstance(result.exception, NotReplayable)
    db.close()


def test_a_database_without_tables_is_refused(tmp_path: str) -> None:
    url = f"sqlite:///{tmp_path}/empty.db"
    result = CliRunner().invoke(app, ["replay", "1", "--database", url])
    assert isinstance(result.exception, DatabaseEmpty)
