"""The SDK and the command line against the real service: its own server, database and planner."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import tinyfront
from tests.client.toys import COST, SPACE, evaluated, finished, toy
from tinyfront import (
    Choice,
    Client,
    Cnn,
    Parameters,
    Real,
    minimize,
)


def test_a_black_box_with_conditions_and_constraints_runs_to_its_front(client: Client) -> None:
    study = client.create_study(
        "kiln",
        space=Parameters(
            Choice("kind", ["gas", "wood"]),
            Real("x", 0, 1),
            Real("draught", 0, 1, when={"kind": ["wood"]}),
            constraints=["x + draught <= 0.5"],
        ),
        objectives=[COST, minimize("fuel", expression="x + (2 if kind == 'wood' else 1)")],
        constraints=["heat <= 80", {"name": "glow", "limit": 0.0, "goal": "maximize"}],
        trials=8,
    )
    for trial in study.ask():
        with trial:
            values = dict(trial.parameters)
            assert ("draught" in values) == (values["kind"] == "wood")
            assert values["x"] + values.get("draught", 0) <= 0.5 or values["kind"] == "gas"
            heat = 90.0 if values["x"] > 0.25 else 70.0
            trial.complete({"cost": values["x"], "heat": heat, "glow": 1.0})
    study.wait(progress=False, timeout=30)
    assert [each.role for each in study.objectives] == ["measured", "known"]
    assert study.objectives[1].expression == "x + (2 if kind == 'wood' else 1)"
    assert [(each.name, each.limit) for each in study.state.constraints] == [
        ("heat", 80.0),
        ("glow", 0.0),
    ]
    trials = list(study.trials("completed"))
    assert all(trial.feasible == (trial.values["heat"] <= 80) for trial in trials)
    assert all(trial.values["fuel"] >= 1 for trial in trials)
    again = client.create_study_from(study.state.definition)
    assert again.id == study.id
    assert "values.heat" in b"".join(study.export()).decode().splitlines()[0]


def test_a_black_box_runs_from_its_definition_to_its_front(client: Client) -> None:
    study = finished(toy(client, "whole", trials=6)).wait(progress=False, timeout=30)
    assert study.status == "ended"
    assert study.state.counts["completed"] == 6
    front = study.front()
    assert 1 <= len(front) == study.state.front_size
    assert front.best("cost").values["cost"] == study.state.best["cost"]
    assert front.best("gain").values["gain"] == study.state.best["gain"]
    assert study.hypervolume() == study.hypervolume_history().points[-1].value
    table = study.to_pandas()
    assert list(table.index) == [1, 2, 3, 4, 5, 6]
    assert set(table["parameter.kind"]) <= {"a", "b"}
    assert list(front.to_pandas().index) == [trial.number for trial in front]


def test_the_figures_of_the_server_can_be_drawn(client: Client) -> None:
    study = finished(toy(client, "drawn"))
    assert len(study.front().plot().data) > 0
    assert len(study.plot("hypervolume").data) > 0
    trial = next(study.trials())
    assert trial.plot("learning") is not None


def test_the_same_definition_gives_back_the_study_and_another_is_a_conflict(
    client: Client,
) -> None:
    first = toy(client, "twice")
    assert toy(client, "twice").id == first.id
    assert client.create_study_from(first.state.definition).id == first.id
    with pytest.raises(tinyfront.Conflict) as caught:
        toy(client, "twice", trials=5)
    assert caught.value.problem.field == "trials"
    assert client.study("twice").id == client.study(first.id).id == first.id
    assert "twice" in {study.name for study in client.studies()}


def test_a_wrong_definition_is_refused_with_its_field(client: Client) -> None:
    with pytest.raises(tinyfront.Refused) as caught:
        client.create_study(
            "wrong", space=Parameters(Real("x", 1.0, 0.0)), objectives=[COST], trials=1
        )
    assert caught.value.problem.field == "space.parameters.0.low"
    assert caught.value.problem.remedy


def test_a_network_study_without_a_worker_says_how_to_start_one(client: Client) -> None:
    with pytest.raises(tinyfront.Refused, match="tinyfront-server worker") as caught:
        client.create_study("net", space=Cnn(), data="mnist", objectives=["error"], trials=1)
    assert caught.value.problem.field == "data"
    assert client.data() == []
    assert "stm32f446re" in {device["name"] for device in client.devices()}


def test_an_exception_fails_the_attempt_and_the_trial_comes_again(client: Client) -> None:
    study = toy(client, "failing", trials=1)
    asking = study.ask()
    with pytest.raises(ZeroDivisionError), next(asking) as trial:
        raise ZeroDivisionError("division by zero")
    again = next(asking)
    assert (again.number, again.attempt) == (trial.number, 2)
    again.complete(evaluated(again.parameters))
    assert list(asking) == []
    (attempt, _) = client.trial(again.id).detail()["attempts_list"]
    assert attempt["reason"] == "ZeroDivisionError: division by zero"


def test_a_trial_that_goes_back_costs_no_attempt(client: Client) -> None:
    study = toy(client, "back", trials=1)
    for trial in study.ask():
        number = trial.number
        break
    trial = next(asking := study.ask())
    assert trial.number == number
    assert client.trial(trial.id).detail()["attempts_list"][0]["outcome"] == "released"
    trial.fail("it melts", infeasible=True)
    assert list(asking) == []
    assert client.trial(trial.id).status == "infeasible"


def test_a_program_of_the_same_name_gets_its_open_trials_back(client: Client) -> None:
    study = toy(client, "resumed", trials=1)
    lost = study.ask(worker="lab-1")
    number = next(lost).number  # and then the program is killed
    asking = study.ask(worker="lab-1")
    trial = next(asking)
    assert trial.number == number
    trial.complete(evaluated(trial.parameters))
    assert list(asking) == []


def test_reports_and_results_may_be_repeated_if_they_are_equal(client: Client) -> None:
    study = toy(client, "repeated", trials=1)
    trial = next(asking := study.ask())
    for _ in range(2):
        assert trial.report(1, {"loss": 0.5}) == "continue"
    with pytest.raises(tinyfront.Conflict):
        trial.report(1, {"loss": 0.6})
    result = evaluated(trial.parameters)
    for _ in range(2):
        assert trial.complete(result, {"note": "by hand"}).values["cost"] == result["cost"]
    with pytest.raises(tinyfront.Conflict):
        trial.complete({"cost": 1.0, "gain": 1.0})
    assert list(asking) == []
    reports = client.trial(trial.id).detail()["reports"]
    assert [report["metrics"] for report in reports] == [{"loss": 0.5}]


def test_a_result_without_an_objective_is_refused_with_its_name(client: Client) -> None:
    study = toy(client, "missing", trials=1)
    trial = next(asking := study.ask())
    with pytest.raises(tinyfront.Refused, match="gain"):
        trial.complete({"cost": 1.0})
    assert trial.is_open
    trial.complete(evaluated(trial.parameters))
    assert list(asking) == []


def test_a_cancelled_trial_is_heard_of_at_the_next_report(client: Client) -> None:
    study = toy(client, "cancelled", trials=1)
    trial = next(asking := study.ask())
    client.trial(trial.id).cancel()
    assert trial.report(1, {"loss": 0.5}) == "cancel"
    assert trial.renew() == "cancel"
    assert not trial.is_open
    asking.close()  # type: ignore[attr-defined]


def test_several_trials_are_worked_on_at_a_time(client: Client) -> None:
    study = toy(client, "several", trials=12)
    with ThreadPoolExecutor(4) as workers:
        for trial in study.ask(count=4):
            workers.submit(lambda t: t.complete(evaluated(t.parameters)), trial)
    assert study.wait(progress=False, timeout=30).state.counts["completed"] == 12


def test_a_study_is_paused_resumed_extended_and_closed(client: Client) -> None:
    study = toy(client, "steered")
    assert study.pause().status == "paused"
    assert list(study.ask(wait=0.2)) == []
    assert study.resume().status == "active"
    assert study.extend(3).state.trials == 7
    assert study.close().status == "ended"
    assert list(study.ask()) == []
    study.delete()
    with pytest.raises(tinyfront.NotFound):
        client.study("steered")


def test_own_proposals_and_known_results_are_taken(client: Client) -> None:
    study = toy(client, "own", trials=2)
    study.enqueue({"x": 0.5, "n": 3, "kind": "a"}, values={"cost": 1.0, "gain": 2.0})
    study.enqueue({"x": 0.25, "n": 4, "kind": "b"})
    with pytest.raises(tinyfront.Refused) as caught:
        study.enqueue({"x": 7, "n": 3, "kind": "a"})
    assert "x" in (caught.value.problem.field or "")
    trial = next(asking := study.ask())
    assert trial.parameters == {"x": 0.25, "n": 4, "kind": "b"}
    trial.complete(evaluated(trial.parameters))
    assert list(asking) == []
    assert len(list(study.trials(status="completed"))) == 2


@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_an_export_has_a_line_for_each_trial(client: Client, format: str) -> None:
    study = finished(toy(client, f"export-{format}"))
    lines = b"".join(study.export(format)).decode().splitlines()
    assert len(lines) == (5 if format == "csv" else 4)


def test_every_space_that_can_be_built_is_read_by_the_server_as_it_was_meant(
    client: Client,
) -> None:
    sent = SPACE.to_json()
    read = toy(client, "read-back").state.definition["space"]
    assert len(read["parameters"]) == 3
    for ours, theirs in zip(sent["parameters"], read["parameters"], strict=True):
        assert {name: theirs[name] for name in ours} == ours
