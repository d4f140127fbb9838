"""What the networks of a front are worth: trained again from scratch, judged by unseen images.

A search reports the best of many noisy errors, so its front looks better than it is. Whoever is
compared by its front is compared here: the networks are frozen, then trained by their own recipes
with seeds that no search used, and the test set is read once for each training.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.lines import Lines
from benchmarks.mnist_networks import test_error
from benchmarks.network_search.setting import Bench
from benchmarks.network_search.trials import Trial, Workshop, never, training_seed
from optimizer.history import History
from optimizer.networks.lineage import orphan
from optimizer.pareto import hypervolume
from optimizer.problem import Problem
from worker.errors import Infeasible
from worker.train import train

Json = dict[str, Any]
Scores = npt.NDArray[np.float64]


def observed_volume(problem: Problem, trials: Sequence[Trial]) -> float:
    """The hypervolume of a search as it reports it, on the problem's scales."""
    history = History(tuple(trial.observation() for trial in trials))
    return hypervolume(history.scores(problem)[history.front(problem)])


def chosen(problem: Problem, trials: Sequence[Trial], most: int) -> list[Trial]:
    """The networks of the front that together have the most volume, found greedily.

    Each once: trained from scratch, a network is the same whatever weights it began with.

    Args:
        problem: with scales.
        trials: of one run.
        most: networks; those that add no volume are left out.
    """
    history = History(tuple(trial.observation() for trial in trials))
    rows = np.flatnonzero(history.front(problem))
    keys = [problem.space.key(orphan(trials[row].point)) for row in rows]
    return [trials[rows[row]] for row in greedy(history.scores(problem)[rows], keys, most)]


def greedy(scores: Scores, keys: Sequence[str], most: int) -> list[int]:
    """Rows in the order in which each adds the most hypervolume to those before it.

    Args:
        scores: `n x m`, larger is better, reference 0.
        keys: `n`; of rows with the same key one is taken.
        most: rows; those that add nothing are left out.
    """
    taken: list[int] = []
    volume = 0.0
    while len(taken) < most:
        there = {keys[row] for row in taken}
        left = [row for row in range(len(scores)) if keys[row] not in there]
        gains = {row: hypervolume(scores[[*taken, row]]) - volume for row in left}
        best = max(gains, key=lambda row: gains[row], default=None)
        if best is None or gains[best] <= 0:
            break
        taken.append(best)
        volume += gains[best]
    return taken


class Confirmation:
    """Trains frozen networks again; what was trained once is not trained a second time."""

    def __init__(self, bench: Bench, log: Path, seed: int, seeds: int, test: bool = True) -> None:
        """Read what was done before.

        Args:
            bench: the data, its test part included.
            log: of all confirmations of a benchmark.
            seed: of the search.
            seeds: trainings of each network.
            test: whether the test set is read; else errors are those of validation images, for
                whoever develops a method.
        """
        self._bench, self._seed, self._seeds, self._test = bench, seed, seeds, test
        # From scratch, whatever the search did; so a network is the same for all methods.
        self._problem = bench.problem(seed, inherits=False)
        self._workshop = Workshop(bench, self._problem, None)
        self._log = Lines(log, ("seed", "key", "replicate"))

    def of(self, networks: Sequence[Trial]) -> list[Json]:
        """Each network's mean error and figures, in the objectives' names, with its key."""
        done = {self._log.key(line): line for line in self._log.read()}
        found = []
        for network in networks:
            point = orphan(network.point)
            key = self._problem.space.key(point)
            lines = []
            for replicate in range(1, self._seeds + 1):
                line = done.get((self._seed, key, replicate))
                if line is None:
                    line = {"seed": self._seed, "key": key, "replicate": replicate}
                    line["values"] = self._trained(network, replicate)
                    self._log.append(line)
                lines.append(line)
            names = self._problem.names
            means = {name: fmean(line["values"][name] for line in lines) for name in names}
            found.append({"key": key, "observed": network.values, "confirmed": means})
        return found

    def volume(self, confirmed: Sequence[Json]) -> float:
        """The hypervolume of confirmed networks, on the problem's scales."""
        values = np.array([[c["confirmed"][n] for n in self._problem.names] for c in confirmed])
        if len(values) == 0:
            return 0.0
        columns = [
            objective.scale.score(column)
            for objective, column in zip(self._problem.objectives, values.T, strict=True)
            if objective.scale is not None
        ]
        return hypervolume(np.stack(columns, axis=1))

    def _trained(self, network: Trial, replicate: int) -> dict[str, float]:
        """The error and the figures of one training; of a diverged one, those of guessing."""
        point, bench = orphan(network.point), self._bench
        seed = training_seed("confirm", self._seed, replicate)
        known = self._problem.space.figures(point)
        values = {o.name: known[o.name] for o in self._problem.objectives if o.role == "known"}
        try:
            trained = train(self._workshop.work(point, seed), bench.tensors, never)
        except Infeasible:
            return {**values, "error": 1 - 1 / bench.data.classes}
        error = test_error(trained.network, bench.data) if self._test else trained.error
        return {**values, **trained.figures, "error": error}
