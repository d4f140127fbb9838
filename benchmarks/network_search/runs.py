"""A run of one method: a budget of epochs, a log of every trial, and going on after a kill."""

import json
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from benchmarks.lines import Lines, keep
from benchmarks.network_search.methods import METHODS
from benchmarks.network_search.setting import Bench
from benchmarks.network_search.trials import (
    Trial,
    Weights,
    Workshop,
    never,
    training_seed,
    used_epochs,
)
from optimizer.designers.novelty import drawn, take
from optimizer.problem import Problem, initial_count
from optimizer.proposal import Proposal


class Run:
    """One method with one seed."""

    def __init__(self, bench: Bench, folder: Path, method: str, seed: int) -> None:
        """Read what was done before.

        Args:
            bench: the data.
            folder: of the logs of all runs of a benchmark.
            method: a name of `METHODS`.
            seed: of the run: initial networks, proposals and trainings.
        """
        self._bench, self._folder, self._seed = bench, folder, seed
        self._entry, self.name = METHODS[method], f"{method}-{seed}"
        self.problem = bench.problem(seed, self._entry.inherits, self._entry.stops)
        self._log = Lines(folder / f"{self.name}.jsonl", ("number",))
        self._searched = folder / f"{self.name}-searched.json"
        initial = folder / f"initial-{seed}"
        self._weights = Weights(folder / self.name, initial) if self._entry.inherits else None

    def search(self, epochs: int) -> list[Trial]:
        """Spend the method's share of the epochs.

        A trial that would take more than are left is not begun. A search that was over stays so,
        also where another proposal would be shorter than the one that ended it.
        """
        budget = round(self._entry.share * epochs)
        trials = [*self._initial(), *(Trial(**line) for line in self._log.read())]
        if self._is_over(budget, trials):
            return trials
        watch_of = self._entry.watch_of()
        method = self._entry.build(self.problem)
        for trial in trials:
            method.tell(trial.observation())
        workshop = Workshop(self._bench, self.problem, self._weights)
        while used_epochs(trials) < budget:
            number = len(trials) + 1
            begun_s = time.process_time()
            proposal = method.ask(number)
            think_s = time.process_time() - begun_s
            if used_epochs(trials) + workshop.planned_epochs(proposal.point) > budget:
                break
            watch = watch_of(self.problem, trials, number, proposal)
            trial = workshop.run(proposal, number, training_seed(self._seed, number), watch)
            trials.append(replace(trial, think_s=round(think_s, 3)))
            self._log.append(trials[-1].to_json())
            method.tell(trials[-1].observation())
        keep(self._searched, {"epochs": budget, "trials": len(trials)})
        return trials

    def _is_over(self, budget: int, trials: Sequence[Trial]) -> bool:
        """Whether a search with this budget ended with these trials."""
        mark = {"epochs": budget, "trials": len(trials)}
        return self._searched.exists() and json.loads(self._searched.read_text()) == mark

    def held(self) -> AbstractContextManager[None]:
        """Keep other processes from this run; RuntimeError where one has it."""
        return self._log.held()

    def end(self) -> None:
        """Forget the weights: the run is over."""
        if self._weights is not None:
            self._weights.drop()

    def _initial(self) -> list[Trial]:
        """The first networks, the same for every method; whoever comes first trains them."""
        log = Lines(self._folder / f"initial-{self._seed}.jsonl", ("number",))
        problem = self._bench.problem(self._seed, inherits=False)
        weights = Weights(self._folder / f"initial-{self._seed}")
        workshop = Workshop(self._bench, problem, weights)
        with log.held(wait=True):
            done = {line["number"]: Trial(**line) for line in log.read()}
            for number, proposal in enumerate(initial_networks(problem), 1):
                if number not in done:
                    seed = training_seed(self._seed, number)
                    done[number] = workshop.run(proposal, number, seed, never)
                    log.append(done[number].to_json())
        return [done[number] for number in sorted(done)]


def initial_networks(problem: Problem) -> Iterator[Proposal]:
    """The networks that every run of this seed begins with: draws from the prior."""
    rng = random.Random(f"initial/{problem.seed}")
    source = drawn(problem, lambda: problem.space.sample(rng), set(), rng)
    for candidate in take(problem, source, initial_count(problem)):
        yield candidate.proposal("random", "initial")
