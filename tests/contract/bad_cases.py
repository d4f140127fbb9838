"""Problems and histories that no user means, but that somebody's program will send."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from optimizer.errors import InvalidSpace
from optimizer.history import History, Observation
from optimizer.parameter_space import ParameterSpace
from optimizer.problem import Constraint, Objective, Problem
from optimizer.scale import MOST_QUANTILE, Goal, Scale
from optimizer.space import Point, Space, space_from_json

FAILURES = ("infeasible", "failed", "cancelled", "stopped")
STATUSES = (*["completed"] * 6, *FAILURES)
TRIALS = (40, 30, 25, 20, 15, 5, 0)

finite = st.floats(allow_nan=False, allow_infinity=False)


@dataclass(frozen=True)
class Case:
    """What a designer is asked; `best` are points that keep all limits on known figures."""

    problem: Problem
    history: History
    pending: list[Point]
    count: int
    seed: int
    best: tuple[Point, ...] = ()


@st.composite
def parameters(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A parameter: one of every kind, some with two values, some with very odd ends."""
    kind = draw(st.sampled_from(["real", "log", "odd", "integer", "two", "choice", "ordered"]))
    if kind in ("choice", "ordered"):
        values = draw(st.sampled_from([["a", "b"], [True, False], [0, 0.25, 1, "x"]]))
        return {"name": name, "kind": "choice", "values": values, "ordered": kind == "ordered"}
    if kind in ("integer", "two"):
        low = draw(st.integers(-5, 5))
        high = low + (1 if kind == "two" else draw(st.integers(1, 10**6)))
        return {"name": name, "kind": "integer", "low": low, "high": high}
    ends = {
        "real": [(0.0, 1.0), (-3.0, 5.0)],
        "log": [(1e-6, 1.0), (1e-300, 1e300)],
        "odd": [(0.0, 1e-300), (-1e300, 1e300), (1.0, 1.0 + 2**-30), (-1e300, 1e-300)],
    }
    low, high = draw(st.sampled_from(ends[kind]))
    return {"name": name, "kind": "real", "low": low, "high": high, "log": kind == "log"}


@st.composite
def scales(draw: st.DrawFn) -> Scale:
    """A scale, some of them absurd."""
    ends = [(0.0, 1.0), (0.0, 1e-300), (0.0, 1e300), (-1e300, 1e300), (-5.0, -4.0), (1e-300, 1e300)]
    low, high = draw(st.sampled_from(ends))
    log = low > 0 and draw(st.booleans())
    return Scale(high, low, log) if draw(st.booleans()) else Scale(low, high, log)


@st.composite
def objectives(draw: st.DrawFn, name: str) -> Objective:
    scale = draw(scales())
    near = st.sampled_from([0.0, 0.5, scale.ideal / 10, scale.reference / 10])
    wish = st.none() | near | st.floats(-1e299, 1e299)
    return Objective(
        name, goal=scale.goal, bound=draw(wish), limit=draw(st.none() | wish), scale=scale
    )


@st.composite
def results(draw: st.DrawFn, problem: Problem) -> Callable[[int], dict[str, float]]:
    """What trials report: the same, almost the same, garbage, or not even everything."""
    rng, names = random.Random(draw(st.integers(0, 10**6))), problem.reported
    constants = {name: draw(finite) for name in names}
    garbage = draw(st.lists(finite, min_size=1, max_size=4))
    kind = draw(
        st.sampled_from(["constant", "scaled", "garbage", "tiny", "huge", "mixed", "missing"])
    )

    def values(number: int) -> dict[str, float]:
        if kind == "constant":
            return constants
        if kind == "garbage":
            return {name: rng.choice([*garbage, rng.random()]) for name in names}
        if kind == "missing":
            return {name: rng.random() for name in names if rng.random() < 0.7}
        if kind == "scaled":
            told = {name: rng.random() for name in names}
            for objective in problem.objectives:
                if objective.scale is not None and not objective.scale.log:
                    ideal, reference = objective.scale.ideal / 2, objective.scale.reference / 2
                    told[objective.name] = 2 * (ideal + rng.random() * 1.2 * (reference - ideal))
            return {n: v if math.isfinite(v) else 1.0 for n, v in told.items()}
        sizes = {"tiny": [1e-300], "huge": [1e300], "mixed": [0.0, 1e-300, 1.0, 1e300]}[kind]
        return {name: (rng.random() - 0.3) * rng.choice(sizes) for name in names}

    return values


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """One to three parameters; some depend on the first, some keep constraints or give a figure."""
    listed = [draw(parameters(f"p{k}")) for k in range(draw(st.integers(1, 3)))]
    first, rules = listed[0], {}
    if first["kind"] == "choice":
        for other in listed[1:]:
            if draw(st.booleans()):
                other["when"] = {"p0": first["values"][:1]}
    elif draw(st.booleans()):
        middle = 0.5 * first["low"] + 0.5 * first["high"]
        told = [f"p0 <= {middle!r}", f"p0 >= {middle!r}", "p0 * p0 >= 0", "1 / p0 > 0"]
        rules["constraints"] = draw(st.lists(st.sampled_from(told), max_size=2))
        rules["known"] = draw(
            st.sampled_from([{}, {"w": "p0"}, {"w": "p0"}, {"w": "1 / (p0 - 0.25)"}])
        )
    space = space_from_json({"kind": "parameters", "parameters": listed, **rules})
    refuse_empty(space)
    return space


