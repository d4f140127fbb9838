"""The designer `bayes`: batches, of which only the first is searched for."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
import torch

import optimizer.ascent
from optimizer.designers.bayes import BayesDesigner
from optimizer.history import History, Observation
from optimizer.hyperparameters import Hyperparameters
from optimizer.knowledge import Knowledge, encoded
from optimizer.problem import Objective, Problem
from optimizer.proposal import Proposal
from optimizer.scale import Scale
from optimizer.space import space_from_json

SQUARE = space_from_json(
    {
        "kind": "parameters",
        "parameters": [{"name": n, "kind": "real", "low": 0.0, "high": 1.0} for n in "xy"],
    }
)
OBJECTIVES = (Objective("a", scale=Scale(0.0, 1.0)), Objective("b", scale=Scale(0.0, 1.0)))
PROBLEM = Problem(SQUARE, OBJECTIVES, seed=1)
BAYES = BayesDesigner()
CORNER = {"x": 0.9, "y": 0.1}


def tried(count: int) -> History:
    """The front lies on the line from (0.2, 0.2) to (0.8, 0.8)."""
    rng, found = random.Random(0), []
    for number in range(1, count + 1):
        x, y = rng.random(), rng.random()
        values = {n: (x - at) ** 2 + (y - at) ** 2 for n, at in (("a", 0.2), ("b", 0.8))}
        found.append(Observation({"x": x, "y": y}, values, number))
    return History(tuple(found))


def suggest(history: History, problem: Problem = PROBLEM, count: int = 1) -> list[Proposal]:
    return BAYES.suggest(problem, history, [], None, count, 0)


@pytest.mark.parametrize("acquisition", ["improvement", "thompson"])
def test_the_first_of_a_batch_is_the_proposal_that_would_be_made_alone(acquisition: str) -> None:
    problem = replace(PROBLEM, options={"acquisition": acquisition})
    assert suggest(tried(12), problem, count=3)[:1] == suggest(tried(12), problem)


def knowing(history: History, earlier: list[Proposal]) -> Knowledge:
    """What is known of a history when earlier proposals are believed."""
    fitted = BAYES.fit(PROBLEM, history, 0)
    assert fitted is not None
    models = {n: Hyperparameters.from_json(m) for n, m in fitted.values["models"].items()}
    x = encoded(PROBLEM, [proposal.point for proposal in earlier])
    return Knowledge.of(PROBLEM, history, models).believing(x, np.empty((len(x), 0)))


def check_prediction(proposal: Proposal, knowledge: Knowledge) -> None:
    x = torch.from_numpy(encoded(PROBLEM, [proposal.point]))
    for name, surrogate in zip("ab", knowledge.surrogates, strict=True):
        deviation = math.hypot(surrogate.predict(x)[1].item(), surrogate.result_variance**0.5)
        assert proposal.prediction[name]["sd"] == pytest.approx(deviation, rel=1e-6)


def test_the_later_ones_of_a_batch_know_the_earlier_ones() -> None:
    history = History((*tried(12).observations, Observation(CORNER, {}, 13, "infeasible")))
    batch = suggest(history, count=3)
    knowledge = knowing(history, batch[:2])
    check_prediction(batch[2], knowledge)
    x = torch.from_numpy(encoded(PROBLEM, [batch[2].point]))
    assert knowledge.feasibility is not None
    chance = knowledge.feasibility.log_probability(x).exp().item()
    assert batch[2].details["feasibility"] == pytest.approx(chance, rel=1e-9)


def test_where_a_search_kept_too_few_the_next_search_knows_them_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(optimizer.ascent, "RESERVE", 4)
    batch = suggest(tried(12), count=8)
    assert len({proposal.key for proposal in batch}) == 8
    for last in (4, 5, 7):
        check_prediction(batch[last], knowing(tried(12), batch[:last]))
