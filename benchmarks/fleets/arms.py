"""The same trials by plain workers and by workers of a fleet, on one machine."""

import time
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.load.place import Place, at_work, until

START_S, TRIALS_S = 180.0, 3600.0
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
    with _workers(place, task, arm, workers, name):
        until(lambda: _waiting(place, name) >= workers, START_S)
        begun_s = time.perf_counter()
        place.call("POST", "/studies", _study(task, name))
        place.await_end(name, TRIALS_S)
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


def _workers(
    place: Place, task: Task, arm: str, workers: int, name: str
) -> AbstractContextManager[None]:
    server = ["--server", place.url, "--no-verify", *task.options]
    if arm == RAY:
        local = ["--address", "local", "--name", name, "--workers", str(workers)]
        commands = [["fleet", *local, *server]]
    else:
        commands = [["worker", "--name", f"{name}-{n}", *server] for n in range(workers)]
    return at_work(place, commands)


def _waiting(place: Place, name: str) -> int:
    items: list[Any] = place.call("GET", f"/workers?contains={name}-")["items"]
    return len(items)
