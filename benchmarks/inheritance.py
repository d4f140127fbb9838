"""What inherited weights are worth: the same children trained with them and from scratch.

On the first images of MNIST's training part, per seed: 20 networks of the `tiny` space's prior,
each trained for 3 epochs, and one random morph of each. The morph is trained with its parent's
weights for 1 and 3 epochs, from scratch for as many, for the total of its lineage (4 and 6), and
for long, which counts as the truth. Judged on validation images alone.

Nothing is pruned here. Every training that ends is a line of the state file; a second run goes on
where the first ended. Seeds may run beside each other with the same file: `--seeds 0`, `--seeds 1`.
"""

import argparse
import hashlib
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.stats import kendalltau

from benchmarks.record import RESULTS, record
from optimizer.networks.space import NetworkSpace
from optimizer.space import space_from_json
from resource_models.graph import Graph
from worker.course import Course
from worker.data import load
from worker.errors import Infeasible
from worker.inherit import Parent, inherit
from worker.network import Network
from worker.recipe import Recipe
from worker.regime import Regime
from worker.tensors import Tensors, tensors
from worker.train import untrained
from worker.weights import weights

SEEDS = (0, 1, 2)
LINEAGES = 20
PARENT_EPOCHS = 3
OWN_EPOCHS = (1, 3)
TRUTH_EPOCHS = 10
SCRATCH_EPOCHS = (*OWN_EPOCHS, *(PARENT_EPOCHS + own for own in OWN_EPOCHS), TRUTH_EPOCHS)
SIZE_LIMIT_BYTES, MAX_MACS = 16_384, 400_000
# As many steps an epoch as a study of all of MNIST takes (54,000 images in batches of 128), so that
# an epoch is worth about as much. About a second each, half an hour for all, on one core.
IMAGES, BATCH = 12_000, 32
NEEDED_TAU = 0.5
DATA = Path(__file__).parents[1] / ".." / "shared" / "data"
STATE = RESULTS / "inheritance.jsonl"


