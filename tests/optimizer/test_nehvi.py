"""The designer `nehvi`: BoTorch's acquisition on our scores, and nothing left to chance."""

import itertools
import math
import random
from typing import Any

import pytest
import torch

from optimizer.designers import nehvi
from optimizer.designers.nehvi import NehviDesigner
from optimizer.designers.nehvi_models import Models, usable
from optimizer.designers.novelty import Candidate
from optimizer.history import History, Observation
from optimizer.networks.lineage import heir
from optimizer.networks.scales import default_scales
from optimizer.networks.space import NetworkSpace
from optimizer.pareto import hypervolume
from optimizer.pool import Pool
from optimizer.problem import Constraint, Objective, Problem
from optimizer.proposal import Proposal
from optimizer.scale import Scale
from optimizer.space import space_from_json

UNIT = {"kind": "real", "low": 0.0, "high": 1.0}
SPACE = space_from_json({"kind": "parameters", "parameters": [{"name": n, **UNIT} for n in "xy"]})
NEAR, FAR = Objective("near", scale=Scale(0.0, 1.0)), Objective("far", scale=Scale(0.0, 1.0))
PROBLEM = Problem(SPACE, (NEAR, FAR), seed=2)


def results(x: float, y: float) -> dict[str, float]:
    """Two distances, from (0.2, 0.4) and (0.8, 0.4), and a heat that grows with y."""
    away = (y - 0.4) ** 2
    return {"near": (x - 0.2) ** 2 + away, "far": (x - 0.8) ** 2 + away, "heat": y}


def tried(problem: Problem, count: int, seed: int = 0) -> History:
    rng, observations = random.Random(seed), []
    for number in range(1, count + 1):
        point = problem.space.sample(rng)
        told = results(**point)
        observations.append(
            Observation(point, {name: told[name] for name in problem.reported}, number)
        )
    return History(tuple(observations))


def suggest(problem: Problem, history: History, count: int = 1, seed: int = 0) -> list[Proposal]:
    return NehviDesigner(samples=16).suggest(problem, history, [], None, count, seed)


def test_it_goes_to_the_front_and_spreads_there() -> None:
    found = suggest(PROBLEM, tried(PROBLEM, 12), count=4)
    assert all(abs(p.point["y"] - 0.4) < 0.1 for p in found)
    places = sorted(p.point["x"] for p in found)
    assert all(0.1 < place < 0.9 for place in places)
    assert min(b - a for a, b in itertools.pairwise(places)) > 0.03
    for proposal in found:
        told = results(**proposal.point)
        for name, part in proposal.prediction.items():
            assert abs(part["mean"] - told[name]) < 0.1
            assert 0 < part["sd"] < 0.3


def test_eight_trials_of_it_gain_more_than_eight_random_ones() -> None:
    history, random_one = tried(PROBLEM, 8), tried(PROBLEM, 16)
    for number in range(9, 17):
        (proposal,) = suggest(PROBLEM, history, seed=number)
        told = Observation(proposal.point, results(**proposal.point), number)
        history = History((*history.observations, told))
    assert hypervolume(history.scores(PROBLEM)) > hypervolume(random_one.scores(PROBLEM)) + 0.02


def test_chance_comes_from_the_seed_and_torch_is_left_as_it_was() -> None:
    history, threads = tried(PROBLEM, 12), torch.get_num_threads()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = suggest(PROBLEM, history, seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.get_num_threads() == threads
    torch.manual_seed(2)
    assert suggest(PROBLEM, history, seed=3) == first
    assert suggest(PROBLEM, history, seed=4) != first


def test_it_keeps_a_measured_limit_and_a_measured_constraint() -> None:
    limited = Objective("far", limit=0.15, scale=Scale(0.0, 1.0))
    for proposal in suggest(Problem(SPACE, (NEAR, limited)), tried(PROBLEM, 16), count=3):
        assert results(**proposal.point)["far"] < 0.2
    problem = Problem(SPACE, (NEAR, FAR), constraints=(Constraint("heat", 0.3),))
    for proposal in suggest(problem, tried(problem, 16), count=3):
        assert proposal.point["y"] < 0.33


def test_a_single_objective_is_improved_too() -> None:
    problem = Problem(SPACE, (NEAR,))
    (proposal,) = suggest(problem, tried(problem, 14))
    assert results(**proposal.point)["near"] < 0.02


def networks(inherits: bool = False) -> Problem:
    training: dict[str, Any] = {"epochs": 8, **({"inherit_epochs": 2} if inherits else {})}
    space = space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10, training=training)
    assert isinstance(space, NetworkSpace)
    wanted = (Objective("macs", "known", bound=5000.0), Objective("error"))
    problem = Problem(space, wanted, validation=300)
    return problem.with_scales(default_scales(space, wanted, None, 10, 300))


def test_known_objectives_are_taken_as_they_are() -> None:
    problem, rng, told = networks(), random.Random(0), []
    for number in range(1, 13):
        point = problem.space.sample(rng)
        told.append(Observation(point, {"error": 0.3, **problem.space.figures(point)}, number))
    history = History(tuple(told))
    models = Models.of(problem, history, usable(problem, history))
    points = [problem.space.sample(rng) for _ in range(3)]
    listed = [Candidate(p, problem.space.key(p), problem.space.figures(p)) for p in points]
    pool = Pool.of(problem, listed)
    samples = torch.zeros(5, 3, 1, dtype=torch.float64)
    outcomes = models.outcomes(samples, models.inputs(pool))
    assert outcomes.shape == (5, 3, 2)
    assert outcomes[0, :, 1].tolist() == pool.known[:, 0].tolist()
    scale = problem.objectives[0].scale
    assert scale is not None
    assert pool.known[:, 0] == pytest.approx(scale.score([c.known["macs"] for c in listed]))


def test_networks_begin_from_scratch_even_where_the_front_inherited() -> None:
    problem, rng, told = networks(inherits=True), random.Random(0), []
    for number in range(1, 13):
        point = heir(problem.space.sample(rng), "a" * 64, 8.0)
        known = problem.space.figures(point)
        told.append(Observation(point, {"error": 2 / math.log(known["macs"]), **known}, number))
    for proposal in suggest(problem, History(tuple(told)), count=3):
        assert proposal.origin == "model"
        assert problem.space.work(proposal.point)["parent"] is None


def test_nothing_is_compiled_while_a_worker_waits() -> None:
    suggest(PROBLEM, tried(PROBLEM, 12))
    assert nehvi.logei._load_attempted is True
    assert nehvi.logei._C is None
