"""The demo's path from an empty folder to a report, on a small budget."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest

REPORT = {"study", "device", "space", "trials", "completed", "front_size", "best_accuracy"}
REPORT |= {"hypervolume", "seconds", "front"}
ROW = {"accuracy", "model_size_deployed", "working_memory_arena"}


def run_demo(
    command: list[str], folder: Path, trials: int, *more: str
) -> "subprocess.CompletedProcess[str]":
    """Run a demo that ends by itself, outside the repository."""
    arguments = ["--trials", str(trials), "--epochs", "2", "--port", "0", "--folder", str(folder)]
    return subprocess.run(
        [*command, "demo", *arguments, *more],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=folder.parent,
        env=os.environ | {"DEMO_EXIT": "1"},
    )


def check_demo(run: "subprocess.CompletedProcess[str]", folder: Path, trials: int) -> None:
    """It ended well, printed a table and the page's address, and wrote its report."""
    assert run.returncode == 0, run.stdout + run.stderr
    assert "The page: http://127.0.0.1:" in run.stdout
    assert "The front of digits" in run.stdout
    report = json.loads((folder / "report.json").read_text())
    assert set(report) == REPORT
    assert report["trials"] == trials
    assert report["completed"] >= 1
    assert len(report["front"]) == report["front_size"] >= 1
    assert all(set(row) == ROW for row in report["front"])


def test_the_demo_runs_a_study_and_reports_it(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    run = run_demo([sys.executable, "-m", "service"], folder, trials=4)
    check_demo(run, folder, trials=4)


def test_a_demo_in_a_used_folder_starts_afresh(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [sys.executable, "-m", "service"]
    run_demo(command, folder, trials=3)
    check_demo(run_demo(command, folder, trials=2), folder, trials=2)


def test_the_demo_names_the_reason_when_its_port_is_taken(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        arguments = ["demo", "--port", str(port), "--folder", str(tmp_path / "demo"), "--exit"]
        run = subprocess.run(
            [sys.executable, "-m", "service", *arguments], capture_output=True, text=True
        )
    assert run.returncode == 1
    assert f"{port} on 127.0.0.1 is not free" in run.stderr
    assert "Traceback" not in run.stderr


# A closed terminal goes the way of SIGTERM; a demo that is killed cannot end anything itself.
ENDS = {signal.SIGINT: (130, -2), signal.SIGHUP: (129,), signal.SIGKILL: (-9,)}


@pytest.mark.parametrize("number", list(ENDS))
def test_a_demo_that_is_ended_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "demo"
    arguments = ["demo", "--port", "0", "--folder", str(folder), "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "service", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Under nohup, which these tests may run under, a closed terminal would be nothing to it.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    ) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        page = json.loads(demo.stdout.readline())
        assert (page["event"], page["folder"]) == ("page", str(folder))
        assert httpx.get(page["url"]).status_code == 200  # whoever has read the line may connect
        begun = psutil.Process(demo.pid).children(recursive=True)
        assert begun
        demo.send_signal(number)
        said, errors = demo.stdout.read(), demo.stderr.read()
    # Python ends by the signal itself if it came while it evaluated text: 130 for shells, too.
    assert demo.returncode in ENDS[number]
    assert "Traceback" not in errors
    if number is signal.SIGINT:
        assert json.loads(said)["event"] == "interrupted"
    _, alive = psutil.wait_procs(begun, timeout=20)
    assert [each for each in alive if each.status() != psutil.STATUS_ZOMBIE] == []


def test_a_demo_takes_data_of_ones_own_and_tells_programs_of_each_step(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    labels = np.arange(400) % 2
    images = chance.integers(0, 100, (400, 8, 8, 1)) + 100 * labels[:, None, None, None]
    arrays = {"x": images.astype(np.uint8), "y": labels}
    parts = {f"{name}_{part}": each for name, each in arrays.items() for part in ("train", "test")}
    np.savez(tmp_path / "mine.npz", **parts)
    folder = tmp_path / "demo"
    arguments = ["--data", str(tmp_path), "--device", "rp2040", "--json"]
    command = [sys.executable, "-m", "service"]
    run = run_demo(command, folder, 2, *arguments)
    assert run.returncode == 0, run.stderr
    events = [json.loads(line) for line in run.stdout.splitlines()]
    assert [events[0]["event"], events[1]["event"], events[-1]["event"]] == ["page", "study", "end"]
    assert events[0]["url"].endswith("/studies/mine")
    assert events[1]["study"]["definition"]["device"] == "rp2040"
    assert events[-1]["report"]["trials"] == 2
