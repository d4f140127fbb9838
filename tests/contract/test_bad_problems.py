"""Bad problems: every designer ends in new, valid proposals or in a clear refusal, never otherwise.

`pytest.timeout` ends a hang. What is drawn stands in `bad_cases`.
"""

import json
import math
import random
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from optimizer.designers import DESIGNERS, Designer, designer
from optimizer.designers.novelty import candidates, seen_keys
from optimizer.errors import (
    InvalidObservation,
    InvalidPoint,
    InvalidProblem,
    InvalidSpace,
    SpaceExhausted,
)
from optimizer.history import History, Observation
from optimizer.networks.scales import default_scales
from optimizer.networks.space import NetworkSpace
from optimizer.problem import MOST_OBJECTIVES, Constraint, Objective, Problem
from optimizer.scale import GivenScale, Scale
from optimizer.space import space_from_json
from tests.contract.bad_cases import Case, cases

# Chosen so that this file takes less than a minute; the slow twin tries this many times as much.
EXAMPLES = {"bayes": 12, "nehvi": 5, "sparse": 8}
EXAMPLES_OF_THE_QUICK = 25
TWIN = 20
SCALARISATIONS: tuple[dict[str, object], ...] = (
    {"function": "tchebyshev", "prior": "simplex", "rays": 1, "acquisition": "thompson"},
    {"function": "augmented", "prior": "munas", "rays": 16},
    {"function": "linear", "prior": "box", "rays": 16, "acquisition": "ucb"},
)


def asked(name: str) -> Designer:
    """A designer; the slowest with few samples."""
    if name != "nehvi":
        return designer(name)
    from optimizer.designers.nehvi import NehviDesigner

    return NehviDesigner(samples=4)


def ends_well(name: str, case: Case) -> None:
    """Ask, and check what comes."""
    tested, problem = asked(name), case.problem
    try:
        tested.check(problem)
        fitted = tested.fit(problem, case.history, case.seed)
        proposals = tested.suggest(
            problem, case.history, case.pending, fitted, case.count, case.seed
        )
    except InvalidProblem:
        return
    except SpaceExhausted:
        assert problem.space.listable or not points_are_left(case)
        return
    if problem.space.cardinality is None:
        assert len(proposals) == case.count
    tried = case.history.keys(problem.space) | {problem.space.key(p) for p in case.pending}
    keys = {proposal.key for proposal in proposals}
    assert len(keys) == len(proposals) <= case.count
    assert not keys & tried
    for proposal in proposals:
        problem.space.validate(proposal.point)
        assert problem.keeps_limits(proposal.known)
        json.dumps(proposal.to_json(), allow_nan=False)


def points_are_left(case: Case) -> bool:
    """Whether the case or a few draws know a point that may be proposed."""
    problem, rng = case.problem, random.Random(0)
    tried = seen_keys(problem, case.history, case.pending)
    points = [*case.best, *(problem.space.sample(rng) for _ in range(50))]
    return any(True for _ in candidates(problem, points, tried))


def hammer(name: str, times: int, options: dict[str, object] | None = None) -> None:
    """Ask a designer for what nobody means; the same cases each time."""
    examples = times * EXAMPLES.get(name, EXAMPLES_OF_THE_QUICK)
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],  # to make a failing case smaller would take minutes
        suppress_health_check=checks,
    )
    @given(cases())
    def hammered(case: Case) -> None:
        ends_well(name, replace(case, problem=replace(case.problem, options=options or {})))

    hammered()


@pytest.mark.parametrize("name", DESIGNERS)
def test_whatever_is_asked_ends_in_proposals_or_a_refusal(name: str) -> None:
    hammer(name, 1)


@pytest.mark.parametrize("options", SCALARISATIONS, ids=lambda told: told["function"])
def test_whatever_the_scalarisation_it_ends_in_proposals_or_a_refusal(
    options: dict[str, object],
) -> None:
    hammer("bayes", 1, options)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", DESIGNERS)
def test_much_more_of_the_same_ends_well(name: str) -> None:
    hammer(name, TWIN)


def box(*listed: dict[str, Any]) -> Any:
    return space_from_json({"kind": "parameters", "parameters": list(listed)})


UNIT = {"kind": "real", "low": 0.0, "high": 1.0}
XY = box({"name": "x", **UNIT}, {"name": "y", **UNIT})


def digits(*limited: Objective, constraints: tuple[Constraint, ...] = ()) -> Problem:
    space = space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10)
    wanted = (Objective("error"), *limited)
    problem = Problem(space, wanted, validation=300, seed=5, constraints=constraints)
    assert isinstance(problem.space, NetworkSpace)
    return problem.with_scales(default_scales(problem.space, wanted, None, 10, 300))


@pytest.mark.parametrize("name", DESIGNERS)
def test_as_many_objectives_as_a_problem_may_have_take_no_minutes(name: str) -> None:
    wanted = [Objective(f"o{k}", scale=Scale(0.0, 1.0)) for k in range(MOST_OBJECTIVES)]
    problem, rng, observations = Problem(XY, tuple(wanted)), random.Random(0), []
    for number in range(1, 21):
        point = XY.sample(rng)
        values = {o.name: abs(point["x"] - k / 7) for k, o in enumerate(wanted)}
        observations.append(Observation(point, values, number))
    start = time.process_time()
    ends_well(name, Case(problem, History(tuple(observations)), [XY.sample(rng)], 1, 3))
    assert time.process_time() - start < 30


