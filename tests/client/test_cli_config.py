"""Servers and keys by name: options before the environment, that before the file."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.client.scripted import Scripted, ok
from tinyfront.cli import app, exits, profiles

KEY = "tf_ab12cd34ef56_" + "s" * 20 + "_" + "s" * 22
OTHER = "tf_999999999999_" + "o" * 43
LAB, HOME = "https://lab.example.org", "http://127.0.0.1:9000"


@pytest.fixture
def path() -> Path:
    """The file of this test, in the folder that `no_settings` names."""
    return profiles.path_of(os.environ)


@pytest.fixture
def file(path: Path) -> Path:
    path.parent.mkdir(parents=True)
    text = f"""# mine
profile = "home"

[profiles.home]  # on this machine
url = "{HOME}"

[profiles.lab]
url = "{LAB}"
key = "{KEY}"
"""
    path.write_text(text)
    path.chmod(0o600)
    return path


def run(*words: str, code: int = 0, input: str | None = None) -> Any:
    result = CliRunner().invoke(app, list(words), input=input)
    assert result.exit_code == code, result.output
    return result


def used(monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[str, str | None]:
    """Address and key that a command would speak with."""
    seen: list[Any] = []
    server = Scripted()
    server.say("GET", "/devices", ok({"items": []}))

    def client(*given: Any) -> Any:
        seen.extend(given)
        return server.client()

    monkeypatch.setattr(profiles, "Client", client)
    run("devices", *words)
    return seen[0], seen[1]


def test_without_anything_it_is_the_server_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert used(monkeypatch) == ("http://127.0.0.1:8000", None)


@pytest.mark.usefixtures("file")
def test_an_option_goes_before_the_environment_and_that_before_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert used(monkeypatch) == (HOME, None)
    assert used(monkeypatch, "--profile", "lab") == (LAB, KEY)
    monkeypatch.setenv("TINYFRONT_PROFILE", "lab")
    assert used(monkeypatch) == (LAB, KEY)
    monkeypatch.setenv("TINYFRONT_URL", "http://env:1")
    monkeypatch.setenv("TINYFRONT_API_KEY", OTHER)
    assert used(monkeypatch) == ("http://env:1", OTHER)
    assert used(monkeypatch, "--profile", "lab") == (LAB, KEY)
    assert used(monkeypatch, "--profile", "home") == (HOME, OTHER)
    assert used(monkeypatch, "--url", "http://opt:1") == ("http://opt:1", OTHER)


@pytest.mark.usefixtures("file")
def test_a_key_of_the_file_goes_to_no_server_but_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert used(monkeypatch, "--profile", "lab", "--url", "http://else:1") == (
        "http://else:1",
        None,
    )
    monkeypatch.setenv("TINYFRONT_PROFILE", "lab")
    monkeypatch.setenv("TINYFRONT_URL", "http://env:1")
    assert used(monkeypatch) == ("http://env:1", None)
    monkeypatch.setenv("TINYFRONT_URL", f"{LAB}/")
    assert used(monkeypatch) == (f"{LAB}/", KEY)


@pytest.mark.usefixtures("file")
def test_the_settings_are_shown_with_their_origin_and_without_the_secret() -> None:
    result = run("config", "show", "--profile", "lab")
    assert LAB in result.stdout
    assert "[profiles.lab]" in result.stdout
    assert "tf_ab12cd34ef56_…" in result.stdout
    assert "sss" not in result.output
    told = json.loads(run("config", "show", "--json").stdout)
    assert told["url"]["value"] == HOME
    assert told["profiles"] == ["home", "lab"]


def test_the_file_is_made_for_its_owner_and_filled_by_commands(path: Path) -> None:
    run("config", "set", "url", LAB, "--profile", "lab")
    run("config", "set", "key", "--profile", "lab", input=f"{KEY}\n")
    run("config", "set", "profile", "lab")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    held = profiles.read(path)
    assert held == profiles.File(path, "lab", {"lab": profiles.Profile(LAB, KEY)})
    run("config", "unset", "key")
    run("config", "unset", "profile")
    assert profiles.read(path) == profiles.File(path, None, {"lab": profiles.Profile(LAB)})
    assert "does not set" in run("config", "unset", "profile", code=2).stderr


def test_what_is_set_leaves_the_rest_of_the_file_as_it_was_written(file: Path) -> None:
    run("config", "set", "url", "http://new:1", "--profile", "home", "--json")
    run("config", "set", "url", "http://third:1", "--profile", "third")
    text = file.read_text()
    assert text.startswith('# mine\nprofile = "home"\n\n[profiles.home]  # on this machine\n')
    assert profiles.read(file).profiles["home"].url == "http://new:1"
    assert profiles.read(file).profiles["third"].url == "http://third:1"
    assert profiles.read(file).profiles["lab"].key == KEY


def test_a_link_to_the_file_stays_a_link(file: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles.toml"
    file.rename(real)
    file.symlink_to(real)
    run("config", "set", "profile", "lab")
    assert file.is_symlink()
    assert profiles.read(real).profile == "lab"


def test_a_file_in_a_form_that_is_not_understood_is_not_changed(path: Path) -> None:
    path.parent.mkdir(parents=True)
    text = f'profiles.lab = {{url = "{LAB}"}}\n'
    path.write_text(text)
    line = run("config", "set", "url", "http://new:1", "--profile", "lab", code=2).stderr
    assert "change it by hand" in line
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("profiles = [", "it is no TOML"),
        ("prfile = 'x'", "nothing is named 'prfile'"),
        ("profile = 3", "profile: need a name"),
        ("profiles = 3", "need tables"),
        ("[profiles]\nlab = 3", "profiles.lab: need a table"),
        ("[profiles.lab]\nurk = 'x'", "profiles.lab: nothing is named 'urk'"),
        ("[profiles.lab]\nurl = 3", "profiles.lab.url: need text"),
        ("profile = 'la'\n[profiles.lab]\nurl = 'http://x'", "Did you mean lab?"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(path: Path, text: str, word: str) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(text)
    line = run("study", "ls", code=exits.WRONG_USE).stderr
    assert word in line
    assert str(path) in line
    assert line.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="modes are of other systems")
def test_a_file_that_shows_a_key_to_others_is_refused_until_it_is_mended(file: Path) -> None:
    file.chmod(0o644)
    assert f"chmod 600 {file}" in run("devices", code=exits.WRONG_USE).stderr
    run("config", "set", "profile", "lab")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["key", KEY], "a key is not given as an argument"),
        (["key"], "need one for key"),
        (["url"], "need one for url"),
        (["url", "lab"], "need http://host:port"),
        (["profile", "nowhere"], "has no profile 'nowhere'"),
        (["url", LAB, "--profile", "a.b"], "need up to 64 letters"),
    ],
)
def test_what_cannot_be_set_is_refused(path: Path, words: list[str], word: str) -> None:
    result = run("config", "set", *words, code=exits.WRONG_USE, input="\n")
    assert word in result.stderr
    assert KEY not in result.stderr
    assert not path.exists()


def test_the_path_follows_the_system_it_is_on(tmp_path: Path) -> None:
    home = Path.home()
    assert profiles.path_of({}, windows=False) == home / ".config/tinyfront/config.toml"
    relative = profiles.path_of({"XDG_CONFIG_HOME": "here"}, windows=False)
    assert relative == home / ".config/tinyfront/config.toml"
    given = {"XDG_CONFIG_HOME": str(tmp_path), "APPDATA": str(tmp_path / "app")}
    assert profiles.path_of(given, windows=False) == tmp_path / "tinyfront/config.toml"
    assert profiles.path_of(given, windows=True) == tmp_path / "app/tinyfront/config.toml"
    assert profiles.path_of({}, windows=True) == home / "AppData/Roaming/tinyfront/config.toml"


def test_the_path_is_printed(path: Path) -> None:
    assert run("config", "path").stdout == f"{path}\n"
    told = json.loads(run("config", "path", "--json").stdout)
    assert told == {"path": str(path), "exists": False}
