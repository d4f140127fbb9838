"""The same trials by plain workers and by workers of a fleet, on one machine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load.place import Place

START_S, TRIALS_S, LOOK_S = 180.0, 3600.0, 0.1
PLAIN, RAY = "plain", "ray"


@dataclass(frozen=True)
class Task:
    """Trials on one data set: random networks, the same ones in each arm."""

    data: str
    trials: int
    epochs: int
    folder: Path | None = None

    @property
    def options(self) -> list[str]:
        """Where the data lies."""
        return [] if self.folder is None else ["--data-dir", str(self.folder)]


def trials_per_h(place: Place, task: Task, arm: str, workers: int, name: str) -> float:
    """How many trials an hour the workers of an arm finish, from the moment that all wait."""
    with _at_work(place, task, arm, workers, name):
        _until(lambda: _waiting(place, name) >= workers, START_S)
        begun_s = time.perf_counter()
        place.call("POST", "/studies", _study(task, name))
        _until(lambda: place.call("GET", f"/studies/{name}")["status"] == "ended", TRIALS_S)
        took_s = time.perf_counter() - begun_s
    return 3600 * task.trials / took_s


def _study(task: Task, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "space": {"kind": "tiny", "max_macs": 300_000},
        "data": task.data,
        "objectives": [{"name": "error"}],
        "training": {"epochs": task.epochs},
        "trials": task.trials,
        "designer": "random",
        "seed": 0,
        "ahead": task.trials,  # proposals wait: only workers are measured
    }


@contextmanager
def _at_work(place: Place, task: Task, arm: str, workers: int, name: str) -> Iterator[None]:
    address = f"http://127.0.0.1:{place.port}"
    server = ["--server", address, "--no-verify", *task.options]
    if arm == RAY:
        local = ["--address", "local", "--name", name, "--workers", str(workers)]
        commands = [["fleet", *local, *server]]
    else:
        commands = [["worker", "--name", f"{name}-{n}", *server] for n in range(workers)]
    environment = {**os.environ, "TINYFRONT_API_KEY": place.worker_key}
    quiet: Mapping[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = [
        subprocess.Popen([sys.executable, "-m", "service", *command], env=environment, **quiet)
        for command in commands
    ]
    try:
        yield
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(60)


def _waiting(place: Place, name: str) -> int:
    items: list[Any] = place.call("GET", f"/workers?contains={name}-")["items"]
    return len(items)


def _until(true: Callable[[], bool], patience_s: float) -> None:
    deadline_s = time.monotonic() + patience_s
    while not true():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"Nothing came of it in {patience_s:.0f} s.")
        time.sleep(LOOK_S)
