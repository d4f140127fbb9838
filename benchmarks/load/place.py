"""A server with its database, as this benchmark starts it, and what its processes take."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import psutil

START_S = 60.0
LOOK_S, SOON_S = 2.0, 0.1


@dataclass(frozen=True)
class Place:
    """A running server."""

    port: int
    admin_key: str
    worker_key: str
    process: psutil.Process

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send one request as the administrator."""
        answer = _client().request(
            method,
            f"{self.url}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.admin_key}"},
        )
        if not answer.is_success:
            raise RuntimeError(answer.text)
        return answer.json() if answer.content else None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def await_end(self, study: str, patience_s: float) -> None:
        """Wait until a study has ended."""
        until(lambda: self.call("GET", f"/studies/{study}")["status"] == "ended", patience_s)

    def study(self, name: str, trials: int, ahead: int) -> str:
        """Create a black box whose proposals cost nothing."""
        parameters = [{"name": n, "kind": "real", "low": 0.0, "high": 1.0} for n in "xy"]
        ends = {"ideal": 0.0, "reference": 1.5}
        self.call(
            "POST",
            "/studies",
            {
                "name": name,
                "space": {"kind": "parameters", "parameters": parameters},
                "objectives": [{"name": "cost", **ends}, {"name": "loss", **ends}],
                "trials": trials,
                "designer": "random",
                "ahead": ahead,
            },
        )
        return name


def until(true: Callable[[], object], patience_s: float) -> None:
    """Look again and again; TimeoutError if nothing came of it."""
    deadline_s = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"Nothing came of it in {patience_s:.0f} s.")
        time.sleep(SOON_S)


@contextmanager
def at_work(
    place: Place, commands: Sequence[Sequence[str]]
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Run commands of `tinyfront-server` as workers of a server for as long as the block runs."""
    environment = {**os.environ, "TINYFRONT_API_KEY": place.worker_key}
    # Each in a session of its own, to which the kernel deals out processors (autogroups), as the
    # workers of a fleet are: one that shared the server's would get less.
    apart: Mapping[str, Any] = {
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
        "start_new_session": True,
    }
    running = [
        subprocess.Popen([sys.executable, "-m", "service", *command], env=environment, **apart)
        for command in commands
    ]
    try:
        yield running
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(60)


@cache
def _client() -> httpx.Client:
    # A client of its own for each request would take 20 ms of what is measured.
    return httpx.Client(trust_env=False)


def new_key() -> str:
    """The text of a key, as a server takes it at its start."""
    return f"tf_{secrets.token_hex(8)}_{secrets.token_urlsafe(32)}"


@contextmanager
def serving(url: str, processes: int, folder: Path) -> Iterator[Place]:
    """Run a server with keys on a database for as long as the block runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    admin, worker = new_key(), new_key()
    environment = {
        **os.environ,
        "TINYFRONT_BOOTSTRAP_ADMIN_KEY": admin,
        "TINYFRONT_BOOTSTRAP_WORKER_KEY": worker,
        "TINYFRONT_DATABASE_URL": url,
        "TINYFRONT_ARTEFACT_URL": str(folder / "artefacts"),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "service", "serve", "--port", str(port)]
    with (folder / f"server-{port}.log").open("w") as log:
        server = subprocess.Popen(
            [*command, "--processes", str(processes)], env=environment, stdout=log, stderr=log
        )
        try:
            _until_ready(port)
            yield Place(port, admin, worker, psutil.Process(server.pid))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def _until_ready(port: int) -> None:
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"No server answers on port {port} after {START_S:.0f} s.")


@dataclass
class Sensor:
    """Looks at the server's processes every two seconds, from a thread of its own.

    `memory` holds (seconds since the start, MiB of all processes together).
    """

    server: psutil.Process
    memory: list[tuple[float, float]] = field(default_factory=list)
    threads: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look for as long as the block runs."""
        looker = threading.Thread(target=self._look, args=(time.perf_counter(),), daemon=True)
        looker.start()
        try:
            yield
        finally:
            self._over.set()
            looker.join()

    def _look(self, begun_s: float) -> None:
        while not self._over.wait(LOOK_S):
            family = [self.server, *self.server.children(recursive=True)]
            held = sum(process.memory_info().rss for process in family) / 2**20
            self.threads = max(self.threads, *(process.num_threads() for process in family))
            self.memory.append((time.perf_counter() - begun_s, held))

    def mean_mib(self, from_s: float, to_s: float) -> float:
        """The mean of what the processes held between two moments."""
        held = [mib for at_s, mib in self.memory if from_s <= at_s < to_s]
        return sum(held) / max(len(held), 1)
