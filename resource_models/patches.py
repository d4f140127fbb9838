"""Patch-based inference (MCUNetV2, Lin et al. 2021): the first layers run on parts of the image.

The operators up to a split run once for each of p x p parts of what the last of them makes, and
write into one buffer that holds all of it; the rest runs layer by layer. The parts overlap in what
they read, so some values are computed more than once: less memory, more MACs.

As the paper counts: every patch costs as much as one in the middle, which is what code with fixed
shapes does; the whole image is not in memory, only the part that a patch reads. Depthwise layers
and sums work in place, as TinyEngine runs them. With one patch nothing changes, and the image
counts.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from resource_models.errors import InvalidPatches
from resource_models.graph import Graph
from resource_models.in_place import TINYENGINE, in_place
from resource_models.layer_memory import mcunet_bytes
from resource_models.memory import best_order
from resource_models.nodes import Shape
from resource_models.program import Program, program
from resource_models.regions import can_be_parted, sides
from resource_models.weights import macs, node_macs, weights

PATCHES = (2, 3, 4)  # what MCUNetV2 tries along each axis, beside 1


@dataclass(frozen=True, slots=True)
class PatchCost:
    """What a network costs that runs in `patches` x `patches` patches up to the node `split`.

    `patch` is the part of the image that one patch reads. `stage_macs` are those of the patched
    operators, `extra_macs` what the network has more than without patches.
    `working_memory_bytes` is the peak of live tensors over the best order of operators, as
    `working_memory:inplace`. `layer_bytes` is what MCUNetV2 prints: inputs and output of the worst
    layer, without a tensor that waits for a sum.
    """

    split: str
    patches: int
    patch: Shape
    stage_macs: int
    macs: int
    extra_macs: int
    working_memory_bytes: int
    layer_bytes: int


def splits(graph: Graph) -> tuple[str, ...]:
    """The nodes at which a patched part can end, in the order of the network.

    Nothing but that node's output goes on from there, and all before it work on parts of a map.
    """
    return _Network(graph).splits


def patched(graph: Graph, split: str, patches: int) -> PatchCost:
    """What a network costs whose nodes up to `split` run in `patches` x `patches` patches.

    Raises:
        InvalidPatches: the network cannot be split there, or that map is too small.
    """
    network = _Network(graph)
    if split not in network.splits:
        known = f"one of {', '.join(network.splits)}" if network.splits else "a network of images"
        raise InvalidPatches("split", f"need {known}, got {split!r}.")
    most = min(graph.shapes[split][:2])
    if type(patches) is not int or not 1 <= patches <= most:
        raise InvalidPatches("patches", f"need 1 to {most} at {split!r}, got {patches!r}.")
    return network.cost(split, patches)


def best_patches(
    graph: Graph, budget_bytes: int, patches: Sequence[int] = PATCHES
) -> PatchCost | None:
    """The split and number of patches with the fewest MACs that fit into a working memory.

    A network that fits as it is is left whole: one patch, the split at its input. Of equal ones the
    one with the smaller peak.

    Args:
        graph: the network.
        budget_bytes: the largest peak, as `working_memory:inplace` counts it.
        patches: the numbers along each axis that may be tried.

    Returns:
        None if nothing fits.
    """
    network = _Network(graph)
    whole = network.whole(graph.input.id)
    if whole.working_memory_bytes <= budget_bytes:
        return whole
    tried = [
        network.cost(split, count)
        for split in network.splits
        for count in patches
        if 1 < count <= min(graph.shapes[split][:2])
    ]
    fitting = [cost for cost in tried if cost.working_memory_bytes <= budget_bytes]
    return min(fitting, key=lambda cost: (cost.macs, cost.working_memory_bytes), default=None)


class _Network:
    """A network that works in place, and its parts."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.operators = in_place(program(graph).tensors_only(), graph, TINYENGINE)
        self.found = weights(graph)
        self.splits = tuple(self._splits())

    def _splits(self) -> Iterator[str]:
        operators = self.operators
        if len(self.graph.input.shape) != 3:
            return
        last = [-1] * len(operators.sizes_bytes)
        for i, buffers in enumerate(operators.reads):
            for buffer in buffers:
                last[buffer] = i
        reached = -1  # the last operator that reads what was there before the present one
        for i, name in enumerate(operators.node_ids):
            if not can_be_parted(self.graph.node(name)):
                return
            reached = max(reached, last[i])
            if reached <= i:
                yield name

    def whole(self, split: str) -> PatchCost:
        """The cost without patches."""
        count = macs(self.graph, self.found)
        return PatchCost(
            split=split,
            patches=1,
            patch=self.graph.input.shape,
            stage_macs=self._stage_macs(split),
            macs=count,
            extra_macs=0,
            working_memory_bytes=best_order(self.operators).peak_bytes,
            layer_bytes=mcunet_bytes(self.operators),
        )

    def cost(self, split: str, patches: int) -> PatchCost:
        """The cost with patches."""
        whole = self.whole(split)
        if patches == 1:
            return whole
        names = (self.graph.input.id, *self.operators.node_ids[: self._count(split)])
        parts = sides(self.graph, names, patches)
        shapes = {name: (*parts[name], self.graph.shapes[name][2]) for name in names}
        stage = self._stage(shapes)
        rest = self._rest(split)
        # The stage writes into the map that the rest begins with.
        map_bytes = rest.sizes_bytes[0]
        stage_macs = patches**2 * sum(
            self.found[name].kernel * parts[name][0] * parts[name][1]
            for name in names
            if name in self.found
        )
        extra_macs = stage_macs - whole.stage_macs
        peaks_bytes = (best_order(stage).peak_bytes + map_bytes, best_order(rest).peak_bytes)
        layers_bytes = (mcunet_bytes(stage) + map_bytes, mcunet_bytes(rest))
        return PatchCost(
            split=split,
            patches=patches,
            patch=shapes[names[0]],
            stage_macs=stage_macs,
            macs=whole.macs + extra_macs,
            extra_macs=extra_macs,
            working_memory_bytes=max(peaks_bytes),
            layer_bytes=max(layers_bytes),
        )

    def _count(self, split: str) -> int:
        """How many operators run up to a split; those before it stand before it."""
        ids = self.operators.node_ids
        return ids.index(split) + 1 if split in ids else 0

    def _stage_macs(self, split: str) -> int:
        names = self.operators.node_ids[: self._count(split)]
        return sum(node_macs(self.graph, self.found, name) for name in names if name in self.found)

    def _stage(self, shapes: Mapping[str, Shape]) -> Program:
        """The operators on one patch; the last writes straight into the whole map."""
        count = len(shapes) - 1
        sizes_bytes = [math.prod(shape) for shape in shapes.values()]
        sizes_bytes[-1] = 0
        operators = Program(
            self.operators.node_ids[:count],
            self.operators.reads[:count],
            (0,) * count,
            tuple(sizes_bytes),
        )
        operators = in_place(operators, self.graph, TINYENGINE, shapes)
        return replace(operators, over=(*operators.over[:-1], ()))

    def _rest(self, split: str) -> Program:
        """The operators behind a split; their input is its whole map."""
        count = self._count(split)
        operators = self.operators
        return Program(
            operators.node_ids[count:],
            _before(operators.reads[count:], count),
            operators.scratch_bytes[count:],
            operators.sizes_bytes[count:],
            _before(operators.over[count:], count),
            operators.beside_bytes[count:],
        )


def _before(buffers: Sequence[tuple[int, ...]], count: int) -> tuple[tuple[int, ...], ...]:
    """The same buffers, counted from a later one."""
    return tuple(tuple(buffer - count for buffer in found) for found in buffers)
