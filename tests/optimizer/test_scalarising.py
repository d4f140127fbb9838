"""The choices of scalarisation that a study has, and what its proposals tell of them."""

import math
import random
from dataclasses import replace
from typing import Any

import pytest

from optimizer.designers import designer
from optimizer.designers.options import check_options
from optimizer.designers.scalarising import MOST_RAYS, Scalarising
from optimizer.errors import InvalidProblem
from optimizer.history import History, Observation
from optimizer.problem import Objective, Problem
from optimizer.proposal import Proposal
from optimizer.scale import Scale
from optimizer.space import Point, space_from_json

SQUARE = space_from_json(
    {
        "kind": "parameters",
        "parameters": [{"name": n, "kind": "real", "low": 0.0, "high": 1.0} for n in "xy"],
    }
)
PROBLEM = Problem(SQUARE, tuple(Objective(n, scale=Scale(0.0, 1.0)) for n in "ab"), seed=1)


def two_bowls(point: Point) -> dict[str, float]:
    """The front lies on the line from (0.2, 0.2) to (0.8, 0.8)."""
    x, y = point["x"], point["y"]
    return {"a": (x - 0.2) ** 2 + (y - 0.2) ** 2, "b": (x - 0.8) ** 2 + (y - 0.8) ** 2}


def tried(count: int) -> History:
    rng = random.Random(0)
    points = [SQUARE.sample(rng) for _ in range(count)]
    return History(tuple(Observation(p, two_bowls(p), n) for n, p in enumerate(points, 1)))


def suggest(problem: Problem = PROBLEM, count: int = 2, **options: Any) -> list[Proposal]:
    asked = replace(problem, options=options)
    return designer("bayes").suggest(asked, tried(16), [], None, count, 3)


def test_without_options_it_is_the_default() -> None:
    assert Scalarising.of(PROBLEM) == Scalarising("sphere", "hypervolume", 512, "improvement")
    named = {"prior": "sphere", "function": "hypervolume", "rays": 512}
    assert suggest(**named, acquisition="improvement") == suggest()


@pytest.mark.parametrize(
    ("options", "field", "need"),
    [
        ({"prior": "cube"}, "prior", "sphere, simplex, box, munas"),
        ({"function": ["linear"]}, "function", "hypervolume, tchebyshev, augmented, linear"),
        ({"acquisition": None}, "acquisition", "improvement, thompson, ucb"),
        ({"rays": 0}, "rays", f"1 to {MOST_RAYS}"),
        ({"rays": MOST_RAYS + 1}, "rays", f"1 to {MOST_RAYS}"),
        ({"rays": 8.0}, "rays", "8.0"),
        ({"rays": True}, "rays", "True"),
        ({"explore": 0.3}, "explore", "acquisition, function, prior, rays"),
    ],
)
def test_a_wrong_choice_is_refused_by_its_name(
    options: dict[str, Any], field: str, need: str
) -> None:
    with pytest.raises(InvalidProblem, match=need) as caught:
        check_options("bayes", replace(PROBLEM, options=options))
    assert caught.value.field == f"designer_options.{field}"


@pytest.mark.parametrize("function", ["hypervolume", "tchebyshev", "augmented", "linear"])
@pytest.mark.parametrize("acquisition", ["improvement", "ucb", "thompson"])
def test_every_choice_proposes_and_tells_what_it_did(function: str, acquisition: str) -> None:
    options = {"prior": "simplex", "function": function, "rays": 16, "acquisition": acquisition}
    near = 0.15 if acquisition == "improvement" else 1.0  # the others explore
    for proposal in suggest(**options):
        assert abs(proposal.point["x"] - proposal.point["y"]) <= near
        details = dict(proposal.details)
        name = details.pop("acquisition")
        assert name == ("log_expected_improvement" if acquisition == "improvement" else acquisition)
        assert details.items() >= {"prior": "simplex", "function": function, "rays": 16}.items()
        assert math.isfinite(details["value"])
        assert isinstance(details["weights_seed"], int)


@pytest.mark.parametrize("function", ["hypervolume", "tchebyshev"])
def test_a_box_draws_proposals_to_the_part_of_the_front_that_is_wanted(function: str) -> None:
    bounded = replace(PROBLEM.objectives[0], bound=0.05)
    wanted = replace(PROBLEM, objectives=(bounded, PROBLEM.objectives[1]))
    boxed, free = (
        [two_bowls(p.point)["a"] for p in suggest(wanted, 5, prior=prior, function=function)]
        for prior in ("box", "sphere")
    )
    assert sum(boxed) < 0.7 * sum(free)
    assert min(boxed) < 0.05


def test_every_choice_is_another_judgement() -> None:
    words: dict[str, tuple[str, ...]] = {
        "prior": ("sphere", "simplex", "box"),
        "function": ("tchebyshev", "augmented", "linear"),
        "acquisition": ("ucb", "thompson"),
    }
    choices = [{name: word, "rays": 16} for name, listed in words.items() for word in listed]
    points = [repr(suggest(count=1, **choice)[0].point) for choice in choices]
    assert len(set(points)) == len(points)