def test_one_objective_more_is_refused() -> None:
    with pytest.raises(InvalidProblem, match=f"need 1 to {MOST_OBJECTIVES}, got"):
        Problem(XY, tuple(Objective(f"o{k}") for k in range(MOST_OBJECTIVES + 1)))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_at_the_door(bad: float) -> None:
    with pytest.raises(InvalidObservation, match="cost"):
        Observation({"x": 0.5, "y": 0.5}, {"cost": bad}, 1)
    with pytest.raises(InvalidPoint, match="x"):
        XY.validate({"x": bad, "y": 0.5})
    with pytest.raises(InvalidSpace, match="low"):
        box({"name": "x", "kind": "real", "low": bad, "high": 1.0})
    for wrong in ({"bound": bad}, {"limit": bad}, {"given": GivenScale(ideal=bad)}):
        with pytest.raises(InvalidProblem):
            Objective("cost", **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidProblem):
        Scale(0.0, bad)
    with pytest.raises(InvalidProblem):
        Constraint("heat", bad)


@pytest.mark.parametrize(
    "parameter",
    [
        {"kind": "real", "low": 2.0, "high": 2.0},
        {"kind": "integer", "low": 2, "high": 2},
        {"kind": "choice", "values": ["a"]},
        {"kind": "real", "low": -1.7e308, "high": 1.7e308},
        {"kind": "integer", "low": 0, "high": 10**400},
    ],
)
def test_a_parameter_with_one_value_or_too_many_is_refused(parameter: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpace, match=r"space\.parameters\.0"):
        box({"name": "x", **parameter})


@pytest.mark.parametrize("name", DESIGNERS)
@pytest.mark.parametrize("trials", [0, 1, 2, 3])
def test_a_real_parameter_of_five_values_is_used_up_and_then_exhausted(
    name: str, trials: int
) -> None:
    space = box({"name": "x", "kind": "real", "low": 1.0, "high": 1.0 + 2**-50})
    problem = Problem(space, (Objective("cost", scale=Scale(0.0, 1.0)),))
    points = [{"x": 1.0 + k * 2**-52} for k in range(5)]
    told = tuple(
        Observation(point, {"cost": 0.1 * number}, number)
        for number, point in enumerate(points[:trials], 1)
    )
    tested = asked(name)
    found = tested.suggest(problem, History(told), points[trials:3], None, 8, 0)
    assert {p.point["x"] for p in found} <= {point["x"] for point in points[3:]}
    with pytest.raises(SpaceExhausted):
        tested.suggest(problem, History(told), points[trials:], None, 1, 0)


@pytest.mark.parametrize("figure", ["model_size:deployed", "working_memory:arena", "macs"])
def test_a_limit_that_no_network_keeps_is_refused(figure: str) -> None:
    with pytest.raises(InvalidProblem, match="the best there is"):
        digits(Objective(figure, "known", limit=1.0))


@pytest.mark.parametrize(
    "constraints",
    [
        ["x <= 0.4", "x >= 0.6"],
        ["x + y >= 2.001"],
        ["x**2 + y**2 < 0"],
        ["x == y", "x == y + 0.5"],
        ["1 / (x - x) > 0"],
    ],
)
def test_contradicting_constraints_are_refused(constraints: list[str]) -> None:
    start = time.process_time()
    axes = [{"name": "x", **UNIT}, {"name": "y", **UNIT}]
    space = space_from_json({"kind": "parameters", "parameters": axes, "constraints": constraints})
    with pytest.raises(InvalidSpace, match="no point was found that keeps all constraints"):
        space.check()
    assert time.process_time() - start < 10


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in DESIGNERS if n != "sobol"])
def test_limits_that_no_network_keeps_together_end_the_search(name: str) -> None:
    small = Objective("model_size:deployed", "known", limit=100.0)
    busy = Constraint("macs", 1e6, "maximize")
    with pytest.raises(SpaceExhausted):
        asked(name).suggest(digits(small, constraints=(busy,)), History(), [], None, 1, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in DESIGNERS if n != "sobol"])
def test_a_constraint_that_no_network_keeps_ends_the_search(name: str) -> None:
    problem = digits(constraints=(Constraint("macs", 1e9, "maximize"),))
    with pytest.raises(SpaceExhausted):
        asked(name).suggest(problem, History(), [], None, 1, 0)


@pytest.mark.parametrize("name", [n for n in DESIGNERS if n != "sobol"])
def test_copies_and_failures_of_one_network_are_no_obstacle(name: str) -> None:
    problem = digits(Objective("macs", "known", bound=5000.0))
    point = problem.space.sample(random.Random(0))
    known, statuses = problem.space.figures(point), ("completed", "failed", "infeasible")
    told = []
    for number in range(1, 31):
        status = statuses[number % 3] if number % 2 else "completed"
        values = {**known, "error": 0.5} if status == "completed" else {}
        told.append(Observation(point, values, number, status))  # type: ignore[arg-type]
    ends_well(name, Case(problem, History(tuple(told)), [point], 2, 1))
