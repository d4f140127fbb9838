"""The comparison of scalarisations: which runs it wants, and what it makes of their lines."""

import pytest

from benchmarks.scalarisation import CHOICES, PROBLEMS, SEEDS, by_the_front, figures_of, wanted
from optimizer.designers.options import check_options
from optimizer.history import History, Observation
from optimizer.problem import Objective, Problem
from optimizer.scale import Scale
from optimizer.space import space_from_json

SPACE = space_from_json(
    {
        "kind": "parameters",
        "parameters": [{"name": "x", "kind": "real", "low": 0.0, "high": 1.0}],
    }
)


def test_seeds_are_finished_one_by_one_and_none_makes_a_claim_elsewhere() -> None:
    seeds = [run["seed"] for run in wanted()]
    assert seeds == sorted(seeds)
    assert min(seeds) >= 1000
    assert {run["problem"] for run in wanted()} == set(PROBLEMS)


def test_every_choice_is_one_that_the_designer_has() -> None:
    for options in CHOICES.values():
        check_options("bayes", Problem(SPACE, (Objective("a"),), options=options))


def test_the_scale_by_the_front_goes_from_its_best_to_its_worst() -> None:
    problem = Problem(SPACE, tuple(Objective(n, scale=Scale(0.0, 9.0)) for n in "ab"))
    rows = [(1.0, 3.0), (2.0, 1.0), (8.0, 8.0)]
    history = History(
        tuple(Observation({"x": n / 9}, {"a": a, "b": b}, n) for n, (a, b) in enumerate(rows, 1))
    )
    scales = [objective.scale for objective in by_the_front(problem, history).objectives]
    assert scales == [Scale(1.0, 2.0), Scale(1.0, 3.0)]


def test_only_seeds_that_every_choice_has_finished_count() -> None:
    lines = [
        {**run, "hypervolume": {"random": 1.0, "default": 3.0}.get(run["choice"], 2.0)}
        for run in wanted()
        if run["seed"] <= SEEDS[1]
    ]
    whole, torn = figures_of(lines), figures_of(lines[:-1])
    assert (whole["networks_seeds"], torn["networks_seeds"]) == (2, 1)
    assert whole["networks_default_h_median"] == pytest.approx(1.0)
    assert whole["dtlz2_linear_h_median"] == pytest.approx(0.5)
    assert whole["mean_of_medians_default"] == pytest.approx(1.0)
