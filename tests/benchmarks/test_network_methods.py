import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benchmarks import search_digits
from benchmarks.network_search.confirmation import greedy
from benchmarks.network_search.genes import described, suggested
from benchmarks.network_search.methods import Designed
from benchmarks.network_search.nsga2 import POPULATION, Nsga2, crossed, crowding_of, ordered
from benchmarks.network_search.runs import initial_networks
from benchmarks.network_search.setting import Bench, network_space
from optimizer.designers import Fitted
from optimizer.history import History, Observation
from optimizer.networks.space import NetworkSpace
from optimizer.problem import Problem


@pytest.fixture(scope="module")
def problem() -> Problem:
    problem: Problem = Bench.of(search_digits.setting()).problem(seed=3, inherits=False)
    return problem


@pytest.fixture(scope="module")
def space(problem: Problem) -> NetworkSpace:
    return network_space(problem)


class Drawn:
    """Suggestions of chance, as an optimiser without a model makes them, or those of a list."""

    def __init__(self, seed: int, listed: Mapping[str, Any] | None = None) -> None:
        self._rng, self._listed = random.Random(seed), listed
        self.asked: dict[str, Any] = {}

    def _take(self, name: str, drawn: Any) -> Any:
        assert name not in self.asked
        self.asked[name] = drawn if self._listed is None else self._listed[name]
        return self.asked[name]

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        drawn = self._rng.choice((low, high, self._rng.randint(low, high)))
        taken = int(self._take(name, drawn))
        assert low <= taken <= high
        return taken

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        taken = float(self._take(name, self._rng.uniform(low, high)))
        assert low <= taken <= high
        return taken

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        taken = self._take(name, self._rng.choice(choices))
        assert taken in choices
        return taken


def test_every_network_of_the_prior_can_be_suggested(space: NetworkSpace) -> None:
    rng = random.Random(0)
    for point in (space.sample(rng) for _ in range(200)):
        values = described(point, space)
        again = Drawn(0, values)
        assert space.key(suggested(again, space)) == space.key(point)
        assert again.asked == values


def test_suggestions_of_any_kind_lie_in_the_space(space: NetworkSpace) -> None:
    roomy = replace(space, ranges=replace(space.ranges, max_macs=10**12))
    for seed in range(60):
        drawn = Drawn(seed)
        point = suggested(drawn, roomy)
        roomy.validate(point)
        assert set(described(point, roomy)) == set(drawn.asked)


def test_layers_come_before_crowding() -> None:
    scores = np.array([[0.9, 0.1], [0.5, 0.5], [0.1, 0.9], [0.4, 0.4], [-math.inf, -math.inf]])
    layers = [layer for layer, _ in ordered(scores)]
    assert layers == [0, 0, 0, 1, 2]


def test_crowding_is_the_distance_of_the_neighbours_and_infinite_at_the_ends() -> None:
    front = np.array([[0.0, 1.0], [0.25, 0.5], [0.5, 0.25], [1.0, 0.0]])
    assert crowding_of(front).tolist() == [math.inf, 0.5 + 0.75, 0.75 + 0.5, math.inf]


def test_rows_that_are_all_equal_do_not_crowd_each_other_to_nan() -> None:
    assert not np.isnan(crowding_of(np.full((3, 2), -math.inf))).any()


def test_a_crossed_network_has_the_blocks_of_one_and_the_head_of_another(
    space: NetworkSpace,
) -> None:
    rng = random.Random(1)
    drawn = [space.sample(rng) for _ in range(40)]
    for body, head in zip(drawn[:20], drawn[20:], strict=True):
        child = crossed(body, head)
        assert child["blocks"] == body["blocks"]
        assert child["head"] == head["head"]
        assert child.get("pruning") == head.get("pruning")


def test_nsga2_fills_its_population_from_the_prior_then_has_children(problem: Problem) -> None:
    method, origins, keys = Nsga2(problem), [], set()
    for number in range(1, POPULATION + 4):
        proposal = method.ask(number)
        assert problem.keeps_limits(proposal.known)
        origins.append(proposal.origin)
        keys.add(proposal.key)
        values = {**proposal.known, "error": 0.3}
        method.tell(Observation(proposal.point, values, number, key=proposal.key))
    assert origins == ["random"] * POPULATION + ["morph"] * 3
    assert len(keys) == POPULATION + 3


def test_nsga2_told_the_same_asks_the_same(problem: Problem) -> None:
    first, second = Nsga2(problem), Nsga2(problem)
    for number in range(1, 6):
        proposal = first.ask(number)
        seen = Observation(proposal.point, {**proposal.known, "error": 0.2}, number)
        first.tell(seen)
        second.tell(seen)
    assert first.ask(6) == second.ask(6)


def test_the_greedy_choice_takes_the_largest_volume_first_and_leaves_what_adds_none() -> None:
    scores = np.array([[0.2, 0.9], [0.8, 0.8], [0.9, 0.2], [0.5, 0.5], [0.9, -0.1]])
    keys = list("abcde")
    chosen = greedy(scores, keys, 10)
    assert chosen[0] == 1
    assert sorted(chosen) == [0, 1, 2]
    assert len(greedy(scores, keys, 2)) == 2


def test_the_greedy_choice_takes_a_network_once_whatever_it_began_with() -> None:
    scores = np.array([[0.2, 0.9], [0.8, 0.8], [0.9, 0.2], [0.3, 0.85]])
    assert sorted(greedy(scores, ["a", "b", "c", "a"], 4)) == [0, 1, 2]


class Fits:
    """A designer whose proposals say of how many results the fit was that it was given."""

    name = "fits"

    def __init__(self, first: int) -> None:
        self._first = first

    def fit(self, problem: Problem, history: History, seed: int) -> Fitted | None:
        if len(history) < self._first:
            return None
        return Fitted(1, {"seed": seed}, history.version, len(history))

    def suggest(
        self, problem: Problem, history: History, pending: object, fitted: object, *_: int
    ) -> list[Any]:
        return [fitted]


@pytest.mark.parametrize("first", [10, 13])
def test_a_run_that_goes_on_has_the_fit_that_it_would_have_had(
    problem: Problem, first: int
) -> None:
    point = problem.space.sample(random.Random(0))
    told = [Observation(point, {}, number, key=str(number)) for number in range(1, 61)]
    whole, seen = Designed(problem, "random"), []
    whole._designer = Fits(first)  # type: ignore[assignment]
    for number in range(1, 61):
        again = Designed(problem, "random")
        again._designer = Fits(first)  # type: ignore[assignment]
        for observation in told[: number - 1]:
            again.tell(observation)
        fitted: Any = whole.ask(number)
        assert again.ask(number) == fitted
        seen.append(0 if fitted is None else fitted.history_version)
        whole.tell(told[number - 1])
    assert sorted(set(seen))[:4] == [0, first, first + 1, first + 2]
    assert max(seen) < 59  # each fit is in use for a while


def test_initial_networks_are_the_same_for_every_method() -> None:
    bench = Bench.of(search_digits.setting())
    keys = [[p.key for p in initial_networks(bench.problem(4, inherits))] for inherits in (0, 1)]
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == 10
