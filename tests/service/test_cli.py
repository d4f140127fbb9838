"""The command line `tinyfront-server`: help, examples, JSON, errors of one line, exit codes."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy.exc import OperationalError
from typer.testing import CliRunner

import service.cli
from service import command_errors, projects
from service.cli import app, commands
from service.db import Database

service.cli.add_plugins()
ROOT: Any = typer.main.get_command(app)


def walked(group: Any = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, found in group.commands.items():
        if hasattr(found, "commands"):
            yield from walked(found, (*path, name))
        else:
            yield (*path, name), found


ALL = dict(walked())


def run(*words: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_has_json(path: tuple[str, ...]) -> None:
    assert "--json" in {name for each in ALL[path].params for name in each.opts}


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_example_of_a_command_can_be_typed_as_it_stands(path: tuple[str, ...]) -> None:
    lines = (ALL[path].epilog or "").splitlines()
    assert lines
    for line in lines:
        words = shlex.split(line, comments=True)
        words = words[: words.index(">")] if ">" in words else words
        assert tuple(words[: 1 + len(path)]) == ("tinyfront-server", *path)
        ALL[path].make_context(path[-1], words[1 + len(path) :], resilient_parsing=False)


def test_the_help_lists_every_exit_code_and_cuts_no_sentence() -> None:
    text = run("--help").stdout
    for code, meaning in commands.MEANING.items():
        assert f"{code} {meaning}" in " ".join(text.split())
    _usage, *rest = text.splitlines()
    assert [line for line in rest if line.endswith("...")] == []


def test_whoever_names_no_command_is_shown_those_there_are() -> None:
    for words in ([], ["db"]):
        result = run(*words, code=commands.WRONG_USE)
        assert result.stdout == ""
        assert "Commands:" in result.stderr


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["sreve"], "No such command 'sreve'. Did you mean 'serve'? See: tinyfront-server --help"),
        (["gc", "--databse", "x"], "No such option: --databse. Did you mean --database? See: "),
        (["demo", "--space", "x"], "Invalid value for '--space': "),
    ],
)
def test_wrong_options_are_one_line_with_what_was_meant(words: list[str], line: str) -> None:
    said = run(*words, code=commands.WRONG_USE).stderr
    assert said.startswith(f"tinyfront-server: {line}")
    assert said.count("\n") == 1


def test_commands_that_change_things_tell_programs_what_they_did(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    assert json.loads(run("db", "show", "--database", url, "--json").stdout)["state"] == "empty"
    made = json.loads(run("db", "upgrade", "--database", url, "--json").stdout)
    shown = json.loads(run("db", "show", "--database", url, "--json").stdout)
    assert shown["state"] == "current"
    assert shown["revision"] == shown["wanted"] == made["revision"]
    copy = tmp_path / "copy.db"
    kept = json.loads(run("db", "backup", str(copy), "--database", url, "--json").stdout)
    assert kept == {"file": str(copy), "size_bytes": copy.stat().st_size}
    file = tmp_path / ".env"
    for written in (True, False):
        told = json.loads(run("keys", "env", str(file), "--json").stdout)
        assert told == {"file": str(file), "written": written}


def test_the_tables_of_a_database_are_shown(database_url: str, db: Database) -> None:
    text = run("db", "show", "--database", database_url).stdout
    assert "its tables are those of this release." in text
    assert "this release was written for" in text


@pytest.mark.parametrize(
    ("url", "why"),
    [("nosuch://x", "Protocol not known: nosuch"), ("s3://bucket/x", "s3fs")],
)
def test_a_store_that_cannot_be_used_is_named(
    database_url: str, db: Database, url: str, why: str
) -> None:
    result = CliRunner().invoke(app, ["gc", "--artefacts", url, "--database", database_url])
    assert isinstance(result.exception, command_errors.StoreUnusable)
    assert str(result.exception).startswith(f"artefact_url: {url} cannot be used: ")
    assert why in str(result.exception)


def test_a_fault_of_the_database_is_not_blamed_on_the_store(
    database_url: str, db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr("service.garbage.collect", fail)
    words = ["gc", "--artefacts", str(tmp_path), "--database", database_url]
    assert isinstance(CliRunner().invoke(app, words).exception, OperationalError)


@pytest.mark.parametrize(
    ("words", "code", "start"),
    [
        (["gc", "--database", "mysql://x"], commands.WRONG_USE, "database_url: need sqlite"),
        (["gc", "--config", "/no/such.toml"], commands.WRONG_USE, "The settings in /no/such.toml"),
        (["db", "show", "--database", "postgresql://127.0.0.1:9/x"], commands.AWAY, "The database"),
        (["replay", "1", "--database", "sqlite:///none.db"], commands.FAILED, "The database"),
        (["db", "backup", "x", "--database", "sqlite:////no/such.db"], commands.AWAY, "The data"),
    ],
)
def test_each_kind_of_failure_has_its_code_and_one_line(
    tmp_path: Path, words: list[str], code: int, start: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "service", *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert done.stderr.startswith(start)
    assert done.stderr.count("\n") == 1


def test_a_reader_that_has_enough_hears_no_complaint(database_url: str, db: Database) -> None:
    with db.begin() as session:
        for number in range(2000):
            projects.create(session, f"project-{number}", db.now(session))
    for more in ([], ["--json"]):
        with subprocess.Popen(
            [sys.executable, "-m", "service", "projects", "ls", "--database", database_url, *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Without a buffer Python drops what a pipe did not take, and notices nothing.
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.read(10)
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == commands.PIPE_CLOSED


def test_what_is_interrupted_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("service.schema.upgrade", interrupt)
    url = f"sqlite:///{tmp_path / 'a.db'}"
    result = run("db", "upgrade", "--database", url, code=commands.INTERRUPTED)
    assert result.stderr == "tinyfront-server: interrupted.\n"
