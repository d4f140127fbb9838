"""Gaussian posteriors of weights and scales: how sure they are, and what their noise costs."""

import math

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

# The fit of the divergence from the log-uniform prior: Molchanov et al. 2017, equation 14.
K1, K2, K3 = 0.63576, 1.87320, 1.48695
TINY = 1e-8  # keeps the logarithm of a square and the slope of a root finite
NOISIEST = 8.0  # of log alpha: beyond, the fit is flat and its slope nothing but rounding


def log_alpha(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Noise against signal, ln(variance / mean²), of any shape; large: not needed."""
    return log_variance - torch.log(mean * mean + TINY)


def log_uniform_divergence(ratio: Tensor) -> Tensor:
    """Sum of the divergences of Gaussians of this `log_alpha` from the log-uniform prior.

    Falls to 0 as the noise grows: this is what drives out what is not needed. There is no lower
    clip, as some code has at -8: what starts below would feel no prior and stay for ever.
    """
    ratio = ratio.clamp(max=NOISIEST)
    return (K1 - K1 * torch.sigmoid(K2 + K3 * ratio) + 0.5 * functional.softplus(-ratio)).sum()


def normal_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Sum of the divergences of Gaussians from the standard normal prior."""
    return 0.5 * (log_variance.exp() + mean * mean - 1.0 - log_variance).sum()


def noise(
    linear: nn.Conv2d | nn.Linear, x: Tensor, log_variance: Tensor, generator: Generator
) -> Tensor:
    """What uncertain weights add to the output of a linear map: the local reparameterisation.

    The output of each sample gets its own draw, with the variance that the weights' variances
    give it (Kingma et al. 2015); a draw of the weights would be one for the whole batch.

    Args:
        linear: the map.
        x: its input, a batch.
        log_variance: of each weight, in the shape of the weights.
        generator: on the device of the input.
    """
    with torch.autocast(x.device.type, enabled=False):  # squares may not fit into 16 bits
        variance = _mapped(linear, x.float().square(), log_variance.exp())
    return (variance + TINY).sqrt() * drawn(variance, generator)


def drawn(like: Tensor, generator: Generator) -> Tensor:
    """Standard normal numbers in the shape of another tensor."""
    return torch.empty_like(like).normal_(generator=generator)


def ramp(step: int, first: int, last: int) -> float:
    """The strength of the prior: from 0 before `first` linearly to 1 halfway to `last`.

    At full strength from the start it drives weights out before they have learnt anything
    (Sønderby et al. 2016).
    """
    return min(1.0, max(0.0, (step - first + 1) / math.ceil((last - first) / 2)))


def _mapped(linear: nn.Conv2d | nn.Linear, x: Tensor, weight: Tensor) -> Tensor:
    """The linear map with other weights and no bias."""
    if isinstance(linear, nn.Linear):
        return functional.linear(x, weight)
    stride, dilation = linear.stride, linear.dilation
    return functional.conv2d(x, weight, None, stride, linear.padding, dilation, linear.groups)
