"""A limit from below on a known figure, however little of the space keeps it."""

import random

import pytest

from optimizer.designers import DESIGNERS, designer
from optimizer.history import History, Observation
from optimizer.networks.scales import default_scales
from optimizer.networks.space import NetworkSpace
from optimizer.problem import Constraint, Objective, Problem
from optimizer.scale import Scale
from optimizer.space import space_from_json

SPACE = space_from_json(
    {
        "kind": "parameters",
        "parameters": [
            {"name": "x", "kind": "real", "low": 0.0, "high": 1.0},
            {"name": "y", "kind": "real", "low": 0.0, "high": 1.0},
        ],
        "known": {"w": "x"},
    }
)
COST = Objective("cost", scale=Scale(0.0, 2.0))
LEAST = 0.9999
PROBLEMS = {
    "objective": Problem(
        SPACE, (COST, Objective("w", "known", "maximize", limit=LEAST, scale=Scale(1.0, 0.0)))
    ),
    "constraint": Problem(SPACE, (COST,), constraints=(Constraint("w", LEAST, "maximize"),)),
}


@pytest.mark.parametrize("trials", [0, 14])
@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("name", DESIGNERS)
def test_points_above_a_high_limit_are_found(name: str, kind: str, trials: int) -> None:
    problem, rng, told = PROBLEMS[kind], random.Random(0), []
    for number in range(1, trials + 1):
        point = problem.space.sample(rng)
        values = {"cost": point["y"], **problem.space.figures(point)}
        told.append(Observation(point, values, number))
    found = designer(name).suggest(problem, History(tuple(told)), [], None, 3, 1)
    assert len({proposal.key for proposal in found}) == 3
    assert all(proposal.known["w"] >= LEAST for proposal in found)


@pytest.mark.parametrize("name", [n for n in DESIGNERS if n != "sobol"])
def test_networks_have_at_least_so_many_operations(name: str) -> None:
    space = space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10)
    rng = random.Random(0)
    macs = sorted(space.figures(space.sample(rng))["macs"] for _ in range(100))
    busy = Constraint("macs", macs[97], "maximize")
    problem = Problem(space, (Objective("error"),), validation=300, constraints=(busy,))
    assert isinstance(problem.space, NetworkSpace)
    problem = problem.with_scales(default_scales(problem.space, problem.objectives, None, 10, 300))
    assert all(
        problem.space.figures(problem.space.sample(rng))["macs"] >= busy.limit for _ in "abc"
    )
    (found,) = designer(name).suggest(problem, History(), [], None, 1, 1)
    assert found.known["macs"] >= busy.limit
