"""A search by several processes at once, and its networks trained again: the parts of a long run.

Everything that is finished is a line of a file in the run's folder, so a killed run goes on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.lines import Lines
from benchmarks.mnist_networks import test_error
from benchmarks.network_search.clock import Clock
from benchmarks.network_search.crew import work_through
from benchmarks.network_search.methods import Designed
from benchmarks.network_search.setting import Bench, Setting
from benchmarks.network_search.trials import (
    Trial,
    Weights,
    Workshop,
    inherited_epochs,
    never,
    training_seed,
)
from optimizer.networks.lineage import orphan
from optimizer.proposal import Proposal
from worker.errors import Infeasible
from worker.train import train

Json = dict[str, Any]


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

    One that raises is entered as failed, so that no method proposes it again.

    Returns:
        All finished trials, numbered in the order in which they ended.
    """
    trials, log = done_trials(plan), trials_log(plan)
    methods = _methods(plan, trials)

    def begin(running: list[Proposal]) -> Any:
        if not clock.allows(longest_s([trial.to_json() for trial in trials])):
            return None
        number = len(trials) + len(running) + 1
        method = methods[number % len(methods)]
        proposal = method.ask(number, [other.point for other in running])
        return proposal, trained_trial, (plan, proposal.to_json(), number)

    def enter(trial: Trial, told: object) -> None:
        trials.append(replace(trial, number=len(trials) + 1))
        log.append(trials[-1].to_json())
        for method in methods:
            method.tell(trials[-1].observation())
        print(f"{clock.spent_s:.0f} s, trial {len(trials)} ({trial.origin}): {told}", flush=True)

    def end(_: Proposal, line: Json) -> None:
        enter(Trial(**line), {name: round(value, 4) for name, value in line["values"].items()})

    def fail(proposal: Proposal, error: Exception, wall_s: float) -> None:
        enter(failed_trial(plan, proposal, wall_s), repr(error))

    work_through(clock, plan.processes, begin, end, fail)
    return trials


def _methods(plan: Plan, trials: Sequence[Trial]) -> list[Designed]:
    """The designer of each group, told what was finished before."""
    bench = Bench.of(plan.groups[0], plan.images)
    methods = [
        Designed(replace(bench, setting=group).problem(plan.seed, inherits=True), plan.designer)
        for group in plan.groups
    ]
    for method in methods:
        for trial in trials:
            method.tell(trial.observation())
    return methods


def failed_trial(plan: Plan, proposal: Proposal, wall_s: float) -> Trial:
    """What is entered of a training that raised; it gets its number there."""
    known = [o.name for o in plan.groups[0].objectives if o.role == "known"]
    return Trial(
        number=0,
        point=proposal.point,
        key=proposal.key,
        origin=proposal.origin,
        status="failed",
        values={name: proposal.known[name] for name in known},
        epochs=0,
        line_epochs=inherited_epochs(proposal.point),
        wall_s=wall_s,
    )


def done_trials(plan: Plan) -> list[Trial]:
    """The trials that have ended, whichever process trained them."""
    return [Trial(**line) for line in trials_log(plan).read()]


def trials_log(plan: Plan) -> Lines:
    """The log of the search; whoever works at the plan holds it."""
    return Lines(plan.folder / "trials.jsonl", ("number",))


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


def confirm(plan: Plan, networks: Sequence[Json], seeds: int, clock: Clock) -> None:
    """Train each network again with each seed, one network after the other, while time is left.

    A training that would probably not end in time is not begun; one that raises is not repeated.
    """
    log = _confirmed_log(plan)
    lines = log.read()
    wanted = [
        {"key": network["key"], "point": network["point"], "replicate": replicate}
        for network in networks
        for replicate in range(1, seeds + 1)
    ]
    todo = log.missing(wanted)

    def begin(running: list[Json]) -> Any:
        if not todo or not clock.allows(longest_s(lines)):
            return None
        task = todo.pop(0)
        return task, trained_again, (plan, task)

    def enter(task: Json, line: Json, told: str) -> None:
        lines.append(line)
        log.append(line)
        done = f"{task['key'][:8]} seed {task['replicate']}"
        print(f"{clock.spent_s:.0f} s, {done}: {told}", flush=True)

    def end(task: Json, line: Json) -> None:
        enter(task, line, f"validation error {line['error']:.4f}")

    def fail(task: Json, error: Exception, wall_s: float) -> None:
        named = {"key": task["key"], "replicate": task["replicate"]}
        enter(task, {**named, "failed": repr(error), "wall_s": wall_s}, repr(error))

    work_through(clock, plan.processes, begin, end, fail)


def confirmed_lines(plan: Plan, networks: Sequence[Json], seeds: int) -> dict[str, list[Json]]:
    """By key the trainings of the networks that were trained with all seeds and never diverged."""
    found: dict[str, list[Json]] = {network["key"]: [] for network in networks}
    for line in _confirmed_log(plan).read():
        if "failed" not in line and not line["diverged"]:
            found.get(line["key"], []).append(line)
    return {key: kept for key, kept in found.items() if len(kept) == seeds}


def trained_again(plan: Plan, task: Json) -> Json:
    """One training by the recipe of the confirmation, in a process of its own."""
    torch.set_num_threads(1)
    bench = Bench.of(plan.confirm, plan.images)
    problem = bench.problem(plan.seed, inherits=False)
    seed = training_seed("confirm", plan.seed, task["replicate"])
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
    return line


def judged(plan: Plan, keys: Sequence[str], confirmed: Mapping[str, Sequence[Json]]) -> list[Json]:
    """The lines of frozen networks with `test_error`; no training is tested a second time."""
    log = Lines(plan.folder / "tested.jsonl", ("key", "replicate"))
    bench, weights = Bench.of(plan.confirm, plan.images), Weights(plan.folder / "confirmed")
    for line in log.missing([line for key in dict.fromkeys(keys) for line in confirmed[key]]):
        network = weights.parent(_name(line)).network()
        log.append({**line, "test_error": test_error(network, bench.data)})
    return log.read()


def longest_s(lines: Sequence[Json]) -> float:
    """Wall seconds of the longest training so far; 0 before the first one."""
    return max((line["wall_s"] for line in lines), default=0.0)


def _confirmed_log(plan: Plan) -> Lines:
    return Lines(plan.folder / "confirmed.jsonl", ("key", "replicate"))


def _name(line: Json) -> str:
    return f"{line['key']}-{line['replicate']}"
