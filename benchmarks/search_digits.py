"""Searches for networks on the digits: every method gets the same epochs and the same start.

Per run 1,600 training epochs, a trial from scratch takes 20; shorter trials (those that a rule
stops, children that inherit) buy more of them. The same for all: the space `tiny` with its prior,
the limits, the worker's trainer (in this process, one thread), the split of 897 / 300 / 600 images
and, per seed, the first ten networks with their results. On so few images nothing inherits weights
unless a study asks for it: `sparse` is without inheritance, and `sparse_inheriting` asks for it.
Compared is the confirmed hypervolume: at most 20 networks of the front, chosen greedily by the
volume they add, trained from scratch with three fresh seeds, mean test error. Scales and reference
point are the constants below.

Every trial is kept under `benchmarks/.runs`, so a run goes on where it was killed; a finished run
is one line of the results, kept and used again. A trial took 2.6 s on one core on average (40
networks of the prior; 0.2 to 9 s), a run about 4 minutes and its confirmation 3: with 8 methods and
10 seeds about 9 hours of one core. `--methods` and `--seeds` run some of them. Only the lines of
`tpe` and `optuna_nsga2` need Optuna.

`--develop` is for work on a method: other seeds, networks confirmed on validation images, lines of
their own under `.runs`, and no record.
"""

import argparse
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lines import Lines, finish
from benchmarks.pairs import Comparison, compare
from benchmarks.provenance import check_same, code_of, untold, versions_of
from benchmarks.record import RESULTS, record

# Fixed before the first run.
SEEDS = range(10)
EPOCHS, TRIAL_EPOCHS = 1_600, 20
INHERIT_EPOCHS = 14  # 375 steps
MOST_CONFIRMED, CONFIRM_SEEDS = 20, 3
ERROR = (0.005, 0.45)
SIZE_BYTES = (100.0, 64.0 * 1024)
MEMORY_BYTES = (64.0, 16.0 * 1024)
NAMES = (
    "random",
    "nsga2",
    "optuna_nsga2",
    "tpe",
    "sparse",
    "ageing_evolution",
    "sparse_inheriting",
    "sparse_stopping",
)
RIVALS = ("random", "nsga2", "optuna_nsga2", "tpe")
STOPPING_SHARE, MARGIN = 0.6, 0.02

RUNS = Path(__file__).parent / ".runs" / "search_digits"
LINES = Lines(RESULTS / "search_digits.jsonl", ("method", "seed"))
# Seeds from here on are those of development.
DEVELOPMENT = 1_000
DEVELOPED = RUNS.with_name("search_digits_develop")
DRAFTS = Lines(DEVELOPED / "lines.jsonl", ("method", "seed"))
LIBRARIES = ("torch", "numpy", "botorch", "gpytorch", "optuna")
# What decides the proposals of a method: lines of peers outlive changes of ours.
OF_OURS = (
    "optimizer.designers.sparse",
    "optimizer.designers.ageing_evolution",
    "benchmarks.network_search.methods",
    "benchmarks.network_search.halving",
)
OF_OPTUNA = ("benchmarks.network_search.optuna_methods", "benchmarks.network_search.genes")
MODULES = dict.fromkeys(NAMES, OF_OURS) | {
    "random": ("optimizer.designers.random",),
    "nsga2": ("benchmarks.network_search.nsga2",),
    "optuna_nsga2": OF_OPTUNA,
    "tpe": OF_OPTUNA,
}
# What decides the results of a network, for all methods.
OF_TRAINING = (
    "worker.train",
    "worker.data",
    "benchmarks.mnist_networks",
    "benchmarks.network_search.setting",
    "benchmarks.network_search.trials",
    "benchmarks.network_search.runs",
    "benchmarks.network_search.confirmation",
)

Json = dict[str, Any]


