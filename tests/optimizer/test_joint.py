"""What is believed of a few points together, beside a model of everything."""

import numpy as np
import pytest
import torch

from optimizer.hyperparameters import Hyperparameters
from optimizer.joint import Joint
from optimizer.space import Column
from optimizer.surrogate import Surrogate
from optimizer.targets import Targets

COLUMNS = (Column("a"), Column("b"))
FOUND = Hyperparameters("gp", (0.4, 0.6), noise=1e-3, mean=0.2, shift=0.5, spread=2.0)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def surrogate(rng: np.random.Generator) -> Surrogate:
    x = rng.uniform(0, 1, (30, 2))
    return Surrogate(COLUMNS, FOUND, Targets(x, np.sin(5 * x[:, 0]), np.zeros(30)))


def test_it_predicts_what_the_model_predicts(rng: np.random.Generator) -> None:
    model, x = surrogate(rng), torch.from_numpy(rng.uniform(0, 1, (9, 2)))
    joint, some = model.among(x), x[[4, 1, 4]]
    torch.testing.assert_close(joint.predict(some), model.predict(some))
    torch.testing.assert_close(joint.mean(some), model.mean(some))
    torch.testing.assert_close(joint.covariance(some), model.covariance(some))
    assert (joint.kind, joint.result_variance) == (model.kind, model.result_variance)


def test_it_believes_what_the_model_believes(rng: np.random.Generator) -> None:
    model, x = surrogate(rng), rng.uniform(0, 1, (9, 2))
    joint, points = model.among(torch.from_numpy(x)), torch.from_numpy(x)
    for chosen in (x[2:3], x[5:8], x[2:3]):
        model, joint = model.believing(chosen), joint.believing(chosen)
        torch.testing.assert_close(joint.predict(points), model.predict(points))


def test_among_fewer_points_it_is_the_same(rng: np.random.Generator) -> None:
    x = torch.from_numpy(rng.uniform(0, 1, (9, 2)))
    joint = surrogate(rng).among(x).believing(x[:2].numpy())
    torch.testing.assert_close(joint.among(x[3:6]).predict(x[4:6]), joint.predict(x[4:6]))
    assert joint.near(x[:1]) is joint


def test_a_point_that_is_there_twice_is_one_point(rng: np.random.Generator) -> None:
    x = torch.from_numpy(rng.uniform(0, 1, (3, 2)))
    joint = surrogate(rng).among(torch.cat([x, x]))
    _, before = joint.predict(x)
    _, after = joint.believing(x[:1].numpy()).predict(x)
    assert after[0] < before[0]


def test_of_other_points_it_knows_nothing(rng: np.random.Generator) -> None:
    joint = Joint(surrogate(rng), torch.zeros(1, 2, dtype=torch.float64))
    with pytest.raises(KeyError):
        joint.mean(torch.ones(1, 2, dtype=torch.float64))
