"""Windows that slide over images, padded as TensorFlow Lite does: the surplus right and bottom."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn import functional

from resource_models.nodes import AvgPool, Conv2d, DepthwiseConv2d, MaxPool, Shape
from resource_models.shapes import border

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
    def of(cls, node: Sliding, shape: Shape) -> "Windows":
        """The windows of a node over an image of this shape."""
        size = node.kernel if isinstance(node, Conv2d | DepthwiseConv2d) else node.window
        rows, columns = (
            border(length, wide, step, node.padding)
            for length, wide, step in zip(shape[:2], size, node.stride, strict=True)
        )
        return cls(size, node.stride, *rows, *columns)

    def padded(self, images: Tensor, value: float) -> Tensor:
        """`n x height x width x channels` with the border added."""
        border = (0, 0, self.left, self.right, self.top, self.bottom)
        return functional.pad(images, border, value=value) if any(border) else images

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