def refuse_empty(space: Space) -> None:
    """Leave out a space without a point: the server refuses it before any designer is asked."""
    assert isinstance(space, ParameterSpace)
    try:
        space.check()
    except InvalidSpace:
        reject()


@st.composite
def known_figures(draw: st.DrawFn, space: Space, name: str) -> tuple[Objective | Constraint, Point]:
    """A known figure as objective or constraint, and its best point.

    Some keep a limit that leaves hardly another one.
    """

    def figure(point: Point) -> float:
        return space.figures(point)[name]

    goal: Goal = draw(st.sampled_from(["minimize", "maximize"]))
    sign, rng = 1.0 if goal == "minimize" else -1.0, random.Random(draw(st.integers(0, 10**6)))
    points = sorted((space.sample(rng) for _ in range(60)), key=lambda p: sign * figure(p))
    best = points[0]
    for _ in range(200):
        best = min(best, space.morph(best, rng), key=lambda p: sign * figure(p))
    limit = draw(st.sampled_from([None, figure(points[30]), figure(best), figure(best)]))
    if limit is not None and draw(st.booleans()):
        return Constraint(name, limit, goal), best
    ends = (0.0, 2.0) if goal == "minimize" else (2.0, 0.0)
    limit = None if limit is None else min(max(limit, -MOST_QUANTILE), MOST_QUANTILE)
    return Objective(name, "known", goal, limit=limit, scale=Scale(*ends)), best


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """A problem, its history and what is pending."""
    space = draw(spaces())
    wanted = [draw(objectives(f"o{k}")) for k in range(draw(st.integers(1, 3)))]
    known = [draw(known_figures(space, name)) for name in space.known_names]
    wanted += [each for each, _ in known if isinstance(each, Objective)]
    limits = [each for each, _ in known if isinstance(each, Constraint)]
    if draw(st.booleans()):
        limits.append(Constraint("c", draw(st.sampled_from([0.0, 0.5]) | finite)))
    budget = draw(st.sampled_from([None, 1, 50]))
    problem = Problem(space, tuple(wanted), constraints=tuple(limits), budget=budget)
    refuse_empty(problem.space)
    rng = random.Random(draw(st.integers(0, 10**6)))
    reported, observations, points = draw(results(problem)), [], [space.sample(rng)]
    statuses = draw(st.sampled_from([STATUSES, STATUSES, ("completed",), FAILURES]))
    for number in range(1, draw(st.sampled_from(TRIALS)) + 1):
        status = rng.choice(statuses)
        point = rng.choice(points)
        values = reported(number) | space.figures(point) if status == "completed" else {}
        observations.append(Observation(point, values, number, status))  # type: ignore[arg-type]
        if rng.random() < 0.9:  # else the next one may be a copy of an earlier one
            points = [space.sample(rng)] if rng.random() < 0.8 else [*points, space.sample(rng)]
    pending = [space.sample(rng) for _ in range(draw(st.integers(0, 3)))]
    best = tuple(point for _, point in known)
    return Case(problem, History(tuple(observations)), pending, draw(st.integers(1, 8)), 5, best)
