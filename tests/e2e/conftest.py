"""Real processes: a server and workers as a user starts them, that tests may kill."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from tinyfront import Client, ServerUnreachable

PATIENCE_S = 90.0
PLANNER, API = "spawn_main", "!spawn_main"  # what tells their command lines apart
# For programs of the tests themselves, which are in no wheel.
PATHS = os.pathsep.join((str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")))


def until(true: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for a state that other processes bring about."""
    deadline_s = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < deadline_s, f"not within {patience_s:g} s: {what}"
        time.sleep(0.05)


@dataclass
class Site:
    """One server address and the processes started for it."""

    folder: Path
    database_url: str
    port: int
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start_server(self, processes: int = 1, *options: str, **environment: str) -> None:
        artefacts = str(self.folder / "artefacts")
        arguments = ["--port", str(self.port), "--database", self.database_url]
        arguments += ["--processes", str(processes), "--planners", "1", "--artefacts", artefacts]
        self._start("server", ["serve", *arguments, *options], **environment)
        until(self._ready, "the server answers")

    def start_worker(self, name: str = "worker", *options: str) -> None:
        always = ["--server", self.url, "--name", name, "--threads", "1"]
        self._start(name, ["worker", *always, *options])

    def start_hands(self, name: str, study: str, hands: int, url: str, **how: object) -> None:
        """Start a process of quick workers, which may speak to another address than ours."""
        seed, rate = how.get("seed", 0), how.get("rate", 1.0)
        diary = self.folder / f"{name}.diary"
        arguments = [url, study, name, str(hands), str(seed), str(rate), str(diary)]
        self.run(name, ["tests.chaos.hands", *arguments], PYTHONPATH=PATHS)

    def _start(self, name: str, arguments: list[str], **environment: str) -> None:
        self.run(name, ["service", *arguments], **environment)

    def run(self, name: str, module: list[str], **environment: str) -> None:
        """Start a process of `python -m`, its words in a log."""
        self.run_python(name, ["-m", *module], **environment)

    def run_python(self, name: str, arguments: list[str], **environment: str) -> None:
        """Start a process of `python`, its words in a log."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONUNBUFFERED": "1"} | environment,
                start_new_session=True,  # so that a test may send a signal to its whole group
            )

    def _ready(self) -> bool:
        assert self.running["server"].poll() is None, self.log("server")
        try:
            with Client(self.url, timeout=2) as client:
                client.devices()
        except ServerUnreachable:
            return False
        return True

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-4000:]

    def kill(self, name: str) -> None:
        """Kill -9, so that nothing can be put in order."""
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def end(self, name: str) -> int:
        """Ask a process to end, as whoever looks after it would; returns its status."""
        process = self.running.pop(name)
        process.terminate()
        return process.wait(20)

    def pids(self, name: str, word: str) -> list[int]:
        """The processes below one of ours whose command line has, or has not (`!word`), a word."""
        wanted, sought = not word.startswith("!"), word.removeprefix("!")
        return [child.pid for child in self.children(name) if (sought in _command(child)) is wanted]

    def children(self, name: str) -> list[psutil.Process]:
        """The processes that one of ours started, without multiprocessing's own tracker."""
        family = psutil.Process(self.running[name].pid).children(recursive=True)
        return [child for child in family if "resource_tracker" not in _command(child)]

    def stop(self) -> None:
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    """A server address with a fresh database, once of each kind; nothing runs yet."""
    found = Site(tmp_path, database_url, free_port())
    yield found
    found.stop()


@pytest.fixture
def sqlite_site(tmp_path: Path) -> Iterator[Site]:
    """A server address with an SQLite file that does not exist yet."""
    found = Site(tmp_path, f"sqlite:///{tmp_path / 'fresh.db'}", free_port())
    yield found
    found.stop()
