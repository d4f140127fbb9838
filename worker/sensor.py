"""The input node: what the driver of the sensor does to a sample before the network sees it."""

import torch
from torch import Tensor, nn

from resource_models.nodes import Input
from worker.errors import Infeasible

# The luma weights of ITU-R BT.601: what image sensors and JPEG mean by grey.
GREY = (0.299, 0.587, 0.114)
COLOURS = 3


class Sensor(nn.Module):
    """Makes the raw image grey, shrinks it, normalises each channel.

    Samples are `batch x channels x height x width`, bytes scaled to 0..1, or flat
    `batch x units`, where each unit is a channel of its own.
    """

    mean: Tensor
    deviation: Tensor
    rows: Tensor
    columns: Tensor

    def __init__(self, node: Input) -> None:
        super().__init__()
        self.shape, self.raw_shape = node.shape, node.raw_shape
        channels, raw_channels = node.shape[-1], node.raw_shape[-1]
        self.makes_grey = (channels, raw_channels) == (1, COLOURS)
        if channels != raw_channels and not self.makes_grey:
            raise Infeasible(f"{node.id}: {raw_channels} channels cannot become {channels}.")
        self.shrinks = node.shape[:-1] != node.raw_shape[:-1]
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))
        if self.shrinks:
            rows, columns = map(overlap, node.raw_shape[:2], node.shape[:2])
            self.register_buffer("rows", rows, persistent=False)
            self.register_buffer("columns", columns, persistent=False)

    def shrink(self, raw: Tensor) -> Tensor:
        """The raw samples in the size and the colours of the input node."""
        if self.makes_grey:
            raw = (raw * raw.new_tensor(GREY).view(1, COLOURS, 1, 1)).sum(1, keepdim=True)
        return self.rows @ raw @ self.columns.T if self.shrinks else raw

    def calibrate(self, raw: Tensor) -> None:
        """Take mean and deviation of each channel from the raw training samples."""
        seen = self.shrink(raw)
        others = [axis for axis in range(seen.dim()) if axis != 1]
        deviation, mean = torch.std_mean(seen, others, correction=0)
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > 0, deviation, 1.0))  # a constant stays finite

    def forward(self, raw: Tensor) -> Tensor:
        """What the network receives for raw samples."""
        seen = self.shrink(raw)
        each = (-1, *(1 for _ in range(seen.dim() - 2)))
        # In place of the difference: of a whole data set, another copy is what memory lacks.
        return (seen - self.mean.view(each)).div_(self.deviation.view(each))


def overlap(long: int, short: int) -> Tensor:
    """Weights of the area average of `long` pixels into `short` ones.

    Returns:
        `short x long`; each row sums to 1 and holds the share of its area that each pixel covers.
    """
    step = long / short
    start = torch.arange(short, dtype=torch.float64)[:, None] * step
    pixel = torch.arange(long, dtype=torch.float64)[None]
    covered = torch.minimum(start + step, pixel + 1) - torch.maximum(start, pixel)
    return (covered.clamp(min=0) / step).float()
