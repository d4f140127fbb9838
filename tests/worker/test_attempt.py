"""One lease from beginning to end, with a real training process and a fake server."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.worker.fake_server import FakeServer
from tests.worker.samples import data_set, work_json
from worker.api import Api, Lease
from worker.attempt import Attempt
from worker.child import Place
from worker.data import DataSet
from worker.deploy import storage, vectors
from worker.deploy.simulate import Simulation
from worker.deploy_step import EACH
from worker.messages import Completed, Failed, Infeasible, Message, OtherData
from worker.process import TrainingProcess
from worker.verifier import RECORD


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def data(folder: Path) -> DataSet:
    return data_set(folder)


@pytest.fixture(scope="module")
def process(folder: Path) -> Iterator[TrainingProcess]:
    started = TrainingProcess(Place("cpu", 1, folder))
    started.start()
    while started.ready(1.0) is None:
        pass
    yield started
    started.kill()


def attempt(
    api: Api, process: TrainingProcess, work: dict[str, Any], lease_s: int = 60, **changes: Any
) -> Message | None:
    lease = Lease(11, 3, "toy", 2, 1, "secret", lease_s, work)
    rest: dict[str, Any] = {"stopping": threading.Event(), "limit_s": 60.0} | changes
    return Attempt(api, process, lease, **rest).run()


def test_a_trial_is_reported_by_epoch_then_delivered_with_its_files(
    process: TrainingProcess, data: DataSet
) -> None:
    server, work = FakeServer(), work_json(data)
    assert isinstance(attempt(server.api(), process, work), Completed)
    paths = [path for _, path, _ in server.calls]
    assert paths == [
        *["/trials/3/reports"] * 3,
        "/attempts/11/artefacts/weights.safetensors",
        "/attempts/11/artefacts/graph.json",
        "/trials/3/complete",
    ]
    assert [body["step"] for body in server.of("/reports")] == [1, 2, 3]
    assert json.loads(server.of("/graph.json")[0]) == work["graph"]
    (result,) = server.of("/complete")
    assert result["token"] == "secret"
    assert set(result["metrics"]) == {"error", "error:float", "validation_images", "train_s"}
    assert result["metrics"]["error"] == server.of("/reports")[-1]["metrics"]["error"]


def test_a_network_in_integers_leaves_what_is_deployed_and_what_checks_it(
    process: TrainingProcess, data: DataSet
) -> None:
    server, work = FakeServer(), work_json(data, quantisation="post_training")
    assert isinstance(attempt(server.api(), process, work), Completed)
    left = {path.rpartition("/")[2] for _, path, _ in server.calls if "/artefacts/" in path}
    assert left == {"weights.safetensors", "graph.json", *RECORD, "model.tflite", "model.onnx"}
    record = storage.read(*(server.of(f"/{name}")[0] for name in RECORD[:2]))
    samples = vectors.read(server.of(f"/{vectors.NAME}")[0])
    answers = Simulation(record).run(torch.from_numpy(samples.inputs))
    assert len(answers) == 2 * EACH
    assert np.array_equal(answers, samples.answers)


def test_a_server_that_is_away_neither_stops_the_training_nor_loses_a_word(
    process: TrainingProcess, data: DataSet
) -> None:
    back_at_s = time.monotonic() + 1.0
    server = FakeServer(away=lambda path: time.monotonic() < back_at_s)
    assert isinstance(attempt(server.api(), process, work_json(data)), Completed)
    assert [body["step"] for body in server.of("/reports")] == [1, 2, 3]
    assert len(server.of("/complete")) == 1


def test_an_impossible_network_ends_as_infeasible(process: TrainingProcess, data: DataSet) -> None:
    server, work = FakeServer(), work_json(data, learning_rate=1e38)
    assert isinstance(attempt(server.api(), process, work), Infeasible)
    (failure,) = server.of("/fail")
    assert failure["infeasible"] is True
    assert "diverged" in failure["reason"]
    assert server.of("/complete") == []


def test_other_data_hands_the_trial_back(process: TrainingProcess, data: DataSet) -> None:
    server, work = FakeServer(), work_json(data) | {"data_sha256": "0" * 64}
    assert isinstance(attempt(server.api(), process, work), OtherData)
    (release,) = server.of("/release")
    assert "sha256" in release["reason"]
    assert server.of("/fail") == []


def test_work_that_this_worker_cannot_do_fails_for_another_to_try(
    process: TrainingProcess, data: DataSet
) -> None:
    server, work = FakeServer(), work_json(data) | {"pruning": {"target": 0.5}}
    assert isinstance(attempt(server.api(), process, work), Failed)
    (failure,) = server.of("/fail")
    assert failure["infeasible"] is False
    assert "pruning" in failure["reason"]


def test_a_cancelled_trial_is_dropped_and_its_training_ended(
    process: TrainingProcess, data: DataSet
) -> None:
    server = FakeServer(order=lambda path: "cancel")
    before = process.pid
    assert attempt(server.api(), process, work_json(data, epochs=10_000)) is None
    assert process.pid != before
    for ending in ("/complete", "/fail", "/release"):
        assert server.of(ending) == []


def test_a_stopped_trial_delivers_what_it_reached(process: TrainingProcess, data: DataSet) -> None:
    server = FakeServer(order=lambda path: "stop")
    result = attempt(server.api(), process, work_json(data, epochs=10_000))
    assert isinstance(result, Completed)
    (completion,) = server.of("/complete")
    assert completion["details"]["stopped"] is True
    assert completion["details"]["epochs"] == len(server.of("/reports")) < 10_000


def test_an_order_that_comes_by_renewal_is_obeyed_between_reports(
    process: TrainingProcess, data: DataSet
) -> None:
    server = FakeServer(order=lambda path: "stop" if path.endswith("/renew") else "continue")
    result = attempt(server.api(), process, work_json(data, epochs=10_000), lease_s=1)
    assert isinstance(result, Completed)
    assert len(server.of("/renew")) >= 1


def test_a_file_that_the_server_refuses_does_not_cost_the_result(
    process: TrainingProcess, data: DataSet
) -> None:
    server = FakeServer(refuse={"weights.safetensors": (413, "Too large.")})
    assert isinstance(attempt(server.api(), process, work_json(data)), Completed)
    assert len(server.of("/complete")) == 1


def test_a_result_that_the_server_refuses_fails_the_trial_with_its_words(
    process: TrainingProcess, data: DataSet
) -> None:
    server = FakeServer(refuse={"/complete": (422, "metrics.error: too good.")})
    assert attempt(server.api(), process, work_json(data)) is None
    (failure,) = server.of("/fail")
    assert failure["reason"] == "metrics.error: too good."


def test_a_training_that_takes_too_long_is_ended_and_fails(
    process: TrainingProcess, data: DataSet
) -> None:
    server = FakeServer()
    before = process.pid
    ended = attempt(server.api(), process, work_json(data, epochs=10_000), limit_s=0.5)
    assert isinstance(ended, Failed)
    assert process.pid != before
    (failure,) = server.of("/fail")
    assert failure["reason"] == "The training took longer than 0.5 s."
    assert failure["infeasible"] is False


def test_a_killed_training_process_fails_the_trial_with_the_cause(
    process: TrainingProcess, data: DataSet
) -> None:
    def kill_it(path: str) -> str:
        process._process.kill()  # type: ignore[union-attr]
        return "continue"

    server = FakeServer(order=kill_it)
    assert isinstance(attempt(server.api(), process, work_json(data, epochs=10_000)), Failed)
    (failure,) = server.of("/fail")
    assert "was killed (signal 9)" in failure["reason"]
    assert isinstance(attempt(FakeServer().api(), process, work_json(data)), Completed)


def test_a_worker_that_is_told_to_end_hands_its_trial_back(
    process: TrainingProcess, data: DataSet
) -> None:
    stopping = threading.Event()

    def stop(path: str) -> str:
        stopping.set()
        return "continue"

    server = FakeServer(order=stop)
    work = work_json(data, epochs=10_000)
    assert attempt(server.api(), process, work, stopping=stopping) is None
    assert [body["reason"] for body in server.of("/release")] == ["The worker was stopped."]
    assert server.of("/fail") == []
    process.start()
