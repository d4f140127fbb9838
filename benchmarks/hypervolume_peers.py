"""Runs the other optimisers of `hypervolume` on its boxes: hours, once; finished runs are kept.

Theirs do not depend on our code, so `hypervolume` reads these lines again and again.
"""

import importlib.metadata
import os
import time
from typing import Any

from benchmarks.lines import Lines, finish
from benchmarks.record import RESULTS

# Fixed before the first run.
SEEDS = range(10)
TRIALS = {"sobol": 100, "optuna_nsga2": 100, "optuna_tpe": 100, "optuna_gp": 100, "ax": 50}
AFTER = (50, 100)
LINES = Lines(RESULTS / "hypervolume_peers.jsonl", ("box", "method", "seed"))
NAMES = (
    "branin_currin",
    "dtlz2",
    "zdt1",
    "vehicle_safety",
    "car_side_impact",
    "penicillin",
    "mixed_dtlz2",
    "conditional",
)
LIBRARIES = ("optuna", "ax-platform", "botorch", "torch", "numpy", "scipy")


def run(fields: dict[str, Any]) -> dict[str, Any]:
    """One run of one optimiser on one box."""
    import torch

    from benchmarks.black_boxes.boxes import boxes
    from benchmarks.black_boxes.peers import PEERS

    torch.set_num_threads(1)
    box, trials = boxes()[fields["box"]], TRIALS[fields["method"]]
    begun = time.process_time()
    steps = list(PEERS[fields["method"]](box, fields["seed"], trials))
    after = [count for count in AFTER if count <= trials]
    volumes = box.volumes([values for _, values in steps], after)
    return {
        **fields,
        "hypervolume": {str(count): v for count, v in zip(after, volumes, strict=True)},
        "cpu_s": round(time.process_time() - begun, 2),
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
    }


def wanted() -> list[dict[str, Any]]:
    """Every run, the cheap optimisers first."""
    return [
        {"box": box, "method": method, "seed": seed}
        for method in TRIALS
        for seed in SEEDS
        for box in NAMES
    ]


def main() -> None:
    """Run what is missing."""
    finish(LINES, wanted(), run, processes=len(os.sched_getaffinity(0)))


if __name__ == "__main__":
    main()
