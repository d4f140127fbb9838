"""Windows that slide over images, padded as TensorFlow Lite does: the surplus right and bottom."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn import functional

from resource_models.nodes import AvgPool, Conv2d, DepthwiseConv2d, MaxPool, Shape

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
        if node.padding == "valid":
            return cls(size, node.stride, 0, 0, 0, 0)
        rows, columns = (
            max(0, (-(-length // step) - 1) * step + wide - length)
            for length, step, wide in zip(shape[:2], node.stride, size, strict=True)
        )
        top, left = rows // 2, columns // 2
        return cls(size, node.stride, top, rows - top, left, columns - left)

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
