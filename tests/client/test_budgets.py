"""Budgets and the stopping rule in the SDK, scripted and on the real service."""

import time

import pytest

from tests.client.scripted import Scripted, ok, study_json
from tinyfront import Client, InvalidArgument, Parameters, Real, minimize
from tinyfront.progress import standing


def test_budgets_and_the_rule_are_sent_only_if_given(server: Scripted) -> None:
    server.say("POST", "/studies", ok(study_json(), 201))
    client, space = server.client(), Parameters(Real("x", 0, 1))
    client.create_study("plain", space=space, objectives=["cost"], trials=9)
    client.create_study(
        "toy",
        space=space,
        objectives=["cost"],
        trials=9,
        epochs=100,
        hours=1.5,
        plateau=20,
        plateau_growth=0.01,
        stopping="halving",
    )
    client.create_study(
        "rule", space=space, objectives=["cost"], trials=9, stopping={"eta": 4, "first_epoch": 2}
    )
    plain, toy, rule = server.sent("POST", "/studies")
    fields = {"epochs": 100, "hours": 1.5, "plateau": 20, "plateau_growth": 0.01}
    assert toy == {**plain, "name": "toy", **fields, "stopping": {"rule": "halving"}}
    assert rule == {**plain, "name": "rule", "stopping": {"eta": 4, "first_epoch": 2}}


def test_every_budget_can_be_extended_or_begun(server: Scripted) -> None:
    server.say("GET", "/studies/toy", ok(study_json()))
    study = server.client().study("toy")
    server.say("GET", "/studies/7", ok(study_json(trials=50, epochs=900, hours=1.5)))
    server.say("PATCH", "/studies/7", ok(study_json(epochs=1000)))
    assert study.extend(epochs=100, hours=0.5, plateau=20).state.epochs == 1000
    assert server.sent("PATCH", "/studies/7") == [{"epochs": 1000, "hours": 2.0, "plateau": 20}]
    with pytest.raises(InvalidArgument, match="more of at least one budget"):
        study.extend()


def test_a_trial_that_falls_behind_is_stopped_and_the_epochs_end_the_study(client: Client) -> None:
    study = client.create_study(
        "falling-behind",
        space=Parameters(Real("x", 0, 1)),
        objectives=[minimize("cost", ideal=0, reference=1)],
        trials=1000,
        designer="random",
        epochs=130,
        stopping={"first_epoch": 1},
    )
    for place, trial in enumerate(study.ask()):
        cost, steps = 0.1 + place / 100, 0
        while steps < 10 and not trial.should_stop:
            steps += 1
            trial.report(steps, {"cost": cost})
            if place >= 8 and steps == 1:  # give the ledger its time
                deadline_s = time.monotonic() + 10
                while trial.renew() == "continue" and time.monotonic() < deadline_s:
                    time.sleep(0.05)
        trial.complete({"cost": cost})
    study.refresh()
    assert (study.state.ended_reason, study.state.epochs) == ("epochs", 130)
    assert study.state.epochs_done >= 130
    assert standing(study.state).endswith("ended: 130 epochs trained")
    stopped = list(study.trials("stopped"))
    assert len(stopped) == study.state.counts["stopped"] > 10
    assert stopped[-1].reason is not None
    assert stopped[-1].reason.startswith("stopped at epoch 1: rank ")
    assert not any(trial.on_front for trial in stopped)
    study.extend(epochs=1)
    assert study.state.status == "active"
