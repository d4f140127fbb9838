"""A worker of one's own when something goes wrong: in its function, at the server, by hand."""

import signal
from typing import Any

import httpx
import pytest

import tinyfront
from tests.client.scripted import (
    Scripted,
    ok,
    problem,
    study_json,
    trial_json,
)
from tests.client.working import LEASES, MINE, lent, sent, worker_of
from tinyfront import Infeasible, Worker, WorkerTrial


def test_an_exception_fails_the_trial_and_the_worker_goes_on(
    black_box: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    lent(black_box, 1, 2)
    worker = worker_of(black_box)

    @worker.evaluate
    def measure(trial: WorkerTrial) -> dict[str, float]:
        if trial.number == 1:
            raise RuntimeError("the oven is cold")
        return {"cost": 1.0}

    assert worker.run("toy") == 2
    (failed,) = sent(black_box, 1, "fail")
    assert failed["reason"].startswith("RuntimeError: the oven is cold (test_worker_trouble.py, ")
    assert (failed["infeasible"], failed["retry"]) == (False, True)
    assert len(sent(black_box, 2, "complete")) == 1
    assert "Traceback" in capsys.readouterr().err


def test_five_failures_in_a_row_end_the_worker_with_the_last(black_box: Scripted) -> None:
    lent(black_box, *range(1, 8))
    worker = worker_of(black_box)
    worker.evaluate(lambda trial: {"cost": 1.0} if trial.number == 1 else undefined)  # type: ignore[name-defined]  # noqa: F821
    with pytest.raises(NameError) as caught:
        worker.run("toy", progress=False)
    assert "5 trials in a row failed" in "".join(caught.value.__notes__)
    assert [len(sent(black_box, n, "fail")) for n in range(1, 8)] == [0, 1, 1, 1, 1, 1, 0]


@pytest.mark.parametrize("how", ["raised", "returned", "reported"])
def test_a_point_without_a_value_is_infeasible(black_box: Scripted, how: str) -> None:
    lent(black_box, 1)
    worker = worker_of(black_box)

    @worker.evaluate
    def measure(trial: WorkerTrial) -> dict[str, float]:
        if how == "raised":
            raise Infeasible("it melts")
        if how == "reported":
            trial.report(3, {"loss": float("nan")})
        return {"cost": float("inf")}

    worker.run("toy", progress=False)
    (failed,) = sent(black_box, 1, "fail")
    reasons = {"raised": "it melts", "returned": "cost is inf", "reported": "loss is nan at step 3"}
    assert (failed["reason"], failed["infeasible"]) == (reasons[how], True)
    assert sent(black_box, 1, "complete") == []


def test_a_result_that_is_not_wanted_any_more_is_no_failure(
    black_box: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    lent(black_box, 1)
    black_box.answers["POST", "/trials/101/complete"].clear()
    black_box.say("POST", "/trials/101/complete", problem(409, "It was superseded."))
    worker = worker_of(black_box)
    worker.evaluate(lambda trial: {"cost": 1.0})
    assert worker.run("toy") == 1
    assert "not wanted any more: It was superseded." in capsys.readouterr().err
    assert sent(black_box, 1, "fail") == []


@pytest.mark.parametrize("returned", [None, 0.5, {"cost": "cheap"}])
def test_a_function_that_returns_no_values_fails_the_trial_with_what_it_returned(
    black_box: Scripted, returned: Any
) -> None:
    lent(black_box, 1)
    worker = worker_of(black_box)
    worker.evaluate(lambda trial: returned)
    worker.run("toy", progress=False)
    (failed,) = sent(black_box, 1, "fail")
    assert repr(returned["cost"] if isinstance(returned, dict) else returned) in failed["reason"]


def test_a_result_that_the_server_refuses_fails_the_trial_with_its_words(
    black_box: Scripted,
) -> None:
    lent(black_box, 1)
    black_box.answers["POST", "/trials/101/complete"].clear()
    black_box.say("POST", "/trials/101/complete", problem(422, "metrics.size: is needed."))
    worker = worker_of(black_box)
    worker.evaluate(lambda trial: {"cost": 1.0})
    worker.run("toy", progress=False)
    assert "metrics.size: is needed." in sent(black_box, 1, "fail")[0]["reason"]


@pytest.mark.parametrize("how", ["ctrl-c", "sigterm"])
def test_being_told_to_end_hands_the_trial_back(black_box: Scripted, how: str) -> None:
    lent(black_box, 1, 2)
    worker = worker_of(black_box)

    @worker.evaluate
    def measure(trial: WorkerTrial) -> dict[str, float]:
        if how == "ctrl-c":
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGTERM)
        return {"cost": 1.0}

    # As in a program of its own: a command that ran before in this process may have taken it.
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        assert worker.run("toy", progress=False) == 0
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
    (released,) = sent(black_box, 1, "release")
    assert "KeyboardInterrupt" in released["reason"] or "Terminated" in released["reason"]
    assert sent(black_box, 1, "complete") == []
    assert len(black_box.sent("POST", LEASES)) == 1


def test_a_server_that_is_away_meanwhile_is_waited_for(black_box: Scripted) -> None:
    lent(black_box, 1)
    away = httpx.ConnectError("refused")
    black_box.answers["POST", "/trials/101/complete"].clear()
    black_box.say("POST", "/trials/101/complete", away, away, ok(trial_json(1)))
    black_box.say("POST", "/trials/101/reports", away, ok({"order": "continue"}))
    worker = worker_of(black_box)

    @worker.evaluate
    def measure(trial: WorkerTrial) -> dict[str, float]:
        trial.report(1, {"cost": 1.0})
        return {"cost": 1.0}

    assert worker.run("toy", progress=False) == 1
    assert len(sent(black_box, 1, "complete")) == 3


def test_what_could_never_be_served_is_refused_before_it_begins(server: Scripted) -> None:
    nets = study_json(
        definition={"space": {"kind": "tiny"}},
        data={"name": "mine", "sha256": "0" * 64, "split_sha256": "1" * 64},
    )
    server.say("GET", "/studies/nets", ok(nets))
    box = study_json(definition={"space": {"kind": "parameters"}})
    server.say("GET", "/studies/box", ok(box))
    server.say("GET", "/data", ok({"items": []}))
    worker = Worker(server.client())
    with pytest.raises(tinyfront.InvalidArgument, match=r"@worker\.evaluate"):
        worker.run("nets")
    worker.evaluate(lambda trial: {})
    with pytest.raises(tinyfront.InvalidArgument, match="has a function already"):
        worker.evaluate(lambda trial: {})
    with pytest.raises(tinyfront.InvalidArgument, match="name one"):
        worker.run()
    with pytest.raises(tinyfront.InvalidArgument, match="toy trains on mine"):
        worker.run("nets")
    other = Worker(server.client(), data=[MINE])
    other.evaluate(lambda trial: {})
    with pytest.raises(tinyfront.InvalidArgument, match="toy is a black box, and a worker with"):
        other.run("box")
    with pytest.raises(tinyfront.InvalidArgument, match="its sha256 is 000000000000…, here it is"):
        other.run("nets")
    with pytest.raises(tinyfront.NotFound):
        worker.run("nothing")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"can": ["prune"]}, "can"),
        ({"can": "pruning"}, "can"),
        ({"data": "mine"}, "data"),
        ({"lease": "soon"}, "lease"),
    ],
)
def test_a_wrong_option_is_named(server: Scripted, options: dict[str, Any], field: str) -> None:
    with pytest.raises(tinyfront.InvalidArgument, match=field):
        Worker(server.client(), **options)
