"""Asking for trials: what is claimed, when the loop ends, what goes back."""

import itertools
import re
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

import tinyfront
from tests.client.scripted import (
    Scripted,
    leases,
    nothing,
    ok,
    study_json,
)
from tinyfront import AskedTrial, InvalidArgument, Study

LEASES = "/studies/7/leases"
ROOT = Path(__file__).parents[2]


def test_trials_come_until_the_study_has_ended(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, leases(1), leases(2), nothing())
    seen = []
    for trial in study.ask():
        seen.append((trial.number, trial.parameters))
        trial.complete({"cost": trial.parameters["x"] ** 2, "size": 3})
    assert seen == [(1, {"x": 0.5}), (2, {"x": 0.5})]
    assert server.sent("POST", "/trials/102/complete") == [
        {"token": "token-2", "metrics": {"cost": 0.25, "size": 3.0}}
    ]


def test_a_study_without_work_that_has_not_ended_is_asked_again(
    server: Scripted, study: Study
) -> None:
    server.answers["GET", "/studies/7"].clear()
    server.say("GET", "/studies/7", ok(study_json()), ok(study_json(status="paused")))
    server.say("GET", "/studies/7", ok(study_json(status="ended")))
    server.say("POST", LEASES, nothing(), nothing(), leases(1), nothing())
    for trial in study.ask():
        trial.complete({"cost": 1})
    assert len(server.sent("POST", LEASES)) == 4
    assert all(pause > 0.4 for pause in server.pauses)


def test_a_loop_that_could_only_wait_is_refused_with_what_to_say(
    server: Scripted, study: Study
) -> None:
    """A study of networks asks for the error of integers, unless it was told otherwise."""
    for quantisation, refused in (("post_training", True), ("none", False)):
        definition = {"space": {"kind": "cnn"}, "training": {"quantisation": quantisation}}
        server.answers["GET", "/studies/7"].clear()
        server.say("GET", "/studies/7", ok(study_json(status="ended", definition=definition)))
        study.refresh()
        if refused:
            with pytest.raises(InvalidArgument, match=r"""^has: .* 'toy' .*"can": \["int8"\]"""):
                study.ask()
        server.say("POST", LEASES, nothing())
        assert list(study.ask(has={"can": ["int8"]} if refused else None)) == []
    assert server.sent("POST", LEASES)[0]["can"] == ["int8"]
    recipe = {"quantisation": "aware", "weight_bits": 4}
    definition = {"space": {"kind": "cnn"}, "training": recipe}
    server.answers["GET", "/studies/7"].clear()
    server.say("GET", "/studies/7", ok(study_json(status="ended", definition=definition)))
    study.refresh()
    with pytest.raises(InvalidArgument, match=r"weights of 4 bits; say .*\"int8\", \"int4\""):
        study.ask(has={"can": ["int8"]})


def test_asking_ends_when_no_trial_comes_for_as_long_as_one_wants_to_wait(
    server: Scripted, study: Study
) -> None:
    server.answers["GET", "/studies/7"].clear()
    server.say("GET", "/studies/7", ok(study_json()))
    server.say("POST", LEASES, nothing())
    assert list(study.ask(wait=0.05)) == []
    assert server.sent("POST", LEASES)[0]["wait_s"] <= 0.05


def test_a_claim_says_what_the_wire_wants(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, nothing())
    assert list(study.ask(count=3, lease="2m", worker="lab-1")) == []
    (claim,) = server.sent("POST", LEASES)
    assert re.fullmatch(r"[0-9a-f]{32}", claim.pop("request_id"))
    assert claim == {
        "worker": "lab-1",
        "count": 3,
        "lease_s": 120,
        "wait_s": 20.0,
        "resume": True,
    }


def test_without_a_name_two_loops_are_two_workers_that_resume_nothing(
    server: Scripted, study: Study
) -> None:
    server.say("POST", LEASES, nothing())
    assert list(study.ask()) == []
    assert list(study.ask()) == []
    first, second = server.sent("POST", LEASES)
    assert first["worker"] != second["worker"]
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", first["worker"])
    assert not first["resume"]


def test_only_the_first_claim_of_a_loop_resumes(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, leases(1), nothing())
    for trial in study.ask(worker="lab-1"):
        trial.complete({"cost": 1})
    assert [claim["resume"] for claim in server.sent("POST", LEASES)] == [True, False]


def test_a_claim_that_is_tried_again_carries_the_same_id_and_the_next_another(
    server: Scripted, study: Study
) -> None:
    server.say("POST", LEASES, httpx.ReadError("reset"), leases(1), nothing())
    for trial in study.ask():
        trial.complete({"cost": 1})
    ids = [claim["request_id"] for claim in server.sent("POST", LEASES)]
    assert ids[0] == ids[1]
    assert ids[1] != ids[2]


def test_what_is_open_when_the_loop_is_left_goes_back(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, leases(1, 2, 3))
    for trial in study.ask(count=3):
        if trial.number == 2:
            break
        trial.complete({"cost": 1})
    released = [
        number for number in (1, 2, 3) if server.sent("POST", f"/trials/10{number}/release")
    ]
    assert released == [2, 3]


def test_an_exception_in_the_body_leaves_the_loop_so_the_trial_goes_back(
    server: Scripted, study: Study
) -> None:
    server.say("POST", LEASES, leases(1))

    def work() -> None:
        for _ in study.ask():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert len(server.sent("POST", "/trials/101/release")) == 1


def test_a_loop_that_forgets_its_trial_is_told_so(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, leases(1))
    with pytest.raises(tinyfront.TrialLeftOpen, match="count="):
        for _ in study.ask():
            pass
    assert len(server.sent("POST", "/trials/101/release")) == 1


def test_a_trial_that_was_cancelled_needs_no_result(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, leases(1), nothing())
    server.say("POST", "/trials/101/reports", ok({"order": "cancel"}))
    for trial in study.ask():
        assert not trial.should_stop
        assert trial.report(1, {"loss": 0.5}) == "cancel"
        assert trial.should_stop
    assert server.sent("POST", "/trials/101/reports") == [
        {"token": "token-1", "step": 1, "metrics": {"loss": 0.5}}
    ]


def test_with_several_trials_others_close_them_and_the_loop_waits_for_room(
    server: Scripted, study: Study
) -> None:
    server.say("POST", LEASES, leases(1, 2), leases(3), nothing())
    third_came = threading.Event()
    threads = []

    def finish(trial: AskedTrial) -> None:
        if trial.number == 2:
            assert third_came.wait(30)
        trial.complete({"cost": 1})

    for trial in study.ask(count=2):
        if trial.number == 3:
            third_came.set()
        threads.append(threading.Thread(target=finish, args=[trial]))
        threads[-1].start()
    for thread in threads:
        thread.join()
    assert [claim["count"] for claim in server.sent("POST", LEASES)][:2] == [2, 1]
    assert [len(server.sent("POST", f"/trials/10{n}/complete")) for n in (1, 2, 3)] == [1, 1, 1]


def test_a_batch_can_be_taken_at_once(server: Scripted, study: Study) -> None:
    server.say("POST", LEASES, leases(1, 2, 3), nothing())
    asking = study.ask(count=3)
    batch = list(itertools.islice(asking, 3))
    for trial in batch:
        trial.complete({"cost": 1})
    assert list(asking) == []


@pytest.mark.parametrize("options", [{"count": 0}, {"count": 65}, {"lease": 9}, {"lease": "8d"}])
def test_what_no_server_grants_is_refused_at_once(study: Study, options: dict[str, Any]) -> None:
    with pytest.raises(tinyfront.InvalidArgument):
        study.ask(**options)
