"""A study leaves one server and comes in on another, by SDK and by command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tinyfront
from tests.client.test_real_app import finished, toy
from tinyfront import Client
from tinyfront.cli import app


def test_an_exported_study_is_imported_with_all_its_trials(client: Client, tmp_path: Path) -> None:
    study = finished(toy(client, "leaves"))
    path = tmp_path / "leaves.jsonl"
    path.write_bytes(b"".join(study.export("study")))
    copy = client.import_study(path, name="arrives")
    assert (copy.name, copy.status) == ("arrives", "ended")
    ours = [(trial.number, trial.status, trial.values) for trial in study.trials()]
    assert [(trial.number, trial.status, trial.values) for trial in copy.trials()] == ours
    assert copy.state.hypervolume == study.refresh().state.hypervolume
    with pytest.raises(tinyfront.Conflict, match="arrives"):
        client.import_study(path.read_bytes(), name="arrives")


def test_a_broken_line_is_named(client: Client, tmp_path: Path) -> None:
    lines = b"".join(toy(client, "broken").export("study")).splitlines(keepends=True)
    with pytest.raises(tinyfront.Refused, match="line 2") as caught:
        client.import_study(b"".join([lines[0], b"{}\n"]), name="never")
    assert caught.value.problem.field == "line 2.record"
    with pytest.raises(tinyfront.NotFound):
        client.study("never")


def test_the_command_line_exports_and_imports_a_study(client: Client, tmp_path: Path) -> None:
    toy(client, "by-hand")
    path, run = str(tmp_path / "study.jsonl"), CliRunner()
    url = ["--url", client.url]
    done = run.invoke(app, ["export", "by-hand", "--format", "study", "-o", path, *url])
    assert done.exit_code == 0, done.output
    done = run.invoke(app, ["study", "import", path, "--name", "again", "--json", *url])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["name"] == "again"
