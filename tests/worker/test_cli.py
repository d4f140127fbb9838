"""The command: clear single lines, exit codes, signals."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import typer
from typer.testing import CliRunner

from tests.worker.fake_server import FakeServer, Listening
from tests.worker.samples import data_set, work_json
from worker import cli, loop
from worker.errors import UnusableData

app = typer.Typer()
app.command("worker")(cli.worker)


@app.callback()
def root() -> None:
    """As where the command is mounted, beside others."""


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["worker", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stderr.strip()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--data-dir", "/no/such/folder"], "--data-dir: /no/such/folder is no folder."),
        (["--name", "a b"], "--name: need up to 64 letters, digits, . _ and -, got 'a b'."),
        (
            ["--openml", "iris"],
            "--openml: needs --data-dir, the folder that keeps what is fetched.",
        ),
        (["--study", ""], "--study: need the name or the number of a study."),
        (["--server", "here"], "--server: need http://host:port or https://host, got 'here'."),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(arguments: list[str], line: str) -> None:
    assert run(*arguments) == (2, line)


def test_data_sets_of_openml_are_fetched_before_the_server_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[Path, str]] = []

    def fetch(folder: Path, name: str) -> str:
        asked.append((folder, name))
        if name == "none":
            raise UnusableData("OpenML has no set 'none'.")
        return f"openml-{name}"

    monkeypatch.setattr("worker.sources_openml.fetch", fetch)
    arguments = ["--data-dir", str(tmp_path), "--openml", "iris", "--openml", "none"]
    code, text = run("--server", "http://127.0.0.1:9", *arguments)
    assert asked == [(tmp_path, "iris"), (tmp_path, "none")]
    assert (code, text.splitlines()[-1]) == (1, "OpenML has no set 'none'.")


@pytest.mark.parametrize("arguments", [["--threads", "0"], ["--accelerator", "tpu"], ["--speed"]])
def test_what_typer_knows_to_be_wrong_has_the_same_exit_code(arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2


def test_no_server_is_one_line_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "FIRST_ANSWER_S", 0.1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: refuses connections
        code, text = run("--server", f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert code == 3
    last = text.splitlines()[-1]
    assert "No answer from http://127.0.0.1" in last
    assert "tinyfront-server serve" in last


def test_missing_packages_are_named_with_the_command_that_installs_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cli, "NEEDED", ("torch", "no_such_package"))
    line = "Training needs no_such_package: pip install 'tinyfront-server[worker]'."
    assert run() == (1, line)


def test_importing_the_command_imports_nothing_heavy() -> None:
    heavy = {"torch", "numpy", "httpx", "sklearn"}
    code = f"import sys, worker.cli; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


COMMAND = "import typer, worker.cli as c; typer.run(c.worker)"


def start(url: str, folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, "--server", url, "--data-dir", str(folder), *arguments],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_mid_trial_hands_the_trial_back_and_ends_with_0(
    tmp_path: Path, number: signal.Signals
) -> None:
    server = FakeServer(queue=[work_json(data_set(tmp_path), epochs=10_000)])
    with Listening(server) as url, start(url, tmp_path) as process:
        deadline_s = time.monotonic() + 60
        while not server.of("/reports"):
            assert time.monotonic() < deadline_s, "The worker reports nothing."
            time.sleep(0.05)
        children = psutil.Process(process.pid).children(recursive=True)
        for _ in range(2):  # as it comes to a group of processes, and again from a supervisor
            process.send_signal(number)
            time.sleep(0.02)
        _, log = process.communicate(timeout=30)
    assert process.returncode == 0
    assert [body["reason"] for body in server.of("/release")] == ["The worker was stopped."]
    assert server.of("/fail") == []
    assert "Traceback" not in log
    assert {"event", "level", "timestamp"} <= json.loads(log.splitlines()[0]).keys()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert [left for left in alive if left.status() != psutil.STATUS_ZOMBIE] == []


def test_once_serves_one_trial_and_ends_with_0(tmp_path: Path) -> None:
    server = FakeServer(queue=[work_json(data_set(tmp_path))] * 2)
    with Listening(server) as url, start(url, tmp_path, "--once", "--name", "a-1") as process:
        _, log = process.communicate(timeout=120)
    assert process.returncode == 0, log
    assert len(server.of("/complete")) == 1
    assert server.of("/leases")[0]["resume"] is True
    assert "Trial 1 of toy: error" in log


def test_a_line_of_the_log_names_study_trial_and_attempt(tmp_path: Path) -> None:
    server = FakeServer(queue=[work_json(data_set(tmp_path), epochs=1)])
    with Listening(server) as url, start(url, tmp_path, "--once") as process:
        _, log = process.communicate(timeout=120)
    lines = [json.loads(line) for line in log.splitlines()]
    [told] = [line for line in lines if "error" in line["event"]]
    assert {"study", "trial", "attempt"} <= told.keys()


def test_a_style_of_log_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYFRONT_LOG", "xml")
    assert run() == (2, "TINYFRONT_LOG: need auto, json or text, got 'xml'.")
