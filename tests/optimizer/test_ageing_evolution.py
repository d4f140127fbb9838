"""Ageing evolution: who lives, who wins, and what a child is."""

import random
from typing import Any

import numpy as np
import pytest

from optimizer.designers.ageing_evolution import (
    AgeingEvolutionDesigner,
    Population,
    population_size,
    ratio,
)
from optimizer.designers.random import RandomDesigner
from optimizer.history import History, Observation
from optimizer.networks.lineage import heir
from optimizer.networks.scales import default_scales
from optimizer.networks.space import NetworkSpace
from optimizer.pareto import hypervolume
from optimizer.problem import Objective, Problem
from optimizer.proposal import Proposal
from optimizer.scale import Scale
from optimizer.space import Point, space_from_json

BOX = space_from_json(
    {
        "kind": "parameters",
        "parameters": [
            {"name": "x", "kind": "real", "low": 0.0, "high": 1.0},
            {"name": "y", "kind": "real", "low": 0.0, "high": 1.0},
            {"name": "n", "kind": "integer", "low": 1, "high": 40},
        ],
    }
)
COST = Objective("cost", bound=2.0, scale=Scale(0.0, 4.0))
WEIGHT = Objective("weight", limit=50.0, scale=Scale(0.0, 10.0))
PROBLEM = Problem(BOX, (COST, WEIGHT), budget=50)


def tried(problem: Problem, values: list[Any]) -> History:
    """Trials at random points; a text in place of values is a status."""
    rng, observations = random.Random(0), []
    for number, told in enumerate(values, 1):
        point = problem.space.sample(rng)
        if isinstance(told, str):
            observations.append(Observation(point, {}, number, told))  # type: ignore[arg-type]
        else:
            results = dict(zip(problem.names, told, strict=True))
            observations.append(Observation(point, results, number))
    return History(tuple(observations))


def suggest(
    problem: Problem, history: History, pending: list[Point], count: int = 1, seed: int = 0
) -> list[Proposal]:
    return AgeingEvolutionDesigner().suggest(problem, history, pending, None, count, seed)


def winners(problem: Problem, history: History, tournaments: int = 40) -> list[int]:
    """The `finish_no` of the winner of each tournament."""
    named = {problem.space.key(o.point): o.finish_no for o in history.observations}
    found = suggest(problem, history, [], tournaments)
    return [named[proposal.details["winner"]] for proposal in found if proposal.origin == "morph"]


@pytest.mark.parametrize(
    ("budget", "size"), [(1, 10), (50, 10), (100, 20), (499, 99), (500, 100), (9000, 100)]
)
def test_the_population_is_a_fifth_of_the_budget_between_ten_and_a_hundred(
    budget: int, size: int
) -> None:
    assert population_size(budget) == size
    assert population_size(None) == 100


def test_a_tournament_has_a_quarter_of_the_population() -> None:
    history = tried(PROBLEM, [(1.0, 1.0)] * 120)
    assert Population.of(PROBLEM, history, 100).entrants == 25
    assert Population.of(PROBLEM, history, 10).entrants == 2
    assert Population.of(PROBLEM, history, 3).entrants == 1


def test_until_the_population_is_complete_the_prior_is_drawn_from() -> None:
    eight, rng = tried(PROBLEM, [(1.0, 1.0)] * 8), random.Random(9)
    pending = [BOX.sample(rng), BOX.sample(rng)]
    assert [p.origin for p in suggest(PROBLEM, eight, [])] == ["random"]
    assert [p.origin for p in suggest(PROBLEM, eight, pending)] == ["morph"]
    origins = [p.origin for p in suggest(PROBLEM, eight, pending[:1], count=3)]
    assert sorted(origins) == ["morph", "morph", "random"]


def test_without_a_single_result_the_prior_is_drawn_from() -> None:
    history = tried(PROBLEM, ["infeasible", "failed", "stopped"] * 5)
    assert [p.origin for p in suggest(PROBLEM, history, [])] == ["random"]


def test_the_eldest_die_however_good_they_are() -> None:
    history = tried(PROBLEM, [(0.01, 0.01)] * 5 + [(1.0, 1.0)] * 10)
    assert min(winners(PROBLEM, history)) > 5


def test_cancelled_trials_take_no_place() -> None:
    history = tried(PROBLEM, [(1.0, 1.0)] * 10 + ["cancelled"] * 10)
    assert set(winners(PROBLEM, history)) <= set(range(1, 11))


def test_the_fitter_win() -> None:
    history = tried(PROBLEM, [(0.1 + number, 0.5 + 5 * number) for number in range(10)])
    counts = np.bincount(winners(PROBLEM, history, 200), minlength=11)[1:]
    assert counts[0] > 25  # drawn among two of ten: 19 % of the tournaments
    assert counts[0] > 2 * counts[7] >= counts[9]


def test_each_objective_presses_in_some_tournaments() -> None:
    population = Population.of(PROBLEM, tried(PROBLEM, [(0.1, 9.0), (1.9, 0.1)] * 20), 40)
    rows = [population.tournament(random.Random(seed)) for seed in range(60)]
    for winner in rows:
        cost, weight = winner.pressures
        hard_on_cost = 0.95 / cost > 0.9 / weight
        assert (winner.row % 2 == 0) == hard_on_cost
        taken = (0.05, 0.9) if hard_on_cost else (0.95, 0.01)
        assert winner.fitness == pytest.approx(-max(taken[0] / cost, taken[1] / weight))
    assert 15 < sum(winner.row % 2 for winner in rows) < 45


