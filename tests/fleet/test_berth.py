"""A berth keeps processes at work and ends them: small programs, and the worker itself."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.conftest import until
from tests.worker.fake_server import FakeServer, Listening
from tests.worker.samples import data_set, work_json
from worker.fleet import slot
from worker.fleet.berth import Berth, Errand
from worker.fleet.plan import Plan
from worker.fleet.slot import End
from worker.fleet.stock import Item, packed

ROOT = Path(__file__).parents[2]
PLAN = Plan("crew", 1, 1, 1)
# Says its name, key and command line, then does what the study is called.
PROGRAM = """
import json, os, signal, sys
orders = json.loads(sys.stdin.readline())
print(orders["options"]["name"], os.environ.get("TINYFRONT_API_KEY"), sys.argv[1:], flush=True)
match orders["options"]["study"]:
    case "refused": print("This key is revoked."); sys.exit(4)
    case "crash": os.kill(os.getpid(), signal.SIGKILL)
    case "wait": sys.stdin.read()
    case "stubborn": sys.stdin.read(); print("No.", flush=True); signal.pause()
"""


@pytest.fixture(autouse=True)
def nodes_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def errand(tmp_path: Path) -> Errand:
    (tmp_path / "program.py").write_text(PROGRAM)
    environment = {"PYTHONPATH": str(tmp_path), "TINYFRONT_API_KEY": "tf_secret"}
    return Errand("http://server", environment=environment, module="program")


def berth(errand: Errand, study: str, plan: Plan = PLAN) -> Berth:
    return Berth(plan, 0, replace(errand, study=study), [], lambda source: b"")


def when_said(text: str, then: Callable[[], None], folder: Path) -> threading.Thread:
    """Do something once all workers' logs hold a text."""

    def wait() -> None:
        deadline_s = time.monotonic() + 30
        while time.monotonic() < deadline_s:
            logs = [path.read_text() for path in folder.glob("*.log")]
            if logs and all(text in log for log in logs):
                break
            time.sleep(0.02)
        then()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_what_ends_for_good_is_told_with_its_last_words(errand: Errand, tmp_path: Path) -> None:
    assert berth(errand, "refused").run() == [End("crew-0", 4, "This key is revoked.")]
    log = (tmp_path / "state/tinyfront/fleet/crew-0.log").read_text()
    assert log == "crew-0 tf_secret []\nThis key is revoked.\n"
    assert "tf_secret" not in repr(errand)


def test_who_dies_is_started_again_and_given_up_after_three_times(
    errand: Errand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.fleet.lives.FIRST_DELAY_S", 0.01)
    [end] = berth(errand, "crash").run()
    assert (end.worker, end.code) == ("crew-0", -signal.SIGKILL)
    log = (tmp_path / "state/tinyfront/fleet/crew-0.log").read_text()
    assert log.count("crew-0") == 3


def test_all_slots_are_told_to_end_by_closing_what_they_read(
    errand: Errand, tmp_path: Path
) -> None:
    told = berth(errand, "wait", replace(PLAN, slots=2))
    thread = when_said("tf_secret", told.stop, tmp_path / "state/tinyfront/fleet")
    assert [(end.worker, end.code) for end in told.run()] == [("crew-0.0", 0), ("crew-0.1", 0)]
    thread.join()


def test_who_does_not_end_is_killed(
    errand: Errand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot, "STOP_S", 0.2)
    told = berth(errand, "stubborn")
    thread = when_said("tf_secret", told.stop, tmp_path / "state/tinyfront/fleet")
    assert told.run() == [End("crew-0", 0, "No.")]
    thread.join()


def test_without_its_data_no_worker_is_started(errand: Errand, tmp_path: Path) -> None:
    items = [Item("cars", "0" * 64, b"other bytes")]
    [end] = Berth(PLAN, 0, errand, items, lambda source: bytes(source)).run()
    assert (end.worker, end.code) == ("crew-0", 1)
    assert "Data set cars came to" in end.words
    assert not (tmp_path / "state").exists()


CONTROL = """#!/bin/sh
[ "$1" = -d ] && { echo "starts $CUDA_MPS_PIPE_DIRECTORY" >> "$MPS_TOLD"; exit $MPS_CODE; }
echo "hears $(cat)" >> "$MPS_TOLD"
"""


@pytest.mark.parametrize(
    ("gpus", "code", "shares"), [(1.0, 0, True), (1.0, 1, False), (0.5, 0, False)]
)
def test_slots_of_a_whole_gpu_share_it_by_the_service_of_cuda_where_it_is(
    errand: Errand,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    gpus: float,
    code: int,
    shares: bool,
) -> None:
    (tmp_path / "bin").mkdir()
    control = tmp_path / "bin/nvidia-cuda-mps-control"
    control.write_text(CONTROL)
    control.chmod(0o755)
    told = tmp_path / "told"
    monkeypatch.setenv("PATH", f"{control.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("MPS_TOLD", str(told))
    monkeypatch.setenv("MPS_CODE", str(code))
    (tmp_path / "program.py").write_text(
        "import os, sys; sys.stdin.readline()\n"
        "print(os.environ.get('CUDA_MPS_PIPE_DIRECTORY'), os.environ.get('CUDA_VISIBLE_DEVICES'))"
    )
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    ends = berth(errand, "any", replace(PLAN, gpus=gpus, slots=2)).run()
    said = {end.words for end in ends}
    lines = told.read_text().splitlines() if told.exists() else []
    if shares:
        folder = lines[0].removeprefix("starts ")
        assert said == {f"{folder} 0"}
        assert lines[1:] == ["hears quit"]
        assert not Path(folder).exists()
    else:
        assert said == {"None 3"}
        assert len(lines) == (1 if gpus == 1 else 0)


BERTH = """
import sys
from worker.fleet.berth import *
from worker.fleet.stock import Item
from pathlib import Path
items = [Item("rows", sys.argv[2], Path(sys.argv[3]).read_bytes())]
errand = Errand(sys.argv[1], versions={"ray": "1"})
Berth(Plan("crew", 1, 1, 1), 0, errand, items, lambda source: source).run()
"""


def test_a_worker_whose_berth_is_killed_hands_its_trial_back(tmp_path: Path) -> None:
    server = FakeServer(queue=[work_json(data_set(tmp_path), epochs=10_000)])
    [item] = packed(tmp_path, lambda content: content)
    with Listening(server) as url:
        arguments = [url, item.sha256, str(tmp_path / "rows.npz")]
        with subprocess.Popen([sys.executable, "-c", BERTH, *arguments], cwd=ROOT) as process:
            until(lambda: bool(server.of("/reports")), "the worker reports", 60)
            process.kill()
        until(lambda: bool(server.of("/release")), "the trial is handed back", 60)
    assert [body["reason"] for body in server.of("/release")] == ["The worker was stopped."]
    [told] = server.of("/workers/crew-0")
    assert told["versions"]["ray"] == "1"
    assert server.of("/leases")[0]["resume"] is True
