"""A search on MNIST for SpArSe's two published points, with the time of one afternoon.

`sparse` searches the space `tiny` for at most 100 minutes in two processes of one thread, for two
groups of bounds in turn: 2,770 B with 1,960 B, SpArSe's larger point, and 600 B with 1,440 B, below
its smaller one. The best networks for each target are then trained from scratch with five fresh
seeds and a longer recipe, at most 60 minutes. Both are wall time: a training begins only if the
longest so far would end in time, and what ends late is dropped. Per target the network of the least
mean validation error over the seeds is frozen; then the test set is read once. Networks are floats.

The run is detached: it goes on when this command is ended, and this command shows its log again. A
killed run goes on where it was, with the time that is left. The first complete run counts.

`--quick` runs a minute on a few images with random networks, here, and keeps nothing.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.lines import keep
from benchmarks.network_search.clock import Clock
from benchmarks.network_search.drawing import Mark, svg
from benchmarks.network_search.parallel import (
    Plan,
    confirm,
    confirmed_lines,
    done_trials,
    judged,
    networks_of,
    search,
    trials_log,
)
from benchmarks.network_search.setting import Setting
from benchmarks.network_search.targets import Target, figures_of, frozen, to_confirm
from benchmarks.record import RESULTS, record
from optimizer.problem import Objective
from optimizer.scale import Scale

SEED = 0  # fixed before the first run, as all that follows
CONFIRM_SEEDS = 5
SEARCH_S, CONFIRM_S = 100 * 60.0, 60 * 60.0
SIZE, MEMORY = "model_size:sparse", "working_memory:wm2"
SIZE_MUNAS, MEMORY_MUNAS = "model_size:munas", "working_memory:munas"
FIGURES = (SIZE, MEMORY, SIZE_MUNAS, MEMORY_MUNAS)
GROUPS = ((2770.0, 1960.0), (600.0, 1440.0))
# Networks a little over a bound may have children within it; larger ones only take time.
LIMIT_SHARE = 1.25
ERROR = (0.004, 0.3)
LEAST_BYTES = (60.0, 100.0)
MAX_MACS = 300_000
TRAINING = {"weight_decay": 0.01}
TRIAL_EPOCHS = 4  # the default for so many images, in batches of 128
TRIALS = 400  # about as many as the time allows
CONFIRM_TRAINING = {"batch_size": 64, "weight_decay": 0.01, "augment": "shift1"}
CONFIRM_EPOCHS = 30
TARGETS = (
    Target("sparse_2770", {SIZE: 2770, MEMORY: 1960}, 0.99, candidates=3, required=True),
    Target("sparse_600", {SIZE: 600, MEMORY: 1440}, 0.975, candidates=3, required=True),
    Target("sparse_1400", {SIZE: 1400, MEMORY: 1960}, 0.9864, candidates=2, required=False),
    Target("munas_480", {SIZE_MUNAS: 480, MEMORY_MUNAS: 488}, 0.9919, candidates=1, required=False),
)
PUBLISHED = (
    Mark("published", 0.9864, {SIZE: 2770, MEMORY: 1960}, "SpArSe"),
    Mark("published", 0.9649, {SIZE: 1330, MEMORY: 1440}, "SpArSe"),
    Mark("published", 0.9919, {SIZE_MUNAS: 480, MEMORY_MUNAS: 488}, "μNAS, unconfirmed"),
)
LEGEND = {
    "search": "search: validation images, one short training",
    "confirmed": "trained again: validation images, mean of five seeds",
    "tested": "frozen for a target: test images, mean of five seeds, floats",
    "published": "published: SpArSe in sparse and wm2, μNAS in its own conventions (munas)",
}
BOTTOM = 0.9

ROOT = Path(__file__).parents[1]
RUN = ROOT / "benchmarks" / ".runs" / "search_mnist"
LOG, CLOCK = "log.txt", "clock.json"

Json = dict[str, Any]


def setting(folder: Path, bounds: tuple[float, float], epochs: int, training: Json) -> Setting:
    """The search for one group of bounds; on a log scale up to the limits."""
    objectives = [Objective("error", scale=Scale(*ERROR, log=True))]
    for name, bound, least in zip((SIZE, MEMORY), bounds, LEAST_BYTES, strict=True):
        limit = LIMIT_SHARE * bound
        scale = Scale(least, limit, log=True)
        objectives.append(Objective(name, "known", bound=bound, limit=limit, scale=scale))
    ranges = {"max_macs": MAX_MACS}
    return Setting("mnist", folder, tuple(objectives), epochs, TRIALS, training, ranges)


def plan(data: Path, folder: Path, designer: str, images: int | None, epochs: int) -> Plan:
    """The run; `epochs` are those of the confirmation."""
    groups = tuple(setting(data, bounds, TRIAL_EPOCHS, TRAINING) for bounds in GROUPS)
    again = setting(data, GROUPS[0], epochs, CONFIRM_TRAINING)
    return Plan(folder, groups, again, designer, SEED, FIGURES, images)


def complete(this: Plan, search_s: float, confirm_s: float) -> tuple[Json, list[Mark]]:
    """Search, confirm, freeze, test: the figures, and what to draw.

    What was chosen stays chosen: once the choice is frozen only tests that are missing are made.
    """
    import torch

    torch.set_num_threads(1)
    to_train, choice = this.folder / "to_confirm.json", this.folder / "frozen.json"
    if to_train.exists():  # the search is over
        trials = done_trials(this)
    else:
        trials = search(this, Clock(this.folder / CLOCK, "search", search_s))
    networks = networks_of(this, trials)
    if not to_train.exists():
        keep(to_train, to_confirm(TARGETS, networks))
    candidates = json.loads(to_train.read_text())
    if not choice.exists():
        again = Clock(this.folder / CLOCK, "confirm", confirm_s)
        confirm(this, candidates, CONFIRM_SEEDS, again)
        # On disk before the test set is read.
        keep(choice, frozen(TARGETS, confirmed_lines(this, candidates, CONFIRM_SEEDS)))
    chosen: dict[str, str] = json.loads(choice.read_text())
    confirmed = confirmed_lines(this, candidates, CONFIRM_SEEDS)
    lines = judged(this, list(chosen.values()), confirmed)
    by_key = {key: [line for line in lines if line["key"] == key] for key in chosen.values()}
    spent_s = json.loads((this.folder / CLOCK).read_text())
    figures: Json = {f"{phase}_s": round(spent, 1) for phase, spent in spent_s.items()}
    figures["trials"] = len(trials)
    figures["failed_trials"] = sum(trial.status == "failed" for trial in trials)
    figures["confirmed_networks"] = len(confirmed)
    for target in TARGETS:
        if target.name in chosen:
            figures |= figures_of(target, by_key[chosen[target.name]])
    return figures, marks_of(networks, confirmed, by_key)


def marks_of(
    networks: Sequence[Json],
    confirmed: Mapping[str, Sequence[Json]],
    lines: Mapping[str, Sequence[Json]],
) -> list[Mark]:
    """The points of the figure, with the published ones."""

    def mean(found: Sequence[Json], name: str) -> float:
        return fmean(float(line[name]) for line in found)

    marks = [Mark("search", 1 - n["error"], ours(n["figures"])) for n in networks]
    for found in confirmed.values():
        marks.append(Mark("confirmed", 1 - mean(found, "error"), ours(found[0]["figures"])))
    for found in lines.values():
        marks.append(Mark("tested", 1 - mean(found, "test_error"), ours(found[0]["figures"])))
    return [*marks, *PUBLISHED]


def ours(figures: Mapping[str, float]) -> dict[str, float]:
    """Our networks are drawn in SpArSe's conventions."""
    return {SIZE: figures[SIZE], MEMORY: figures[MEMORY]}


