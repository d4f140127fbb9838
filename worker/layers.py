"""The modules of the node kinds that have weights, state or padding.

Tensors are `batch x channels x height x width` in the channels-last memory format, or flat
`batch x units`; the graph's shapes are height, width, channels.
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from resource_models.node_checks import Activation, Padding
from resource_models.nodes import AvgPool, Conv2d, Dense, DepthwiseConv2d, MaxPool, Shape
from resource_models.shapes import border


class Weighted(nn.Module):
    """A linear map, batch norm if the node asks for it, then the activation."""

    linear: nn.Conv2d | nn.Linear
    norm: nn.Module | None

    def __init__(self, activation: Activation) -> None:
        super().__init__()
        self.act = activation_of(activation)

    def start(self, generator: Generator, last: bool) -> None:
        """Draw fresh weights; those of the output are small, so that the first loss is tame."""
        weight = self.linear.weight
        fan_in = weight[0].numel()
        spread = math.sqrt((1.0 if last else 2.0) / fan_in)  # He et al. 2015: 2 before a ReLU
        nn.init.normal_(weight, std=spread, generator=generator)
        if self.linear.bias is not None:
            nn.init.zeros_(self.linear.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the node."""
        x = self.linear(x)
        if self.norm is not None:
            x = self.norm(x)
        active: Tensor = self.act(x)
        return active


class ConvLayer(Weighted):
    """A convolution with the padding of TFLite, dense or one kernel per channel."""

    def __init__(self, node: Conv2d | DepthwiseConv2d, shape: Shape) -> None:
        super().__init__(node.activation)
        channels = shape[2]
        filters = node.filters if isinstance(node, Conv2d) else channels
        self.surplus, even = padding(shape, node.kernel, node.stride, node.padding)
        self.linear = nn.Conv2d(
            channels,
            filters,
            node.kernel,
            node.stride,
            padding=even,
            groups=1 if isinstance(node, Conv2d) else channels,
            bias=not node.batch_norm,  # batch norm brings its own
        )
        self.norm = nn.BatchNorm2d(filters) if node.batch_norm else None

    def forward(self, x: Tensor) -> Tensor:
        """Apply the node."""
        return super().forward(functional.pad(x, self.surplus) if any(self.surplus) else x)


class DenseLayer(Weighted):
    """A fully connected layer; in training some of its inputs are dropped."""

    def __init__(self, node: Dense, shape: Shape) -> None:
        super().__init__(node.activation)
        self.linear = nn.Linear(shape[0], node.units, bias=not node.batch_norm)
        self.norm = nn.BatchNorm1d(node.units) if node.batch_norm else None
        self.dropout = 0.0
        self.generator: Generator | None = None  # None: the global one

    def dropped(self, x: Tensor) -> Tensor:
        """The inputs of which training has dropped some."""
        if not self.training or self.dropout == 0:
            return x
        chance = torch.empty_like(x).bernoulli_(1 - self.dropout, generator=self.generator)
        return x * chance / (1 - self.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the node."""
        return super().forward(self.dropped(x))


class MaxPoolLayer(nn.Module):
    """The largest value of each window; what lies outside the map never wins."""

    def __init__(self, node: MaxPool, shape: Shape) -> None:
        super().__init__()
        self.surplus, self.even = padding(shape, node.window, node.stride, node.padding)
        self.window, self.stride = node.window, node.stride

    def forward(self, x: Tensor) -> Tensor:
        """Apply the node."""
        if any(self.surplus):
            x = functional.pad(x, self.surplus, value=-math.inf)
        return functional.max_pool2d(x, self.window, self.stride, self.even)


class AvgPoolLayer(nn.Module):
    """The mean of the part of each window that lies on the map."""

    share: Tensor

    def __init__(self, node: AvgPool, shape: Shape) -> None:
        super().__init__()
        self.surplus, self.even = padding(shape, node.window, node.stride, node.padding)
        self.window, self.stride = node.window, node.stride
        share = self._mean(torch.ones(1, 1, *shape[:2]))
        self.register_buffer("share", share, persistent=False)
        self.padded = bool((share < 1).any())

    def _mean(self, x: Tensor) -> Tensor:
        if any(self.surplus):
            x = functional.pad(x, self.surplus)
        return functional.avg_pool2d(x, self.window, self.stride, self.even)

    def forward(self, x: Tensor) -> Tensor:
        """Apply the node."""
        mean = self._mean(x)
        return mean / self.share if self.padded else mean


class Function(nn.Module):
    """A node without weights or state."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> Tensor:
        """Apply the node."""
        return self.function(*inputs)


def padding(
    shape: Shape, window: tuple[int, int], stride: tuple[int, int], kind: Padding
) -> tuple[tuple[int, int, int, int], tuple[int, int]]:
    """Zeros around a map so that windows lie as in TFLite.

    Returns:
        What has to be added first (left, right, top, bottom), and what the torch operator adds
        by itself on both sides (rows, columns); one of them is zero. The second way is faster
        but cannot put a surplus at the right and the bottom only.
    """
    (top, bottom), (left, right) = (
        border(length, size, step, kind)
        for length, size, step in zip(shape[:2], window, stride, strict=True)
    )
    if top == bottom and left == right:
        return (0, 0, 0, 0), (top, left)
    return (left, right, top, bottom), (0, 0)


def activation_of(name: Activation) -> nn.Module:
    """The module of a fused activation; in place, since no node before it needs its output."""
    modules: dict[Activation, Callable[[], nn.Module]] = {
        "none": nn.Identity,
        "relu": lambda: nn.ReLU(inplace=True),
        "relu6": lambda: nn.ReLU6(inplace=True),
    }
    return modules[name]()
