"""Objectives and constraints of a definition, and the space that computes some of them."""

from typing import Any

import pytest

from optimizer.problem import Constraint
from service.definitions import check_points, prepare
from service.errors import InvalidDefinition
from tests.service.network_study import DIGITS, NETWORK
from tests.service.stage import definition

BOX = {"kind": "parameters", "parameters": [{"name": "x", "kind": "real", "low": 0, "high": 9}]}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"constraints": [{"name": "cost", "limit": 1.0}]}, "constraints.0.name"),
        ({"constraints": [{"name": "b", "limit": float("nan")}]}, "constraints.0.limit"),
        (
            {"objectives": [{"name": "a"}, {"name": "b", "expression": "z"}]},
            "objectives.1.expression",
        ),
        ({"objectives": [{"name": "b", "expression": "x"}]}, "objectives"),
        ({"space": {**BOX, "constraints": ["x <="]}}, "space.constraints.0"),
        ({"space": {**BOX, "known": {"b": "y"}}}, "space.known.b"),
        (
            {"space": {**BOX, "known": {"b": "y"}}, "objectives": [{"name": "a"}, {"name": "b"}]},
            "space.known.b",
        ),
        (
            {
                "space": {**BOX, "known": ["x"]},
                "objectives": [{"name": "a"}, {"name": "b", "expression": "x"}],
            },
            "space.known",
        ),
        (
            {
                "space": {**BOX, "known": {"b": "x"}},
                "objectives": [{"name": "a"}, {"name": "b", "expression": "2*x"}],
            },
            "objectives.1.expression",
        ),
    ],
)
def test_a_wrong_wish_names_its_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidDefinition) as found:
        prepare(definition(**changes), lambda name: DIGITS)
    assert found.value.field == field


def test_known_objectives_and_constraints_of_a_black_box_reach_its_problem() -> None:
    prepared = prepare(
        definition(
            space={**BOX, "constraints": ["x >= 1"]},
            objectives=[{"name": "cost"}, {"name": "fuel", "expression": "2*x", "limit": 9.0}],
            constraints=[{"name": "heat", "limit": 80.0}, {"name": "fuel2", "limit": 1.0}],
        ),
        lambda name: DIGITS,
    )
    problem = prepared.problem
    assert [objective.role for objective in problem.objectives] == ["measured", "known"]
    assert problem.space.figures({"x": 2.0}) == {"fuel": 4.0}
    assert problem.reported == ("cost", "heat", "fuel2")
    assert problem.constraints[0] == Constraint("heat", 80.0)
    assert prepare(prepared.definition, lambda name: DIGITS) == prepared


def test_a_figure_that_the_space_knows_is_a_known_objective() -> None:
    space = {**BOX, "known": {"fuel": "2*x"}}
    wanted = definition(space=space, objectives=[{"name": "cost"}, {"name": "fuel"}])
    prepared = prepare(wanted, lambda name: DIGITS)
    assert prepared.problem.objectives[1].role == "known"
    assert prepared.definition["objectives"][1]["expression"] == "2*x"


def test_a_network_study_takes_a_constraint_on_a_known_figure_by_its_short_name() -> None:
    wanted = {**NETWORK, "objectives": [{"name": "error"}]}
    wanted["constraints"] = [{"name": "model_size", "limit": 900.0}]
    prepared = prepare(wanted, lambda name: DIGITS)
    assert prepared.problem.constraints == (Constraint("model_size:deployed", 900.0),)
    assert prepared.definition["constraints"][0]["name"] == "model_size:deployed"


@pytest.mark.parametrize("space", [BOX, {**BOX, "constraints": ["x <= 1"]}, {"kind": "tiny"}])
def test_a_space_with_points_is_taken(space: dict[str, Any]) -> None:
    check_points(definition(space=space))


def test_a_space_without_a_point_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match=r"breaks 'x \* x <= -1'") as caught:
        check_points(definition(space={**BOX, "constraints": ["x * x <= -1"]}))
    assert caught.value.field == "space.constraints"


@pytest.mark.parametrize("field", ["objectives", "constraints"])
@pytest.mark.parametrize(
    ("goal", "limit", "sign"), [("minimize", -5.0, "<="), ("maximize", 1e9, ">=")]
)
def test_a_limit_that_no_point_keeps_is_refused_where_it_was_written(
    field: str, goal: str, limit: float, sign: str
) -> None:
    wished = {"name": "w", "goal": goal, "limit": limit}
    wanted = definition(space={**BOX, "known": {"w": "x"}})
    wanted[field] = [*wanted.get(field, ()), wished]
    with pytest.raises(InvalidDefinition, match=f"keeps the limit w {sign} ") as caught:
        check_points(wanted)
    assert caught.value.field == f"{field}.{len(wanted[field]) - 1}.limit"