def test_no_result_loses_to_a_broken_limit_and_that_to_all_others() -> None:
    history = tried(PROBLEM, ["failed"] * 3 + [(0.1, 51.0)] * 3 + [(9.0, 49.0)] * 3)
    population = Population.of(PROBLEM, history, 12)
    kept, over, failed = {6, 7, 8}, {3, 4, 5}, {0, 1, 2}
    for seed in range(50):
        winner, twin = population.tournament(random.Random(seed)), random.Random(seed)
        assert winner.pressures == (1.0 - twin.random(), 1.0 - twin.random())
        rows = set(twin.choices(range(9), k=population.entrants))
        assert winner.row in next(kind for kind in (kept, over, failed) if kind & rows)


def test_a_ratio_is_the_share_of_the_bound_up_to_ten() -> None:
    assert ratio(COST, np.array([0.0, 1.0, 2.0, 19.0, 25.0, np.nan])).tolist() == [
        *(0.0, 0.5, 1.0, 9.5, 10.0, 10.0)
    ]
    assert ratio(WEIGHT, np.array([5.0])).tolist() == [0.5]  # of the reference


@pytest.mark.parametrize(
    ("objective", "value", "taken"),
    [
        (Objective("a", goal="maximize", bound=0.9, scale=Scale(1.0, 0.5)), 0.8, 2.0),
        (Objective("a", goal="maximize", scale=Scale(1.0, 0.5)), 0.75, 0.5),
        (Objective("a", bound=-2.0, scale=Scale(-4.0, 4.0)), -3.0, 0.5),
        (Objective("a", bound=-5.0, scale=Scale(-4.0, 4.0)), 0.0, 0.5),  # better than the ideal
        (Objective("a", bound=0.5, scale=Scale(1.0, 4.0)), 1.0, 2.0),
        (Objective("a", bound=-0.5, scale=Scale(1.0, 4.0)), 1.0, 0.25),
        (Objective("a", scale=Scale(-1e300, 1e300)), 0.0, 0.5),
        (Objective("a", bound=8.0, scale=Scale(1.0, 16.0, log=True)), 4.0, 0.5),
    ],
)
def test_a_ratio_begins_at_zero_or_where_that_says_nothing_at_the_ideal(
    objective: Objective, value: float, taken: float
) -> None:
    assert ratio(objective, np.array(value)).item() == pytest.approx(taken)


def test_a_child_differs_from_the_winner_in_one_parameter() -> None:
    history = tried(PROBLEM, [(1.0, 1.0)] * 10)
    points = {BOX.key(o.point): o.point for o in history.observations}
    children = suggest(PROBLEM, history, [], count=20)
    for child in children:
        winner = points[child.details["winner"]]
        assert sum(child.point[name] != winner[name] for name in winner) == 1
        assert (child.details["population"], child.details["entrants"]) == (10, 2)


def test_children_are_trained_from_scratch_even_where_their_parents_inherited() -> None:
    space = space_from_json(
        {"kind": "tiny"},
        input_shape=(8, 8, 1),
        classes=10,
        training={"epochs": 8, "inherit_epochs": 2},
    )
    assert isinstance(space, NetworkSpace)
    objectives = (Objective("error"), Objective("macs", "known", bound=5000.0))
    scales = default_scales(space, objectives, None, 10, 300)
    problem = Problem(space, objectives, budget=50).with_scales(scales)
    rng, observations = random.Random(1), []
    for number in range(1, 12):
        point = heir(problem.space.sample(rng), "a" * 64, 8.0)
        results = {"error": rng.random(), **problem.space.figures(point)}
        observations.append(Observation(point, results, number))
    for child in suggest(problem, History(tuple(observations)), [], count=5):
        assert child.origin == "morph"
        work = problem.space.work(child.point)
        assert (work["parent"], work["training"]["epochs"]) == (None, 8)


def test_a_winner_without_a_result_has_no_fitness_to_tell() -> None:
    history = tried(PROBLEM, [(1.0, 1.0)] + ["failed"] * 9)
    told = [p.details["fitness"] for p in suggest(PROBLEM, history, [], count=30)]
    assert None in told
    assert any(isinstance(fitness, float) for fitness in told)


def evolved(designer: Any, seed: int) -> float:
    """The hypervolume after 200 trials of a problem with two objectives."""
    space = space_from_json(
        {
            "kind": "parameters",
            "parameters": [
                {"name": f"x{k}", "kind": "real", "low": 0.0, "high": 1.0} for k in range(6)
            ],
        }
    )
    objectives = (Objective("f", scale=Scale(0.0, 1.5)), Objective("g", scale=Scale(0.0, 1.5)))
    problem, history = Problem(space, objectives, budget=200), History()
    for number in range(1, 201):
        (proposal,) = designer.suggest(problem, history, [], None, 1, 1000 * seed + number)
        x = [proposal.point[f"x{k}"] for k in range(6)]
        far = sum((v - 0.3) ** 2 for v in x[1:])
        values = {"f": x[0] + far, "g": 1 - x[0] + far}
        history = History((*history.observations, Observation(proposal.point, values, number)))
    return hypervolume(history.scores(problem))


def test_it_finds_more_hypervolume_than_random_draws() -> None:
    found = [evolved(AgeingEvolutionDesigner(), seed) for seed in range(4)]
    drawn = [evolved(RandomDesigner(), seed) for seed in range(4)]
    assert sum(found) > sum(drawn) + 4 * 0.02
