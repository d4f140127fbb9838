"""One trial in this process: what a worker would do, with the worker's own trainer."""

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.lines import keep, keep_bytes
from benchmarks.network_search.setting import Bench
from optimizer.history import Observation
from optimizer.networks.lineage import PARENT
from optimizer.problem import Problem
from optimizer.proposal import Proposal
from optimizer.space import Point
from worker.errors import Infeasible
from worker.inherit import Parent
from worker.train import Trained, train
from worker.weights import weights_file
from worker.work import Work

# Told the finished epochs of a running trial and its metrics; True ends it there.
Watch = Callable[[int, Mapping[str, float]], bool]


@dataclass(frozen=True)
class Trial:
    """A finished trial; JSON lines of these are the log of a run.

    `epochs` are its own, `line_epochs` those of all its line; `errors` has one per own epoch.
    `train_s` and `think_s` are CPU seconds; `wall_s`, where it is taken, holds both.
    """

    number: int
    point: Point
    key: str
    origin: str
    status: str
    values: dict[str, float]
    epochs: int
    line_epochs: float
    errors: list[float] = field(default_factory=list)
    train_s: float = 0.0
    think_s: float = 0.0
    wall_s: float = 0.0

    def observation(self) -> Observation:
        """As a designer sees it."""
        return Observation(
            self.point,
            self.values,
            self.number,
            status=self.status,  # type: ignore[arg-type]
            origin=self.origin,
            epochs=self.line_epochs,
            key=self.key,
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON; the names are the fields."""
        return asdict(self)


class Weights:
    """Trained networks in folders; the first is written to, all are read."""

    def __init__(self, own: Path, *others: Path) -> None:
        self._own, self._all = own, (own, *others)

    def keep(self, key: str, trained: Trained) -> None:
        """Write down a network, for children."""
        # Runs that share their first networks may write them at once, and read them meanwhile.
        keep_bytes(self._own / f"{key}.safetensors", weights_file(trained.network))
        keep(self._own / f"{key}.json", trained.network.graph.to_json())

    def parent(self, key: str) -> Parent:
        """The network of the trial with this key.

        Raises:
            FileNotFoundError: no folder has it.
        """
        for folder in self._all:
            graph, weights = folder / f"{key}.json", folder / f"{key}.safetensors"
            if graph.exists() and weights.exists():
                return Parent.from_files(graph.read_bytes(), weights.read_bytes())
        raise FileNotFoundError(f"no weights of {key} in {', '.join(map(str, self._all))}")

    def drop(self) -> None:
        """Forget what was written."""
        shutil.rmtree(self._own, ignore_errors=True)


def training_seed(*parts: object) -> int:
    """A seed of 31 bits from what names a training."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


class Workshop:
    """Trains what a method proposes for one problem."""

    def __init__(self, bench: Bench, problem: Problem, weights: Weights | None) -> None:
        """Prepare nothing yet.

        Args:
            bench: the data.
            problem: whose space makes the proposals.
            weights: where parents are found and networks are kept; None where nobody inherits.
        """
        self._bench, self._problem, self._weights = bench, problem, weights
        self._known = [o.name for o in problem.objectives if o.role == "known"]

    def work(self, point: Point, seed: int, figures: Sequence[str] = ()) -> Work:
        """What a server would tell a worker of a point.

        Args:
            point: of the problem's space.
            seed: of the training.
            figures: to count after a cut beside the objectives.
        """
        told, data = self._problem.space.work(point), self._bench.data
        named = {"data": data.name, "data_sha256": data.sha256, "split_sha256": data.split_sha256}
        # What a pruned network costs is only known after the cut.
        counted = [] if told["pruning"] is None else dict.fromkeys((*self._known, *figures))
        metrics = ["error", *counted]
        return Work.from_json({**told, **named, "seed": seed, "metrics": metrics})

    def run(self, proposal: Proposal, number: int, seed: int, watch: Watch) -> Trial:
        """Train what was proposed.

        Args:
            proposal: a point with its key and figures.
            number: of the trial, from 1.
            seed: of the training.
            watch: may end it early.
        """
        work, parent = self.work(proposal.point, seed), self._parent(proposal.point)
        errors: list[float] = []
        stopped = False

        def report(epoch: int, metrics: Mapping[str, float]) -> bool:
            nonlocal stopped
            errors.append(metrics["error"])
            stopped = watch(epoch, metrics)
            return stopped

        begun_s = time.process_time()
        values = {name: proposal.known[name] for name in self._known}
        status = "completed"
        try:
            trained = train(work, self._bench.tensors, report, parent)
        except Infeasible:
            status, epochs = "infeasible", min(len(errors) + 1, work.recipe.epochs)
        else:
            values |= {"error": trained.error, **trained.figures}
            epochs = trained.epochs
            if stopped and epochs < work.recipe.epochs:
                status = "stopped"
            elif self._weights is not None:
                self._weights.keep(proposal.key, trained)
        return Trial(
            number=number,
            point=proposal.point,
            key=proposal.key,
            origin=proposal.origin,
            status=status,
            values=values,
            epochs=epochs,
            line_epochs=epochs + inherited_epochs(proposal.point),
            errors=errors,
            train_s=round(time.process_time() - begun_s, 3),
        )

    def planned_epochs(self, point: Point) -> int:
        """The epochs that a point is trained for if nothing ends it."""
        return int(self._problem.space.work(point)["training"]["epochs"])

    def _parent(self, point: Point) -> Parent | None:
        if PARENT not in point:
            return None
        assert self._weights is not None, "a network inherits in a run that keeps no weights"
        return self._weights.parent(point[PARENT]["key"])


def inherited_epochs(point: Point) -> float:
    """The epochs that the weights were trained for before a point begins with them."""
    return float(point[PARENT]["epochs"]) if PARENT in point else 0.0


def never(epoch: int, metrics: Mapping[str, float]) -> bool:
    """A watch that lets every trial end by itself."""
    return False


def used_epochs(trials: Sequence[Trial]) -> int:
    """The epochs that trials trained themselves."""
    return sum(trial.epochs for trial in trials)
