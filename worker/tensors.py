"""A data set as tensors on the device that trains, and the movement of its images."""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from worker.data import Array, DataSet

BYTE = 255.0


@dataclass(frozen=True, slots=True, eq=False)
class Tensors:
    """Training and validation part, whole, on one device.

    Images are `N x channels x height x width`, channels last in memory; flat samples `N x units`;
    bytes are scaled to 0..1. The test part stays away from whoever trains.
    """

    x_train: Tensor
    y_train: Tensor
    x_validation: Tensor
    y_validation: Tensor
    classes: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one sample as a graph writes it: `(h, w, c)` or `(n,)`."""
        channels, *size = self.x_train.shape[1:]
        return (*size, channels)


def tensors(data: DataSet, device: torch.device) -> Tensors:
    """Move the training and the validation part of a data set to a device."""
    training, validation = data.training, data.validation
    return Tensors(
        _samples(data.x_train[training], device),
        torch.from_numpy(data.y_train[training]).to(device),
        _samples(data.x_train[validation], device),
        torch.from_numpy(data.y_train[validation]).to(device),
        data.classes,
    )


def rows(samples: Tensor, order: Tensor) -> Tensor:
    """The samples of these row numbers, in their order and with their memory format."""
    if samples.dim() == 2:
        return samples[order]
    return samples.permute(0, 2, 3, 1)[order].permute(0, 3, 1, 2)


def shifted(images: Tensor, pixels: int, generator: Generator) -> Tensor:
    """Move each image by its own whole number of pixels, at most `pixels` along each axis.

    The edge is repeated where the image has moved away from.
    """
    count, _, height, width = images.shape
    wide = functional.pad(images, (pixels,) * 4, mode="replicate")
    side = 2 * pixels + 1
    move = torch.randint(side * side, (count,), generator=generator, device=images.device)
    moved = torch.empty_like(images)
    for which in range(side * side):
        top, left = divmod(which, side)
        these = (move == which).nonzero().squeeze(1)
        moved[these] = wide[these, :, top : top + height, left : left + width]
    return moved


def _samples(array: Array, device: torch.device) -> Tensor:
    # A copy: the tensor must not write into the data set, and its memory is laid out anew.
    samples = torch.from_numpy(array).to(device, torch.float32, copy=True)
    if array.dtype == "uint8":
        samples /= BYTE
    return samples.permute(0, 3, 1, 2) if samples.dim() == 4 else samples
