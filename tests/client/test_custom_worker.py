"""A worker of one's own, behind the transport seam: what it says and how it takes what it hears."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

import tinyfront
from tests.client.scripted import (
    Scripted,
    lease_json,
    nothing,
    ok,
    study_json,
    trial_json,
)
from tests.client.working import LEASES, MINE, NETWORK, lent, sent, worker_of
from tinyfront import (
    Client,
    DataSet,
    Parameters,
    Real,
    TrialCancelled,
    Worker,
    WorkerTrial,
    minimize,
)


def test_a_function_is_called_for_each_trial_until_the_study_has_ended(
    black_box: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    lent(black_box, 1, 2)
    worker = worker_of(black_box)

    @worker.evaluate
    def measure(trial: WorkerTrial) -> dict[str, float]:
        return {"cost": trial.parameters["x"] * trial.number, "size": 3}

    assert measure.__name__ == "measure"
    assert worker.run("toy") == 2
    assert [sent(black_box, n, "complete")[0]["metrics"]["cost"] for n in (1, 2)] == [0.5, 1.0]
    told = capsys.readouterr().err
    assert "Trial 1 of toy: cost 0.5, size 3 (" in told
    (said,) = black_box.sent("PUT", "/workers/mine")
    assert (said["accelerator"], said["data"], said["pid"]) == ("cpu", [], os.getpid())
    claim = black_box.sent("POST", LEASES)[0]
    assert (claim["kinds"], claim["data"], claim["can"]) == (["parameters"], {}, [])
    assert (claim["worker"], claim["resume"], claim["lease_s"]) == ("mine", True, 60)


def test_a_network_worker_announces_its_data_and_sees_the_whole_recipe(
    black_box: Scripted, tmp_path: Path
) -> None:
    black_box.say("GET", "/data", ok({"items": []}))
    black_box.say("POST", "/leases", ok({"leases": [lease_json(1, work=NETWORK)]}))
    black_box.say("POST", "/trials/101/reports", ok({"order": "continue"}))
    black_box.say("PUT", "/attempts/501/artefacts/weights.npz", ok({}, 201))
    worker = worker_of(black_box, data=[MINE], can=["parent", "binary"], memory_mib=8000)
    seen = {}

    @worker.evaluate
    def train(trial: WorkerTrial) -> dict[str, float]:
        seen.update(graph=trial.graph, training=trial.training, pruning=trial.pruning)
        seen.update(data=trial.data_name, seed=trial.seed, binary=trial.binary)
        seen.update(parent=trial.parent, metrics=trial.metrics, study=trial.study)
        assert trial.report(1, {"error": 0.5}) == "continue"
        (tmp_path / "w").write_bytes(b"weights")
        trial.save("weights.npz", tmp_path / "w")
        return {"error": 0.25}

    assert worker.run(trials=1, progress=False) == 1
    assert seen == {
        "graph": {"version": 1, "nodes": []},
        "training": {"epochs": 3},
        "pruning": None,
        "data": "mine",
        "seed": 5,
        "binary": 2,
        "parent": {"trial": 99, "number": 4, "key": "k"},
        "metrics": ("error",),
        "study": "toy",
    }
    claim = black_box.sent("POST", "/leases")[0]
    assert (claim["kinds"], claim["can"]) == (["network"], ["parent", "binary"])
    assert (claim["data"], claim["memory_mib"]) == ({"mine": MINE.sha256}, 8000)
    (said,) = black_box.sent("PUT", "/workers/mine")
    assert said["data"] == [MINE.to_json()]
    files = [r for r in black_box.requests if r.url.path.endswith("/artefacts/weights.npz")]
    assert [file.content for file in files] == [b"weights"]


def test_a_bare_name_means_the_set_that_others_have_announced(black_box: Scripted) -> None:
    known = {**MINE.to_json(), "name": "theirs"}
    broken = {"name": "broken", "problem": "no file", "sha256": None}
    black_box.say("GET", "/data", ok({"items": [known, broken]}))
    black_box.say("POST", "/leases", ok({"leases": [lease_json(1, work=NETWORK)]}))
    worker = worker_of(black_box, data=["theirs"])
    worker.evaluate(lambda trial: {"error": 0.5})
    worker.run(trials=1, progress=False)
    assert black_box.sent("PUT", "/workers/mine")[0]["data"] == [known]
    for name in ("broken", "unknown"):
        other = Worker(black_box.client(), data=[name])
        other.evaluate(lambda trial: {})
        with pytest.raises(tinyfront.InvalidArgument, match=f"no worker has announced '{name}'"):
            other.run()


def test_a_cancelled_trial_leaves_its_function_and_the_next_one_comes(black_box: Scripted) -> None:
    lent(black_box, 1, 2)
    orders = [{"order": "continue"}, {"order": "cancel"}]
    black_box.say("POST", "/trials/101/reports", *[ok(order) for order in orders])
    worker = worker_of(black_box)
    left = []

    @worker.evaluate
    def measure(trial: WorkerTrial) -> dict[str, float]:
        if trial.number == 1:
            try:
                for step in range(9):
                    trial.report(step, {"cost": 1.0})
            except TrialCancelled as cancelled:
                left.append(cancelled.number)
                raise
        return {"cost": 1.0}

    assert worker.run("toy", progress=False) == 2
    assert left == [1]
    assert sent(black_box, 1, "complete") == sent(black_box, 1, "fail") == []
    assert len(sent(black_box, 2, "complete")) == 1


def test_an_order_to_stop_is_returned_and_what_there_is_is_delivered(black_box: Scripted) -> None:
    lent(black_box, 1)
    black_box.say("POST", "/trials/101/reports", ok({"order": "stop"}))
    worker = worker_of(black_box)

    @worker.evaluate
    def measure(trial: WorkerTrial) -> dict[str, float]:
        assert trial.report(1, {"cost": 0.5}) == "stop"
        assert trial.should_stop
        return {"cost": 0.5}

    worker.run("toy", progress=False)
    assert sent(black_box, 1, "complete")[0]["metrics"] == {"cost": 0.5}


def test_a_function_may_close_its_trial_itself(black_box: Scripted) -> None:
    lent(black_box, 1)
    worker = worker_of(black_box)

    @worker.evaluate
    def measure(trial: WorkerTrial) -> None:
        trial.complete({"cost": 1.0}, details={"oven": "left"})

    assert worker.run("toy", progress=False) == 1
    assert sent(black_box, 1, "complete")[0]["details"] == {"oven": "left"}
    assert sent(black_box, 1, "fail") == []


def test_who_waits_for_abilities_is_told_which(
    black_box: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    black_box.answers["GET", "/studies/7"].clear()
    waiting = study_json(counts={"queued": 2})
    black_box.say("GET", "/studies/7", ok(waiting), ok(waiting), ok(study_json(status="ended")))
    queued = trial_json(3, status="queued", needs=["pruning", "training"])
    black_box.say("GET", "/studies/7/trials", ok({"items": [queued], "next": None}))
    black_box.say("GET", "/trials/103", ok(queued))
    black_box.say("POST", LEASES, nothing())
    worker = worker_of(black_box, can=["training"])
    worker.evaluate(lambda trial: {})
    worker.run("toy")
    told = capsys.readouterr().err
    assert told.count("Trial 3 waits for a worker that can pruning: Worker(can=['pruning'])") == 1


def test_a_queue_that_others_have_emptied_meanwhile_ends_no_worker(black_box: Scripted) -> None:
    black_box.answers["GET", "/studies/7"].clear()
    waiting = study_json(counts={"queued": 1})
    black_box.say("GET", "/studies/7", ok(waiting), ok(study_json(status="ended")))
    black_box.say("GET", "/studies/7/trials", ok({"items": [], "next": None}))
    black_box.say("POST", LEASES, nothing())
    worker = worker_of(black_box)
    worker.evaluate(lambda trial: {})
    assert worker.run("toy") == 0


def test_the_checksums_of_a_data_set_tell_bytes_and_splits_apart(tmp_path: Path) -> None:
    facts: dict[str, Any] = {"shape": (4,), "classes": 2, "train": 8, "validation": 2}
    (tmp_path / "a.bin").write_bytes(b"by")
    (tmp_path / "b.bin").write_bytes(b"tes")
    whole = DataSet.of("mine", b"bytes", split=[1, 2], **facts)
    files = DataSet.of("mine", [tmp_path / "a.bin", str(tmp_path / "b.bin")], split=[1, 2], **facts)
    assert files == whole
    assert DataSet.of("mine", b"other", split=[1, 2], **facts).sha256 != whole.sha256
    assert DataSet.of("mine", b"bytes", split=[1, 3], **facts).split_sha256 != whole.split_sha256
    assert json.dumps(whole.to_json())


def test_a_black_box_is_served_on_the_real_service_until_it_ends(client: Client) -> None:
    study = client.create_study(
        "served",
        space=Parameters(Real("x", 0, 1)),
        objectives=[minimize("cost", ideal=0, reference=1)],
        trials=3,
        designer="random",
    )
    worker = Worker(client)

    @worker.evaluate
    def measure(trial: WorkerTrial) -> dict[str, float]:
        trial.save("notes.json", b"{}")
        return {"cost": trial.parameters["x"]}

    assert worker.run("served", progress=False) == 3
    assert study.refresh().status == "ended"
    (notes,) = study.front()[0].artefacts()
    assert (notes.name, notes.media_type) == ("notes.json", "application/json")
