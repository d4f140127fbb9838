"""The kernel: that of the libraries where there are no conditions, an arc where there are."""

import math
import warnings

import numpy as np
import pytest
import torch

from optimizer.kernel import Kernel
from optimizer.space import INACTIVE, Column

PLAIN = (Column("a"), Column("c", "category", 3), Column("b"), Column("d", "category", 2))
TREE = (Column("kind", "category", 2), Column("x"), Column("y", conditional=True))


def rows(*listed: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(listed, dtype=torch.float64)


def random_rows(count: int, seed: int) -> torch.Tensor:
    rng = np.random.default_rng(seed)
    real, other = rng.uniform(0, 1, (count, 2)), rng.integers(0, 2, (count, 2))
    return torch.from_numpy(
        np.stack([real[:, 0], other[:, 0], real[:, 1], other[:, 1]], axis=1).astype(np.float64)
    )


def test_without_conditions_it_is_the_product_of_the_libraries_kernels() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from botorch.models.kernels.categorical import CategoricalKernel
        from gpytorch.kernels import MaternKernel
    matern = MaternKernel(2.5, ard_num_dims=2, active_dims=[0, 2]).double()
    matern.lengthscale = torch.tensor([0.3, 0.8], dtype=torch.float64)
    hamming = CategoricalKernel(ard_num_dims=2, active_dims=[1, 3]).double()
    hamming.lengthscale = torch.tensor([0.5, 2.0], dtype=torch.float64)
    a, b = random_rows(9, 1), random_rows(7, 2)
    found = Kernel(PLAIN).fixed((0.3, 0.5, 0.8, 2.0))(a, b)
    expected = matern(a, b).to_dense() * hamming(a, b).to_dense()
    assert found.detach().numpy() == pytest.approx(expected.detach().numpy(), abs=1e-9)


def test_lengthscales_are_told_in_the_order_of_the_columns() -> None:
    kernel = Kernel(PLAIN).fixed((0.3, 0.5, 0.8, 2.0))
    assert kernel.lengthscales == pytest.approx((0.3, 0.5, 0.8, 2.0))


def test_the_prior_is_that_of_the_lengthscales() -> None:
    from gpytorch.priors import LogNormalPrior

    kernel = Kernel((Column("a"), Column("b")))
    prior = LogNormalPrior(math.sqrt(2) + math.log(2) / 2, math.sqrt(3))
    before = [kernel.log_prior().item() - prior.log_prob(torch.tensor(kernel.lengthscales)).sum()]
    kernel.fixed((0.4, 7.0))
    after = kernel.log_prior().item() - prior.log_prob(torch.tensor([0.4, 7.0])).sum()
    assert after == pytest.approx(float(before[0]), abs=1e-5)  # up to a constant


def test_points_that_lack_a_parameter_are_alike_whatever_it_would_be() -> None:
    kernel = Kernel(TREE)
    lacking = rows((0, 0.5, INACTIVE), (0, 0.5, INACTIVE))
    assert kernel(lacking, lacking).detach().numpy() == pytest.approx(np.ones((2, 2)), abs=1e-6)


def test_having_a_parameter_differs_as_much_whatever_its_value() -> None:
    kernel = Kernel(TREE)
    lacking = rows((0, 0.5, INACTIVE))
    having = rows((0, 0.5, 0.0), (0, 0.5, 0.3), (0, 0.5, 1.0))
    found = kernel(lacking, having).detach().numpy()
    assert found.max() - found.min() < 1e-9
    assert found.max() < 0.999


def test_the_value_of_a_parameter_that_two_points_have_counts() -> None:
    found = Kernel(TREE)(rows((0, 0.5, 0.2)), rows((0, 0.5, 0.25), (0, 0.5, 0.9))).detach()
    assert 1 > found[0, 0] > found[0, 1]


def test_its_slope_is_finite_at_a_point_that_it_knows() -> None:
    x = rows((0, 0.5, 0.2)).requires_grad_()
    value = Kernel(TREE)(x, rows((0, 0.5, 0.2), (1, 0.1, INACTIVE))).sum()
    (slope,) = torch.autograd.grad(value, x)
    assert bool(slope.isfinite().all())


def test_it_is_positive_definite_over_a_tree() -> None:
    rng = np.random.default_rng(0)
    listed = [
        (float(kind), rng.uniform(), rng.uniform() if kind else INACTIVE)
        for kind in rng.integers(0, 2, 60)
    ]
    x = rows(*listed)
    smallest = torch.linalg.eigvalsh(Kernel(TREE)(x, x).detach()).min().item()
    assert smallest > -1e-9


def test_in_parts_it_is_the_same_as_at_once() -> None:
    columns = (Column("a"), Column("b", conditional=True), Column("c", kind="category"))
    kernel, rng = Kernel(columns), np.random.default_rng(0)
    x = torch.from_numpy(rng.uniform(0, 1, (300, 3)))
    x[:, 1] = torch.where(x[:, 1] < 0.5, INACTIVE, x[:, 1])
    x[:, 2] = (3 * x[:, 2]).floor()
    with torch.no_grad():
        in_parts = kernel(x, x)
    torch.testing.assert_close(in_parts, kernel(x, x).detach(), rtol=1e-12, atol=1e-12)


def test_quickly_it_is_the_same_up_to_rounding() -> None:
    columns = (Column("a"), Column("b", conditional=True), Column("c", kind="category"))
    slow, quick, rng = Kernel(columns), Kernel(columns, quick=True), np.random.default_rng(0)
    x = torch.from_numpy(rng.uniform(0, 1, (300, 3)))
    x[:, 1] = torch.where(x[:, 1] < 0.5, INACTIVE, x[:, 1])
    x[:, 2] = (3 * x[:, 2]).floor()
    with torch.no_grad():
        among = quick.among(x)  # first: later its memory might hold the answer already
        expected = slow(x, x)
        torch.testing.assert_close(slow.among(x), expected, rtol=0, atol=0)
        torch.testing.assert_close(quick(x[:200], x), expected[:200], rtol=1e-12, atol=1e-8)
        torch.testing.assert_close(among, expected, rtol=1e-12, atol=1e-8)
