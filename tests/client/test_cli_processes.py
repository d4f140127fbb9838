"""`tinyfront` as a process: signals, pipes, full disks, servers that go away and come back."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.client.scripted import study_json
from tinyfront import Client
from tinyfront.cli import exits

COMMAND = [sys.executable, "-c", "from tinyfront.cli import main; main()"]
BLACK_BOX = {
    "name": "oven",
    "space": {
        "kind": "parameters",
        "parameters": [{"name": "x", "kind": "real", "low": 0.0, "high": 1.0}],
    },
    "objectives": [{"name": "cost"}],
    "designer": "random",
    "trials": 400,
}


def run(
    *words: str, environment: dict[str, str] | None = None, before: Callable[[], None] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *words],
        env=os.environ | (environment or {}),
        preexec_fn=before,
        capture_output=True,
        text=True,
        timeout=60,
    )


def begun(*words: str, **more: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        **more,
    )


@pytest.fixture(scope="module")
def oven(url: str) -> str:
    """A study with 40 results on a real server."""
    with Client(url) as client:
        study = client.create_study_from(BLACK_BOX)
        for number in range(40):
            study.enqueue({"x": number / 40}, {"cost": float(number)})
    return url


def test_an_export_that_finds_no_room_leaves_nothing(oven: str, tmp_path: Path) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    kept = tmp_path / "kept.csv"
    kept.write_text("of yesterday\n")
    done = run("export", "oven", "-o", str(kept), "--url", oven, before=little_room)
    assert (done.returncode, done.stdout) == (exits.FAILED, "")
    assert done.stderr == f"tinyfront: {kept}: File too large.\n"
    assert [path.name for path in tmp_path.iterdir()] == ["kept.csv"]
    assert kept.read_text() == "of yesterday\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize(
    "words",
    [["study", "ls"], ["study", "ls", "--json"], ["export", "oven"], ["study", "ls", "--help"]],
    ids=" ".join,
)
def test_output_to_a_full_disk_is_one_line_and_a_failure(oven: str, words: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*COMMAND, *words, "--url", oven],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (exits.FAILED, "tinyfront: No space left on device.\n")


def test_an_export_goes_into_a_pipe_and_to_a_place_that_there_is_not(
    oven: str, tmp_path: Path
) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    assert run("export", "oven", "-o", str(pipe), "--url", oven).returncode == 0
    reader.join(20)
    assert read[0].count("\n") >= 40
    assert pipe.is_fifo()
    done = run("export", "oven", "-o", str(tmp_path / "no" / "file"), "--url", oven)
    assert done.returncode == exits.FAILED
    assert done.stderr == f"tinyfront: {tmp_path / 'no' / 'file'}: No such file or directory.\n"
    done = run("export", "oven", "-o", str(tmp_path), "--url", oven)
    assert done.stderr == f"tinyfront: {tmp_path}: Is a directory.\n"


def test_leaving_a_watch_says_that_the_study_goes_on(oven: str) -> None:
    with begun("study", "watch", "oven", "--json", "--url", oven) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["name"] == "oven"
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(20) == exits.INTERRUPTED
    assert "goes on" in said
    assert "Traceback" not in said
    with Client(oven) as client:
        assert client.study("oven").status == "active"


def test_a_server_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    done = run("study", "ls", environment={"TINYFRONT_URL": "http://127.0.0.1:9"})
    assert (done.returncode, done.stdout) == (exits.AWAY, "")
    assert done.stderr.count("\n") == 1
    assert "tinyfront-server serve" in done.stderr


class Coming(BaseHTTPRequestHandler):
    """A server with one study, that can be away."""

    states: list[dict[str, Any]]  # what it says, the last for ever
    away_at: int  # after so many answers it is shut down, and started again
    answered = 0

    def do_GET(self) -> None:
        kind = type(self)
        kind.answered += 1
        if kind.answered == kind.away_at:
            threading.Thread(target=self.server.shutdown).start()
        body = json.dumps(self.states[min(kind.answered, len(self.states)) - 1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:
        """Keep silent."""


@pytest.fixture
def coming() -> Iterator[str]:
    """The address of a server that goes away after its second answer, and comes back."""
    states = [study_json(finished=n) for n in (3, 3, 4)] + [study_json(finished=40, status="ended")]
    handler = type("Handler", (Coming,), {"states": states, "away_at": 2})
    first = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    port = first.server_port

    def serve() -> None:
        with first:
            first.serve_forever()
        with ThreadingHTTPServer(("127.0.0.1", port), handler) as second:
            servers.append(second)
            second.serve_forever()

    servers: list[ThreadingHTTPServer] = []
    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    for each in servers:
        each.shutdown()
    thread.join(20)


def test_a_watch_outlasts_a_restart_of_the_server(coming: str) -> None:
    done = run("study", "watch", "toy", "--json", "--url", coming)
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line)["finished"] for line in done.stdout.splitlines()] == [3, 4, 40]


def test_a_watch_in_a_pipe_prints_lines_and_no_control_codes(coming: str) -> None:
    done = run("study", "watch", "toy", "--url", coming)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout + done.stderr
    assert "toy: 40 of 40 trials" in done.stderr


def test_colours_are_forced_into_a_pipe_and_no_line_of_it_is_cut(oven: str) -> None:
    words = ("trials", "oven", "--limit", "3", "--url", oven)
    assert "\x1b" not in run(*words).stdout
    forced = run(*words, environment={"FORCE_COLOR": "1", "COLUMNS": "40"}).stdout
    assert "\x1b[32mcompleted" in forced
    assert len(forced.splitlines()) == 4


@pytest.mark.parametrize("stream", [1, 2])
def test_a_closed_output_is_no_reason_for_a_traceback(stream: int) -> None:
    done = run("config", "path", before=lambda: os.close(stream))
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
