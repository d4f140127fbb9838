"""Networks that come onto the front are checked beside the training."""

import signal
import threading
import time
from typing import Any

import pytest

from resource_models.devices import device
from tests.deploy import networks
from tests.worker.fake_server import FakeServer
from worker import verifier
from worker.api import Lease
from worker.deploy import storage, vectors
from worker.deploy.simulate import Simulation
from worker.deploy.vectors import Vectors
from worker.messages import Completed
from worker.verifier import Verifier

DEVICE = {**device("stm32f446re").to_json(), "figures": ["macs"]}
LEASE = Lease(11, 3, "toy", 2, 1, "secret", 60, {})


class Slow(FakeServer):
    """It does not know the place of a trial at once, and is away the first time it is told."""

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "PUT" and not self.lost:
            self.lost.append(body)
            return 503, {}
        status, answer = super().answer(method, path, body)
        first = method == "GET" and len(self.of("/verification")) == 1
        return status, answer | {"wanted": None} if first else answer


@pytest.fixture(scope="module")
def result() -> Completed:
    record = networks.drawn_int8(networks.ENDS_FLAT)
    inputs = networks.bytes_for(record.graph)
    samples = Vectors(inputs.numpy(), Simulation(record).run(inputs).numpy())
    files = {**storage.files(record), vectors.NAME: vectors.file(samples)}
    return Completed({}, {}, list(files), 0, list(files.values()))


def verified(server: FakeServer, result: Completed) -> list[Any]:
    with Verifier(server.api(), threading.Event()) as each:
        each.offer(LEASE, result)
    return [body for method, path, body in server.calls if method == "PUT"]


def test_what_the_server_wants_is_checked_and_delivered_before_the_worker_ends(
    result: Completed,
) -> None:
    [told] = verified(Slow(device=DEVICE), result)
    assert told["token"] == "secret"
    found = told["verification"]
    assert (found["device"], found["inputs"]) == ("stm32f446re", 5)
    assert [level["name"] for level in found["levels"]] == ["L0", "L1", "L2", "L3"]
    assert found["levels"][0]["state"] == "passed"
    assert "tflite-micro" in found["levels"][1]["tools"]


def test_what_is_not_wanted_or_left_no_record_is_not_checked(
    result: Completed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier.subprocess, "Popen", None)
    assert verified(FakeServer(), result) == []
    server = FakeServer(device=DEVICE)
    assert verified(server, Completed({}, {}, ["graph.json"], 0, [b"{}"])) == []
    assert server.calls == []


def test_a_check_that_does_not_end_is_told_as_nothing_known(
    result: Completed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "LIMIT_S", 0.0)
    [told] = verified(FakeServer(device=DEVICE), result)
    levels = told["verification"]["levels"]
    assert {level["state"] for level in levels} == {"not verified"}
    assert "took longer than 0 s" in levels[0]["reason"]


def test_files_that_are_none_are_told_as_nothing_known(result: Completed) -> None:
    broken = Completed({}, {}, result.artefacts, 0, [b"{}", *result.contents[1:]])
    [told] = verified(FakeServer(device=DEVICE), broken)
    assert "need an object of version" in told["verification"]["levels"][0]["reason"]


def test_a_worker_that_is_told_to_stop_waits_for_no_check(
    result: Completed, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = threading.Event()
    begun: list[Any] = []

    def slow(words: list[str], **place: Any) -> Any:
        assert "a key" not in place["env"].values()
        begun.append(real(["sleep", "600"], **place))
        stopping.set()
        return begun[0]

    monkeypatch.setenv("TINYFRONT_API_KEY", "a key")
    real = verifier.subprocess.Popen
    monkeypatch.setattr(verifier.subprocess, "Popen", slow)
    server = FakeServer(device=DEVICE)
    started_s = time.monotonic()
    with Verifier(server.api(), stopping) as each:
        each.offer(LEASE, result)
        each.offer(LEASE, result)
    assert time.monotonic() - started_s < 60
    assert [process.returncode for process in begun] == [-signal.SIGTERM]
    assert server.of("/verification") == [None]
