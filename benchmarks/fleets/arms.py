"""The same trials by plain workers and by workers of a fleet: in turn, and beside each other."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from benchmarks.load.place import Place, at_work, until

START_S, TRIALS_S, LOOK_S = 180.0, 3600.0, 1.0
PLAIN, RAY = "plain", "ray"
ARMS = (PLAIN, RAY)
HAND = "worker.fleet.hand"  # the worker of a fleet, a program as any other


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
    with at_work(place, _commands(place, task, arm, workers, name)):
        until(lambda: _waiting(place, name) >= workers, START_S)
        begun_s = time.perf_counter()
        place.call("POST", "/studies", _study(task, name))
        place.await_end(name, TRIALS_S)
        took_s = time.perf_counter() - begun_s
    return 3600 * task.trials / took_s


def side_by_side(place: Place, task: Task, workers: int, name: str) -> dict[str, float]:
    """Let both arms work at the same time, each on a study of its own with the same networks.

    A machine that changes its speed changes that of both. Each arm has so many workers.

    Returns:
        The seconds in which each arm finished as many trials as both had when the first one ended
        (from there on the other has the machine for itself), and `own_share`: what Ray's processes
        and the command took, besides the workers, of all cores.
    """
    _announce(place, task)
    studies = {arm: f"{name}-{arm}" for arm in ARMS}
    for study in studies.values():
        place.call("POST", "/studies", _study(task, study))
        # One study's proposals would else be there before the other's.
        until(lambda study=study: _queued(place, study) == task.trials, START_S)
        place.call("PATCH", f"/studies/{study}", {"status": "paused"})
    plain, ray = (
        [[*command, "--study", study] for command in _commands(place, task, arm, workers, study)]
        for arm, study in studies.items()
    )
    with at_work(place, plain), at_work(place, ray) as [fleet]:
        for study in studies.values():
            until(lambda study=study: _waiting(place, study) >= workers, START_S)
        begun = datetime.now(UTC)
        for study in studies.values():
            place.call("PATCH", f"/studies/{study}", {"status": "active"})
        share = _own_share(place, psutil.Process(fleet.pid), list(studies.values()))
        for study in studies.values():
            place.await_end(study, TRIALS_S)
    ends = {arm: _ends_s(place, study, begun) for arm, study in studies.items()}
    return _until_first_ended(ends) | {"own_share": share}


def _announce(place: Place, task: Task) -> None:
    """Let the server know the data, without which there is no study."""
    if task.data not in {each["name"] for each in place.call("GET", "/data")["items"]}:
        name = f"{task.data}-herald"
        with at_work(place, _commands(place, task, PLAIN, 1, name)):
            until(lambda: _waiting(place, name), START_S)


def _until_first_ended(ends: dict[str, list[float]]) -> dict[str, float]:
    first_s = min(each[-1] for each in ends.values())
    both = min(sum(end_s <= first_s for end_s in each) for each in ends.values())
    return {arm: each[both - 1] for arm, each in ends.items()}


def _ends_s(place: Place, study: str, begun: datetime) -> list[float]:
    """When the trials of a study ended, the first one first."""
    items = place.call("GET", f"/studies/{study}/trials?limit=1000")["items"]
    return sorted(
        (datetime.fromisoformat(each["finished_at"]) - begun).total_seconds() for each in items
    )


def _own_share(place: Place, fleet: psutil.Process, studies: Sequence[str]) -> float:
    """What a fleet besides its workers takes of all cores, until the first study ends."""
    begun_s, before = time.perf_counter(), _own_cpu_s(fleet)
    taken_s, took_s = 0.0, 1.0
    while all(place.call("GET", f"/studies/{study}")["status"] == "active" for study in studies):
        # With its study a fleet ends, too: what counts is how it was a second before.
        now = _own_cpu_s(fleet)
        taken_s = sum(each_s - before.get(pid, 0.0) for pid, each_s in now.items())
        took_s = time.perf_counter() - begun_s
        time.sleep(LOOK_S)
    return taken_s / took_s / (os.cpu_count() or 1)


def _own_cpu_s(fleet: psutil.Process) -> dict[int, float]:
    """Seconds of CPU of a fleet's processes so far, its workers and their children left out."""
    found = {}
    for process in _own(fleet):
        with suppress(psutil.Error):  # it ended just now
            times = process.cpu_times()
            found[process.pid] = times.user + times.system
    return found


def _own(process: psutil.Process) -> Iterator[psutil.Process]:
    with suppress(psutil.Error):
        if HAND not in process.cmdline():
            yield process
            for child in process.children():
                yield from _own(child)


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


def _commands(
    place: Place, task: Task, arm: str, workers: int, name: str
) -> Sequence[Sequence[str]]:
    server = ["--server", place.url, "--no-verify", *task.options]
    if arm == RAY:
        local = ["--address", "local", "--name", name, "--workers", str(workers)]
        return [["fleet", *local, *server]]
    return [["worker", "--name", f"{name}-{n}", *server] for n in range(workers)]


def _queued(place: Place, study: str) -> int:
    found: int = place.call("GET", f"/studies/{study}")["counts"]["queued"]
    return found


def _waiting(place: Place, name: str) -> int:
    items: list[Any] = place.call("GET", f"/workers?contains={name}-")["items"]
    return len(items)
