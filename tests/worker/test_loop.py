"""The worker as a whole: announce, claim, serve, end."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.worker.fake_server import FakeServer
from tests.worker.samples import arrays, data_set, save, work_json
from worker import loop
from worker.child import Place
from worker.data import DataSet, load
from worker.errors import Refused, ServerAway, Unfit
from worker.loop import Options, Worker
from worker.process import TrainingProcess


class KeptProcess(TrainingProcess):
    """A training process that outlives its worker: starting one takes seconds."""

    kept = True

    def start(self) -> None:
        if self.pid is None:
            super().start()

    def kill(self) -> None:
        if not self.kept:
            super().kill()


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrainingProcess]:
    process = KeptProcess(Place("cpu", 1, tmp_path_factory.mktemp("data")))
    yield process
    process.kept = False
    process.kill()


@pytest.fixture
def folder(process: TrainingProcess) -> Path:
    assert process.place.data_dir is not None
    for path in process.place.data_dir.iterdir():
        path.unlink()
    return process.place.data_dir


@pytest.fixture
def data(folder: Path) -> DataSet:
    return data_set(folder)


def worker(
    server: FakeServer,
    process: TrainingProcess,
    stopping: threading.Event | None = None,
    trials: int | None = None,
    study: str | None = None,
    **more: Any,
) -> Worker:
    options = Options("bench-1", study=study, trials=trials, **more)
    return Worker(server.api(), process, options, stopping or threading.Event())


def when(condition: Callable[[], object], then: Callable[[], object]) -> threading.Thread:
    """Do something in a thread as soon as something is true."""

    def watch() -> None:
        deadline_s = time.monotonic() + 60
        while not condition() and time.monotonic() < deadline_s:
            time.sleep(0.01)
        then()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_a_worker_says_what_it_is_before_it_asks_for_work(
    process: TrainingProcess, data: DataSet, folder: Path
) -> None:
    save(folder, "bad", y_train=None)
    server = FakeServer(queue=[work_json(data)])
    worker(server, process, trials=1).run()
    method, path, announced = server.calls[0]
    assert (method, path) == ("PUT", "/workers/bench-1")
    assert announced["accelerator"] == "cpu"
    assert announced["memory_mib"] > 100
    assert set(announced["versions"]) == {"tinyfront", "python", "torch"}
    problems = {fact["name"]: fact["problem"] for fact in announced["data"]}
    assert list(problems) == ["bad", "digits", "rows"]
    assert problems["rows"] is None
    assert "y_train is missing" in problems["bad"]
    claim = server.calls[1][2]
    assert set(claim["data"]) == {"digits", "rows"}
    assert claim["data"]["rows"] == data.sha256
    assert (claim["worker"], claim["kinds"], claim["resume"]) == ("bench-1", ["network"], False)
    assert (claim["accelerator"], claim["memory_mib"]) == ("cpu", announced["memory_mib"])


def test_trials_are_served_one_after_the_other_until_there_were_enough(
    process: TrainingProcess, data: DataSet
) -> None:
    server = FakeServer(queue=[work_json(data)] * 5)
    worker(server, process, trials=3).run()
    assert [path for _, path, _ in server.calls if path.endswith("/complete")] == [
        f"/trials/{number}/complete" for number in (1, 2, 3)
    ]
    assert len(server.queue) == 2


def test_a_worker_asks_for_leases_as_long_as_it_was_told(
    process: TrainingProcess, data: DataSet
) -> None:
    server = FakeServer(queue=[work_json(data)])
    worker(server, process, trials=1, lease_s=12).run()
    assert [body["lease_s"] for body in server.of("/leases")] == [12]


def test_a_worker_of_one_study_ends_with_it(process: TrainingProcess, data: DataSet) -> None:
    server = FakeServer(queue=[work_json(data)], study_status="ended", longest_poll_s=0.0)
    worker(server, process, study="toy").run()
    claims = [path for _, path, _ in server.calls if path.endswith("/leases")]
    assert claims == ["/studies/toy/leases"] * 2
    assert len(server.of("/complete")) == 1


def test_a_worker_that_can_do_nothing_of_its_study_ends_before_it_asks(
    process: TrainingProcess, data: DataSet
) -> None:
    server = FakeServer(study={"name": "box", "definition": {"space": {"kind": "parameters"}}})
    with pytest.raises(Unfit, match=r"^--study: box is a black box"):
        worker(server, process, study="box").run()
    assert server.of("/leases") == []


def test_a_worker_that_comes_back_asks_once_for_what_it_left_open(
    process: TrainingProcess, data: DataSet
) -> None:
    server = FakeServer(queue=[work_json(data)] * 2)
    worker(server, process, trials=2, resume=True).run()
    assert [body["resume"] for body in server.of("/leases")] == [True, False]


def test_an_idle_worker_ends_at_once_when_told_to(process: TrainingProcess, data: DataSet) -> None:
    server, stopping = FakeServer(), threading.Event()
    told = when(server.waiting.is_set, stopping.set)
    started_s = time.monotonic()
    worker(server, process, stopping).run()
    told.join()
    assert time.monotonic() - started_s < 15  # of a poll of 20
    assert server.of("/complete") == []


def test_a_lease_that_arrives_while_the_worker_ends_is_handed_back(
    process: TrainingProcess, data: DataSet
) -> None:
    server, stopping = FakeServer(), threading.Event()

    def work_and_stop() -> None:
        stopping.set()
        server.queue.append(work_json(data))

    told = when(server.waiting.is_set, work_and_stop)
    worker(server, process, stopping).run()
    told.join()
    claims = server.of("/leases")
    assert claims[0]["request_id"] == claims[1]["request_id"]
    assert claims[1]["wait_s"] == 0
    assert len(server.of("/release")) == 1


def test_a_claim_whose_answer_was_lost_is_repeated_under_the_same_id(
    process: TrainingProcess, data: DataSet
) -> None:
    lost: list[str] = []

    def lose_the_first(path: str) -> bool:
        if path == "/leases" and not lost:
            lost.append(path)
            return True
        return False

    server = FakeServer(queue=[work_json(data)], away=lose_the_first)
    worker(server, process, trials=1).run()
    assert lost == ["/leases"]
    assert [body["request_id"] for body in server.lost + server.of("/leases")] == [
        server.of("/leases")[0]["request_id"]
    ] * 2


def test_a_changed_file_is_announced_anew_and_its_old_study_left_alone(
    process: TrainingProcess, folder: Path
) -> None:
    save(folder, "fresh")  # a name that the kept process has not loaded
    data = load(folder, "fresh")
    server, stopping = FakeServer(queue=[work_json(data)]), threading.Event()

    def change(path: str) -> bool:
        if path == "/leases" and not server.of("/leases"):
            save(folder, "fresh", x_test=arrays(seed=5)["x_test"])
        return False

    server.away = change
    told = when(lambda: server.waiting.is_set(), stopping.set)
    worker(server, process, stopping).run()
    told.join()
    first, second = server.of("/workers/bench-1")
    shas = [
        next(fact["sha256"] for fact in said["data"] if fact["name"] == "fresh")
        for said in (first, second)
    ]
    assert shas[0] == data.sha256 != shas[1]
    assert len(server.of("/release")) == 1
    assert server.of("/leases")[1]["data"]["fresh"] == shas[1]


def test_data_whose_split_differs_is_asked_for_no_more(
    process: TrainingProcess, data: DataSet
) -> None:
    server = FakeServer(queue=[work_json(data) | {"split_sha256": "0" * 64}, work_json(data)])
    worker(server, process, trials=2).run()
    assert "rows" in server.of("/leases")[0]["data"]
    assert "rows" not in server.of("/leases")[1]["data"]
    assert "splits rows in another way" in server.of("/release")[0]["reason"]


def test_no_server_at_all_is_told_soon(
    process: TrainingProcess, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "FIRST_ANSWER_S", 0.3)
    with pytest.raises(ServerAway, match="The server is away"):
        worker(FakeServer(away=lambda path: True), process).run()


def test_a_study_that_does_not_exist_ends_the_worker_with_the_servers_words(
    process: TrainingProcess, data: DataSet
) -> None:
    server = FakeServer(refuse={"/studies/toi/leases": (404, "There is no study 'toi'.")})
    with pytest.raises(Refused, match="There is no study 'toi'"):
        worker(server, process, study="toi").run()


def test_what_a_worker_logs_its_server_has_when_it_ends(
    process: TrainingProcess, data: DataSet, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "worker")
    server = FakeServer(queue=[work_json(data)])
    worker(server, process, trials=1).run()
    lines = [line for body in server.of("/workers/bench-1/log") for line in body["lines"]]
    logged = [each.getMessage() for each in caplog.records if each.name.startswith("worker.")]
    assert [line["text"] for line in lines] == logged
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    told = [path for _, path, _ in server.calls]
    assert told.index("/workers/bench-1") < told.index("/workers/bench-1/log")
    assert lines[-1]["text"] == "Worker bench-1 ends."
    assert any(line["text"].startswith("Trial 1 of toy: error") for line in lines)
