"""Posteriors: the formulas beside values worked out otherwise."""

import math

import pytest
import torch
from torch import Generator, nn, tensor

from worker.pruning.posterior import (
    log_alpha,
    log_uniform_divergence,
    noise,
    normal_divergence,
    ramp,
)


def test_log_alpha_is_noise_over_signal() -> None:
    found = log_alpha(tensor([2.0, -3.0]), tensor([math.log(4.0), 0.0]))
    assert found.tolist() == pytest.approx([0.0, -math.log(9.0)])


def test_log_alpha_of_a_mean_of_zero_is_finite() -> None:
    assert log_alpha(tensor([0.0]), tensor([0.0])).tolist() == pytest.approx([math.log(1e8)])


@pytest.mark.parametrize("ratio", [-4.0, -1.0, 0.0, 1.0, 3.0, 6.0])
def test_the_fitted_divergence_is_that_of_the_integral(ratio: float) -> None:
    # KL(N(1, alpha) || log-uniform) = E ln|1 + sqrt(alpha) e| - ln(alpha) / 2 + constant, and the
    # constant makes it 0 for all noise: there it is E ln|e| = -(ln 2 + Euler's gamma) / 2.
    draws = torch.randn(2_000_000, generator=Generator().manual_seed(0), dtype=torch.float64)
    inner = (1 + math.exp(ratio / 2) * draws).abs().log().mean().item()
    exact = inner - ratio / 2 + (math.log(2) + 0.5772156649) / 2
    found = log_uniform_divergence(tensor([ratio])).item()
    assert found == pytest.approx(exact, abs=0.011)


def test_divergences_are_summed_and_those_of_pure_noise_are_nothing() -> None:
    one = log_uniform_divergence(tensor([0.0]))
    assert one.item() == pytest.approx(
        0.63576 * (1 - 1 / (1 + math.exp(-1.8732))) + math.log(2) / 2
    )
    assert log_uniform_divergence(tensor([0.0, 0.0, 30.0])).item() == pytest.approx(
        2 * one.item(), abs=1e-3
    )


def test_beyond_a_log_alpha_of_eight_the_prior_pulls_no_more_but_below_it_always_does() -> None:
    ratio = tensor([9.0, 7.0, -20.0], requires_grad=True)
    log_uniform_divergence(ratio).backward()  # type: ignore[no-untyped-call]
    assert ratio.grad is not None
    assert ratio.grad[0] == 0.0
    assert ratio.grad[1] < 0.0
    assert ratio.grad[2].item() == pytest.approx(-0.5, abs=1e-3)


def test_the_normal_divergence_is_the_textbook_one() -> None:
    mean, variance = 0.5, 0.2
    exact = 0.5 * (variance + mean**2 - 1 - math.log(variance))
    found = normal_divergence(tensor([mean, 0.0]), tensor([math.log(variance), 0.0]))
    assert found.item() == pytest.approx(exact)  # the second is the prior itself


@pytest.mark.parametrize(
    "linear",
    [
        nn.Linear(3, 2),
        nn.Conv2d(2, 4, (3, 2), (2, 1), padding=(1, 0)),
        nn.Conv2d(4, 4, 3, padding=1, groups=4),
    ],
    ids=["dense", "conv", "depthwise"],
)
def test_noise_has_the_variance_that_drawn_weights_would_give(
    linear: nn.Conv2d | nn.Linear,
) -> None:
    generator = Generator().manual_seed(1)
    shape = (1, 3) if isinstance(linear, nn.Linear) else (1, linear.in_channels, 5, 4)
    x = torch.randn(shape, generator=generator)
    log_variance = torch.randn(linear.weight.shape, generator=generator)
    many = x.expand(4000, *x.shape[1:])
    drawn = noise(linear, many, log_variance, generator)
    outputs = []
    mean = linear.weight.detach().clone()
    with torch.no_grad():
        for _ in range(4000):
            shift = torch.randn(mean.shape, generator=generator) * (0.5 * log_variance).exp()
            linear.weight.copy_(mean + shift)
            outputs.append(linear(x)[0])
    spread = torch.stack(outputs).std(0)
    assert drawn.mean(0).abs().max() < 0.1 * spread.max()
    assert torch.allclose(drawn.std(0), spread, rtol=0.1, atol=1e-3)


def test_the_prior_grows_to_its_full_strength_halfway() -> None:
    assert [ramp(step, 10, 30) for step in (0, 9, 10, 14, 19, 25)] == pytest.approx(
        [0.0, 0.0, 0.1, 0.5, 1.0, 1.0]
    )


def test_a_phase_of_one_step_has_a_prior() -> None:
    assert ramp(0, 0, 1) == 1.0
