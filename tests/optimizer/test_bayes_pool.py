"""Candidates and how they are made better."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from optimizer.acquisition import Acquisition
from optimizer.ascent import best_of
from optimizer.designers.novelty import Candidate
from optimizer.hyperparameters import Hyperparameters
from optimizer.improvement import NODES, Improvement
from optimizer.kernel import Kernel
from optimizer.networks.scales import default_scales
from optimizer.networks.space import NetworkSpace
from optimizer.pool import SAMPLES, Pool, first_pool
from optimizer.problem import Objective, Problem
from optimizer.scale import Scale
from optimizer.space import Space, space_from_json
from optimizer.surrogate import Surrogate
from optimizer.targets import Targets


def parameters(*listed: dict[str, object]) -> Space:
    return space_from_json({"kind": "parameters", "parameters": list(listed)})


REAL = {"kind": "real", "low": 0.0, "high": 10.0}
BOX = parameters({"name": "x", **REAL}, {"name": "y", **REAL})
MIXED = parameters(
    {"name": "x", **REAL},
    {"name": "n", "kind": "integer", "low": 1, "high": 500},
    {"name": "c", "kind": "choice", "values": ["a", "b", "c", "d"]},
)
FEW = parameters(
    {"name": "n", "kind": "integer", "low": 1, "high": 30},
    {"name": "c", "kind": "choice", "values": ["a", "b"]},
)


def problem(space: Space) -> Problem:
    return Problem(space, (Objective("cost", scale=Scale(0.0, 1.0)),))


@dataclass(frozen=True)
class Peak(Acquisition):
    """An acquisition of known shape: largest at `top`, in encoded coordinates."""

    top: tuple[float, ...] = ()

    def __call__(self, x: Tensor, known: Tensor) -> Tensor:
        return -(x - torch.tensor(self.top, dtype=torch.float64)).square().sum(-1)

    def on(self, rays: int, nodes: int = NODES) -> Acquisition:
        return self


def peak(top: Sequence[float]) -> Peak:
    nothing = torch.empty(0, dtype=torch.float64)
    return Peak([], Improvement(nothing, nothing, nothing), None, top=tuple(top))


def test_a_pool_holds_each_key_once_and_none_that_is_seen() -> None:
    asked, point = problem(BOX), {"x": 2.0, "y": 3.0}
    first = first_pool(asked, [point], set(), seed=1)
    keys = [candidate.key for candidate in first.candidates]
    assert len(set(keys)) == len(keys) > SAMPLES
    assert first.x.shape == (len(keys), 2)
    later = first_pool(asked, [point], set(keys[:100]), seed=1)
    assert not set(keys[:100]) & {candidate.key for candidate in later.candidates}


def test_a_pool_depends_on_its_seed_alone() -> None:
    asked, point = problem(MIXED), {"x": 2.0, "n": 3, "c": "b"}
    one, same, other = (first_pool(asked, [point], set(), seed=s).candidates for s in (1, 1, 2))
    assert one == same
    assert one[:5] != other[:5]


def test_a_small_space_is_looked_through_completely() -> None:
    pool = first_pool(problem(FEW), [], set(), seed=1)
    assert len(pool) == 60


def test_no_candidate_breaks_a_limit_on_a_known_figure() -> None:
    space = space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10)
    objectives = (Objective("error"), Objective("model_size:deployed", "known", limit=900.0))
    asked = Problem(space, objectives, validation=300)
    assert isinstance(asked.space, NetworkSpace)
    asked = asked.with_scales(default_scales(asked.space, objectives, None, 10, 300))
    pool = first_pool(asked, [asked.space.cheapest], set(), seed=1)
    sizes = [candidate.known["model_size:deployed"] for candidate in pool.candidates]
    assert len(sizes) > 60
    assert max(sizes) <= 900
    assert pool.known.shape == (len(sizes), 1)
    assert pool.known.min() >= 0


def test_real_parameters_are_moved_to_the_top_by_their_gradient() -> None:
    asked = problem(BOX)
    pool = first_pool(asked, [], set(), seed=1)
    best = best_of(pool, asked, peak((0.317, 0.822)), set(), seed=1)
    assert best.value > -1e-9
    assert abs(best.candidate.point["x"] - 3.17) < 1e-3
    asked.space.validate(best.candidate.point)
    assert best.candidate.key == asked.space.key(best.candidate.point)


def test_mixed_parameters_come_closer_to_the_top_than_any_of_the_pool() -> None:
    asked = problem(MIXED)
    top = asked.space.encode({"x": 3.17, "n": 437, "c": "c"})
    pool = first_pool(asked, [], set(), seed=1)
    value = peak(top)
    start = value(torch.from_numpy(pool.x), torch.empty(len(pool), 0)).max().item()
    best = best_of(pool, asked, value, set(), seed=1)
    assert best.value > start / 4
    assert best.candidate.point["c"] == "c"
    assert abs(best.candidate.point["n"] - 437) <= 10
    asked.space.validate(best.candidate.point)


def test_networks_come_closer_to_the_top_than_any_of_the_pool() -> None:
    space = space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10)
    asked = Problem(space, (Objective("error", scale=Scale(0.001, 0.45, True)),), validation=300)
    left = []  # of the distance, squared
    for seed in (1, 2, 3, 4):
        start = first_pool(asked, [], set(), seed=seed)
        value = peak(asked.space.encode(start.candidates[0].point))
        rest = start.at(range(1, len(start)))
        before = value(torch.from_numpy(rest.x), torch.empty(len(rest), 0)).max().item()
        left.append(best_of(rest, asked, value, set(), seed=seed).value / before)
    assert max(left) < 0.8
    assert sum(left) / len(left) < 0.5


def test_what_is_seen_is_not_made_again() -> None:
    asked = problem(FEW)
    every = first_pool(asked, [], set(), seed=1)
    keys = {candidate.key for candidate in every.candidates}
    top = every.x[33].tolist()
    rest = every.without({every.candidates[33].key})
    best = best_of(rest, asked, peak(top), keys, seed=1)
    assert best.candidate.key != every.candidates[33].key


def test_an_improvement_that_only_the_last_ray_sees_is_found() -> None:
    class Narrow(Peak):
        def on(self, rays: int, nodes: int = NODES) -> Acquisition:
            return blind

    class Blind(Peak):
        def __call__(self, x: Tensor, known: Tensor) -> Tensor:
            return torch.full((len(x),), -math.inf, dtype=torch.float64)

    asked, nothing = problem(BOX), torch.empty(0, dtype=torch.float64)
    parts = ([], Improvement(nothing, nothing, nothing), None)
    blind, narrow = (kind(*parts, top=(0.3, 0.8)) for kind in (Blind, Narrow))
    best = best_of(first_pool(asked, [], set(), seed=1), asked, narrow, set(), seed=1)
    assert best.acquisition == "improvement"
    assert best.value > -1e-6


def test_where_nothing_improves_the_most_hopeful_candidate_is_the_best() -> None:
    known = Objective("model_size:deployed", "known", scale=Scale(1.0, 100.0))
    space = space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10)
    asked = Problem(space, (Objective("error", scale=Scale(0.001, 0.45)), known))
    columns = asked.space.columns
    found = Hyperparameters("gp", Kernel(columns).lengthscales, 0.01, 0.0, 0.0, 1.0)
    told = Targets(np.zeros((1, len(columns))), np.zeros(1), np.zeros(1))
    worth = Acquisition(
        [Surrogate(columns, found, told)],
        Improvement(
            weights=torch.tensor([[0.6, 0.8]], dtype=torch.float64),
            best=torch.zeros(1, dtype=torch.float64),
            floors=torch.tensor([-math.inf], dtype=torch.float64),
        ),
        None,
    )
    drawn = first_pool(asked, [], set(), seed=1)
    members: list[Candidate] = [c for c in drawn.candidates if c.known[known.name] > 200]
    best = best_of(Pool.of(asked, members), asked, worth, {c.key for c in members}, seed=1)
    assert best.acquisition == "hope"
    sizes = sorted(c.known[known.name] for c in members)
    assert best.candidate.known[known.name] <= sizes[len(sizes) // 10]
