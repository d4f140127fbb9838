"""The commands that make keys, and the programs that send them."""

import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import tinyfront
from service.cli import app
from service.states import Role
from tests.access.conftest import Keyed
from tests.api.conftest import BLACK_BOX
from tinyfront.cli import app as client_app
from worker.api import Api
from worker.cli import worker
from worker.errors import Refused


def run(url: str, *words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*words, "--database", url])
    assert result.exit_code == code, result.output
    return result.stdout


def told(url: str, *words: str) -> Any:
    return json.loads(run(url, *words, "--json"))


def test_a_key_is_made_listed_and_revoked_by_command(database_url: str) -> None:
    told(database_url, "projects", "create", "one")
    made = told(
        database_url, "keys", "create", "--name", "me", "--role", "user", "--project", "one"
    )
    assert made["key"].startswith(f"tf_{made['id']}_")
    (listed,) = told(database_url, "keys", "ls")
    assert listed == {
        "id": made["id"],
        "name": "me",
        "role": "user",
        "project": "one",
        "created_at": listed["created_at"],
        "used_at": None,
        "revoked_at": None,
    }
    assert told(database_url, "keys", "ls", "--project", "default") == []
    first = told(database_url, "keys", "revoke", made["id"])
    assert told(database_url, "keys", "revoke", made["id"]) == first
    assert told(database_url, "keys", "ls")[0]["revoked_at"] == first["revoked_at"]


def test_the_commands_print_for_people_too(sqlite_url: str) -> None:
    text = run(sqlite_url, "keys", "create", "--name", "me", "--role", "admin").strip()
    assert text.startswith("tf_")
    assert "\n" not in text, "a script can take the key as it is"
    key_id = text.split("_")[1]
    assert "is revoked" in run(sqlite_url, "keys", "revoke", key_id)
    shown = run(sqlite_url, "keys", "ls")
    assert key_id in shown
    assert "revoked 20" in shown
    assert text.split("_", 2)[2] not in shown
    assert "is made" in run(sqlite_url, "projects", "create", "one")
    assert "exists" in run(sqlite_url, "projects", "create", "one")
    assert "default" in run(sqlite_url, "projects", "ls")
    assert [each["name"] for each in told(sqlite_url, "projects", "ls")] == ["default", "one"]


def test_the_file_of_keys_is_written_by_command(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    for _ in range(2):
        result = CliRunner().invoke(app, ["keys", "env", str(path)])
        assert result.exit_code == 0
        assert "tf_" not in result.output
    assert path.read_text().count("=tf_") == 2


def test_a_role_that_does_not_exist_is_refused_with_those_that_do(sqlite_url: str) -> None:
    words = ["keys", "create", "--name", "me", "--role", "root", "--database", sqlite_url]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert "viewer" in result.output


@pytest.fixture
def url(keyed_sqlite: Keyed, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("TINYFRONT_API_KEY", raising=False)
    return f"http://127.0.0.1:{keyed_sqlite.served.port}"


def test_a_client_without_a_key_is_told_how_to_give_one(url: str) -> None:
    with tinyfront.Client(url) as client, pytest.raises(tinyfront.NotAllowed) as error:
        list(client.studies())
    assert "asks for a key" in str(error.value)
    assert "TINYFRONT_API_KEY" in str(error.value)


def test_a_client_takes_its_key_as_an_argument_or_from_the_environment(
    url: str, keyed_sqlite: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, viewer = (keyed_sqlite.texts["one", role] for role in (Role.USER, Role.VIEWER))
    with tinyfront.Client(url, api_key=user) as client:
        client.create_study_from(BLACK_BOX)
    monkeypatch.setenv("TINYFRONT_API_KEY", viewer)
    with tinyfront.Client(url) as client:
        assert [study.name for study in client.studies()] == ["toy"]
        with pytest.raises(tinyfront.NotAllowed, match="role viewer may not"):
            client.study("toy").pause()
        assert viewer not in repr(client)


def test_the_command_line_says_what_to_do_without_a_key(
    url: str, keyed_sqlite: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = CliRunner().invoke(client_app, ["study", "ls", "--url", url])
    assert result.exit_code == 4
    assert "TINYFRONT_API_KEY" in result.output
    monkeypatch.setenv("TINYFRONT_API_KEY", keyed_sqlite.texts["one", Role.USER])
    assert CliRunner().invoke(client_app, ["study", "ls", "--url", url]).exit_code == 0


def test_a_worker_is_let_in_by_its_key_alone(url: str, keyed_sqlite: Keyed) -> None:
    announcement = {"accelerator": "cpu", "host": "h", "pid": 1}
    api = Api(url, keyed_sqlite.texts["one", Role.WORKER])
    api.announce("w", announcement)
    assert api.claim(None, {"worker": "w", "request_id": "r", "wait_s": 0}) is None
    api.close()
    for key in (None, "tf_000000000000_" + "x" * 43):
        stranger = Api(url, key)
        with pytest.raises(Refused, match="TINYFRONT_API_KEY"):
            stranger.announce("w", announcement)
        stranger.close()


def test_a_worker_takes_its_key_from_the_environment_and_never_as_an_argument() -> None:
    assert [name for name in inspect.signature(worker).parameters if "key" in name] == []
