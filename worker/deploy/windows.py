"""Windows that slide over images, padded as TensorFlow Lite does: the surplus right and bottom.

The C project takes their numbers from here, too, so nothing here imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from resource_models.nodes import AvgPool, Conv2d, DepthwiseConv2d, MaxPool, Shape
from resource_models.shapes import border

if TYPE_CHECKING:
    from torch import Tensor

Sliding = Conv2d | DepthwiseConv2d | MaxPool | AvgPool


@dataclass(frozen=True, slots=True)
class Windows:
    """Size and step of windows, and how many rows and columns are added around a map."""

    size: tuple[int, int]
    step: tuple[int, int]
    top: int
    bottom: int
    left: int
    right: int

    @classmethod
    def of(cls, node: Sliding, shape: Shape) -> Windows:
        """The windows of a node over an image of this shape."""
        size = node.kernel if isinstance(node, Conv2d | DepthwiseConv2d) else node.window
        rows, columns = (
            border(length, wide, step, node.padding)
            for length, wide, step in zip(shape[:2], size, node.stride, strict=True)
        )
        return cls(size, node.stride, *rows, *columns)

    def padded(self, images: Tensor, value: float) -> Tensor:
        """`n x height x width x channels` with the border added."""
        if not any((self.top, self.bottom, self.left, self.right)):
            return images
        count, height, width, channels = images.shape
        rows, columns = (self.top + height + self.bottom, self.left + width + self.right)
        wide = images.new_full((count, rows, columns, channels), value)
        wide[:, self.top : self.top + height, self.left : self.left + width] = images
        return wide

    def over(self, images: Tensor, value: float) -> Tensor:
        """A view `n x rows x columns x channels x height x width`; `value` fills the border."""
        rows, columns = self.size
        down, right = self.step
        padded: Any = self.padded(images, value)
        view: Tensor = padded.unfold(1, rows, down).unfold(2, columns, right)
        return view

    def counts(self, images: Tensor) -> Tensor:
        """How much of each window lies on the map, `1 x rows x columns x 1`."""
        ones = images.new_ones((1, *images.shape[1:3], 1))
        return self.over(ones, 0).sum((-2, -1))
