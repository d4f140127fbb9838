"""`tinyfront verify` and `download --device`: the workers' code, started on this machine."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

import tinyfront
from resource_models.devices import device
from tests.client.scripted import Scripted, ok, trial_json
from tests.deploy import networks
from tinyfront import verification
from tinyfront.cli import app, exits, profiles
from worker.deploy import storage, vectors
from worker.deploy.onnx.writer import onnx_file
from worker.deploy.simulate import Simulation
from worker.deploy.vectors import Vectors

RUNNER = CliRunner()
RECORD = networks.drawn_int8(networks.ENDS_FLAT)
INPUTS = networks.bytes_for(RECORD.graph, 4)
ANSWERS = Simulation(RECORD).run(INPUTS).numpy()
BOARDS = [{**device(name).to_json(), "figures": []} for name in ("stm32f446re", "arduino-uno")]
LEVELS = [
    {"name": name, "state": "passed", "reason": "", "figures": {}, "tools": {}}
    for name in ("L0", "L1", "L2", "L3")
]
KEPT = {"version": 1, "device": "stm32f446re", "inputs": 4, "levels": LEVELS, "later": 1}


def files(answers: Any = ANSWERS) -> dict[str, bytes]:
    samples = Vectors(INPUTS.numpy(), answers)
    return {**storage.files(RECORD), vectors.NAME: vectors.file(samples)}


def left(server: Scripted, files: Mapping[str, bytes], **changes: Any) -> None:
    """Let a trial of a study for the first board leave these files."""
    told = []
    for name, content in files.items():
        sha256 = hashlib.sha256(content).hexdigest()
        told.append({"name": name, "size_bytes": len(content), "sha256": sha256})
        server.say("GET", f"/trials/101/artefacts/{name}", httpx.Response(200, content=content))
    server.say("GET", "/trials/101", ok(trial_json(artefacts=told, **changes)))
    checked = {"wanted": False, "device": BOARDS[0], "verified": None, "verification": KEPT}
    server.say("GET", "/trials/101/verification", ok(checked))
    server.say("GET", "/devices", ok({"items": BOARDS}))


@pytest.fixture(autouse=True)
def scripted(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "Client", lambda *_: server.client())


def test_a_network_is_checked_here_for_the_board_of_its_study_and_stored(server: Scripted) -> None:
    left(server, files())
    server.say("PUT", "/trials/101/verification", ok(trial_json(verified="L1")))
    result = RUNNER.invoke(app, ["verify", "101", "--need", "L1", "--store"])
    assert result.exit_code == 0, result.output
    # As far as the tools of this machine go.
    assert re.search("stm32f446re: L[1-3], kept on trial 101", result.output)
    [told] = server.sent("PUT", "/trials/101/verification")
    assert told.keys() == {"verification"}
    assert (told["verification"]["device"], told["verification"]["inputs"]) == ("stm32f446re", 4)


def test_only_what_was_checked_for_the_board_of_the_study_is_stored(server: Scripted) -> None:
    left(server, files())
    result = RUNNER.invoke(app, ["verify", "101", "--store", "--device", "arduino-uno"])
    assert result.exit_code == exits.WRONG_USE
    assert "to store, need stm32f446re, the board of the study" in result.output


def test_a_level_that_fails_ends_with_8_and_says_why(server: Scripted) -> None:
    wrong = ANSWERS.copy()
    wrong[1, 0] ^= 1
    left(server, files(wrong))
    result = RUNNER.invoke(app, ["verify", "101"])
    assert result.exit_code == exits.FAILS, result.output
    assert "differs on 1 of 4 inputs" in result.output
    assert "L1 failed." in result.output
    assert "arena" in result.output


def test_what_cannot_be_checked_fails_only_who_needs_it(server: Scripted) -> None:
    left(server, files())
    result = RUNNER.invoke(
        app, ["verify", "101", "--json", "--device", "arduino-uno", "--need", "L2"]
    )
    assert result.exit_code == exits.FAILS, result.output
    told = json.loads(result.stdout)
    assert (told["trial"], told["device"], told["verdict"]) == (101, "arduino-uno", "L1")
    assert "no emulated board for the AVR" in told["levels"][2]["reason"]
    assert server.sent("PUT", "/trials/101/verification") == []


def test_firmware_is_written_beside_the_files_of_a_trial(server: Scripted, tmp_path: Path) -> None:
    left(server, files())
    paths = ["download", "101", str(tmp_path), "--device", "arduino-uno"]
    result = RUNNER.invoke(app, paths)
    assert result.exit_code == 0, result.output
    assert {"int8.json", "model.tflite", "c", "figures.json"} <= {
        path.name for path in tmp_path.iterdir()
    }
    assert (tmp_path / "c" / "model.c").exists()
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert (figures["device"], figures["fits_by_formula"]) == ("arduino-uno", True)
    assert str(tmp_path / "c" / "model.h") in result.output


def test_onnx_is_written_here_unless_the_worker_left_it(
    server: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(server, files())
    result = RUNNER.invoke(app, ["download", "101", str(tmp_path), "--onnx"])
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == {*files(), "model.onnx"}
    assert (tmp_path / "model.onnx").read_bytes() == onnx_file(RECORD)

    monkeypatch.setattr(verification, "ONNX_PACKAGE", "no-such-package")
    missing = RUNNER.invoke(app, ["download", "101", str(tmp_path / "none"), "--onnx"])
    assert missing.exit_code == exits.FAILED
    line = "Writing .onnx needs the workers' code and onnx on this machine: pip install "
    assert f"{line}'tinyfront-server[onnx]'." in " ".join(missing.output.split())
    assert not (tmp_path / "none").exists()

    server.answers.clear()
    left(server, {**files(), "model.onnx": b"as the worker left it"})
    trial = server.client().trial(101)
    assert "model.onnx" in [path.name for path in trial.download(tmp_path, onnx=True)]
    assert (tmp_path / "model.onnx").read_bytes() == b"as the worker left it"

    server.answers.clear()
    left(server, {"graph.json": b"{}"})
    with pytest.raises(tinyfront.NoNetwork, match=r"Trial 101 has no int8\.json"):
        server.client().trial(101).download(tmp_path, onnx=True)


@pytest.mark.parametrize("command", [["verify", "101"], ["download", "101", "x"]])
def test_a_trial_without_integers_and_a_board_that_is_none_are_one_line(
    server: Scripted, command: list[str]
) -> None:
    left(server, {"graph.json": b"{}"})
    result = RUNNER.invoke(app, [*command, "--device", "stm32f446re"])
    assert result.exit_code == exits.NOT_FOUND
    assert "Trial 101 has no int8.json" in result.output
    result = RUNNER.invoke(app, [*command, "--device", "nowhere"])
    assert result.exit_code == exits.WRONG_USE
    assert "need one of stm32f446re, arduino-uno, got 'nowhere'" in result.output


def test_without_the_workers_code_it_says_what_to_install(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "find_spec", lambda name: None)
    result = RUNNER.invoke(app, ["verify", "101"])
    assert result.exit_code == exits.FAILED
    assert "pip install 'tinyfront-server[deploy]'" in result.output
    assert server.requests == []


def test_files_that_are_none_could_not_be_checked(server: Scripted) -> None:
    left(server, {**files(), "int8.json": b"{}"})
    with pytest.raises(tinyfront.CheckFailed, match="need an object of version"):
        server.client().trial(101).verify()


def test_a_trial_holds_what_its_worker_checked(server: Scripted) -> None:
    left(server, {}, verified="L3")
    found = server.client().trial(101).verification
    assert found is not None
    assert (found.verdict, found.reaches("L2"), found.failed) == ("L3", True, None)
    server.say("GET", "/trials/102", ok(trial_json(2)))  # of a server of 0.1.0
    assert server.client().trial(102).verification is None
