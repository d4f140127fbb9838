"""What a genotype computes, step by step: read by `lower` and by the prior's quick tally.

Every genotype within the ranges is a network: kernels, windows and pools are clipped to the map
that they meet, so nothing collapses to an empty map.
"""

from optimizer.networks.genotype import Gene, Shape
from optimizer.networks.joins import joined
from optimizer.networks.layer_steps import layer_steps
from optimizer.networks.step import Step, flatten, global_pool, pool
from optimizer.space import Point

INPUT = "input"
OUTPUT = "output"  # the last dense layer; what exits add to it makes the logits
LOGITS = "logits"


def input_shape(point: Point, raw: Shape) -> Shape:
    """The shape of the tensor that the network receives: (h, w, c), or (n,)."""
    gene = point["input"]
    if len(raw) == 1:
        return raw
    side = gene["side"]
    return side, max(1, round(raw[1] * side / raw[0])), 1 if gene["grey"] else raw[2]


def steps(point: Point, raw: Shape, classes: int) -> list[Step]:
    """All nodes behind the input, in an order in which they can run; the last is the output."""
    trunk = Trunk(input_shape(point, raw))
    exits: list[str] = []
    for block in point["blocks"]:
        trunk.grow(block)
        if "exit" in block:
            trunk.steps += _exit(block, trunk.end, classes)
            exits.append(trunk.steps[-1].id)
    found = trunk.steps + _head(point["head"], trunk.end, classes)
    if exits:
        found.append(Step(LOGITS, "add", (found[-1].id, *exits), (classes,), classes))
    return found


class Trunk:
    """The path through the blocks as it grows.

    A block of the path begins at its end. A parallel block begins where the last block of the
    path began and is added to the end; several of them in a row add up.
    """

    def __init__(self, shape: Shape) -> None:
        self.steps: list[Step] = []
        self.end = Step(INPUT, "input", (), shape)
        self._fork = self.end

    def grow(self, block: Gene) -> None:
        """Add a block."""
        start = last = self.start(block)
        for layer in block["layers"]:
            self.steps += layer_steps(layer, last)
            last = self.steps[-1]
        self.finish(block, start, last)

    def start(self, block: Gene) -> Step:
        """Where a block begins."""
        if block.get("join") != "parallel":
            self._fork = self.end
        return self._fork

    def finish(self, block: Gene, start: Step, last: Step) -> None:
        """Join what a block made from `start` to `last` as its gene says."""
        join = block.get("join")
        if join is None:
            self.end = last
            return
        self.steps += joined(block["id"], last, start if join == "skip" else self.end)
        self.end = self.steps[-1]


def _exit(block: Gene, before: Step, classes: int) -> list[Step]:
    """A dense layer of its own from the path behind a block to the classes."""
    name = f"{block['id']}.exit"
    if block["exit"] == "global":
        flat = global_pool(f"{name}_pool", before)
    else:
        flat = flatten(f"{name}_flatten", before)
    return [flat, Step(name, "dense", (flat.id,), (classes,), flat.shape[0])]


def _head(head: Gene, before: Step, classes: int) -> list[Step]:
    found: list[Step] = []
    if len(before.shape) == 3 and head["pool"] == "global":
        found.append(global_pool("last_pool", before))
    elif len(before.shape) == 3:
        if head["pool"] != "none":
            found += pool("last_pool", f"{head['pool']}_pool", head["window"], before)
        found.append(flatten("flatten", found[-1] if found else before))
    before = found[-1] if found else before
    for dense in head["dense"]:
        wide = (dense["units"],)
        name, units = (before.id,), before.shape[0]
        before = Step(dense["id"], "dense", name, wide, units, activation="relu")
        found.append(before)
    return [*found, Step(OUTPUT, "dense", (before.id,), (classes,), before.shape[0])]
