"""Problems: what is searched, and what is asked of it."""

import json
from typing import Any

import pytest

from optimizer.errors import InvalidProblem
from optimizer.networks.space import NetworkSpace
from optimizer.problem import Constraint, Objective, Problem, initial_count
from optimizer.scale import GivenScale, Scale
from optimizer.space import Space, space_from_json


def box(dimensions: int = 2) -> Space:
    listed = [{"name": f"x{i}", "kind": "real", "low": 0.0, "high": 1.0} for i in range(dimensions)]
    return space_from_json({"kind": "parameters", "parameters": listed})


def networks() -> Space:
    return space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10)


def test_json_gives_back_the_problem() -> None:
    cost = Objective("cost", goal="maximize", bound=1.0, given=GivenScale(reference=0.0))
    problem = Problem(box(), (cost, Objective("time", scale=Scale(1.0, 9.0, log=True))), seed=7)
    assert Problem.from_json(json.loads(json.dumps(problem.to_json()))) == problem


def test_json_gives_back_constraints_budget_and_options() -> None:
    heat, gain = Constraint("heat", 80.0), Constraint("gain", 2.0, "maximize")
    problem = Problem(
        box(), (Objective("cost"),), constraints=(heat, gain), budget=30, options={"rays": 64}
    )
    assert Problem.from_json(json.loads(json.dumps(problem.to_json()))) == problem


def test_a_problem_of_an_earlier_release_has_no_constraints_budget_or_options() -> None:
    written = Problem(box(), (Objective("cost"),)).to_json()
    for name in ("constraints", "budget", "options"):
        del written[name]
    assert Problem.from_json(written) == Problem(box(), (Objective("cost"),))


@pytest.mark.parametrize("wrong", [{"name": ""}, {"limit": float("nan")}, {"goal": "less"}])
def test_a_wrong_constraint_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidProblem):
        Constraint(**{"name": "heat", "limit": 80.0, **wrong})


def test_constraints_judge_what_is_reported_beside_the_objectives() -> None:
    heat, gain = Constraint("heat", 80.0), Constraint("gain", 2.0, "maximize")
    problem = Problem(box(), (Objective("cost"),), constraints=(heat, gain))
    assert problem.reported == ("cost", "heat", "gain")
    assert problem.keeps_limits({"cost": 1.0, "heat": 80.0, "gain": 2.0})
    assert not problem.keeps_limits({"cost": 1.0, "heat": 80.1, "gain": 2.0})
    assert not problem.keeps_limits({"cost": 1.0, "gain": 1.9})
    assert problem.keeps_limits({"cost": 1.0})


@pytest.mark.parametrize(
    ("names", "field"),
    [(["a", "a"], "constraints.1.name"), (["cost"], "constraints.0.name")],
)
def test_a_constraint_has_a_name_of_its_own(names: list[str], field: str) -> None:
    listed = tuple(Constraint(name, 1.0) for name in names)
    with pytest.raises(InvalidProblem) as caught:
        Problem(box(), (Objective("cost"),), constraints=listed)
    assert caught.value.field == field


def test_networks_take_constraints_on_known_figures_alone() -> None:
    small = Constraint("model_size:deployed", 900.0)
    problem = Problem(networks(), (Objective("error"),), constraints=(small,))
    assert isinstance(problem.space, NetworkSpace)
    assert problem.space.limits == (("model_size:deployed", 900.0),)
    assert problem.reported == ("error",)
    with pytest.raises(InvalidProblem, match=r"constraints\.0\.name.*model_size:deployed"):
        Problem(networks(), (Objective("error"),), constraints=(Constraint("heat", 80.0),))


def test_a_budget_is_at_least_one_trial() -> None:
    with pytest.raises(InvalidProblem, match="budget"):
        Problem(box(), (Objective("cost"),), budget=0)


def test_a_problem_keeps_options_of_its_own() -> None:
    options = {"rays": 64}
    problem = Problem(box(), (Objective("cost"),), options=options)
    options["rays"] = 1
    assert problem.options == {"rays": 64}


