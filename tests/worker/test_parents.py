"""A child begins with the weights of its parent, or the trial goes back with the reason."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.worker.fake_server import FakeServer
from tests.worker.samples import CHAIN, data_set, work_json
from worker import loop, parents
from worker.api import Lease
from worker.attempt import Attempt
from worker.child import Place
from worker.data import DataSet
from worker.errors import NoParent, ServerAway
from worker.loop import Options, Worker
from worker.messages import Completed, Failed, Message
from worker.messages import NoParent as NoParentSaid
from worker.parents import FILES, Fetch
from worker.patience import Patience
from worker.process import TrainingProcess

PARENT = {"key": "k", "trial": 5, "number": 4, "epochs": 3.0}


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


@pytest.fixture(scope="module")
def left(process: TrainingProcess, data: DataSet) -> dict[str, bytes]:
    """What a parent left: its network and its weights."""
    server = FakeServer()
    assert isinstance(attempt(server, process, work_json(data, epochs=40)), Completed)
    return {name: server.of(name)[0] for name in FILES}


def attempt(
    server: FakeServer, process: TrainingProcess, work: dict[str, Any], **changes: Any
) -> Message | None:
    lease = Lease(11, 3, "toy", 2, 1, "secret", 60, work)
    rest: dict[str, Any] = {"stopping": threading.Event(), "limit_s": 60.0} | changes
    return Attempt(server.api(), process, lease, **rest).run()


def child(data: DataSet, **changes: Any) -> dict[str, Any]:
    return work_json(data, **changes) | {"parent": PARENT}


def test_a_child_begins_where_its_parent_ended(
    process: TrainingProcess, data: DataSet, left: dict[str, bytes]
) -> None:
    server = FakeServer(files={5: left})
    # So small a rate that nothing but what was inherited counts.
    tiny: dict[str, Any] = {"epochs": 1, "learning_rate": 1e-9}
    inherited = attempt(server, process, child(data, **tiny))
    fresh = attempt(FakeServer(), process, work_json(data, **tiny))
    assert isinstance(inherited, Completed)
    assert isinstance(fresh, Completed)
    assert inherited.metrics["error"] < fresh.metrics["error"]
    assert inherited.details["inherited"]["carried"] == 1.0
    assert json.loads(server.of("/graph.json")[-1]) == CHAIN.to_json()
    paths = [path for method, path, _ in server.calls if method == "GET"]
    assert paths == ["/trials/5/artefacts", *(f"/trials/5/artefacts/{name}" for name in FILES)]


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (FakeServer(refuse={"/artefacts": (404, "There is no trial 5.")}), "There is no trial 5."),
        (FakeServer(files={5: {"graph.json": b"{}"}}), "it left no weights.safetensors"),
    ],
)
def test_files_that_the_server_has_no_more_count_as_a_failure(
    process: TrainingProcess, data: DataSet, server: FakeServer, words: str
) -> None:
    """Else the trial would go from worker to worker for ever."""
    ended = attempt(server, process, child(data))
    assert isinstance(ended, NoParentSaid)
    (failed,) = server.of("/fail")
    assert failed["reason"].startswith("The weights of trial 4 cannot be had: ")
    assert words in failed["reason"]
    assert not failed["infeasible"]
    assert server.of("/release") == []
    assert server.of("/reports") == []


def test_files_that_are_out_of_reach_give_the_trial_back(
    process: TrainingProcess, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: Patience, error: ServerAway) -> None:
        raise error

    monkeypatch.setattr(Patience, "wait", away)
    server = FakeServer(refuse={"/artefacts": (503, "The database is away.")})
    assert isinstance(attempt(server, process, child(data)), NoParentSaid)
    (release,) = server.of("/release")
    assert "The database is away." in release["reason"]
    assert server.of("/fail") == []


def test_a_file_that_is_too_large_is_not_fetched(
    process: TrainingProcess,
    data: DataSet,
    left: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parents, "LARGEST_BYTES", len(left["weights.safetensors"]) - 1)
    server = FakeServer(files={5: left})
    assert isinstance(attempt(server, process, child(data)), NoParentSaid)
    assert "has more than" in server.of("/fail")[0]["reason"]
    assert server.of("weights.safetensors") == []


def test_broken_files_fail_the_trial_with_the_cause(
    process: TrainingProcess, data: DataSet, left: dict[str, bytes]
) -> None:
    before = process.pid
    for broken in ({"weights.safetensors": b"nothing"}, {"graph.json": b"[]"}):
        server = FakeServer(files={5: left | broken})
        ended = attempt(server, process, child(data))
        assert isinstance(ended, Failed)
        assert not ended.broken
        (failure,) = server.of("/fail")
        assert failure["reason"].startswith("parent: ")
    assert process.pid == before


def test_a_server_that_is_away_is_waited_for(
    process: TrainingProcess, data: DataSet, left: dict[str, bytes]
) -> None:
    back_at_s = time.monotonic() + 1.0

    def away(path: str) -> bool:
        return "/artefacts" in path and time.monotonic() < back_at_s

    server = FakeServer(files={5: left}, away=away)
    assert isinstance(attempt(server, process, child(data)), Completed)
    assert server.lost


def test_a_file_with_another_checksum_is_fetched_again_and_never_used(
    left: dict[str, bytes],
) -> None:
    server = FakeServer(files={5: left}, sha256={"weights.safetensors": "0" * 64})
    fetch = Fetch(server.api(), PARENT, Patience(threading.Event(), limit_s=1.0))
    with pytest.raises(NoParent, match="another checksum than it lists"):
        fetch.contents(20.0)
    assert len(server.of("weights.safetensors")) > 1


def test_a_parent_that_nobody_can_name_is_told_as_such() -> None:
    fetch = Fetch(FakeServer().api(), {"number": 4}, Patience(threading.Event()))
    with pytest.raises(NoParent, match="weights of trial 4 cannot be had: KeyError: 'trial'"):
        fetch.contents(20.0)


def test_a_signal_ends_the_wait_for_a_parent(process: TrainingProcess, data: DataSet) -> None:
    stopping = threading.Event()
    server = FakeServer(away=lambda path: path.endswith("/artefacts"))
    threading.Timer(0.5, stopping.set).start()
    started_s = time.monotonic()
    assert attempt(server, process, child(data), stopping=stopping) is None
    assert time.monotonic() - started_s < 10
    assert server.of("/release")[0]["reason"] == "The worker was stopped."
    process.start()


def test_a_cancelled_child_is_dropped_while_its_parent_is_fetched(
    process: TrainingProcess, data: DataSet
) -> None:
    server = FakeServer(
        away=lambda path: path.endswith("/artefacts"), order=lambda path: "cancel", lease_s=1
    )
    lease = Lease(11, 3, "toy", 2, 1, "secret", 1, child(data))
    assert Attempt(server.api(), process, lease, threading.Event(), 60.0).run() is None
    for ending in ("/complete", "/fail", "/release"):
        assert server.of(ending) == []


class KeptProcess(TrainingProcess):
    """A training process that its worker neither starts nor ends."""

    def __init__(self, kept: TrainingProcess) -> None:
        self.__dict__ = kept.__dict__

    def start(self) -> None: ...

    def kill(self) -> None: ...


def test_a_worker_that_cannot_get_a_parent_leaves_children_alone_for_a_while(
    process: TrainingProcess,
    data: DataSet,
    left: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(loop, "PARENT_REST_S", 0.0)
    asked = work_json(data)
    server = FakeServer(queue=[child(data), asked, asked])
    stopping = threading.Event()
    with caplog.at_level(logging.INFO):
        Worker(server.api(), KeptProcess(process), Options("w", trials=2), stopping).run()
    monkeypatch.setattr(loop, "PARENT_REST_S", 60.0)
    server.queue = [child(data), asked]
    Worker(server.api(), KeptProcess(process), Options("w", trials=2), stopping).run()
    claims = [body["can"] for body in server.of("/leases")]
    assert claims == [
        ["pruning", "parent", "binary", "training", "confirm", "int8", "instructions", "int4"],
        ["pruning", "parent", "binary", "training", "confirm", "int8", "instructions", "int4"],
        ["pruning", "parent", "binary", "training", "confirm", "int8", "instructions", "int4"],
        ["pruning", "binary", "training", "confirm", "int8", "instructions", "int4"],
    ]
    assert "no_parent: The weights of trial 4 cannot be had" in caplog.text
