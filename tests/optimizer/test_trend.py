"""The line that a model's mean follows: beyond the data, in stored fits, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from optimizer.hyperparameters import Hyperparameters, fit
from optimizer.networks.features import TRENDS
from optimizer.parameter_space import ParameterSpace
from optimizer.space import Column, space_from_json
from optimizer.surrogate import Surrogate
from optimizer.targets import Targets
from optimizer.trend import MIDDLE, Trend

RISING = (Column("size", trend=True), Column("other"))
PLAIN = (Column("size"), Column("other"))
FOUND = Hyperparameters("gp", (0.4, 0.8), 0.01, 0.1, 0.3, 2.0, (1.5,))


@pytest.fixture
def seen() -> Targets:
    """A score that rises with the size, told in the middle of its range."""
    rng = np.random.default_rng(0)
    x = rng.uniform((0.4, 0.0), (0.7, 1.0), (20, 2))
    return Targets(x, 2 * x[:, 0] + 0.05 * np.sin(9 * x[:, 1]), np.full(20, 1e-4))


def mean_at(columns: tuple[Column, ...], seen: Targets, x: list[list[float]]) -> np.ndarray:
    model = Surrogate(columns, fit(columns, seen), seen)
    return np.asarray(model.mean(torch.tensor(x, dtype=torch.float64)).numpy())


def test_a_trend_goes_on_where_nothing_was_seen(seen: Targets) -> None:
    smallest = [[0.0, 0.5]]
    assert mean_at(RISING, seen, smallest)[0] == pytest.approx(0.0, abs=0.2)
    assert mean_at(PLAIN, seen, smallest)[0] > 0.3  # on its way back to the usual


def test_the_fit_of_columns_without_a_trend_has_no_slopes(seen: Targets) -> None:
    assert fit(PLAIN, seen).slopes == ()
    assert len(fit(RISING, seen).slopes) == 1


def test_its_prediction_is_that_of_gpytorch_with_a_linear_mean(seen: Targets) -> None:
    # Here, as GPyTorch warns when it is imported before `optimizer.kernel` has silenced that.
    from gpytorch.distributions import MultivariateNormal
    from gpytorch.kernels import MaternKernel
    from gpytorch.likelihoods import GaussianLikelihood
    from gpytorch.means import LinearMean
    from gpytorch.models import ExactGP

    class Reference(ExactGP):  # type: ignore[misc]
        def __init__(self, x: torch.Tensor, y: torch.Tensor, likelihood: GaussianLikelihood):
            super().__init__(x, y, likelihood)
            self.mean_module, self.covar_module = LinearMean(2), MaternKernel(2.5, ard_num_dims=2)

        def forward(self, x: torch.Tensor) -> MultivariateNormal:
            return MultivariateNormal(self.mean_module(x), self.covar_module(x))

    exact = replace(seen, variance=np.zeros(20))
    likelihood = GaussianLikelihood().double()
    likelihood.noise = FOUND.noise
    y = torch.from_numpy((exact.y - FOUND.shift) / FOUND.spread)
    reference = Reference(torch.from_numpy(exact.x), y, likelihood).double()
    reference.mean_module.weights.data = torch.tensor([[FOUND.slopes[0]], [0.0]]).double()
    reference.mean_module.bias.data = torch.tensor([FOUND.mean - MIDDLE * FOUND.slopes[0]]).double()
    reference.covar_module.lengthscale = torch.tensor(FOUND.lengthscales).double()
    places = torch.tensor([[0.1, 0.2], [0.5, 0.5], [0.9, 0.8]], dtype=torch.float64)
    with torch.no_grad():
        expected = reference.eval()(places)
    mean, deviation = Surrogate(RISING, FOUND, exact).predict(places)
    spread = FOUND.spread
    assert mean.numpy() == pytest.approx(FOUND.shift + spread * expected.mean.numpy(), abs=1e-6)
    assert deviation.numpy() == pytest.approx(spread * expected.stddev.numpy(), abs=1e-5)


def test_what_follows_from_the_mean_follows_the_trend(seen: Targets) -> None:
    model = Surrogate(RISING, FOUND, seen)
    assert torch.allclose(model.smoothed(), model.mean(torch.from_numpy(seen.x)))
    new, far = np.array([[0.1, 0.5]]), torch.tensor([[0.0, 0.4], [1.0, 0.1]], dtype=torch.float64)
    believing = model.believing(new)
    assert torch.allclose(believing.mean(far), model.mean(far))
    everywhere = torch.from_numpy(np.concatenate([seen.x, new]))
    assert torch.allclose(believing.smoothed(), believing.mean(everywhere))
    told, left, _ = model.left_out()
    without = Targets(seen.x[1:], seen.y[1:], seen.variance[1:])
    alone = Surrogate(RISING, FOUND, without).mean(torch.from_numpy(seen.x[:1]))
    assert left[0].item() == pytest.approx(alone.item())
    assert told[0].item() == seen.y[0]


def test_a_fit_that_was_stored_without_slopes_is_read_as_it_was_meant(seen: Targets) -> None:
    old = replace(FOUND, slopes=())
    stored = {name: value for name, value in old.to_json().items() if name != "slopes"}
    assert Hyperparameters.from_json(stored) == old
    x = torch.from_numpy(seen.x)
    assert torch.equal(Surrogate(RISING, old, seen).mean(x), Surrogate(PLAIN, old, seen).mean(x))
    assert Hyperparameters.from_json(FOUND.to_json()) == FOUND


def test_of_trainings_more_noise_is_expected(seen: Targets) -> None:
    few = Targets(seen.x[:4], seen.y[:4], seen.variance[:4])
    assert fit(RISING, replace(few, trained=True)).noise > 2 * fit(RISING, few).noise


def test_only_networks_have_trends() -> None:
    space = space_from_json({"kind": "tiny"}, input_shape=(8, 8, 1), classes=10)
    assert [column.name for column in space.columns if column.trend] == list(TRENDS)
    x = {"name": "x", "kind": "real", "low": 0.0, "high": 1.0}
    box = ParameterSpace.from_json({"kind": "parameters", "parameters": [x]})
    assert not any(column.trend for column in box.columns)


def test_slopes_are_what_the_points_are_multiplied_with() -> None:
    trend = Trend(RISING).fixed((2.0,))
    x = torch.tensor([[MIDDLE, 0.3], [MIDDLE + 0.25, 0.9]], dtype=torch.float64)
    assert trend(x).tolist() == [0.0, 0.5]
    assert Trend(PLAIN).parameters == []
