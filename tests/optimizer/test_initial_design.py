"""The design before the first model, where trials fail."""

import pytest

from optimizer.designers import designer
from optimizer.history import History, Observation
from optimizer.problem import Objective, Problem, initial_count
from optimizer.proposal import Proposal
from optimizer.scale import Scale
from optimizer.space import Point, space_from_json

UNIT = {"kind": "real", "low": 0.0, "high": 1.0}
SPACE = space_from_json(
    {"kind": "parameters", "parameters": [{"name": "x", **UNIT}, {"name": "y", **UNIT}]}
)
# A twentieth of the space: a disc of this radius.
RADIUS_SQUARED = 0.05 / 3.14159


def tried(problem: Problem, name: str, middle: Point, most: int) -> History:
    """Trials one by one, until the initial design is done or so many were tried."""
    history = History()
    while len(history) < most and history.completed.sum() < initial_count(problem):
        number = len(history) + 1
        (proposal,) = designer(name).suggest(problem, history, [], None, 1, number)
        distance = sum((proposal.point[axis] - middle[axis]) ** 2 for axis in ("x", "y"))
        worked = distance <= RADIUS_SQUARED
        told = Observation(
            proposal.point,
            {"cost": distance} if worked else {},
            number,
            "completed" if worked else "infeasible",
        )
        history = History((*history.observations, told))
    return history


@pytest.mark.parametrize("seed", [20, 21, 22, 23])
@pytest.mark.parametrize("name", ["bayes", "nehvi"])
def test_where_hardly_a_point_works_those_that_do_are_found(name: str, seed: int) -> None:
    problem = Problem(SPACE, (Objective("cost", scale=Scale(0.0, 1.0)),), seed=seed)
    middle = {"x": 0.2 + 0.6 * (seed % 3) / 2, "y": 0.7}
    found = tried(problem, name, middle, 80)
    assert found.completed.sum() == initial_count(problem)  # what comes next has a model
    even = tried(problem, "sobol", middle, len(found))
    assert even.completed.sum() <= found.completed.sum() / 2


def suggest(history: History, count: int, seed: int = 1) -> list[Proposal]:
    problem = Problem(SPACE, (Objective("cost", scale=Scale(0.0, 1.0)),), seed=3)
    return designer("bayes").suggest(problem, history, [], None, count, seed)


def test_only_failures_change_the_design_and_then_half_of_it() -> None:
    points = [proposal.point for proposal in suggest(History(), 4)]
    done = [Observation(p, {"cost": 0.5}, n) for n, p in enumerate(points, 1)]
    even = suggest(History(tuple(done)), 40)
    assert not any(proposal.details for proposal in even)
    done[1] = Observation(points[1], {}, 2, "infeasible")
    found = suggest(History(tuple(done)), 40)
    hopeful = [proposal for proposal in found if "feasibility" in proposal.details]
    assert 10 <= len(hopeful) <= 30
    assert len({proposal.key for proposal in found}) == 40
    assert {proposal.origin for proposal in found} == {"initial"}
    assert all(proposal.details["feasibility"] > 0.5 for proposal in hopeful)
    assert [p.key for p in found[: 40 - len(hopeful)]] == [p.key for p in even[: 40 - len(hopeful)]]
