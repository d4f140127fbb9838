"""Two networks on MNIST, five seeds each: SpArSe's released one, and one that beats its point.

Both are kept under `examples/networks` with their recipes, which were chosen on validation images
alone. The test set is read once, after the last network is trained.
"""

import argparse
import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.record import record
from optimizer.space import space_from_json
from resource_models.devices import device
from resource_models.footprint import footprint
from worker.course import error_of
from worker.data import DataSet, load
from worker.network import Network
from worker.tensors import samples, tensors
from worker.train import Trained, train
from worker.work import Work

ROOT = Path(__file__).parents[1]
NETWORKS = ROOT / "examples" / "networks"
SEEDS = (1, 2, 3, 4, 5)  # fixed before the first run
BOARD = "stm32f446re"
# SpArSe's published point on MNIST: 98.64 % at 2,770 B and 1.96 KB.
ACCURACY, SPARSE_BYTES, WM2_BYTES = 0.989, 2770, 1960
RELEASED_PARAMETERS = 1802


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One network trained with one seed."""

    name: str
    seed: int
    trained: Trained


def work_of(example: dict[str, Any], data: DataSet, seed: int) -> Work:
    """The work that a server would hand out for a kept network."""
    space = space_from_json(
        example["space"],
        input_shape=data.shape,
        classes=data.classes,
        device=BOARD,
        training={"quantisation": "none", **example["training"]},  # in floats, as published
        train_images=len(data.training),
    )
    space.validate(example["point"])
    named = {"data": data.name, "data_sha256": data.sha256, "split_sha256": data.split_sha256}
    return Work.from_json({**space.work(example["point"]), **named, "seed": seed})


def test_error(network: Network, data: DataSet) -> float:
    """The error on the test set."""
    seen = network.sensor(samples(data.x_test, torch.device("cpu")))
    return error_of(network, seen, torch.from_numpy(data.y_test))


def runs(data: DataSet, epochs: int | None) -> list[Run]:
    """Every kept network, trained with every seed."""
    on_device = tensors(data, torch.device("cpu"))
    found = []
    for path in sorted(NETWORKS.glob("*.json")):
        example = json.loads(path.read_text())
        if epochs is not None:
            example["training"]["epochs"] = epochs
        for seed in SEEDS:
            trained = train(work_of(example, data, seed), on_device, lambda *_: False)
            print(f"{path.stem} seed {seed}: validation error {trained.error:.4f}", flush=True)
            found.append(Run(path.stem, seed, trained))
    return found


def figures_of(name: str, found: list[Run], data: DataSet) -> dict[str, float]:
    """What one network came to; reads the test set."""
    ours = [run.trained for run in found if run.name == name]
    accuracies = [1 - test_error(trained.network, data) for trained in ours]
    costs = footprint(ours[0].network.graph, device(BOARD)).figures()
    return {
        f"{name}_test_accuracy_mean": statistics.fmean(accuracies),
        f"{name}_test_accuracy_sd": statistics.stdev(accuracies),
        f"{name}_test_accuracy_least": min(accuracies),
        f"{name}_validation_accuracy_mean": 1 - statistics.fmean(t.error for t in ours),
        f"{name}_sparse_bytes": costs["model_size:sparse"],
        f"{name}_deployed_bytes": costs["model_size:deployed"],
        f"{name}_wm1_bytes": costs["working_memory:wm1"],
        f"{name}_wm2_bytes": costs["working_memory:wm2"],
        f"{name}_arena_bytes": costs["working_memory:arena"],
        f"{name}_macs": costs["macs"],
    }


def main() -> None:
    """Train, then read the test set once, and record."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "mnist")
    options.add_argument("--epochs", type=int, help="fewer, to see that it works")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    data = load(chosen.data, "mnist")
    found = runs(data, chosen.epochs)
    figures: dict[str, float] = {}
    for name in dict.fromkeys(run.name for run in found):
        figures |= figures_of(name, found, data)
    record(
        "mnist_networks",
        figures,
        {
            "a tiny network has 98.9 % or more within SpArSe's size and memory": (
                figures["mnist_2730_test_accuracy_mean"] >= ACCURACY
                and figures["mnist_2730_sparse_bytes"] <= SPARSE_BYTES
                and figures["mnist_2730_wm2_bytes"] <= WM2_BYTES
            ),
            "the released network has 1802 parameters": (
                figures["sparse_mnist_1802_sparse_bytes"] == RELEASED_PARAMETERS
            ),
        },
    )


if __name__ == "__main__":
    main()
