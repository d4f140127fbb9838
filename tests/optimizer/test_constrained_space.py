"""Known constraints and known figures of parameter spaces."""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import pytest

from optimizer.designers.sobol import sobol_points
from optimizer.errors import InvalidPoint, InvalidProblem, InvalidSpace
from optimizer.parameter_space import ParameterSpace
from optimizer.parameters import Choice, Integer, Parameter, Real
from optimizer.problem import Objective, Problem, initial_count
from optimizer.rules import Limit
from optimizer.space import Point, space_from_json

X, Y = Real("x", 0.0, 1.0), Real("y", 0.0, 1.0)
KIND = Choice("kind", ("a", "b"))
EXTRA = Real("extra", 0.0, 1.0, when={"kind": ("b",)})


def box(dimensions: int) -> tuple[Parameter, ...]:
    return tuple(Real(f"x{i}", 0.0, 1.0) for i in range(dimensions))


def total(dimensions: int) -> str:
    return " + ".join(f"x{i}" for i in range(dimensions))


SPACES = {
    "half": ParameterSpace((X, Y), ("x + 2*y <= 1",)),
    "slice": ParameterSpace((X, Y), ("0.5 <= x + y <= 0.5001",)),
    "corner": ParameterSpace(box(8), (f"{total(8)} <= 0.1",)),
    "needle": ParameterSpace(
        box(6), (f"1 <= {total(6)} <= 1 + 1e-9", "abs(x0 - x1) <= 0.3", "0 <= x0 - x2 <= 1e-9")
    ),
    "stairs": ParameterSpace(box(10), tuple(f"x{i} + 0.109 <= x{i + 1}" for i in range(9))),
    "disc": ParameterSpace((X, Y), ("(x - 0.3)**2 + (y - 0.7)**2 <= 0.0001",)),
    "ball": ParameterSpace(box(4), (f"{'+'.join(f'(x{i}-0.5)**2' for i in range(4))} <= 0.0001",)),
    "whole": ParameterSpace(
        (Integer("a", 1, 500), Integer("b", 1, 500), Integer("c", 1, 500)), ("a + b + c == 40",)
    ),
    "few": ParameterSpace((Integer("a", 1, 20), Integer("b", 1, 20)), ("a * b == 91",)),
    "log": ParameterSpace((Real("rate", 1e-6, 1.0, log=True), X), ("rate * (1 + x) <= 1e-5",)),
    "one kind": ParameterSpace(
        (Choice("kind", tuple("abcdefgh")), X, Y), ("kind == 'h' and x + y <= 0.02",)
    ),
    "conditional": ParameterSpace((KIND, EXTRA, X), ("x + extra <= 0.001", "kind == 'b'")),
    "huge": ParameterSpace((Real("x", -1e300, 1e300), Y), ("x <= -9.9e299",)),
    "tiny": ParameterSpace((Real("x", 0.0, 1e-300), Y), ("x <= 1e-303",)),
    "figure": ParameterSpace((X, Y), (), {"cost": "1 / x + y"}, limits=(Limit("cost", 1.02),)),
    "high figure": ParameterSpace(
        box(8), (), {"w": total(8)}, limits=(Limit("w", 7.9999, sign=-1.0),)
    ),
    "function": ParameterSpace((X, Y), (lambda p: p["x"] < p["y"] / 50,)),
}


@pytest.mark.parametrize("name", SPACES)
def test_points_that_break_a_constraint_are_never_drawn_nor_reached(name: str) -> None:
    space, rng = SPACES[name], random.Random(0)
    began = time.process_time()
    points = [space.sample(rng) for _ in range(60)]
    points += [space.morph(point, rng) for point in points]
    points += islice(sobol_points(space, 3, 5), 60)
    points += space.samples(60, rng)
    assert time.process_time() - began < 10.0
    for point in points:
        space.validate(point)
        assert space.allows(point)
        assert space.rules.excess(point) == 0.0
    different = len({space.key(point) for point in points})
    assert different > 40 or different == space.cardinality


@pytest.mark.parametrize("constraint", ["x + y <= 1", "x + y <= 0.001"])
def test_samples_depend_on_the_seed_alone(constraint: str) -> None:
    built = [ParameterSpace((X, Y), (constraint,)) for _ in range(2)]
    first, second = ([space.sample(random.Random(s)) for s in range(20)] for space in built)
    assert first == second


