"""`tinyfront study create`: options become a definition, or a usage error of one line."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.client.scripted import (
    Scripted,
    ok,
    study_json,
)
from tinyfront.cli import app, profiles


@pytest.fixture(autouse=True)
def scripted(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "Client", lambda *_: server.client())
    server.say("GET", "/studies/toy", ok(study_json()))


def run(*words: str, code: int = 0) -> Any:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == code, result.output
    return result


def created(server: Scripted, *words: str) -> dict[str, Any]:
    """The definition that `study create` sends."""
    server.say("POST", "/studies", ok(study_json(), 201))
    run("study", "create", *words)
    definition: dict[str, Any] = server.sent("POST", "/studies")[-1]
    return definition


def test_budgets_and_the_stopping_rule_have_options(server: Scripted) -> None:
    words = ("--total-epochs", "1600", "--hours", "2.5", "--plateau", "30", "--epochs", "20")
    wanted = created(server, "toy", *words, "--stopping", "halving", "--set", "stopping.eta=4")
    assert wanted["stopping"] == {"rule": "halving", "eta": 4}
    assert wanted["training"] == {"epochs": 20}
    assert (wanted["epochs"], wanted["hours"], wanted["plateau"]) == (1600, 2.5, 30)


def test_options_become_a_definition(server: Scripted) -> None:
    assert created(
        server,
        "mnist-f446",
        *("--space", "sparse", "--data", "mnist", "--binary", "5", "--device", "stm32f446re"),
        *("--objective", "error", "--objective", "model_size:deployed<=16000"),
        *("--objective", "instructions@m4<=90000!"),
        *("--trials", "200", "--designer", "random", "--training", "munas-mnist"),
        *("--epochs", "3", "--seed", "4"),
        *("--set", "training.batch_size=64", "--set", "objectives.0.log=true"),
        *("--set", 'space.kinds=["conv"]', "--set", "think_s=2.5"),
    ) == {
        "name": "mnist-f446",
        "space": {"kind": "sparse", "kinds": ["conv"]},
        "data": "mnist",
        "binary": 5,
        "device": "stm32f446re",
        "objectives": [
            {"name": "error", "goal": "minimize", "log": True},
            {"name": "model_size:deployed", "goal": "minimize", "bound": 16000.0},
            {"name": "instructions@m4", "goal": "minimize", "limit": 90000.0},
        ],
        "trials": 200,
        "designer": "random",
        "seed": 4,
        "training": {"preset": "munas-mnist", "epochs": 3, "batch_size": 64},
        "think_s": 2.5,
    }


def test_constraints_are_sent_as_they_are_written(server: Scripted) -> None:
    sent = created(
        server, "oven", "--constraint", "heat <= 80", "--constraint", "gain>=2", "--trials", "3"
    )
    assert sent["constraints"] == ["heat <= 80", "gain>=2"]


def test_a_definition_comes_from_a_file_and_options_go_first(
    server: Scripted, tmp_path: Path
) -> None:
    file = tmp_path / "study.json"
    file.write_text(json.dumps({"name": "from-file", "trials": 5, "seed": 1}))
    assert created(server, "--file", str(file), "--trials", "9") == {
        "name": "from-file",
        "trials": 9,
        "seed": 1,
        "space": {"kind": "tiny"},
    }


def test_a_space_comes_from_a_file(server: Scripted, tmp_path: Path) -> None:
    file = tmp_path / "space.json"
    file.write_text('{"kind": "parameters", "parameters": []}')
    assert created(server, "a", "--space", str(file))["space"]["kind"] == "parameters"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("error", {"name": "error", "goal": "minimize"}),
        ("min error", {"name": "error", "goal": "minimize"}),
        ("max gain", {"name": "gain", "goal": "maximize"}),
        ("gain >= 0.9", {"name": "gain", "goal": "maximize", "bound": 0.9}),
        ("a:b-c.d<=1e3!", {"name": "a:b-c.d", "goal": "minimize", "limit": 1000.0}),
        ("m<=5<=9!", {"name": "m", "goal": "minimize", "bound": 5.0, "limit": 9.0}),
        ("m<=-5 <= -1 !", {"name": "m", "goal": "minimize", "bound": -5.0, "limit": -1.0}),
    ],
)
def test_an_objective_is_read(server: Scripted, text: str, meant: dict[str, Any]) -> None:
    assert created(server, "a", "--objective", text)["objectives"] == [meant]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["a", "--objective", ""],
        ["a", "--objective", "m<5"],
        ["a", "--objective", "m<=big"],
        ["a", "--objective", "m<=nan"],
        ["a", "--objective", "m<="],
        ["a", "--objective", "m<=1 or so"],
        ["a", "--objective", "m<=1<=2"],
        ["a", "--objective", "min m>=1"],
        ["a", "--objective", "m<=1>=2"],
        ["a", "--objective", "9m"],
        ["a", "--set", "training"],
        ["a", "--set", "=3"],
        ["a", "--set", "name.deep=3"],
        ["a", "--objective", "m", "--set", "objectives.7.log=true"],
        ["a", "--file", "/no/such/file.json"],
        ["a", "--space", "/no/such/space.json"],
        ["a", "--trials", "none"],
        ["a", "--trials", "0"],
        ["a", "--binary", "0"],
        ["a", "--binary", "few"],
        ["a", "--no-such-option"],
    ],
)
def test_a_wrong_option_is_a_usage_error_of_one_line(server: Scripted, words: list[str]) -> None:
    result = run("study", "create", *words, code=2)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert re.fullmatch(r"tinyfront: .+[.?] See: tinyfront study create --help\n", result.stderr)
    assert server.requests == []


def test_a_file_that_is_no_json_object_is_a_usage_error(tmp_path: Path) -> None:
    for text in ("{", "[1]"):
        file = tmp_path / "study.json"
        file.write_text(text)
        assert str(file) in run("study", "create", "--file", str(file), code=2).stderr


def test_other_budgets_are_extended_by_options(server: Scripted) -> None:
    server.say("GET", "/studies/7", ok(study_json()))
    server.say("PATCH", "/studies/7", ok(study_json(trials=50)))
    run("study", "extend", "toy", "--total-epochs", "100", "--hours", "0.5", "--plateau", "9")
    more = {"epochs": 100, "hours": 0.5, "plateau": 9}
    assert server.sent("PATCH", "/studies/7")[-1] == more
    assert "need how many more" in run("study", "extend", "toy", code=2).stderr


def test_a_study_shows_its_budgets_and_why_it_ended(server: Scripted) -> None:
    ended = {"status": "ended", "ended_reason": "hours", "ended_because": "2 h passed"}
    budgets = {"epochs": 900, "epochs_done": 417, "hours": 2.0, "plateau": 30}
    definition = {"stopping": {"rule": "halving"}}
    wire = study_json(**ended, **budgets, definition=definition)
    server.say("GET", "/studies/over", ok(wire))
    shown = " ".join(run("study", "show", "over").stdout.split())
    for words in ("status ended: 2 h passed", "900 epochs, 417 done", "or ends after 2 h"):
        assert words in shown
    assert "30 trials without growth of the hypervolume" in shown
    assert "stopping halving" in shown
