"""The movement of training images: shifted, mirrored, turned, all at once on their device.

Images lie as `N x height x width x channels` here. The edge is repeated where an image has moved
away from.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional

from worker.recipe import Moves

# What uNAS trains with on MNIST.
TURNED = 0.3  # of the images
MOST_RADIANS = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """How each of N images moves."""

    down: Tensor  # whole pixels, against the image
    right: Tensor
    mirrored: Tensor | None  # whether
    radians: Tensor | None  # 0: not turned

    def of(self, chosen: Tensor) -> "Drawn":
        """The movement of some of the images, in this order."""
        others = (None if x is None else x[chosen] for x in (self.mirrored, self.radians))
        return Drawn(self.down[chosen], self.right[chosen], *others)


def draw(moves: Moves, count: int, generator: Generator) -> Drawn:
    """Draw the movement of so many images, on the generator's device."""
    device = generator.device
    high, wide = 2 * moves.rows + 1, 2 * moves.columns + 1
    place = torch.zeros(count, dtype=torch.int64, device=device)
    if high * wide > 1:
        place = torch.randint(high * wide, (count,), generator=generator, device=device)
    mirrored = radians = None
    if moves.mirror:
        mirrored = torch.rand(count, generator=generator, device=device) < 0.5
    if moves.rotate:
        turned = torch.rand(count, generator=generator, device=device) < TURNED
        way = torch.rand(count, generator=generator, device=device) * 2 - 1
        radians = way * MOST_RADIANS * turned
    down = torch.div(place, wide, rounding_mode="floor")
    return Drawn(down - moves.rows, place % wide - moves.columns, mirrored, radians)


def moved(images: Tensor, order: Tensor, drawn: Drawn) -> Tensor:
    """The images of these row numbers, in this order, each with its own movement.

    Args:
        images: `N x height x width x channels`, without gaps in memory.
        order: row numbers of `images`.
        drawn: one movement for each row number.
    """
    count, height, width, channels = images.shape
    rows = _places(height, drawn.down) + order[:, None] * height
    lines = images.view(count * height, width * channels).index_select(0, rows.flatten())
    columns = _places(width, drawn.right)
    if drawn.mirrored is not None:
        columns = torch.where(drawn.mirrored[:, None], columns.flip(1), columns)
    found = lines.view(len(order), height, width, channels)
    every = columns[:, None, :, None].expand(found.shape)
    found = found.gather(2, every)
    return found if drawn.radians is None else _turned(found, drawn.radians)


def _places(length: int, move: Tensor) -> Tensor:
    """Where each of `length` pixels of a moved line comes from, `len(move) x length`."""
    line = torch.arange(length, device=move.device)
    return (line + move[:, None]).clamp_(0, length - 1)


def _turned(images: Tensor, radians: Tensor) -> Tensor:
    """Turn the images whose angle is not 0, about their middle, between pixels linearly."""
    which = radians.nonzero().squeeze(1)
    if len(which) == 0:
        return images
    _, height, width, _ = images.shape
    cosine, sine = radians[which].cos(), radians[which].sin()
    nothing = torch.zeros_like(sine)
    # torch measures both sides of an image as 2, whatever they are in pixels.
    across = torch.stack([cosine, -sine * height / width, nothing], 1)
    along = torch.stack([sine * width / height, cosine, nothing], 1)
    chosen = images[which].permute(0, 3, 1, 2)
    where = functional.affine_grid(
        torch.stack([across, along], 1), list(chosen.shape), align_corners=False
    )
    turned = functional.grid_sample(
        chosen, where, padding_mode="border", align_corners=False
    ).permute(0, 2, 3, 1)
    return images.index_copy_(0, which, turned.contiguous())