def test_json_gives_back_a_problem_of_networks() -> None:
    space = space_from_json(
        {"kind": "tiny", "filters": [2, 9]},
        input_shape=(28, 28, 1),
        classes=3,
        device="microbit",
        training={"epochs": 3},
    )
    size = Objective("model_size:sparse", "known", bound=900.0, limit=3000.0)
    problem = Problem(space, (Objective("error"), size), validation=300)
    assert Problem.from_json(json.loads(json.dumps(problem.to_json()))) == problem


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"role": "guessed"},
        {"goal": "min"},
        {"bound": float("nan")},
        {"limit": float("inf")},
        {"given": GivenScale(ideal=1e300)},
        {"given": GivenScale(reference=float("nan"))},
        {"scale": Scale(2.0, 1.0)},
        {"goal": "maximize", "scale": Scale(1.0, 2.0)},
    ],
)
def test_a_wrong_objective_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidProblem):
        Objective(**{"name": "cost", **wrong})


def test_a_problem_needs_one_to_eight_objectives_each_name_once() -> None:
    with pytest.raises(InvalidProblem, match="need 1 to 8, got 0"):
        Problem(box(), ())
    with pytest.raises(InvalidProblem, match="need 1 to 8, got 9"):
        Problem(box(), tuple(Objective(f"o{i}") for i in range(9)))
    with pytest.raises(InvalidProblem) as caught:
        Problem(box(), (Objective("a"), Objective("a")))
    assert caught.value.field == "objectives.1.name"


def test_networks_have_one_measured_figure_and_those_that_are_known() -> None:
    with pytest.raises(InvalidProblem, match="model_size:deployed"):
        Problem(networks(), (Objective("error"), Objective("weight", "known")))
    with pytest.raises(InvalidProblem, match=r"objectives\.0\.name.*error"):
        Problem(networks(), (Objective("accuracy"),))
    with pytest.raises(InvalidProblem, match="at least one measured objective"):
        Problem(networks(), (Objective("macs", "known"),))
    with pytest.raises(InvalidProblem, match="none in this space"):
        Problem(box(), (Objective("cost"), Objective("macs", "known")))


def test_the_space_learns_bounds_and_limits_of_known_figures() -> None:
    objectives = (
        Objective("error", limit=0.5),
        Objective("model_size:sparse", "known", bound=500.0),
        Objective("working_memory:wm2", "known", limit=900.0),
    )
    space = Problem(networks(), objectives).space
    assert isinstance(space, NetworkSpace)
    assert space.caps.size_bytes == 2000.0
    assert space.caps.size_figure == "model_size:sparse"
    assert space.limits == (("working_memory:wm2", 900.0),)


def test_limits_are_kept_in_the_direction_of_the_goal() -> None:
    problem = Problem(
        box(), (Objective("cost", limit=3.0), Objective("gain", goal="maximize", limit=1.0))
    )
    assert problem.keeps_limits({"cost": 3.0, "gain": 1.0})
    assert not problem.keeps_limits({"cost": 3.1, "gain": 1.0})
    assert not problem.keeps_limits({"gain": 0.9})
    assert problem.keeps_limits({"other": 99.0})


def test_a_problem_is_scaled_when_every_objective_is() -> None:
    problem = Problem(box(), (Objective("a"), Objective("b", goal="maximize")))
    half = problem.with_scales({"a": Scale(0.0, 1.0)})
    assert [problem.scaled, half.scaled] == [False, False]
    assert half.with_scales({"b": Scale(1.0, 0.0)}).scaled


def test_the_initial_design_grows_with_the_dimension_and_ends_with_the_space() -> None:
    counts = [initial_count(Problem(box(d), (Objective("a"),))) for d in (1, 2, 6, 40)]
    assert counts == [6, 6, 10, 10]
    listed = [{"name": "k", "kind": "choice", "values": ["a", "b", "c"]}]
    finite = space_from_json({"kind": "parameters", "parameters": listed})
    assert initial_count(Problem(finite, (Objective("a"),))) == 3
    assert initial_count(Problem(networks(), (Objective("error"),))) == 10
