"""One Gaussian process: what it learns, how sure it is, and how it fails without raising."""

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

import optimizer.hyperparameters
import optimizer.surrogate
from optimizer.hyperparameters import BROAD_NOISE, Hyperparameters, IllConditioned, fit
from optimizer.kernel import Kernel
from optimizer.space import Column
from optimizer.surrogate import Surrogate
from optimizer.targets import Targets

TWO = (Column("a"), Column("b"))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def told(x: np.ndarray, y: np.ndarray, variance: float = 0.0) -> Targets:
    return Targets(x, y, np.full(len(x), variance))


def learnt(columns: tuple[Column, ...], targets: Targets) -> Surrogate:
    return Surrogate(columns, fit(columns, targets), targets)


def predicted(model: Surrogate, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, deviation = model.predict(torch.from_numpy(x))
    return mean.numpy(), deviation.numpy()


def smooth(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.sin(5 * x[:, 0]) + 0.5 * x[:, 1])


def test_it_learns_a_smooth_function_and_knows_where_it_does_not(rng: np.random.Generator) -> None:
    x = rng.uniform(0, 0.7, (40, 2))
    model = learnt(TWO, told(x, smooth(x)))
    inside = rng.uniform(0.1, 0.6, (50, 2))
    mean, deviation = predicted(model, inside)
    assert np.abs(mean - smooth(inside)).max() < 0.05
    assert predicted(model, np.array([[1.0, 1.0]]))[1][0] > 5 * deviation.mean()


def test_a_column_that_decides_nothing_gets_a_long_lengthscale(rng: np.random.Generator) -> None:
    x = rng.uniform(0, 1, (40, 2))
    found = fit(TWO, told(x, np.sin(6 * x[:, 0])))
    assert found.kind == "gp"
    assert found.lengthscales[1] > 5 * found.lengthscales[0]


def test_noise_is_learnt(rng: np.random.Generator) -> None:
    x = rng.uniform(0, 1, (100, 2))
    y = smooth(x) + rng.normal(0, 0.3, 100)
    found = fit(TWO, told(x, y))
    assert found.noise * found.spread**2 == pytest.approx(0.09, rel=0.4)


def test_known_variances_are_not_learnt_again_as_noise(rng: np.random.Generator) -> None:
    x = rng.uniform(0, 1, (100, 2))
    y = smooth(x) + rng.normal(0, 0.3, 100)
    assert fit(TWO, told(x, y, 0.09)).noise < 0.3 * fit(TWO, told(x, y)).noise


def test_an_observation_of_large_known_variance_is_followed_less() -> None:
    x = np.array([[0.1, 0.5], [0.5, 0.5], [0.9, 0.5]])
    found = Hyperparameters("gp", (0.2, 0.2), 1e-4, 0.0, 0.0, 1.0)
    targets = Targets(x, np.array([0.0, 1.0, 1.0]), np.array([0.0, 1.0, 0.0]))
    mean, _ = predicted(Surrogate(TWO, found, targets), x)
    assert mean[2] == pytest.approx(1.0, abs=0.02)
    assert mean[1] < 0.75


def test_its_prediction_is_that_of_gpytorch(rng: np.random.Generator) -> None:
    # Here, as GPyTorch warns when it is imported before `optimizer.kernel` has silenced that.
    from gpytorch.distributions import MultivariateNormal
    from gpytorch.kernels import MaternKernel
    from gpytorch.likelihoods import GaussianLikelihood
    from gpytorch.means import ConstantMean
    from gpytorch.models import ExactGP

    class Reference(ExactGP):  # type: ignore[misc]
        def __init__(self, x: torch.Tensor, y: torch.Tensor, likelihood: GaussianLikelihood):
            super().__init__(x, y, likelihood)
            self.mean_module, self.covar_module = ConstantMean(), MaternKernel(2.5, ard_num_dims=2)

        def forward(self, x: torch.Tensor) -> MultivariateNormal:
            return MultivariateNormal(self.mean_module(x), self.covar_module(x))

    x, places = rng.uniform(0, 1, (12, 2)), rng.uniform(0, 1, (5, 2))
    y = smooth(x)
    found = Hyperparameters("gp", (0.3, 0.9), 0.01, 0.2, 0.4, 2.0)
    likelihood = GaussianLikelihood().double()
    likelihood.noise = 0.01
    reference = Reference(torch.from_numpy(x), torch.from_numpy((y - 0.4) / 2), likelihood).double()
    reference.mean_module.constant = 0.2
    reference.covar_module.lengthscale = torch.tensor([0.3, 0.9], dtype=torch.float64)
    with torch.no_grad():
        expected = reference.eval()(torch.from_numpy(places))
    mean, deviation = predicted(Surrogate(TWO, found, told(x, y)), places)
    assert mean == pytest.approx(0.4 + 2 * expected.mean.numpy(), abs=1e-6)
    assert deviation == pytest.approx(2 * expected.stddev.numpy(), abs=1e-5)


def test_lengthscales_are_expected_to_grow_with_the_root_of_the_dimension() -> None:
    few, many = (Kernel([Column(str(n)) for n in range(d)]).lengthscales[0] for d in (2, 18))
    assert many / few == pytest.approx(3.0, rel=1e-5)


def test_categories_are_alike_or_different_whatever_their_index() -> None:
    columns = (Column("c", "category", 3), Column("x"))
    kernel = Kernel(columns).fixed([0.5, 0.3])
    assert kernel.lengthscales == pytest.approx((0.5, 0.3))
    rows = torch.tensor([[0.0, 0.5], [1.0, 0.5], [2.0, 0.5], [0.0, 0.5]], dtype=torch.float64)
    first = kernel(rows, rows)[0].tolist()
    assert first == pytest.approx([1.0, math.exp(-2), math.exp(-2), 1.0])


def test_a_space_of_categories_only_is_learnt() -> None:
    columns = (Column("c", "category", 3), Column("d", "category", 2))
    x = np.array([[c, d] for c in range(3) for d in range(2)], dtype=float)
    mean, _ = predicted(learnt(columns, told(x, x[:, 0] ** 2)), x)
    assert mean == pytest.approx(x[:, 0] ** 2, abs=0.3)


def test_a_stored_fit_predicts_bit_for_bit_the_same(rng: np.random.Generator) -> None:
    x = rng.uniform(0, 1, (20, 2))
    targets = told(x, smooth(x))
    found = fit(TWO, targets)
    stored = Hyperparameters.from_json(json.loads(json.dumps(found.to_json())))
    assert stored == found
    places = rng.uniform(0, 1, (30, 2))
    for one, other in zip(
        predicted(Surrogate(TWO, found, targets), places),
        predicted(Surrogate(TWO, stored, targets), places),
        strict=True,
    ):
        assert (one == other).all()


def test_believing_makes_sure_without_moving_the_mean(rng: np.random.Generator) -> None:
    x = rng.uniform(0, 1, (10, 2))
    model = learnt(TWO, told(x, smooth(x)))
    place = np.array([[0.95, 0.05]])
    mean, deviation = predicted(model, place)
    believed_mean, believed_deviation = predicted(model.believing(place), place)
    assert believed_mean == pytest.approx(mean, abs=1e-6)
    assert believed_deviation[0] < 0.6 * deviation[0]


def hard(name: str, rng: np.random.Generator) -> Targets:
    """Data on which a careless model breaks down."""
    x = rng.uniform(0, 1, (12, 2))
    return {
        "constant": lambda: told(x, np.ones(12)),
        "one": lambda: told(x[:1], np.ones(1)),
        "none": lambda: told(x[:0], np.ones(0)),
        "copies that disagree": lambda: told(np.repeat(x[:1], 12, axis=0), np.arange(12.0)),
        "copies that agree": lambda: told(np.repeat(x[:1], 12, axis=0), np.ones(12)),
        "huge": lambda: told(x, 1e9 * rng.normal(size=12)),
        "minute": lambda: told(x, 1.0 + 1e-14 * rng.normal(size=12)),
        "one outlier": lambda: told(x, np.array([1e9] + [0.0] * 11)),
        "one column": lambda: told(x * [1, 0], smooth(x)),
        "far apart": lambda: told(x * 1e6, smooth(x)),
    }[name]()


HARD = [
    "constant",
    "one",
    "none",
    "copies that disagree",
    "copies that agree",
    "huge",
    "minute",
    "one outlier",
    "one column",
    "far apart",
]


@pytest.mark.parametrize("name", HARD)
def test_hard_data_give_finite_predictions(name: str, rng: np.random.Generator) -> None:
    model = learnt(TWO, hard(name, rng))
    mean, deviation = predicted(model, rng.uniform(0, 1, (20, 2)))
    assert np.isfinite(mean).all()
    assert np.isfinite(deviation).all()
    assert (deviation > 0).all()


def failing(*_: object) -> torch.Tensor:
    raise IllConditioned


def broken_torch(*_: object) -> torch.Tensor:
    raise torch.linalg.LinAlgError("not positive definite")


@pytest.mark.parametrize("breakdown", [failing, broken_torch])
def test_a_fit_that_breaks_down_gives_the_prior_and_broad_noise(
    breakdown: Callable[..., torch.Tensor],
    monkeypatch: pytest.MonkeyPatch,
    rng: np.random.Generator,
) -> None:
    monkeypatch.setattr(optimizer.hyperparameters, "cholesky", breakdown)
    x = rng.uniform(0, 1, (12, 2))
    found = fit(TWO, told(x, smooth(x)))
    assert (found.kind, found.noise) == ("default", BROAD_NOISE)
    assert found.lengthscales == Kernel(TWO).lengthscales


def test_without_a_factor_every_prediction_is_the_mean(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    x = rng.uniform(0, 1, (12, 2))
    targets = told(x, smooth(x))
    found = fit(TWO, targets)
    monkeypatch.setattr(optimizer.surrogate, "cholesky", failing)
    model = Surrogate(TWO, found, targets)
    assert model.kind == "constant"
    mean, deviation = predicted(model, x)
    assert (mean == np.mean(targets.y)).all()
    assert (deviation == np.std(targets.y)).all()


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("field", ["x", "y", "variance"])
def test_targets_that_are_not_finite_are_refused(field: str, value: float) -> None:
    parts = {"x": np.zeros((3, 1)), "y": np.zeros(3), "variance": np.zeros(3)}
    parts[field][1] = value
    with pytest.raises(ValueError, match="finite"):
        Targets(**parts)


def test_believing_a_prediction_is_conditioning_on_it(rng: np.random.Generator) -> None:
    x, places = rng.uniform(0, 1, (20, 2)), rng.uniform(0, 1, (30, 2))
    model = learnt(TWO, told(x, smooth(x)))
    new = rng.uniform(0, 1, (3, 2))
    grown = model.believing(new[:1]).believing(new[1:])
    values = np.concatenate([smooth(x), predicted(model, new)[0]])
    anew = Surrogate(TWO, model._known, told(np.concatenate([x, new]), values))
    for found, expected in zip(predicted(grown, places), predicted(anew, places), strict=True):
        assert found == pytest.approx(expected, abs=1e-6)
    assert (predicted(grown, new)[1] < predicted(model, new)[1]).all()


def test_what_it_believes_of_its_own_points_is_its_mean_there(rng: np.random.Generator) -> None:
    x = rng.uniform(0, 1, (60, 2))
    model = learnt(TWO, told(x, smooth(x) + rng.normal(0, 0.3, 60), variance=0.01))
    np.testing.assert_allclose(model.smoothed(), predicted(model, x)[0], atol=1e-9)
    more = rng.uniform(0, 1, (3, 2))
    grown = model.believing(more)
    both = np.concatenate([x, more])
    np.testing.assert_allclose(grown.smoothed(), predicted(grown, both)[0], atol=1e-9)


def test_near_its_points_it_is_nearly_as_sure_with_the_nearest_results_alone(
    rng: np.random.Generator,
) -> None:
    x = rng.uniform(0, 1, (600, 2))
    model = learnt(TWO, told(x, smooth(x), variance=0.01))
    here = rng.uniform(0.4, 0.5, (4, 2))
    near = model.near(torch.from_numpy(here))
    mean, deviation = predicted(model, here)
    near_mean, near_deviation = predicted(near, here)
    assert np.array_equal(near_mean, mean)
    assert (near_deviation >= deviation * (1 - 1e-9)).all()
    assert (near_deviation <= deviation * 1.25).all()
    away = np.array([[0.95, 0.95]])
    assert predicted(near, away)[1][0] > 1.5 * predicted(model, away)[1][0]


def test_near_many_points_the_nearest_result_of_each_counts(rng: np.random.Generator) -> None:
    x = rng.uniform(0, 1, (600, 2))
    model = learnt(TWO, told(x, smooth(x), variance=0.01))
    here = rng.uniform(0, 1, (500, 2))
    deviation, near = (
        predicted(model, here)[1],
        predicted(model.near(torch.from_numpy(here)), here)[1],
    )
    assert (near >= deviation * (1 - 1e-9)).all()
    assert np.median(near / deviation) < 1.5


def test_of_few_results_none_is_left_out(rng: np.random.Generator) -> None:
    x = rng.uniform(0, 1, (100, 2))
    model = learnt(TWO, told(x, smooth(x)))
    assert model.near(torch.from_numpy(x[:2])) is model
