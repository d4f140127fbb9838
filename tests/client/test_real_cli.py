"""The command line against the real service: its own server, database and planner."""

import json
from pathlib import Path

from typer.testing import CliRunner

from tests.client.toys import SPACE, finished, toy
from tinyfront import Client
from tinyfront.cli import app, exits


def test_the_command_line_does_the_same(url: str, tmp_path: Path) -> None:
    space = tmp_path / "space.json"
    space.write_text(json.dumps(SPACE.to_json()))
    create = ["study", "create", "typed", "--space", str(space), "--trials", "2"]
    create += ["--objective", "cost<=1", "--objective", "max gain", "--designer", "sobol"]
    made = json.loads(run(url, *create, "--json"))
    assert [objective["goal"] for objective in made["objectives"]] == ["minimize", "maximize"]
    with Client(url) as client:
        finished(client.study("typed"))
        trial = next(client.study("typed").trials())
    for words in (
        ["study", "ls"],
        ["study", "show", "typed"],
        ["study", "watch", "typed"],
        ["study", "extend", "typed", "1"],
        ["study", "pause", "typed"],
        ["study", "resume", "typed"],
        ["study", "close", "typed"],
        ["front", "typed"],
        ["front", "typed", "--device", "rp2040"],
        ["trial", "show", str(trial.id)],
        ["export", "typed", "-o", str(tmp_path / "typed.csv")],
        ["download", str(trial.id), str(tmp_path / "files")],
    ):
        assert run(url, *words)
        assert json.loads(run(url, *words, "--json")) is not None


def test_the_command_line_refuses_in_one_line(url: str) -> None:
    with Client(url) as client:
        toy(client, "with-a-front")
    for words, code in (
        (["study", "show", "nobody"], exits.NOT_FOUND),
        (["front", "with-a-front", "--device", "x"], exits.FAILED),
    ):
        result = CliRunner().invoke(app, [*words, "--url", url])
        assert result.exit_code == code
        assert len(result.stderr.splitlines()) == 1


def run(url: str, *words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--url", url])
    assert result.exit_code == 0, result.output
    return result.stdout
