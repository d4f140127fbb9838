"""Proposals and fits as JSON, errors through a pipe."""

import json
import pickle

import pytest

from optimizer.designers import DESIGNERS, NEED_TORCH, designer
from optimizer.designers.designer import Fitted
from optimizer.errors import (
    InvalidObservation,
    InvalidPoint,
    InvalidProblem,
    InvalidSpace,
    OptimizerError,
    SpaceExhausted,
)
from optimizer.proposal import Proposal


def test_json_gives_back_the_proposal() -> None:
    proposal = Proposal(
        {"x": 1.0},
        "k" * 64,
        {"macs": 3.0},
        "bayes",
        "model",
        {"error": {"mean": 0.1, "sd": 0.02}},
        {"weights_seed": 3},
    )
    assert Proposal.from_json(json.loads(json.dumps(proposal.to_json()))) == proposal


def test_an_unknown_origin_is_refused() -> None:
    with pytest.raises(OptimizerError, match="origin"):
        Proposal({}, "k", {}, "bayes", "dream")  # type: ignore[arg-type]


def test_json_gives_back_the_fit() -> None:
    fitted = Fitted(1, {"lengthscales": [0.1, 0.2]}, 12, 12, {"torch": "2.13.0"})
    assert Fitted.from_json(json.loads(json.dumps(fitted.to_json()))) == fitted


@pytest.mark.parametrize(
    "kind", [InvalidSpace, InvalidProblem, InvalidPoint, InvalidObservation, OptimizerError]
)
def test_an_error_names_its_field_and_travels_through_a_pipe(kind: type[OptimizerError]) -> None:
    error = kind("space.filters", "need low <= high, got [3, 1]")
    assert str(error) == "space.filters: need low <= high, got [3, 1]"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.field, str(again)) == (kind, "space.filters", str(error))


def test_exhaustion_travels_through_a_pipe() -> None:
    again = pickle.loads(pickle.dumps(SpaceExhausted("nothing left")))
    assert (type(again), str(again)) == (SpaceExhausted, "nothing left")


def test_designers_are_found_by_the_name_they_bear() -> None:
    for name in DESIGNERS:
        if name not in NEED_TORCH:  # tests/contract has them
            assert designer(name).name == name
    known = "need one of ageing-evolution, bayes, nehvi, random, sobol, sparse, got 'grid'"
    with pytest.raises(InvalidProblem, match=known):
        designer("grid")