def setting() -> Any:
    """The search as all methods have it."""
    from benchmarks.network_search.setting import Setting
    from optimizer.problem import Objective
    from optimizer.scale import Scale

    error, size, memory = (Scale(*ends, log=True) for ends in (ERROR, SIZE_BYTES, MEMORY_BYTES))
    objectives = (
        Objective("error", scale=error),
        Objective("model_size:deployed", "known", limit=SIZE_BYTES[1], scale=size),
        Objective("working_memory:arena", "known", limit=MEMORY_BYTES[1], scale=memory),
    )
    trials = EPOCHS // TRIAL_EPOCHS
    return Setting("digits", None, objectives, TRIAL_EPOCHS, trials, inherit_epochs=INHERIT_EPOCHS)


def run(fields: Json, epochs: int = EPOCHS, folder: Path = RUNS) -> Json:
    """One method with one seed, searched and confirmed: the whole line."""
    import torch

    from benchmarks.network_search.confirmation import Confirmation, chosen, observed_volume
    from benchmarks.network_search.runs import Run
    from benchmarks.network_search.setting import Bench
    from benchmarks.network_search.trials import used_epochs

    torch.set_num_threads(1)
    code, training = code_of(*MODULES[fields["method"]]), code_of(*OF_TRAINING)
    bench, seed = Bench.of(setting()), fields["seed"]
    test = seed < DEVELOPMENT
    this = Run(bench, folder, fields["method"], seed)
    with this.held():
        trials = this.search(epochs)
        frozen = chosen(this.problem, trials, MOST_CONFIRMED)
        begun_s = time.process_time()
        log = folder / "confirmed.jsonl"
        confirmation = Confirmation(bench, log, seed, CONFIRM_SEEDS, test)
        confirmed = confirmation.of(frozen)
        confirm_s = time.process_time() - begun_s
        this.end()
    return {
        **fields,
        "observed": observed_volume(this.problem, trials),
        "confirmed": confirmation.volume(confirmed),
        "epochs": used_epochs(trials),
        "trials": len(trials),
        "statuses": {s: sum(t.status == s for t in trials) for s in {t.status for t in trials}},
        "train_s": round(sum(trial.train_s for trial in trials), 1),
        "think_s": round(sum(trial.think_s for trial in trials), 1),
        "confirm_s": round(confirm_s, 1),
        "front": confirmed,
        "start": start_of([trial.key for trial in trials if trial.origin == "initial"]),
        "code": code,
        "training": training,
        "versions": versions_of(LIBRARIES),
    }


def draft(fields: Json) -> Json:
    """A run of development."""
    return run(fields, folder=DEVELOPED)


def start_of(keys: Sequence[str]) -> str:
    """Names the first networks of a run: two lines are a pair only if theirs are the same."""
    return hashlib.sha256("".join(keys).encode()).hexdigest()[:16]


def figures_of(lines: dict[str, list[Json]]) -> dict[str, float]:
    """Per method, over the seeds: volumes, their optimism, epochs, trials and seconds."""
    figures: dict[str, float] = {}
    for method, runs in lines.items():
        columns = {
            "confirmed": [line["confirmed"] for line in runs],
            "observed": [line["observed"] for line in runs],
            "optimism": [line["observed"] - line["confirmed"] for line in runs],
        }
        for name, values in columns.items():
            for word, at in (("lower_quartile", 0.25), ("median", 0.5), ("upper_quartile", 0.75)):
                figures[f"{method}_{name}_{word}"] = float(np.quantile(values, at))
        for name in ("epochs", "trials", "train_s", "think_s"):
            figures[f"{method}_{name}_mean"] = float(np.mean([line[name] for line in runs]))
    return figures


def check_pairs(lines: dict[str, list[Json]]) -> None:
    """Raise RuntimeError where a method began with other networks than `sparse` did."""
    for name, runs in lines.items():
        for line, ours in zip(runs, lines["sparse"], strict=True):
            if line["start"] != ours["start"]:
                run = f"{name} with seed {line['seed']}"
                raise RuntimeError(
                    f"{run} began with other networks: remove its line and repeat it"
                )


