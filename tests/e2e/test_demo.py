"""The demo's path from an empty folder to a report, on a small budget."""

import json
import os
import subprocess
import sys
from pathlib import Path

REPORT = {"study", "device", "space", "trials", "completed", "front_size", "best_accuracy"}
REPORT |= {"hypervolume", "seconds", "front"}
ROW = {"accuracy", "model_size_deployed", "working_memory_arena"}


def run_demo(command: list[str], folder: Path, trials: int) -> "subprocess.CompletedProcess[str]":
    """Run a demo that ends by itself, outside the repository."""
    arguments = ["--trials", str(trials), "--epochs", "2", "--port", "0", "--folder", str(folder)]
    return subprocess.run(
        [*command, "demo", *arguments],
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
