"""Joint draws from the models, and the candidate that is best in one."""

import math

import numpy as np
import pytest
import torch

from optimizer.acquisition import Acquisition
from optimizer.designers.novelty import Candidate
from optimizer.hyperparameters import Hyperparameters
from optimizer.improvement import Improvement
from optimizer.pool import Pool
from optimizer.space import Column
from optimizer.surrogate import Surrogate
from optimizer.targets import Targets
from optimizer.thompson import best_of_draw, joint_draw

COLUMNS = (Column("x"),)
SEEN = np.array([[0.1], [0.5], [0.9]])
PLACES = torch.tensor([[0.1], [0.29], [0.3], [0.7], [0.9]], dtype=torch.float64)


def surrogate(y: tuple[float, ...] = (2.0, 5.0, 3.0), noise: float = 1e-4) -> Surrogate:
    found = Hyperparameters("gp", (0.2,), noise=noise, mean=0.0, shift=3.0, spread=2.0)
    return Surrogate(COLUMNS, found, Targets(SEEN, np.array(y), np.zeros(3)))


def draws(model: Surrogate, count: int = 4000) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.stack([joint_draw(model, PLACES, generator) for _ in range(count)])


def test_each_score_is_drawn_as_it_is_predicted() -> None:
    mean, deviation = surrogate().predict(PLACES)
    drawn = draws(surrogate())
    assert drawn.mean(0).numpy() == pytest.approx(mean.numpy(), abs=0.06)
    assert drawn.std(0).numpy() == pytest.approx(deviation.numpy(), rel=0.05, abs=1e-3)


def test_what_is_alike_is_drawn_alike() -> None:
    free = draws(surrogate()) - surrogate().predict(PLACES)[0]
    alike = np.corrcoef(free.T.numpy())
    assert alike[1, 2] > 0.99
    assert abs(alike[1, 3]) < 0.2  # a trial lies between them


def test_a_model_that_broke_down_draws_from_its_constant() -> None:
    hopeless = surrogate()
    hopeless.kind = "constant"
    drawn = draws(hopeless)
    assert drawn.mean(0).numpy() == pytest.approx(np.full(5, 3.0), abs=0.15)
    assert drawn.std(0).numpy() == pytest.approx(np.full(5, 2.0), rel=0.05)


def pool() -> Pool:
    members = tuple(Candidate({"x": x}, str(x), {}) for x in PLACES[:, 0].tolist())
    return Pool(members, PLACES.numpy(), np.empty((5, 0)))


def worth(best: float) -> Acquisition:
    one = torch.ones((1, 1), dtype=torch.float64)
    told = Improvement(one, one[0] * best, one[0] * -math.inf)
    return Acquisition([surrogate()], told, None)


def test_the_best_of_a_draw_gains_most_in_it() -> None:
    for seed in range(20):
        found = best_of_draw(pool(), worth(0.0), seed)
        drawn = joint_draw(surrogate(), PLACES, torch.Generator().manual_seed(seed))
        assert found.candidate.key == str(PLACES[int(drawn.argmax()), 0].item())
        assert found.acquisition == "improvement"
        assert found.value == pytest.approx(math.log(drawn.max().item()))


def test_draws_of_different_seeds_choose_different_candidates() -> None:
    assert len({best_of_draw(pool(), worth(0.0), seed).candidate.key for seed in range(20)}) > 1


def test_where_a_draw_gains_nothing_the_nearest_is_chosen() -> None:
    found = best_of_draw(pool(), worth(100.0), 3)
    drawn = joint_draw(surrogate(), PLACES, torch.Generator().manual_seed(3))
    assert (found.acquisition, found.value) == ("hope", pytest.approx(drawn.max().item()))