def check_origins(lines: dict[str, list[Json]]) -> None:
    """Raise RuntimeError where networks were trained, or methods propose, by different code."""
    check_same([line for runs in lines.values() for line in runs], "training", "versions")
    for modules in dict.fromkeys(MODULES.values()):
        check_same([line for n in NAMES if MODULES[n] == modules for line in lines[n]], "code")


def comparisons(volumes: dict[str, list[float]]) -> dict[str, Comparison]:
    """`sparse` over its rivals, corrected by Holm; by claim: over the others, and stopping."""
    ours = volumes["sparse"]
    found = compare(ours, {name: volumes[name] for name in RIVALS})
    for name in ("ageing_evolution", "sparse_inheriting"):
        found |= compare(ours, {name: volumes[name]})
    stopped = compare(volumes["sparse_stopping"], {"sparse": ours}, MARGIN)
    return found | {"stopping": stopped["sparse"]}


def claims(found: dict[str, Comparison], figures: dict[str, float]) -> dict[str, bool]:
    """What is required; the other comparisons are printed only."""
    most = STOPPING_SHARE * EPOCHS  # of the budget, whatever `sparse` left of its own
    meets = {f"sparse is above {name}": found[name].significant for name in RIVALS}
    meets["stopping takes at most 60 % of the epochs and loses at most 2 %"] = (
        figures["sparse_stopping_epochs_mean"] <= most and found["stopping"].significant
    )
    return meets


def summary() -> None:
    """Print every comparison and record, once all runs are there."""
    by_run = {LINES.key(line): line for line in LINES.read()}
    lines = {name: [by_run[name, seed] for seed in SEEDS] for name in NAMES}
    check_pairs(lines)
    check_origins(lines)
    figures = figures_of(lines)
    figures["runs_without_code"] = untold([line for runs in lines.values() for line in runs])
    found = comparisons({n: [line["confirmed"] for line in lines[n]] for n in NAMES})
    for name, comparison in found.items():
        first, second = ("sparse_stopping", "sparse") if name == "stopping" else ("sparse", name)
        print(f"{first} against {second}: {comparison}")
        figures[f"p_{name}"] = comparison.p_value
        figures[f"p_{name}_after_holm"] = comparison.adjusted
        for seed, difference in zip(SEEDS, comparison.differences, strict=True):
            figures[f"difference_{name}_{seed}"] = difference
    record("search_digits", figures, claims(found, figures))


def show_drafts(methods: Sequence[str], seeds: Sequence[int]) -> None:
    """Print the volumes of development, a row for each method."""
    by_run = {DRAFTS.key(line): line for line in DRAFTS.read()}
    for method in methods:
        found = [by_run[method, seed] for seed in seeds]
        for name in ("confirmed", "observed"):
            told = " ".join(f"{line[name]:.3f}" for line in found)
            mean = np.mean([line[name] for line in found])
            print(f"{method} {name}: {told}; mean {mean:.3f}")


def wanted(methods: Sequence[str], seeds: Sequence[int]) -> list[Json]:
    """The runs, all methods of a seed before the next seed."""
    return [{"method": method, "seed": seed} for seed in seeds for method in methods]


def main() -> None:
    """Run what is missing; record when nothing is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--methods", nargs="+", default=NAMES, choices=NAMES)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS), choices=SEEDS)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument(
        "--develop", action="store_true", help="other seeds, no test set, no record"
    )
    asked = parser.parse_args()
    if asked.develop:
        seeds = [DEVELOPMENT + seed for seed in asked.seeds]
        finish(DRAFTS, wanted(asked.methods, seeds), draft, asked.processes)
        show_drafts(asked.methods, seeds)
        return
    finish(LINES, wanted(asked.methods, asked.seeds), run, asked.processes)
    left = LINES.missing(wanted(NAMES, SEEDS))
    if left:
        print(f"{len(left)} of {len(NAMES) * len(SEEDS)} runs are missing; no record yet")
        return
    summary()


if __name__ == "__main__":
    main()
