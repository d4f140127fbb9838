"""`bayes` beside other optimisers on eight black boxes: ten paired seeds, the same start.

`hypervolume_peers` runs the others (hours, once); this runs ours and compares. There are two
contests: at 50 trials over five rivals, at 100 over four, for Ax ends at 50. Beside Ax ours gets
the same thresholds (`bayes_given`), beside the others no reference point (`bayes`). With
h = (HV - Sobol's median) / (best HV seen - Sobol's median) the claims of a contest are: the median
h is at least that of the best peer less 0.01 on 6 of 8 boxes, nowhere below the second best less
0.02, and ours is significantly above every peer on at least 2 (Wilcoxon, Holm over all rivals).

`--so-far` shows where the contests stand on the seeds that all methods have, and records nothing.
"""

import argparse
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.hypervolume_peers import LINES as PEERS
from benchmarks.hypervolume_peers import NAMES, SEEDS
from benchmarks.hypervolume_peers import wanted as wanted_of_peers
from benchmarks.lines import Lines, finish
from benchmarks.pairs import Comparison, compare_each
from benchmarks.provenance import check_same, code_of, untold, versions_of
from benchmarks.record import RESULTS, record

OURS = Lines(RESULTS / "hypervolume_ours.jsonl", ("box", "method", "seed"))
TRIALS = {"bayes": 100, "bayes_given": 50}
MODULES = (
    "optimizer.designers.bayes",
    "benchmarks.black_boxes.boxes",
    "benchmarks.black_boxes.ours",
)
LIBRARIES = ("botorch", "gpytorch", "torch", "numpy", "scipy")
FOUR = ("sobol", "optuna_nsga2", "optuna_tpe", "optuna_gp")
# By the number of trials: the rivals, and beside each of them ours.
CONTESTS: Mapping[str, Mapping[str, str]] = {
    "50": {**dict.fromkeys(FOUR, "bayes"), "ax": "bayes_given"},
    "100": dict.fromkeys(FOUR, "bayes"),
}
BEST, SECOND, ENOUGH, CLEAR = 0.01, 0.02, 6, 2

Volumes = Mapping[tuple[str, str, int], Mapping[str, float]]


def run(fields: dict[str, Any]) -> dict[str, Any]:
    """One run of ours on one box."""
    import torch

    from benchmarks.black_boxes.boxes import boxes
    from benchmarks.black_boxes.ours import Search

    torch.set_num_threads(1)
    code = code_of(*MODULES)
    box, method, seed = boxes()[fields["box"]], fields["method"], fields["seed"]
    search = Search(box, "bayes", given=method == "bayes_given")
    steps = list(search.run(seed, TRIALS[method]))
    after = [count for count in (50, 100) if count <= len(steps)]
    volumes = box.volumes([values for _, values in steps], after)
    return {
        **fields,
        "hypervolume": {str(count): v for count, v in zip(after, volumes, strict=True)},
        "thought_s": round(sum(search.thought_s), 2),
        "code": code,
        "versions": versions_of(LIBRARIES),
    }


def wanted() -> list[dict[str, Any]]:
    """Every run of ours, seed by seed."""
    return [
        {"box": box, "method": method, "seed": seed}
        for seed in SEEDS
        for method in TRIALS
        for box in NAMES
    ]


def missing_of_peers() -> str:
    """Which runs of the others are not there, and what makes them; empty if all are."""
    left = PEERS.missing(wanted_of_peers())
    each = Counter(fields["method"] for fields in left)
    told = ", ".join(f"{count} of {method}" for method, count in each.items())
    make = "make bench NAME=hypervolume_peers"
    return f"{len(left)} runs of others are missing ({told}); {make} runs them" if left else ""


def seeds_of(volumes: Volumes, box: str, after: str) -> list[int]:
    """The seeds that all methods of a contest have finished on a box."""
    contest = CONTESTS[after]
    methods = {*contest, *contest.values()}
    return [
        seed
        for seed in SEEDS
        if all(after in volumes.get((box, method, seed), {}) for method in methods)
    ]


def normalised(
    volumes: Volumes, box: str, after: str, seeds: Sequence[int]
) -> dict[str, list[float]]:
    """By method h of each seed."""
    contest = CONTESTS[after]
    found = {
        method: np.array([volumes[box, method, seed][after] for seed in seeds])
        for method in dict.fromkeys((*contest.values(), *contest))
    }
    sobol = float(np.median(found["sobol"]))
    best = max(max(each.values()) for (name, _, _), each in volumes.items() if name == box)
    return {method: ((row - sobol) / (best - sobol)).tolist() for method, row in found.items()}


