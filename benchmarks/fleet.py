"""What Ray costs beside plain workers, and what the service bears of 10,000 of them.

Trials per hour with one and two workers, on digits and on MNIST: plain workers and workers of a
fleet on a Ray cluster of this machine take the same random networks, in turn, and the ratio is the
median over the rounds. Each round is a line of the state file, so a benchmark that was stopped goes
on where it was; both arms of a round run in one go, since a machine changes its speed. Then a
simulation (`benchmarks.fleets.simulation`) in which the service's measured rates are replayed:
first the load that was measured, so that its error is known, then ten times as many workers, more
processes, a second database, more and fewer proposals that wait.
`--quick` shows in minutes that all works, `--simulate` does the second part alone; neither keeps
anything.
"""

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.fleets.arms import PLAIN, RAY, Task, trials_per_h
from benchmarks.fleets.simulation import Outcome, Service, Work, simulated
from benchmarks.lines import Json, Lines
from benchmarks.load.place import Place, serving
from benchmarks.provenance import check_same, code_of
from benchmarks.record import RESULTS, record
from tests.conftest import upgrade

DATA = Path(__file__).parents[2] / "shared" / "data"
ROUNDS, WORKERS = 3, (1, 2)
LEAST_RATIO = 0.97
KEY = ("data", "trials", "epochs", "workers", "round")
DECIDING = ("worker.fleet.hand", "worker.fleet.berth", "worker.loop", "worker.child")
MOST_ERROR = 0.05  # of the simulated rates, where they were measured
MANY = 10_000
MINUTE, SHORT = Work(MANY, 60.0, 4), Work(MANY, 10.0, 2)
LARGE = 4_000  # proposals ahead, more than enough


def costs(lines: Lines, tasks: list[Task], rounds: int, workers: tuple[int, ...]) -> None:
    """Run the rounds that have no line yet."""
    runs: list[tuple[Task, Json]] = [
        (task, {**asdict(task), "folder": None, "workers": count, "round": number})
        for task in tasks
        for count in workers
        for number in range(rounds)
    ]
    missing = [(task, fields) for task, fields in runs if lines.missing([fields])]
    if not missing:
        return
    with tempfile.TemporaryDirectory() as name:
        url = f"sqlite:///{name}/tinyfront.db"
        upgrade(url)
        with lines.held(), serving(url, 1, Path(name)) as place:
            for task, fields in missing:
                lines.append({**fields, **_round(place, task, fields), "code": code_of(*DECIDING)})


def _round(place: Place, task: Task, fields: Json) -> dict[str, float]:
    """Trials per hour of both arms."""
    told = {}
    # By turns first.
    for arm in (PLAIN, RAY) if fields["round"] % 2 == 0 else (RAY, PLAIN):
        run = f"{task.data}-{fields['workers']}-{arm}-{fields['round']}"
        told[arm] = trials_per_h(place, task, arm, fields["workers"], run)
        print(run, round(told[arm]), flush=True)
    return told


def ratios(lines: list[Json]) -> dict[str, float]:
    """Trials per hour of both arms, and what is left of them on Ray."""
    check_same(lines, "code")
    figures: dict[str, float] = {}
    for key in sorted({(line["data"], line["workers"]) for line in lines}):
        ours = [line for line in lines if (line["data"], line["workers"]) == key]
        named = f"{key[0]}_{key[1]}_workers"
        for arm in (PLAIN, RAY):
            figures[f"{named}_{arm}_trials_per_h"] = median(line[arm] for line in ours)
        figures[f"{named}_ray_ratio"] = median(line[RAY] / line[PLAIN] for line in ours)
    return figures


def scenes() -> dict[str, tuple[Service, Work]]:
    """What is simulated, by name; all but the first on cores of their own."""
    found = {"measured_load": (Service(2, cores=2.0), Work(1_000, 10.0, 2))}
    for processes in (1, 2, 4, 8):
        found[f"minute_trials_{processes}_processes"] = (Service(processes, ahead=LARGE), MINUTE)
    for processes in (8, 16):
        found[f"short_trials_{processes}_processes"] = (Service(processes, ahead=LARGE), SHORT)
    found["short_trials_8_processes_2_databases"] = (Service(8, databases=2, ahead=LARGE), SHORT)
    for ahead in (50, 200, 500, 1_000):
        found[f"minute_trials_ahead_{ahead}"] = (Service(8, ahead=ahead), MINUTE)
    return found


def replayed() -> dict[str, float]:
    """The figures of all scenes, and how far the first is from what was measured."""
    figures: dict[str, float] = {}
    for name, (service, work) in scenes().items():
        outcome = simulated(service, work)
        print(name, outcome, flush=True)
        figures |= told(name, outcome)
    measured = json.loads((RESULTS / "service_load.json").read_text())["figures"]
    for rate in ("trials_per_s", "requests_per_s"):
        figures[f"error_{rate}"] = figures[f"measured_load_{rate}"] / measured[rate] - 1
    return figures


def told(name: str, outcome: Outcome) -> dict[str, float]:
    """An outcome as figures."""
    return {
        f"{name}_trials_per_s": outcome.trials_per_s,
        f"{name}_requests_per_s": outcome.requests_per_s,
        f"{name}_training_share": outcome.training_share,
        f"{name}_p50_ms": outcome.p50_ms,
        f"{name}_p99_ms": outcome.p99_ms,
        f"{name}_database_share": outcome.database_share,
    }


def main() -> None:
    """Run what is asked for, and record it if that is all."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=DATA, help="folder with mnist/mnist.npz")
    options.add_argument("--quick", action="store_true", help="show that it works, keep nothing")
    options.add_argument("--simulate", action="store_true", help="the simulation alone")
    chosen = options.parse_args()
    figures = {} if chosen.quick else replayed()
    if chosen.simulate:
        return
    if chosen.quick:
        with tempfile.TemporaryDirectory() as name:
            lines = Lines(Path(name) / "fleet.jsonl", KEY)
            costs(lines, [Task("digits", 4, 2)], 1, (1,))
            print(ratios(lines.read()))
        return
    tasks = [Task("digits", 40, 8), Task("mnist", 12, 2, chosen.data / "mnist")]
    lines = Lines(RESULTS / "fleet.jsonl", KEY)
    costs(lines, tasks, ROUNDS, WORKERS)
    figures |= ratios(lines.read())
    found = {name: value for name, value in figures.items() if name.endswith("_ray_ratio")}
    meets = {
        f"{name}: Ray costs at most 3 %": value >= LEAST_RATIO for name, value in found.items()
    } | {
        "the simulation is within 5 % of the rates that were measured": all(
            abs(figures[f"error_{rate}"]) <= MOST_ERROR
            for rate in ("trials_per_s", "requests_per_s")
        ),
    }
    record("fleet", {name: round(value, 4) for name, value in figures.items()}, meets)


if __name__ == "__main__":
    main()
