"""A trial that is held: its results, failures and blocks."""

from pathlib import Path
from typing import Any

import httpx
import pytest

import tinyfront
from tests.client.scripted import (
    Scripted,
    lease_json,
    leases,
    ok,
    problem,
    trial_json,
)
from tinyfront import Study

LEASES = "/studies/7/leases"
ROOT = Path(__file__).parents[2]


def test_an_exception_in_the_block_of_a_trial_fails_it_with_its_text(
    server: Scripted, study: Study
) -> None:
    server.say("POST", LEASES, leases(1))

    def work() -> None:
        for trial in study.ask():
            with trial:
                raise ValueError("the oven is cold")

    with pytest.raises(ValueError, match="the oven is cold"):
        work()
    assert server.sent("POST", "/trials/101/fail") == [
        {
            "token": "token-1",
            "reason": "ValueError: the oven is cold",
            "infeasible": False,
            "retry": True,
        }
    ]
    assert server.sent("POST", "/trials/101/release") == []


def test_an_interrupted_block_hands_its_trial_back(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, leases(1))

    def work() -> None:
        for trial in study.ask():
            with trial:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert server.sent("POST", "/trials/101/fail") == []
    assert len(server.sent("POST", "/trials/101/release")) == 1


def test_a_block_that_ends_without_a_result_is_an_error(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, leases(1))
    trial = next(asking := study.ask())
    with pytest.raises(tinyfront.TrialLeftOpen, match="Trial 1"), trial:
        pass
    asking.close()  # type: ignore[attr-defined]
    assert len(server.sent("POST", "/trials/101/release")) == 1


def test_a_server_that_is_away_does_not_hide_the_exception_of_a_block(
    server: Scripted, study: Study
) -> None:
    server.say("POST", LEASES, leases(1))
    server.answers["POST", "/trials/101/fail"].clear()
    server.say("POST", "/trials/101/fail", problem(422, "No."))
    asking = study.ask()
    trial = next(asking)
    with pytest.raises(ValueError, match="the oven is cold") as caught, trial:
        raise ValueError("the oven is cold")
    assert any("could not be handed back" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "high", None])
def test_a_metric_that_is_no_finite_number_is_refused_before_it_is_sent(
    server: Scripted, study: Study, value: Any
) -> None:
    server.say("POST", LEASES, leases(1))
    trial = next(study.ask())
    with pytest.raises(tinyfront.InvalidArgument, match=r"metrics\.cost"):
        trial.complete({"cost": value})
    assert server.sent("POST", "/trials/101/complete") == []


def test_a_result_is_tried_again_until_the_server_is_back(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, leases(1))
    done = server.answers["POST", "/trials/101/complete"].popleft()
    server.say("POST", "/trials/101/complete", *[httpx.ConnectError("refused")] * 40, done)
    asking = study.ask()
    assert next(asking).complete({"cost": 1}).number == 1
    assert sum(server.pauses) > 100


def test_a_result_that_was_refused_leaves_the_trial_open(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, leases(1))
    server.answers["POST", "/trials/101/complete"].clear()
    server.say("POST", "/trials/101/complete", problem(422, "size is missing."))
    server.say("POST", "/trials/101/complete", ok(trial_json(1)))
    asking = study.ask()
    trial = next(asking)
    with pytest.raises(tinyfront.Refused):
        trial.complete({"cost": 1})
    assert trial.is_open
    trial.complete({"cost": 1, "size": 2})
    assert not trial.is_open


def test_a_trial_that_others_finished_is_closed(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, leases(1))
    server.answers["POST", "/trials/101/complete"].clear()
    server.say("POST", "/trials/101/complete", problem(409, "It has another result."))
    trial = next(asking := study.ask())
    with pytest.raises(tinyfront.Conflict):
        trial.complete({"cost": 1})
    assert not trial.is_open
    asking.close()  # type: ignore[attr-defined]
    assert server.sent("POST", "/trials/101/release") == []


def test_a_failure_is_cut_to_what_the_server_takes(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, leases(1))
    trial = next(study.ask())
    trial.fail("x" * 100_000, infeasible=True)
    (body,) = server.sent("POST", "/trials/101/fail")
    assert len(body["reason"]) <= 4000
    assert body["infeasible"] is True


def test_the_network_of_a_trial_is_its_graph(server: Scripted, study: Study) -> None:
    work = {"kind": "network", "graph": {"version": 1, "nodes": []}}
    server.say("POST", LEASES, ok({"leases": [lease_json(1, work=work)]}))
    trial = next(study.ask())
    assert trial.graph == {"version": 1, "nodes": []}
    assert trial.parameters == {}