def claims(figures: Json) -> dict[str, bool]:
    """What is required; the goals are printed only."""
    meets = {
        f"{100 * t.accuracy:g} % within {limits_of(t)}": reached(t, figures)
        for t in TARGETS
        if t.required
    }
    meets["search at most 100 min"] = figures["search_s"] <= SEARCH_S
    meets["confirm at most 60 min"] = figures["confirm_s"] <= CONFIRM_S
    return meets


def reached(target: Target, figures: Json) -> bool:
    """Whether the frozen network of a target has the accuracy; sizes were asked before."""
    return bool(figures.get(f"{target.name}_test_accuracy_mean", 0.0) >= target.accuracy)


def limits_of(target: Target) -> str:
    """The sizes of a target in words."""
    return " and ".join(f"{most:,.0f} B {name}" for name, most in target.most_bytes.items())


def run(data: Path) -> None:
    """The real run, in this process."""
    this = plan(data, RUN, "sparse", None, CONFIRM_EPOCHS)
    with trials_log(this).held():
        figures, marks = complete(this, SEARCH_S, CONFIRM_S)
    for target in TARGETS:
        if not target.required:
            word = "reached" if reached(target, figures) else "not reached"
            print(f"goal {100 * target.accuracy:g} % within {limits_of(target)}: {word}")
    record("search_mnist", figures, claims(figures))
    axes = ((SIZE, SIZE_MUNAS), (MEMORY, MEMORY_MUNAS))
    (RESULTS / "search_mnist.svg").write_text(svg(marks, axes, LEGEND, BOTTOM))


def quick(data: Path) -> None:
    """See that all works."""
    with tempfile.TemporaryDirectory() as folder:
        this = plan(data, Path(folder), "random", 2_000, 2)
        figures, marks = complete(this, 40.0, 60.0)
    print(json.dumps({"figures": figures, "meets": claims(figures)}, indent=1))
    print(len(svg(marks, ((SIZE, SIZE_MUNAS), (MEMORY, MEMORY_MUNAS)), LEGEND, 0.0)), "characters")


def follow(data: Path) -> int:
    """Begin the run or find the one that goes on, and show its log until it ends."""
    RUN.mkdir(parents=True, exist_ok=True)
    mark = RUN / "pid"
    if not (mark.exists() and _runs(int(mark.read_text()))):
        with (RUN / LOG).open("a") as log:
            command = [
                sys.executable,
                "-m",
                "benchmarks.search_mnist",
                "--data",
                str(data),
                "--here",
            ]
            begun = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )
        mark.write_text(str(begun.pid))
    pid = int(mark.read_text())
    print(f"process {pid} searches; its log is {RUN / LOG}", flush=True)
    with (RUN / LOG).open() as log:
        while True:
            alive = _runs(pid)
            print(log.read(), end="", flush=True)
            if not alive:
                return 0 if (RESULTS / "search_mnist.json").exists() else 1
            time.sleep(2)


def _runs(pid: int) -> bool:
    """Whether the process is there, has not ended, and is no other one by now."""
    try:
        return b"benchmarks.search_mnist" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def main() -> int:
    """Run it, detached; a run that is complete stays."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = os.environ.get("TINYFRONT_TEST_DATA", str(ROOT.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default), help="folder of data sets")
    parser.add_argument("--here", action="store_true", help="in this process, not detached")
    parser.add_argument("--quick", action="store_true", help="a short run that keeps nothing")
    asked = parser.parse_args()
    if asked.quick:
        quick(asked.data / "mnist")
    elif (RESULTS / "search_mnist.json").exists():
        print("The first complete run counts; its record is benchmarks/results/search_mnist.json.")
    elif asked.here:
        run(asked.data / "mnist")
    else:
        return follow(asked.data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