@pytest.mark.parametrize("limit", [1.0, 0.01])
def test_samples_are_even_within_the_constraints(limit: float) -> None:
    """Of a triangle: a third of its side is the mean, half of it lies below 0.293 of it."""
    space, rng = ParameterSpace((X, Y), (f"x + y <= {limit}",)), random.Random(2)
    points = [space.sample(rng) for _ in range(500)]
    assert len({space.key(point) for point in points}) > 450
    for name in ("x", "y"):
        values = [point[name] / limit for point in points]
        assert statistics.mean(values) == pytest.approx(1 / 3, abs=0.04)
        assert statistics.median(values) == pytest.approx(0.293, abs=0.05)


@pytest.mark.parametrize(
    ("parameters", "constraints", "known", "why"),
    [
        ((X, Y), ("x + y >= 3",), {}, r"breaks 'x \+ y >= 3'"),
        ((X, Y), ("x*x + y*y >= 3",), {}, "no point was found"),
        ((X,), ("x < 0.5", "x > 0.5"), {}, "no point was found"),
        ((X,), ("1 / (x - x) > 0",), {}, "which has no value there: float division by zero"),
        ((Integer("n", 1, 9), KIND), ("n * n == 7",), {}, r"breaks 'n \* n == 7'"),
        ((X,), (), {"cost": "log(x - 2)"}, "cost: has no value at this point"),
    ],
)
def test_a_space_without_a_point_is_refused_in_time(
    parameters: tuple[Parameter, ...],
    constraints: tuple[str, ...],
    known: Mapping[str, str],
    why: str,
) -> None:
    space = ParameterSpace(parameters, constraints, known)
    began = time.process_time()
    with pytest.raises(InvalidSpace, match=why) as caught:
        space.check()
    assert time.process_time() - began < 10.0
    assert caught.value.field == "space.constraints"


def test_limits_that_no_known_figure_keeps_are_refused() -> None:
    space = ParameterSpace((X, Y), (), {"cost": "x + y"}, limits=(Limit("cost", -1.0),))
    with pytest.raises(InvalidSpace, match="keeps the limit cost <= -1; the nearest one has 0"):
        space.check()


def test_validate_names_the_constraint_that_is_broken() -> None:
    space = ParameterSpace((X, Y), ("x <= 0.9", "x + 2*y <= 1"))
    space.validate({"x": 0.5, "y": 0.25})
    with pytest.raises(InvalidPoint, match=r"breaks 'x \+ 2\*y <= 1'") as caught:
        space.validate({"x": 0.5, "y": 0.5})
    assert caught.value.field == "constraints.1"


def test_a_constraint_without_a_value_is_broken_and_one_on_what_is_inactive_kept() -> None:
    space = ParameterSpace((KIND, EXTRA, X), ("extra <= 0.5", "1 / x >= 0"))
    space.validate({"kind": "a", "x": 0.5})
    space.validate({"kind": "b", "extra": 0.5, "x": 0.5})
    with pytest.raises(InvalidPoint, match=r"breaks 'extra <= 0\.5'"):
        space.validate({"kind": "b", "extra": 0.6, "x": 0.5})
    with pytest.raises(InvalidPoint, match="which has no value there: float division by zero"):
        space.validate({"kind": "a", "x": 0.0})


def test_known_figures_are_computed_from_the_point() -> None:
    space = ParameterSpace((KIND, EXTRA, X), (), {"cost": "2*x + (extra if kind == 'b' else 1)"})
    assert space.known_names == ("cost",)
    assert space.figures({"kind": "a", "x": 0.5}) == {"cost": 2.0}
    assert space.figures({"kind": "b", "extra": 0.25, "x": 0.5}) == {"cost": 1.25}


def test_a_point_at_which_a_known_figure_has_no_value_is_refused() -> None:
    space = ParameterSpace((KIND, EXTRA, X), (), {"cost": "1/x", "fuel": "0 if x < 1 else extra"})
    with pytest.raises(InvalidPoint, match="cost: has no value at this point: float division"):
        space.validate({"kind": "a", "x": 0.0})
    with pytest.raises(InvalidPoint, match="fuel: has no value at this point: extra is inactive"):
        space.validate({"kind": "a", "x": 1.0})
    assert not space.allows({"kind": "a", "x": 0.0})


