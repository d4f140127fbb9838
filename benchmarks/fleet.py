"""What Ray costs beside plain workers, and what the service bears of 10,000 of them.

Trials per hour with one and two workers, on digits and on MNIST: plain workers and workers of a
fleet on a Ray cluster of this machine take the same random networks, in turn. A machine changes its
speed by more than Ray costs, though. So the cost is judged beside each other: both arms work at the
same time, and of their ratio the share of the machine is taken off that Ray's own processes need,
which then slows both arms. Of all rounds the median counts. Each round is a line of a state file,
so a benchmark that was stopped goes on where it was. Before that comes a simulation
(`benchmarks.fleets.simulation`) in which the service's measured rates are replayed: first the load
that was measured, so that its error is known, then ten times as many workers, more processes, a
second database, more and fewer proposals that wait.
`--quick` shows in minutes that all works, `--simulate` does the second part alone; neither keeps
anything.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.fleets.arms import ARMS, PLAIN, RAY, Task, side_by_side, trials_per_h
from benchmarks.fleets.simulation import Outcome, Service, Work, simulated
from benchmarks.lines import Json, Lines
from benchmarks.load.place import Place, serving
from benchmarks.provenance import check_same, code_of
from benchmarks.record import RESULTS, record
from tests.conftest import upgrade

DATA = Path(__file__).parents[2] / "shared" / "data"
WORKERS = (1, 2)
ROUNDS = 3
LEAST_RATIO = 0.97
KEY = ("data", "trials", "epochs", "workers", "round")
DECIDING = ("worker.fleet.hand", "worker.fleet.berth", "worker.loop", "worker.child")
MOST_ERROR = 0.05  # of the simulated rates, where they were measured
MANY = 10_000
MINUTE, SHORT = Work(MANY, 60.0, 4), Work(MANY, 10.0, 2)
LARGE = 4_000  # proposals ahead, more than enough

Run = Callable[[Place, Task, Json], dict[str, float]]


def costs(
    lines: Lines, run: Run, tasks: Sequence[Task], rounds: int, workers: Sequence[int]
) -> list[Json]:
    """Run the rounds that have no line yet; the lines of all."""
    runs: list[tuple[Task, Json]] = [
        (task, {**asdict(task), "folder": None, "workers": count, "round": number})
        for task in tasks
        for count in workers
        for number in range(rounds)
    ]
    missing = [(task, fields) for task, fields in runs if lines.missing([fields])]
    if missing:
        with tempfile.TemporaryDirectory() as name:
            url = f"sqlite:///{name}/tinyfront.db"
            upgrade(url)
            with lines.held(), serving(url, 1, Path(name)) as place:
                for task, fields in missing:
                    told = run(place, task, fields)
                    print(fields, told, flush=True)
                    lines.append({**fields, **told, "code": code_of(*DECIDING)})
    found = lines.read()
    check_same(found, "code")
    return found


def in_turn(place: Place, task: Task, fields: Json) -> dict[str, float]:
    """Trials per hour of both arms, each with the machine for itself, by turns first."""
    number, workers = fields["round"], fields["workers"]
    return {
        arm: trials_per_h(place, task, arm, workers, f"{task.data}-{workers}-{arm}-{number}")
        for arm in sorted(ARMS, reverse=number % 2 == 1)
    }


def beside(place: Place, task: Task, fields: Json) -> dict[str, float]:
    """Seconds of both arms at the same time, and what Ray takes besides."""
    name = f"{task.data}-{fields['workers']}-{fields['round']}"
    return side_by_side(place, task, fields["workers"], name)


def by_load(lines: Sequence[Json]) -> dict[str, list[Json]]:
    """Lines by data set and number of workers, as figures are called."""
    found: dict[str, list[Json]] = {}
    for line in lines:
        found.setdefault(f"{line['data']}_{line['workers']}_workers", []).append(line)
    return found


def ratios(turns: Sequence[Json], besides: Sequence[Json]) -> dict[str, float]:
    """Trials per hour of both arms in turn, and what is left of them on Ray."""
    figures: dict[str, float] = {}
    for load, ours in by_load(turns).items():
        for arm in ARMS:
            figures[f"{load}_{arm}_trials_per_h"] = median(line[arm] for line in ours)
        figures[f"{load}_in_turn_ratio"] = median(line[RAY] / line[PLAIN] for line in ours)
    for load, ours in by_load(besides).items():
        left = [line[PLAIN] / line[RAY] * (1 - line["own_share"]) for line in ours]
        figures[f"{load}_own_share"] = median(line["own_share"] for line in ours)
        for word, value in (("", median(left)), ("_least", min(left)), ("_most", max(left))):
            figures[f"{load}_ray_ratio{word}"] = value
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
            few = ([Task("digits", 4, 2)], 1, (1,))
            turns = costs(Lines(Path(name) / "turns.jsonl", KEY), in_turn, *few)
            print(ratios(turns, costs(Lines(Path(name) / "beside.jsonl", KEY), beside, *few)))
        return
    mnist = chosen.data / "mnist"
    turns, besides = (
        costs(
            Lines(RESULTS / file, KEY),
            run,
            [Task("digits", 40, 8), Task("mnist", trials, 2, mnist)],
            ROUNDS,
            WORKERS,
        )
        for file, run, trials in (("fleet.jsonl", in_turn, 12), ("fleet_beside.jsonl", beside, 6))
    )
    figures |= ratios(turns, besides)
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
