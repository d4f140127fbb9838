"""What a scope could remove from one network: parts in a fixed order, each goes or stays whole."""

from collections.abc import Mapping

from torch import Tensor

from resource_models.channels import Tie


class Parts:
    """The removable parts of a network; part k is entry k of every tensor here.

    Tensors lie on the device of the network.
    """

    def __init__(self, count: int) -> None:
        self.count = count

    def magnitude(self) -> Tensor:
        """The size of each part's weights as they are now, comparable between layers."""
        raise NotImplementedError

    def weighted(self, worth: Tensor) -> Tensor:
        """The worth of each part by what it costs to keep it."""
        raise NotImplementedError

    def lowest(self, worth: Tensor, share: float, among: Tensor | None = None) -> Tensor:
        """Mark the parts of least worth.

        Args:
            worth: of each part.
            share: of all parts, to be marked.
            among: boolean, per part; others are not marked. None: all may be.

        Returns:
            Boolean, per part: round(share * count) marks, fewer only where more would empty a
            layer, or where `among` has no more. Of equal parts the first is marked.
        """
        raise NotImplementedError

    def counted(self, gone: Tensor) -> int:
        """How many parts a share is of, once `gone` was removed: `count`, unless parts overlap."""
        return self.count

    def masks(self, gone: Tensor) -> Mapping[str, Tensor]:
        """Per node 1 where a kernel weight stays and 0 where it goes, in the kernel's shape."""
        raise NotImplementedError

    def ties(self, gone: Tensor) -> tuple[Tie, ...]:
        """The channels among what goes."""
        return ()

    def inputs(self, gone: Tensor) -> dict[str, list[int]]:
        """The inputs of dense nodes among what goes."""
        return {}
