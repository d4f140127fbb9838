"""What the shell is offered: names from the server, and nothing at all when it is away."""

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tests.client.scripted import Scripted, ok, problem, study_json
from tinyfront.cli import app, complete, profiles


@pytest.fixture(autouse=True)
def scripted(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "Client", lambda *_: server.client())
    states = [study_json(name=name) for name in ("mnist", "mnist-2", "digits")]
    server.say("GET", "/studies", ok({"items": states, "next": None}))
    server.say("GET", "/devices", ok({"items": [{"name": "rp2040", "title": "Pico (RP2040)"}]}))
    server.say("GET", "/data", ok({"items": [{"name": "digits", "problem": None}]}))
    server.say("GET", "/workers", ok({"items": [{"name": "bench-1", "host": None}], "next": None}))


def offered(line: str, shell: str = "bash") -> str:
    """What `tinyfront` answers to a shell at the end of a half typed line."""
    words = line.split(" ")
    given = {
        "_TINYFRONT_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    result = CliRunner().invoke(app, [], env=given, prog_name="tinyfront")
    assert result.stderr == ""
    return result.stdout


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("tinyfront study show mn", ["mnist", "mnist-2"]),
        ("tinyfront front digits --device r", ["rp2040"]),
        ("tinyfront study create new --data d", ["digits"]),
        ("tinyfront study create new --designer n", ["nehvi"]),
        ("tinyfront plot digits hyp", ["hypervolume"]),
        ("tinyfront compare mnist d", ["digits"]),
        ("tinyfront export digits --format j", ["jsonl"]),
        ("tinyfront log b", ["bench-1"]),
        ("tinyfront trials digits --sta", ["--status"]),
        ("tinyfront tria", ["trials", "trial"]),
    ],
)
def test_names_are_offered(line: str, names: list[str]) -> None:
    assert sorted(offered(line).split()) == sorted(names)


def test_profiles_are_offered_from_the_file() -> None:
    path = profiles.path_of(os.environ)
    path.parent.mkdir(parents=True)
    path.write_text('[profiles.lab]\nurl = "http://lab:1"\n')
    assert offered("tinyfront devices --profile l").split() == ["lab"]
    path.write_text("[")
    assert offered("tinyfront devices --profile l").split() == []


def test_each_shell_is_told_where_a_study_stands() -> None:
    assert '"digits":"active, 3/40"' in offered("tinyfront study show d", "zsh")
    assert "digits\tactive, 3/40" in offered("tinyfront study show d", "fish")


def test_of_a_server_that_refuses_nothing_is_offered(server: Scripted) -> None:
    server.answers.clear()
    server.say("GET", "/studies", problem(401, "No key."))
    assert offered("tinyfront study show mn").split() == []


def test_nobody_waits_for_a_server_that_does_not_answer(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = threading.Event()

    def never(*_: Any) -> Any:
        ending.wait(60)
        raise AssertionError("it is too late")

    monkeypatch.setattr(profiles, "client", never)
    monkeypatch.setattr(complete, "PATIENCE_S", 0.05)
    began_s = time.monotonic()
    assert offered("tinyfront study show mn").split() == []
    assert time.monotonic() - began_s < 30
    ending.set()


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, as it is installed."""
    path = tmp_path_factory.mktemp("bin") / "tinyfront"
    path.write_text(f"#!{sys.executable}\nfrom tinyfront.cli import main\nmain()\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_each_shell_is_one_that_the_shell_takes(shell: str, command: Path) -> None:
    environment = os.environ | {"PATH": f"{command.parent}:{os.environ['PATH']}"}
    script = subprocess.run(
        [command],
        env=environment | {"_TINYFRONT_COMPLETE": f"source_{shell}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "tinyfront" in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    checked = subprocess.run([shell, "-n"], input=script, text=True, capture_output=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_bash_completes_a_command(command: Path) -> None:
    program = """
source <(_TINYFRONT_COMPLETE=source_bash tinyfront)
COMP_WORDS=(tinyfront study pau); COMP_CWORD=2
_tinyfront_completion tinyfront
echo "${COMPREPLY[*]}"
"""
    environment = os.environ | {"PATH": f"{command.parent}:{os.environ['PATH']}"}
    run = subprocess.run(["bash", "-c", program], env=environment, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("pause\n", "")


def test_every_name_of_a_study_is_completed() -> None:
    """No command is forgotten: an argument NAME is a study."""
    root: Any = typer.main.get_command(app)
    groups = [root, *(each for each in root.commands.values() if hasattr(each, "commands"))]
    for group in groups:
        for command in group.commands.values():
            for each in getattr(command, "params", []):
                if each.param_type_name == "argument" and each.name in {"name", "names"}:
                    is_study = command.name not in {"create", "set", "unset"}
                    assert bool(each._custom_shell_complete) is is_study, command.name