def judged(
    h: Mapping[str, Sequence[float]], after: str
) -> tuple[dict[str, Comparison], tuple[bool, bool, bool]]:
    """Ours beside each rival on one box.

    Returns:
        The comparisons, and whether ours is near the best peer, below the second best, and clearly
        above all of them. Near the best is near each peer; below the second best is below two.
    """
    contest = CONTESTS[after]
    leads = sorted(
        float(np.median(h[ours])) - float(np.median(h[rival])) for rival, ours in contest.items()
    )
    compared = compare_each({rival: (h[ours], h[rival]) for rival, ours in contest.items()})
    clear = all(found.significant for found in compared.values())
    return compared, (leads[0] >= -BEST, leads[1] < -SECOND, clear)


def contest(
    volumes: Volumes, after: str, seeds: Mapping[str, Sequence[int]]
) -> tuple[dict[str, float], dict[str, bool]]:
    """Print every comparison of a contest: its figures and claims.

    Args:
        volumes: of all runs.
        after: so many trials.
        seeds: by box; a box without any is left out.
    """
    figures: dict[str, float] = {}
    near, low, clear = 0, 0, 0
    for box in (name for name in NAMES if seeds[name]):
        h = normalised(volumes, box, after, seeds[box])
        for method, values in h.items():
            quartiles = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
            for word, value in zip(("q25", "median", "q75"), quartiles, strict=True):
                figures[f"at_{after}_{box}_{method}_h_{word}"] = value
        compared, verdict = judged(h, after)
        for rival, found in compared.items():
            print(f"at {after}, {box}: {CONTESTS[after][rival]} - {rival}: {found}")
            figures[f"at_{after}_{box}_over_{rival}_p_holm"] = found.adjusted
        near, low, clear = near + verdict[0], low + verdict[1], clear + verdict[2]
    figures |= {
        f"at_{after}_boxes_near_the_best": near,
        f"at_{after}_boxes_below_the_second": low,
        f"at_{after}_boxes_clearly_above": clear,
    }
    meets = {
        f"at {after}: at least the best peer - 0.01 on 6 of 8": near >= ENOUGH,
        f"at {after}: nowhere below the second best - 0.02": low == 0,
        f"at {after}: significantly above every peer on 2": clear >= CLEAR,
    }
    return figures, meets


def read() -> tuple[Volumes, int]:
    """The volumes of all lines, and how many of ours do not say which code made them."""
    lines = OURS.read()
    check_same(lines, "code", "versions")
    return {OURS.key(line): line["hypervolume"] for line in lines + PEERS.read()}, untold(lines)


def show_so_far() -> None:
    """Print where the contests stand."""
    volumes, _ = read()
    for after in CONTESTS:
        seeds = {box: seeds_of(volumes, box, after) for box in NAMES}
        figures, _ = contest(volumes, after, seeds)
        for box, found in seeds.items():
            start, end = f"at_{after}_{box}_", "_h_median"
            told = " ".join(
                f"{name.removeprefix(start).removesuffix(end)} {value:.3f}"
                for name, value in figures.items()
                if name.startswith(start) and name.endswith(end)
            )
            print(f"at {after}, {box}: {len(found)} seeds that all have; median h: {told or '-'}")
        counts = {name: value for name, value in figures.items() if "_boxes_" in name}
        print(f"at {after}: {sum(map(bool, seeds.values()))} boxes with such seeds; {counts}")


def main() -> None:
    """Run what is missing of ours, then compare if the others are all there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--so-far", action="store_true", help="show the standing, record nothing")
    if parser.parse_args().so_far:
        show_so_far()
        return
    if missing := missing_of_peers():  # said before hours of work
        print(f"{missing}; without them there will be no record", flush=True)
    finish(OURS, wanted(), run, processes=len(os.sched_getaffinity(0)))
    if missing := missing_of_peers():
        print(f"{missing}; no record yet")
        return
    volumes, old = read()
    figures: dict[str, float] = {"runs_of_ours_without_code": old}
    meets: dict[str, bool] = {}
    for after in CONTESTS:
        found, claimed = contest(volumes, after, dict.fromkeys(NAMES, SEEDS))
        figures, meets = figures | found, meets | claimed
    record("hypervolume", figures, meets)


if __name__ == "__main__":
    main()
