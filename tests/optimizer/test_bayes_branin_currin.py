"""The designer `bayes` on known problems: beside `sobol`, and to the last point."""

import numpy as np
import pytest
import torch

import optimizer.designers.bayes  # noqa: F401  before BoTorch's test functions: it silences torch
from optimizer.designers import designer
from optimizer.errors import SpaceExhausted
from optimizer.history import History, Observation
from optimizer.pareto import hypervolume
from optimizer.problem import Objective, Problem
from optimizer.scale import Scale
from optimizer.space import space_from_json

SQUARE = space_from_json(
    {
        "kind": "parameters",
        "parameters": [
            {"name": "x", "kind": "real", "low": 0.0, "high": 1.0},
            {"name": "y", "kind": "real", "low": 0.0, "high": 1.0},
        ],
    }
)


@pytest.mark.parametrize("given", [True, False], ids=["scale given", "scale of the initial design"])
def test_it_finds_more_hypervolume_than_sobol_on_branin_currin(given: bool) -> None:
    """A small twin of benchmarks/branin_currin.py."""
    # Here, as BoTorch warns when it is imported before `optimizer.kernel` has silenced that.
    from botorch.test_functions.multi_objective import BraninCurrin

    function = BraninCurrin()
    scales = (Scale(0.4, 18.0), Scale(1.2, 6.0)) if given else (Scale(-30, 170), Scale(1, 13))

    def volume(name: str) -> float:
        objectives = [Objective(n, scale=s) for n, s in zip("ab", scales, strict=True)]
        asked = Problem(SQUARE, tuple(objectives))
        tried: list[Observation] = []
        for number in range(1, 21):
            (proposal,) = designer(name).suggest(asked, History(tuple(tried)), [], None, 1, number)
            place = torch.tensor([[proposal.point["x"], proposal.point["y"]]])
            a, b = function(place.double())[0].tolist()
            tried.append(Observation(proposal.point, {"a": a, "b": b}, number))
        losses = History(tuple(tried)).values(["a", "b"])
        return hypervolume(np.array([18.0, 6.0]) - losses)

    assert volume("bayes") > volume("sobol") + 10


def test_the_last_points_of_a_finite_space_are_proposed_and_then_no_more() -> None:
    listed = [{"name": "n", "kind": "integer", "low": 1, "high": 12}]
    space = space_from_json({"kind": "parameters", "parameters": listed})
    asked = Problem(space, (Objective("a", scale=Scale(0.0, 12.0)),))
    tried = [Observation({"n": n}, {"a": float(n)}, n) for n in range(1, 11)]
    bayes = designer("bayes")
    proposals = bayes.suggest(asked, History(tuple(tried)), [], None, 5, 0)
    assert sorted(p.point["n"] for p in proposals) == [11, 12]
    tried += [Observation(p.point, {"a": 1.0}, n) for n, p in enumerate(proposals, start=11)]
    with pytest.raises(SpaceExhausted):
        bayes.suggest(asked, History(tuple(tried)), [], None, 1, 0)