@dataclass(frozen=True)
class Candidate:
    """A network and how it is trained."""

    graph: Graph
    training: dict[str, Any]

    @property
    def key(self) -> str:
        """Short, and another one for another network or training."""
        text = json.dumps([self.graph.to_json(), self.training], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Lineage:
    """A parent and its child."""

    seed: int
    number: int
    parent: Candidate
    child: Candidate

    @property
    def training_seed(self) -> int:
        """Of weights and order, the same for a child with and without its parent's weights."""
        return 1000 * self.seed + self.number


class State:
    """The errors found so far, by what was trained."""

    def __init__(self, path: Path, images: int) -> None:
        self._path, self._images = path, images
        self.errors: dict[str, float] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            for line in path.read_text().splitlines():
                if line.endswith("}"):  # else it was cut short by the end of its process
                    entry = json.loads(line)
                    self.errors[entry["key"]] = entry["error"]

    def key(self, lineage: Lineage, name: str) -> str:
        """What names one training."""
        where = f"{self._images}/{lineage.seed}/{lineage.number}"
        return f"{where}/{lineage.parent.key}/{lineage.child.key}/{name}"

    def add(self, key: str, error: float, train_s: float) -> None:
        """Keep an error, on disk before anything else is done."""
        self.errors[key] = error
        entry = {"key": key, "error": error, "train_s": round(train_s, 2)}
        with self._path.open("a") as file:
            file.write("\n" + json.dumps(entry))


def lineages(space: NetworkSpace, seed: int, count: int) -> Iterator[Lineage]:
    """Parents of the prior with one morph each that changes the network or its training."""
    rng = random.Random(seed)
    for number in range(count):
        point = space.sample(rng)
        parent = child = candidate(space, point)
        while child == parent:
            child = candidate(space, space.morph(point, rng))
        yield Lineage(seed, number, parent, child)


def candidate(space: NetworkSpace, point: Any) -> Candidate:
    """What a worker is told of a point, less its pruning and the number of epochs."""
    work = space.work(point)
    training = {name: value for name, value in work["training"].items() if name != "epochs"}
    return Candidate(Graph.from_json(work["graph"]), training)


def trained(
    this: Candidate, epochs: int, data: Tensors, seed: int, parent: Parent | None = None
) -> tuple[Network, float]:
    """Train one network as a trial does; its error is that of guessing if it diverges."""
    recipe = Recipe.from_json({**this.training, "epochs": epochs})
    network = untrained(this.graph, data, seed)
    if parent is not None:
        inherit(network, parent, data)
    course = Course(recipe, data, network.sensor, seed)
    try:
        course.run(network, epochs, lambda _epoch, _metrics: False, Regime())
    except Infeasible:
        return network, 1 - 1 / data.classes
    return network, course.error


class Run:
    """All trainings of some lineages, those that are known left out."""

    def __init__(self, state: State, data: Tensors, total: int) -> None:
        self._state, self._data = state, data
        self._total, self._done = total, 0

    def lineage(self, one: Lineage) -> None:
        """Train what is missing of one lineage."""
        missing = [k for k in OWN_EPOCHS if not self._known(one, f"inherited_{k}")]
        if missing or not self._known(one, "parent"):
            network = self._train(one, "parent", one.parent, PARENT_EPOCHS)
            parent = Parent(network.graph, weights(network))
            for epochs in missing:
                self._train(one, f"inherited_{epochs}", one.child, epochs, parent)
        for epochs in SCRATCH_EPOCHS:
            if not self._known(one, f"scratch_{epochs}"):
                self._train(one, f"scratch_{epochs}", one.child, epochs)
        self._done += 1
        print(f"lineage {self._done} of {self._total} is done", flush=True)

    def _known(self, one: Lineage, name: str) -> bool:
        return self._state.key(one, name) in self._state.errors

    def _train(
        self, one: Lineage, name: str, this: Candidate, epochs: int, parent: Parent | None = None
    ) -> Network:
        started_s = time.monotonic()
        network, error = trained(this, epochs, self._data, one.training_seed, parent)
        train_s = time.monotonic() - started_s
        self._state.add(self._state.key(one, name), error, train_s)
        print(f"seed {one.seed} {one.number:2} {name:12} {error:.4f} {train_s:6.1f} s", flush=True)
        return network


def figures_of(found: Sequence[Lineage], state: State) -> dict[str, float]:
    """Mean errors and rank correlations with the truth, over all seeds and for each."""
    ways = [f"inherited_{k}" for k in OWN_EPOCHS] + [f"scratch_{k}" for k in SCRATCH_EPOCHS]
    table = {
        way: np.array([state.errors[state.key(one, way)] for one in found])
        for way in ("parent", *ways)
    }
    figures = {f"error_mean_{way}": float(errors.mean()) for way, errors in table.items()}
    for own in OWN_EPOCHS:
        gain = table[f"scratch_{PARENT_EPOCHS + own}"] - table[f"inherited_{own}"]
        figures[f"error_mean_gain_{own}"] = float(gain.mean())
        figures[f"error_mean_gain_{own}_standard_error"] = float(gain.std() / len(gain) ** 0.5)
        figures[f"share_not_worse_{own}"] = float((gain >= 0).mean())
    seeds = np.array([one.seed for one in found])
    truth = table[f"scratch_{TRUTH_EPOCHS}"]
    for way in ways[:-1]:
        taus = []
        for seed in sorted(set(seeds.tolist())):
            these = seeds == seed
            taus.append(float(kendalltau(table[way][these], truth[these]).statistic))
            figures[f"tau_{way}_seed_{seed}"] = taus[-1]
        figures[f"tau_mean_{way}"] = float(np.mean(taus))
    return figures


def meets_of(figures: dict[str, float]) -> dict[str, bool]:
    """The claims of this benchmark."""
    return {
        "inherited after 3 epochs is on average not worse than scratch after all 6": (
            figures["error_mean_gain_3"] >= 0
        ),
        "tau of inherited after 1 epoch is at least 0.5": (
            figures["tau_mean_inherited_1"] >= NEEDED_TAU
        ),
        "tau of inherited after 3 epochs is at least 0.5": (
            figures["tau_mean_inherited_3"] >= NEEDED_TAU
        ),
    }


def options() -> argparse.Namespace:
    """The command line; `make bench` gives none of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with mnist/mnist.npz")
    parser.add_argument("--state", type=Path, default=STATE, help="where trainings are kept")
    parser.add_argument("--images", type=int, default=IMAGES, help="training images to use")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, choices=SEEDS)
    parser.add_argument("--quick", action="store_true", help="two lineages on digits, no record")
    return parser.parse_args()


def run(chosen: argparse.Namespace, name: str, seeds: Sequence[int], count: int) -> list[Lineage]:
    """Train what is missing; all lineages of these seeds."""
    whole = tensors(load(chosen.data / name, name), torch.device("cpu"))
    data = replace(
        whole, x_train=whole.x_train[: chosen.images], y_train=whole.y_train[: chosen.images]
    )
    space = space_from_json(
        {"kind": "tiny", "max_macs": MAX_MACS},
        input_shape=data.shape,
        classes=data.classes,
        training={"batch_size": BATCH},
    )
    assert isinstance(space, NetworkSpace)
    space = space.within({}, {"model_size:deployed": SIZE_LIMIT_BYTES})
    found = [one for seed in seeds for one in lineages(space, seed, count)]
    work = Run(State(chosen.state, len(data.y_train)), data, len(found))
    for one in found:
        work.lineage(one)
    return found


def main() -> None:
    """Train all that is missing, then record."""
    chosen = options()
    torch.set_num_threads(chosen.threads)
    if chosen.quick:
        with tempfile.TemporaryDirectory() as folder:
            chosen.state = Path(folder) / "state.jsonl"
            found = run(chosen, "digits", SEEDS[:1], count=2)
            figures = figures_of(found, State(chosen.state, 897))
        print(json.dumps({"figures": figures, "meets": meets_of(figures)}, indent=1))
        return
    found = run(chosen, "mnist", chosen.seeds, LINEAGES)
    figures = figures_of(found, State(chosen.state, chosen.images))
    figures["training_images"] = chosen.images
    if tuple(chosen.seeds) == SEEDS:
        record("inheritance", figures, meets_of(figures))


if __name__ == "__main__":
    main()
