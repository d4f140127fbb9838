"""A search by several processes at once, and its networks trained again: the parts of a long run.

Everything that is finished is a line of a file in the run's folder, so a killed run goes on.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from benchmarks.lines import Lines
from benchmarks.mnist_networks import test_error
from benchmarks.network_search.clock import Clock
from benchmarks.network_search.crew import work_through
from benchmarks.network_search.methods import Designed
from benchmarks.network_search.setting import Bench, Setting
from benchmarks.network_search.trials import Trial, Weights, Workshop, never, training_seed
from optimizer.networks.lineage import orphan
from optimizer.proposal import Proposal
from worker.errors import Infeasible
from worker.train import train

Json = dict[str, Any]

TRIALS = "trials.jsonl"


@dataclass(frozen=True)
class Plan:
    """A long search.

    Args:
        folder: of all that is kept.
        groups: the same search with different bounds; they take turns and share their results.
        confirm: the setting whose recipe the chosen networks are trained by.
        designer: its name.
        seed: of everything.
        figures: what is told of every network beside the objectives.
        images: to train on; None for all.
        processes: trainings at once.
    """

    folder: Path
    groups: tuple[Setting, ...]
    confirm: Setting
    designer: str
    seed: int
    figures: tuple[str, ...]
    images: int | None = None
    processes: int = 2


def search(plan: Plan, clock: Clock) -> list[Trial]:
    """Search until the time is up; a trial that would probably not end in time is not begun.

    Returns:
        All finished trials, numbered in the order in which they ended.
    """
    trials, log = done_trials(plan), Lines(plan.folder / TRIALS, ("number",))
    bench = Bench.of(plan.groups[0], plan.images)
    methods = [
        Designed(replace(bench, setting=group).problem(plan.seed, inherits=True), plan.designer)
        for group in plan.groups
    ]
    for method in methods:
        for trial in trials:
            method.tell(trial.observation())

    def begin(running: list[Proposal]) -> Any:
        if clock.left_s <= usual_s([trial.to_json() for trial in trials]):
            return None
        number = len(trials) + len(running) + 1
        method = methods[number % len(methods)]
        proposal = method.ask(number, [other.point for other in running])
        return proposal, trained_trial, (plan, proposal.to_json(), number)

    def end(proposal: Proposal, line: Json) -> None:
        trials.append(replace(Trial(**line), number=len(trials) + 1))
        log.append(trials[-1].to_json())
        for method in methods:
            method.tell(trials[-1].observation())
        values = {name: round(value, 4) for name, value in trials[-1].values.items()}
        print(
            f"{clock.spent_s:.0f} s, trial {len(trials)} ({proposal.origin}): {values}", flush=True
        )

    work_through(clock, plan.processes, begin, end)
    return trials


def done_trials(plan: Plan) -> list[Trial]:
    """The trials that have ended, whichever process trained them."""
    return [Trial(**line) for line in Lines(plan.folder / TRIALS, ("number",)).read()]


def trained_trial(plan: Plan, told: Json, number: int) -> Json:
    """One trial, in a process of its own."""
    torch.set_num_threads(1)
    bench = Bench.of(plan.groups[0], plan.images)
    problem = bench.problem(plan.seed, inherits=True)
    workshop = Workshop(bench, problem, Weights(plan.folder / "weights"))
    proposal = Proposal.from_json(told)
    return workshop.run(proposal, number, training_seed(plan.seed, number), never).to_json()


def networks_of(plan: Plan, trials: Sequence[Trial]) -> list[Json]:
    """What can be trained again: each completed trial by the key of its network from scratch."""
    space = Bench.of(plan.groups[0], plan.images).problem(plan.seed, inherits=False).space
    found = []
    for trial in trials:
        if trial.status == "completed":
            point = orphan(trial.point)
            known = space.figures(point)
            figures = {n: trial.values.get(n, known[n]) for n in plan.figures}
            network = {"key": space.key(point), "point": point, "figures": figures}
            found.append({**network, "error": trial.values["error"]})
    return found


def confirm(
    plan: Plan, networks: Sequence[Json], seeds: int, clock: Clock
) -> dict[str, list[Json]]:
    """Train each network again with each seed, one network after the other, while time is left.

    A training that would probably not end in time is not begun.

    Returns:
        By key the lines of the networks that were trained with all seeds and never diverged.
    """
    log = Lines(plan.folder / "confirmed.jsonl", ("key", "replicate"))
    lines = log.read()
    wanted = [
        {"key": network["key"], "point": network["point"], "replicate": replicate}
        for network in networks
        for replicate in range(1, seeds + 1)
    ]
    todo = log.missing(wanted)

    def begin(running: list[Json]) -> Any:
        if not todo or clock.left_s <= usual_s(lines):
            return None
        task = todo.pop(0)
        return task, trained_again, (plan, task)

    def end(task: Json, line: Json) -> None:
        lines.append(line)
        log.append(line)
        done = f"{task['key'][:8]} seed {task['replicate']}"
        print(f"{clock.spent_s:.0f} s, {done}: validation error {line['error']:.4f}", flush=True)

    work_through(clock, plan.processes, begin, end)
    found: dict[str, list[Json]] = {network["key"]: [] for network in networks}
    for line in lines:
        if not line["diverged"]:
            found.get(line["key"], []).append(line)
    return {key: kept for key, kept in found.items() if len(kept) == seeds}


def trained_again(plan: Plan, task: Json) -> Json:
    """One training by the recipe of the confirmation, in a process of its own."""
    torch.set_num_threads(1)
    bench = Bench.of(plan.confirm, plan.images)
    problem = bench.problem(plan.seed, inherits=False)
    seed = training_seed("confirm", plan.seed, task["replicate"])
    begun_s = time.monotonic()
    line = {"key": task["key"], "replicate": task["replicate"]}
    known = problem.space.figures(task["point"])
    figures = {name: known[name] for name in plan.figures}
    work = Workshop(bench, problem, None).work(task["point"], seed, plan.figures)
    line["diverged"] = False
    try:
        trained = train(work, bench.tensors, never)
    except Infeasible:
        line |= {"diverged": True, "error": 1 - 1 / bench.data.classes, "figures": figures}
    else:
        line |= {"error": trained.error, "figures": figures | trained.figures}
        Weights(plan.folder / "confirmed").keep(_name(line), trained)
    return {**line, "train_s": round(time.monotonic() - begun_s, 2)}


def judged(plan: Plan, keys: Sequence[str], confirmed: Mapping[str, Sequence[Json]]) -> list[Json]:
    """The lines of frozen networks with `test_error`; no training is tested a second time."""
    log = Lines(plan.folder / "tested.jsonl", ("key", "replicate"))
    bench, weights = Bench.of(plan.confirm, plan.images), Weights(plan.folder / "confirmed")
    for line in log.missing([line for key in dict.fromkeys(keys) for line in confirmed[key]]):
        network = weights.parent(_name(line)).network()
        log.append({**line, "test_error": test_error(network, bench.data)})
    return log.read()


def usual_s(lines: Sequence[Json]) -> float:
    """What a training takes on average, in seconds; 0 before the first one."""
    return fmean(line["train_s"] for line in lines) if lines else 0.0


def _name(line: Json) -> str:
    return f"{line['key']}-{line['replicate']}"
