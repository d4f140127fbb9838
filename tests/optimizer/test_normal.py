"""The logarithm of a normal probability: torch's, but quicker."""

import pytest
import torch

from optimizer.normal import TAIL, log_normal


def test_it_is_that_of_torch_far_into_both_tails() -> None:
    near = torch.linspace(TAIL - 10, 12, 4001, dtype=torch.float64)
    z = torch.cat([near, -torch.logspace(0, 6, 400, dtype=torch.float64)])
    expected = torch.special.log_ndtr(z)
    torch.testing.assert_close(log_normal(z), expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("shift", [0.0, 2 * TAIL])
def test_its_slope_is_that_of_torch(shift: float) -> None:
    z = torch.linspace(-20, 8, 57, dtype=torch.float64) + shift
    slopes = []
    for of in (log_normal, torch.special.log_ndtr):
        at = z.clone().requires_grad_()
        slopes += torch.autograd.grad(of(at).sum(), at)
    torch.testing.assert_close(*slopes, rtol=1e-6, atol=1e-12)
