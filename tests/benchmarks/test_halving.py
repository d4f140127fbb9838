import random
from dataclasses import replace
from typing import Any

import pytest

from benchmarks import search_digits
from benchmarks.network_search.halving import watch_of
from benchmarks.network_search.setting import Bench
from benchmarks.network_search.trials import Trial
from optimizer.designers.novelty import Candidate
from optimizer.problem import Problem
from optimizer.proposal import Proposal
from optimizer.space import Point


@pytest.fixture(scope="module")
def problem() -> Problem:
    problem: Problem = Bench.of(search_digits.setting()).problem(seed=0, inherits=True)
    return problem


def plain(problem: Problem, pruned: bool = False) -> Point:
    """A network of the prior that is pruned, or that is not."""
    rng = random.Random(0)
    while True:
        point = problem.space.sample(rng)
        if (problem.space.work(point)["pruning"] is not None) == pruned:
            return point


def proposal(problem: Problem, point: Point) -> Proposal:
    known = problem.space.figures(point)
    return Candidate(point, problem.space.key(point), known).proposal("sparse", "model")


def trained(problem: Problem, number: int, point: Point, error: float) -> Trial:
    known: dict[str, Any] = problem.space.figures(point)
    values = {o.name: known[o.name] for o in problem.objectives if o.role == "known"}
    errors = [error] * 20
    return Trial(
        number, point, "", "random", "completed", {**values, "error": error}, 20, 20.0, errors
    )


def test_what_is_worse_than_eight_of_its_kind_is_stopped_at_a_rung(problem: Problem) -> None:
    point = plain(problem)
    before = [trained(problem, number, point, 0.1) for number in range(1, 9)]
    watch = watch_of(problem, before, 9, proposal(problem, point))
    stopped = [epoch for epoch in range(1, 21) if watch(epoch, {"error": 0.3, "loss": 1.0})]
    assert stopped == [2, 7]
    assert not any(watch(epoch, {"error": 0.05}) for epoch in range(1, 21))


def test_children_are_not_compared_with_what_began_from_scratch(problem: Problem) -> None:
    point = plain(problem)
    before = [trained(problem, number, point, 0.1) for number in range(1, 9)]
    child = problem.space.heir(point, "0" * 64, 20.0)
    watch = watch_of(problem, before, 9, proposal(problem, child))
    assert not any(watch(epoch, {"error": 0.3}) for epoch in range(1, 15))


def test_nothing_is_stopped_before_it_is_cut(problem: Problem) -> None:
    point = plain(problem, pruned=True)
    before = [trained(problem, number, point, 0.1) for number in range(1, 9)]
    watch = watch_of(problem, before, 9, proposal(problem, point))
    stopped = [epoch for epoch in range(1, 21) if watch(epoch, {"error": 0.3})]
    cut = round(problem.space.work(point)["pruning"]["end"] * 20)
    assert stopped
    assert min(stopped) > cut


def test_only_trials_that_reached_a_rung_count_there(problem: Problem) -> None:
    point = plain(problem)
    before = [trained(problem, number, point, 0.1) for number in range(1, 9)]
    early = [replace(trial, errors=trial.errors[:2]) for trial in before]
    watch = watch_of(problem, early, 9, proposal(problem, point))
    assert [epoch for epoch in range(1, 21) if watch(epoch, {"error": 0.3})] == [2]