def test_limits_are_not_judged_by_validate() -> None:
    space = ParameterSpace((X,), (), {"cost": "x"}, limits=(Limit("cost", 0.5),))
    space.validate({"x": 0.9})
    assert not space.allows({"x": 0.9})


def test_json_gives_back_constraints_and_figures_and_leaves_out_what_is_empty() -> None:
    space = ParameterSpace((X, Y), ("x <= y",), {"cost": "x + y"})
    assert space_from_json(space.to_json()) == space
    assert set(ParameterSpace((X,)).to_json()) == {"kind", "parameters"}


def slope(point: Point) -> float:
    return float(point["x"]) * 3


def steep(point: Point) -> bool:
    return bool(point["extra"] > 0.5)


def test_functions_serve_in_process_and_have_no_json() -> None:
    space = ParameterSpace((KIND, EXTRA, X), (steep,), {"slope": slope})
    assert space.figures({"kind": "a", "x": 0.5}) == {"slope": 1.5}
    space.validate({"kind": "a", "x": 0.5})
    with pytest.raises(InvalidPoint, match="breaks 'steep'"):
        space.validate({"kind": "b", "extra": 0.1, "x": 0.5})
    with pytest.raises(InvalidSpace, match="a function cannot be written as JSON") as caught:
        space.to_json()
    assert caught.value.field == "space.constraints.0"
    with pytest.raises(InvalidSpace) as caught:
        ParameterSpace((X,), (), {"slope": slope}).to_json()
    assert caught.value.field == "space.known.slope"


def test_an_error_in_a_function_is_not_hidden() -> None:
    space = ParameterSpace((X,), (lambda p: p["z"] < 1,))
    with pytest.raises(KeyError, match="z"):
        space.validate({"x": 0.5})


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"constraints": "x <= 1"}, "space.constraints"),
        ({"constraints": ["x <= 1", "x <= z"]}, "space.constraints.1"),
        ({"constraints": [7]}, "space.constraints.0"),
        ({"constraints": ["x <= 1"] * 65}, "space.constraints"),
        ({"known": ["x"]}, "space.known"),
        ({"known": {"cost": "x <= 1"}}, "space.known.cost"),
        ({"known": {"": "x"}}, "space.known"),
        ({"known": {f"c{i}": "x" for i in range(7)}}, "space.known"),
        ({"rules": []}, "space.rules"),
    ],
)
def test_a_wrong_rule_is_refused_with_the_path_of_its_field(
    changes: dict[str, Any], field: str
) -> None:
    listed = [{"name": "x", "kind": "real", "low": 0.0, "high": 1.0}]
    with pytest.raises(InvalidSpace) as caught:
        space_from_json({"kind": "parameters", "parameters": listed, **changes})
    assert caught.value.field == field


def test_only_points_within_are_counted_and_listed() -> None:
    space = SPACES["few"]
    assert list(space.points()) == [{"a": 7, "b": 13}, {"a": 13, "b": 7}]
    assert space.cardinality == 2
    assert SPACES["whole"].cardinality is None


def test_a_sobol_sequence_goes_on_where_it_was_left() -> None:
    for name in ("half", "slice"):
        whole = list(islice(sobol_points(SPACES[name], 4, 0), 9))
        assert list(islice(sobol_points(SPACES[name], 4, 5), 4)) == whole[5:]


def test_a_known_objective_of_a_black_box_tells_the_space_its_limit() -> None:
    space = ParameterSpace((X, Y), (), {"cost": "x + y"})
    objectives = (Objective("loss"), Objective("cost", "known", limit=0.01))
    problem = Problem(space, objectives)
    rng = random.Random(0)
    assert all(problem.space.figures(problem.space.sample(rng))["cost"] <= 0.01 for _ in range(9))
    assert initial_count(problem) == 6
    assert problem.reported == ("loss",)


def test_what_is_known_is_not_measured() -> None:
    space = ParameterSpace((X, Y), (), {"cost": "x + y"})
    with pytest.raises(InvalidProblem, match=r"objectives\.0\.role: cost is known in this space"):
        Problem(space, (Objective("cost"),))


@pytest.mark.parametrize("rule", [lambda p: 1 / (p["x"] - p["x"]), lambda p: float("nan")])
def test_a_function_without_a_value_counts_as_broken(rule: Callable[[Point], bool]) -> None:
    with pytest.raises(InvalidPoint, match="which has no value there"):
        ParameterSpace((X,), (rule,)).validate({"x": 0.5})
