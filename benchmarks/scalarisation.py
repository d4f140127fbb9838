"""What random scalarisation is best: priors, functions, rays, acquisitions and scales of `bayes`.

Each choice differs from the default in what its name says. Four black boxes without a reference
given and the synthetic network problem of `branin_currin_inprocess`, 60 trials each; the seeds are
not those of the benchmarks that make claims. Hypervolumes are raw over BoTorch's reference (boxes)
or those of the true errors (networks), and h = (HV - random's median) / (best HV seen - random's
median). Runs go seed by seed; the record holds the seeds that every choice has finished.

The prior `munas` is only another one than `box` on a log scale, so the boxes go without. `*_front`
scale by the range of the present front, which is no option of the product.
"""

import random
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.branin_currin_inprocess import Case, networks
from benchmarks.lines import Lines, finish
from benchmarks.provenance import check_same, code_of, untold, versions_of
from benchmarks.record import RESULTS, record
from optimizer.designers import designer
from optimizer.history import History, Observation
from optimizer.problem import Problem, initial_count
from optimizer.scale import Scale

MODULES = (
    "optimizer.designers.bayes",
    "optimizer.designers.random",
    "optimizer.networks.scales",
    "benchmarks.black_boxes.boxes",
    "benchmarks.black_boxes.ours",
    "benchmarks.branin_currin_inprocess",
    "benchmarks.scalarisation",
)
LIBRARIES = ("botorch", "gpytorch", "torch", "numpy", "scipy")
LINES = Lines(RESULTS / "scalarisation.jsonl", ("problem", "choice", "seed", "trials"))
TRIALS, SEEDS = 60, range(1000, 1010)
BOXES = ("branin_currin", "dtlz2", "vehicle_safety", "mixed_dtlz2")
NETWORKS = "networks"
PROBLEMS = (*BOXES, NETWORKS)  # the boxes are quicker
TCHEBYSHEV, ONE = {"function": "tchebyshev"}, {"rays": 1}
CHOICES: Mapping[str, dict[str, Any]] = {
    "default": {},
    "one_ray": ONE,
    "simplex": {"prior": "simplex"},
    "box": {"prior": "box"},
    "munas": {"prior": "munas"},
    "tchebyshev": TCHEBYSHEV,
    "tchebyshev_one_ray": TCHEBYSHEV | ONE,
    "tchebyshev_box": TCHEBYSHEV | {"prior": "box"},
    "augmented": {"function": "augmented"},
    "linear": {"function": "linear"},
    "thompson": {"acquisition": "thompson"},
    "thompson_tchebyshev_one_ray": {"acquisition": "thompson"} | TCHEBYSHEV | ONE,
    "ucb": {"acquisition": "ucb"},
    "default_front": {},
    "tchebyshev_one_ray_front": TCHEBYSHEV | ONE,
    "random": {},
}
BY_FRONT = "_front"


def case_of(name: str, seed: int, trials: int) -> Case:
    """A problem, its measurement and its judge."""
    from benchmarks.black_boxes.boxes import boxes
    from benchmarks.black_boxes.ours import problem_of

    if name == NETWORKS:
        return networks(seed)
    box = boxes()[name]

    def judge(history: History) -> float:
        return box.volumes([o.values for o in history.observations], [len(history)])[0]

    return Case(problem_of(box, False, trials, seed), box, judge)


def by_the_front(problem: Problem, history: History) -> Problem:
    """The problem with its scales from the best to the worst value on the present front."""
    values = history.values(problem.names)[history.front(problem)]
    scales = {}
    for objective, column in zip(problem.objectives, values.T, strict=True):
        ends = float(column.min()), float(column.max())
        if ends[0] == ends[1] or objective.scale is None:
            continue
        best, worst = ends if objective.goal == "minimize" else ends[::-1]
        scales[objective.name] = Scale(best, worst, objective.scale.log and ends[0] > 0)
    return problem.with_scales(scales)


def run(fields: dict[str, Any]) -> dict[str, Any]:
    """One run of one choice on one problem."""
    import torch

    from benchmarks.black_boxes.ours import refit, scaled

    torch.set_num_threads(1)
    origin = {"code": code_of(*MODULES), "versions": versions_of(LIBRARIES)}
    choice, seed, trials = fields["choice"], fields["seed"], fields["trials"]
    case = case_of(fields["problem"], seed, trials)
    asked = designer("random" if choice == "random" else "bayes")
    problem = replace(case.problem, options=CHOICES[choice])
    history, fitted, rng, begun = History(), None, random.Random(seed), time.process_time()
    for number in range(1, trials + 1):
        initial = len(history) < initial_count(problem)
        if not initial and not problem.scaled:
            problem = scaled(problem, history)
        asks = problem
        if choice.endswith(BY_FRONT) and not initial:  # the fit is of scores: it follows the scale
            asks, fitted = by_the_front(problem, history), None
        fitted = None if choice == "random" else refit(asked, asks, history, fitted)
        (chosen,) = asked.suggest(asks, history, [], fitted, 1, rng.getrandbits(32))
        values = {**chosen.known, **case.measure(chosen.point)}
        history = History((*history.observations, Observation(chosen.point, values, number)))
    spent_s = round(time.process_time() - begun, 2)
    return {**fields, "hypervolume": case.judge(history), "cpu_s": spent_s, **origin}


def wanted() -> list[dict[str, Any]]:
    """Every run, seed by seed."""
    return [
        {"problem": problem, "choice": choice, "seed": seed, "trials": TRIALS}
        for seed in SEEDS
        for problem in PROBLEMS
        for choice in CHOICES
        if choice != "munas" or problem == NETWORKS
    ]


def figures_of(lines: list[dict[str, Any]]) -> dict[str, float]:
    """Medians of h over the seeds that every choice of a problem has finished."""
    volumes = {LINES.key(line): line["hypervolume"] for line in lines}
    figures: dict[str, float] = {}
    for name in PROBLEMS:
        runs = [fields for fields in wanted() if fields["problem"] == name]
        choices = dict.fromkeys(fields["choice"] for fields in runs)
        done = [
            seed
            for seed in SEEDS
            if all(LINES.key(f) in volumes for f in runs if f["seed"] == seed)
        ]
        figures[f"{name}_seeds"] = len(done)
        if not done:
            continue
        found = {c: [volumes[name, c, seed, TRIALS] for seed in done] for c in choices}
        base = float(np.median(found["random"]))
        best = max(max(row) for row in found.values())
        for choice, row in found.items():
            h = (np.array(row) - base) / (best - base)
            figures[f"{name}_{choice}_h_median"] = float(np.median(h))
            figures[f"{name}_{choice}_h_least"] = float(h.min())
    for choice in CHOICES:
        medians = [figures.get(f"{name}_{choice}_h_median") for name in PROBLEMS]
        told = [median for median in medians if median is not None]
        if told:
            figures[f"mean_of_medians_{choice}"] = float(np.mean(told))
    return figures


def main() -> None:
    """Run what is missing, then compare."""
    finish(LINES, wanted(), run, processes=1)
    lines = LINES.read()
    check_same(lines, "code", "versions")
    figures = figures_of(lines) | {"runs_without_code": untold(lines)}
    default = figures["mean_of_medians_default"]
    rivals = [
        f"mean_of_medians_{choice}" for choice in CHOICES if choice not in ("default", "munas")
    ]
    best = max(figures[rival] for rival in rivals)
    meets = {
        "no other choice has a mean of medians above the default's + 0.02": best <= default + 0.02
    }
    record("scalarisation", figures, meets)


if __name__ == "__main__":
    main()
