"""Scope `weights`: every weight of every kernel is a part of its own."""

import torch
from torch import Tensor

from worker.network import Network
from worker.pruning.masks import linears
from worker.pruning.parts import Parts


class Kernels(Parts):
    """The kernel weights of a network, node by node; biases are none of it."""

    def __init__(self, network: Network) -> None:
        self._kernels = {name: linear.weight for name, linear in linears(network).items()}
        self._sizes = [kernel.numel() for kernel in self._kernels.values()]
        super().__init__(sum(self._sizes))

    @torch.no_grad()
    def magnitude(self) -> Tensor:
        """|weight| over the root mean square of its kernel.

        Without the latter the kernels with the smallest scale would be emptied first, and scale
        says nothing about need: a batch norm behind takes it out again.
        """
        return torch.cat([relative(kernel.abs().flatten()) for kernel in self._kernels.values()])

    def weighted(self, worth: Tensor) -> Tensor:
        """The worth as it is: to keep a weight costs the same everywhere."""
        return worth

    def lowest(self, worth: Tensor, share: float, among: Tensor | None = None) -> Tensor:
        """Mark the weights of least worth; the best one of each kernel stays."""
        free = torch.ones_like(worth, dtype=torch.bool) if among is None else among.clone()
        start = 0
        for size in self._sizes:
            free[start + int(worth[start : start + size].argmax())] = False
            start += size
        order = worth.masked_fill(~free, torch.inf).argsort(stable=True)
        gone = torch.zeros_like(free)
        gone[order[: min(round(share * self.count), int(free.sum()))]] = True
        return gone

    def masks(self, gone: Tensor) -> dict[str, Tensor]:
        """One mask per kernel."""
        stay = torch.split((~gone).float(), self._sizes)
        return {
            # In the memory format of the kernel, so that to apply it costs least.
            name: torch.empty_like(kernel).copy_(part.view(kernel.shape))
            for (name, kernel), part in zip(self._kernels.items(), stay, strict=True)
        }


def relative(sizes: Tensor) -> Tensor:
    """Sizes of one layer over their root mean square; zeros stay zeros."""
    mean = sizes.square().mean().sqrt()
    return sizes / mean if mean > 0 else sizes
