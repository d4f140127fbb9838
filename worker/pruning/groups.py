"""Scopes `channels`, `inputs` and `both`: a part is all that can only go together."""

from collections.abc import Callable, Iterable
from itertools import accumulate

import torch
from torch import Tensor

from resource_models.channels import STAYS, Tie, channels, fitting
from resource_models.cut import gatherable
from resource_models.savings import savings
from worker.layers import Weighted
from worker.network import Network
from worker.pruning.kernels import relative
from worker.pruning.parts import Parts


class Groups(Parts):
    """First the ties of channels, then the inputs of dense nodes, as far as the scope has them.

    `rows` and `columns` hold, for each node of which outputs or inputs can go, the part that each
    of them belongs to, or `count` where one always stays.
    """

    def __init__(
        self, network: Network, scope: str, weighting: str = "none", weight_bits: int = 8
    ) -> None:
        self._graph = graph = network.graph
        self._layers = {
            name: layer for name, layer in network.layers.items() if isinstance(layer, Weighted)
        }
        self._found = channels(graph)
        self._ties = self._found.ties if scope != "inputs" else ()
        sizes = gatherable(graph) if scope != "channels" else {}
        super().__init__(len(self._ties) + sum(sizes.values()))
        starts = accumulate(sizes.values(), initial=len(self._ties))
        self._inputs = {
            name: range(start, start + size)
            for (name, size), start in zip(sizes.items(), starts, strict=False)
        }
        self._device = network.sensor.mean.device
        self.rows = {
            name: self._index(self.count if k == STAYS else k for k in self._found.of[name])
            for name in dict.fromkeys(name for tie in self._ties for name, _ in tie.members)
        }
        self.columns = {name: self._index(parts) for name, parts in self._inputs.items()}
        self._costs = self._saved(weighting, weight_bits)

    @torch.no_grad()
    def magnitude(self) -> Tensor:
        """The mean over its members of the size of a part's kernels, see `kernel_sizes`."""
        return self._mean_of_members(lambda name, axis, _: kernel_sizes(self._layers[name], axis))

    def levelled(self, worth: Tensor) -> Tensor:
        """The mean over its members of the worth of a part relative to its layer.

        What one part is worth by itself says little of a layer of which most is gone, so no layer
        shall lose much more than others.
        """
        known = torch.cat([worth, worth.new_zeros(1)])
        return self._mean_of_members(lambda name, axis, index: relative(known[index]))

    def _mean_of_members(self, of: Callable[[str, int, Tensor], Tensor]) -> Tensor:
        """The mean over the members of each part.

        Args:
            of: gives for a node, the axis of its kernel (0 outputs, 1 inputs) and the parts along
                it one value for each place.
        """
        total = torch.zeros(self.count + 1, device=self._device)
        members = torch.zeros_like(total)
        for axis, places in ((0, self.rows), (1, self.columns)):
            for name, index in places.items():
                found = of(name, axis, index)
                total.index_add_(0, index, found)
                members.index_add_(0, index, torch.ones_like(found))
        return (total / members)[: self.count]

    def weighted(self, worth: Tensor) -> Tensor:
        """The worth over what is saved without the part; its scale is that of bytes or MACs."""
        return worth / self._costs

    def lowest(self, worth: Tensor, share: float, among: Tensor | None = None) -> Tensor:
        """Mark parts: of the channels the share, then of the inputs that are left the share."""
        free = [True] * self.count if among is None else among.tolist()
        order = [part for part in worth.argsort(stable=True).tolist() if free[part]]
        gone = torch.zeros(self.count, dtype=torch.bool)
        ties = [part for part in order if part < len(self._ties)]
        gone[fitting(self._graph, self._found, ties, round(share * len(self._ties)))] = True
        gone[self._taken(order, share, self._there(gone))] = True
        return gone.to(self._device)

    def counted(self, gone: Tensor) -> int:
        """The ties, and the inputs of which the channel stays."""
        return len(self._ties) + sum(len(parts) for parts in self._there(gone).values())

    def _there(self, gone: Tensor) -> dict[str, list[int]]:
        """Per dense node the inputs that do not go with a channel."""
        lost = gone[: len(self._ties)].tolist()
        found = {}
        for name, parts in self._inputs.items():
            lanes = self._found.of[self._graph.node(name).inputs[0]]
            pairs = zip(parts, lanes, strict=True)
            found[name] = [k for k, lane in pairs if lane == STAYS or not (lost and lost[lane])]
        return found

    def _taken(self, order: list[int], share: float, there: dict[str, list[int]]) -> list[int]:
        """The share of the inputs that are there; each node keeps one."""
        node_of = {part: name for name, parts in there.items() for part in parts}
        left = {name: len(parts) for name, parts in there.items()}
        most = round(share * len(node_of))
        taken: list[int] = []
        for part in order:
            if len(taken) < most and part in node_of and left[node_of[part]] > 1:
                left[node_of[part]] -= 1
                taken.append(part)
        return taken

    def masks(self, gone: Tensor) -> dict[str, Tensor]:
        """One mask for each kernel of which something could go."""
        stay = torch.cat([~gone, gone.new_ones(1)]).float()
        found = {}
        for name in dict.fromkeys([*self.rows, *self.columns]):
            mask = torch.ones_like(self._layers[name].linear.weight)
            if name in self.rows:
                mask *= stay[self.rows[name]].view(-1, *(1 for _ in mask.shape[1:]))
            if name in self.columns:
                mask *= stay[self.columns[name]]
            found[name] = mask
        return found

    def ties(self, gone: Tensor) -> tuple[Tie, ...]:
        """The channels among what goes."""
        return tuple(tie for tie, goes in zip(self._ties, gone.tolist(), strict=False) if goes)

    def inputs(self, gone: Tensor) -> dict[str, list[int]]:
        """Per dense node the numbers of its inputs that go by themselves."""
        marks = gone.tolist()
        found = {
            name: [k for k, part in enumerate(parts) if marks[part]]
            for name, parts in self._inputs.items()
        }
        return {name: numbers for name, numbers in found.items() if numbers}

    def _index(self, parts: Iterable[int]) -> Tensor:
        return torch.tensor(list(parts), device=self._device)

    def _saved(self, weighting: str, weight_bits: int) -> Tensor:
        """What the network saves without each part alone; 1 where that shall not count."""
        if weighting == "none":
            return torch.ones(self.count, device=self._device)
        bytes_wanted = weighting == "bytes"
        found = savings(self._graph, weight_bits)
        costs: list[float] = [
            found[tie].size_bytes if bytes_wanted else found[tie].macs for tie in self._ties
        ]
        for name, parts in self._inputs.items():
            units = self._graph.shapes[name][0]  # weights of an input, each a MAC
            costs += [units * weight_bits / 8 if bytes_wanted else units] * len(parts)
        return torch.tensor(costs, dtype=torch.float32, device=self._device)


def kernel_sizes(layer: Weighted, axis: int) -> Tensor:
    """The size of each output (axis 0) or input (axis 1) of a layer.

    It is the root mean square of the kernel weights there, so that many inputs do not make an
    output important, times the scale of the batch norm behind; all over the root mean square of
    these sizes, so that layers of different scale can be compared.
    """
    weight = layer.linear.weight
    if layer.norm is not None:
        scale: Tensor = layer.norm.weight  # type: ignore[assignment]
        weight = weight * scale.view(-1, *(1 for _ in weight.shape[1:]))
    others = [k for k in range(weight.dim()) if k != axis]
    return relative(weight.square().mean(others).sqrt())
