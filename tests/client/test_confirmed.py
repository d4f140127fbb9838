"""Confirming a front from a program and from the command line, before a scripted server."""

import dataclasses
import json
from typing import Any

import pytest
from typer.testing import CliRunner

import tinyfront
from service.api.schemas import confirming
from tests.client.scripted import Scripted, objective_json, ok, problem, study_json
from tinyfront import Study, confirmed
from tinyfront.cli import app

OBJECTIVES = [objective_json("error"), objective_json("macs", unit="MACs")]


def network_json(number: int = 3, **changes: Any) -> dict[str, Any]:
    run = {"id": 140, "number": 40, "status": "completed", "replicate": 1, "reason": None}
    return {
        "trial": {"id": 100 + number, "number": number, "status": "completed"},
        "observed": {"error": 0.1, "macs": 2000.0},
        "runs": [run | {"values": {"error": 0.12, "test_error": 0.15}}],
        "completed": 1,
        "mean": {"error": 0.12, "test_error": 0.15, "macs": 2000.0},
        "sd": {"error": 0.01, "test_error": None, "macs": 0.0},
        "feasible": True,
    } | changes


def confirmed_json(*networks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "test_reads": 1,
        "open": 0,
        "observed_hypervolume": 0.8,
        "confirmed_hypervolume": 0.75,
        "optimism": 0.05,
        "objectives": OBJECTIVES,
        "items": list(networks),
    } | changes


@pytest.fixture
def study(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> Study:
    server.say("GET", "/studies/toy", ok(study_json(objectives=OBJECTIVES, test_reads=1)))
    monkeypatch.setattr("tinyfront.cli.profiles.Client", lambda *_: server.client())
    return server.client().study("toy")


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, [*words])
    assert result.exit_code == code, result.output
    return result.output


def test_a_study_says_what_it_wants_confirmed(server: Scripted, study: Study) -> None:
    server.say("POST", "/studies/7/confirm", ok(confirmed_json(network_json(), open=3), 201))
    assert study.confirm().open == 3
    study.confirm(networks=5, seeds=2, again=True, trials=(4, 9))
    assert server.sent("POST", "/studies/7/confirm") == [
        {"networks": 20, "seeds": 3, "again": False},
        {"networks": 5, "seeds": 2, "again": True, "trials": [4, 9]},
    ]
    assert study.state.test_reads == 1


def test_what_was_confirmed_is_read_whole(server: Scripted, study: Study) -> None:
    wire = confirmed_json(network_json(), network_json(5, runs=[], mean={}, sd={}, completed=0))
    server.say("GET", "/studies/7/confirmed", ok(wire | {"news": 1}))
    found = study.confirmed()
    assert (found.test_reads, found.optimism, found.wire["news"]) == (1, 0.05, 1)
    assert (found.observed_hypervolume, found.confirmed_hypervolume) == (0.8, 0.75)
    assert [objective.name for objective in found.objectives] == ["error", "macs"]
    first, second = found.networks
    assert (first.number, first.mean["test_error"], first.sd["error"]) == (3, 0.15, 0.01)
    assert first.runs[0].values["test_error"] == 0.15
    assert (second.number, second.completed, second.runs) == (5, 0, ())


def test_a_second_reading_that_was_not_wanted_is_a_conflict(server: Scripted, study: Study) -> None:
    refusal = problem(409, "The test set has been read once.", remedy="Send again=true.")
    server.say("POST", "/studies/7/confirm", refusal)
    with pytest.raises(tinyfront.Conflict, match="read once"):
        study.confirm()
    assert "again=true" in run("confirm", "toy", code=6)


def test_an_answer_that_is_none_is_an_error_of_ours(server: Scripted, study: Study) -> None:
    server.say("GET", "/studies/7/confirmed", ok(confirmed_json({"trial": 3})))
    with pytest.raises(tinyfront.UnreadableAnswer, match="no confirmed network"):
        study.confirmed()


def test_the_command_confirms(server: Scripted, study: Study) -> None:
    server.say("POST", "/studies/7/confirm", ok(confirmed_json(network_json(), open=2), 201))
    said = run("confirm", "toy", "--networks", "4", "--seeds", "2", "--again")
    assert "2 runs are still to come." in said
    run("confirm", "toy", "--trial", "3", "--trial", "8")
    assert server.sent("POST", "/studies/7/confirm") == [
        {"networks": 4, "seeds": 2, "again": True},
        {"networks": 20, "seeds": 3, "again": False, "trials": [3, 8]},
    ]


def test_the_command_shows_what_was_confirmed(server: Scripted, study: Study) -> None:
    lost = network_json(5, mean={}, sd={}, completed=0)
    over = network_json(6, feasible=False)
    wire = confirmed_json(network_json(), over, lost, test_reads=2)
    server.say("GET", "/studies/7/confirmed", ok(wire))
    said = run("confirmed", "toy")
    row = next(line for line in said.splitlines() if line.split()[:1] == ["3"])
    assert row.split() == ["3", "1/1", "0.1", "0.12", "±", "0.01", "0.15", "2,000"]
    assert "beyond a limit" in said
    assert "The test set was read 2 times." in said
    assert "Not confirmed, since no run came to an end: 5." in said
    assert "Hypervolume: observed 0.8, confirmed 0.75, optimism 0.05." in said
    assert json.loads(run("confirmed", "toy", "--json")) == wire


def test_the_command_says_that_nothing_was_confirmed(server: Scripted, study: Study) -> None:
    nothing = {"observed_hypervolume": None, "confirmed_hypervolume": None, "optimism": None}
    server.say("GET", "/studies/7/confirmed", ok(confirmed_json(test_reads=0, **nothing)))
    said = run("confirmed", "toy")
    assert said == "Nothing is confirmed: the test set has not been read.\n"


@pytest.mark.parametrize(
    ("record", "schema", "ours"),
    [
        (confirmed.Confirmed, confirming.ConfirmedOut, {"wire", "networks"}),
        (confirmed.ConfirmedNetwork, confirming.ConfirmedNetwork, set()),
        (confirmed.ConfirmRun, confirming.RunOut, set()),
    ],
)
def test_every_field_that_is_read_is_one_that_the_server_sends(
    record: Any, schema: Any, ours: set[str]
) -> None:
    fields = {field.name for field in dataclasses.fields(record)} - ours
    assert fields <= set(schema.model_fields)


def test_every_field_of_the_request_can_be_given() -> None:
    names = set(Study.confirm.__annotations__) - {"return"}
    assert names == set(confirming.ConfirmIn.model_fields)
