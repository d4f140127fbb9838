"""Small changes of a network: a table of morphs, and how one of them is drawn.

The class is drawn first, then the morph, then the details: a network of thirty layers is not made
of layer changes alone.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from optimizer.networks import block_morphs, head_morphs, layer_morphs, treatment_morphs
from optimizer.networks.genotype import Shape, copy_of
from optimizer.networks.ranges import Ranges
from optimizer.space import Point

# A morph may not apply (nothing to remove) or change nothing that counts (a kernel that is clipped
# to its map anyway), then another one is drawn.
TRIES = 100

Apply = Callable[[Point, Ranges, Shape, random.Random], bool]


@dataclass(frozen=True, slots=True)
class Morph:
    """One kind of change. `apply` changes the point in place, or says that it cannot."""

    name: str
    genes: tuple[str, ...]
    apply: Apply


MORPHS: dict[str, tuple[Morph, ...]] = {
    "structure": (
        Morph("add_block", ("blocks",), block_morphs.add_block),
        Morph("remove_block", ("blocks",), block_morphs.remove_block),
        Morph("duplicate_block", ("blocks",), block_morphs.duplicate_block),
        Morph("add_layer", ("layers",), block_morphs.add_layer),
        Morph("remove_layer", ("layers",), block_morphs.remove_layer),
        Morph("duplicate_layer", ("layers",), block_morphs.duplicate_layer),
    ),
    "branch": (
        Morph("join", ("join",), block_morphs.join),
        Morph("exit", ("exit",), block_morphs.exit_),
    ),
    "kind": (
        Morph("kind", ("kind",), layer_morphs.kind),
        Morph("expansion", ("expansion",), layer_morphs.expansion),
    ),
    "width": (
        Morph("filters", ("filters",), layer_morphs.filters),
        Morph("filters_by_one", ("filters",), layer_morphs.filters_by_one),
        Morph("all_filters", ("filters",), layer_morphs.all_filters),
    ),
    "window": (
        Morph("kernel", ("kernel",), layer_morphs.kernel),
        Morph("padding", ("padding",), layer_morphs.padding),
    ),
    "reduction": (
        Morph("stride", ("stride",), layer_morphs.stride),
        Morph("pre_pool", ("pre_pool",), layer_morphs.pre_pool),
    ),
    "switch": (
        Morph("batch_norm", ("batch_norm",), layer_morphs.batch_norm),
        Morph("relu", ("relu",), layer_morphs.relu),
    ),
    "input": (
        Morph("side", ("side",), head_morphs.side),
        Morph("grey", ("grey",), head_morphs.grey),
    ),
    "pool": (
        Morph("last_pool", ("pool",), head_morphs.last_pool),
        Morph("window", ("window",), head_morphs.window),
    ),
    "dense": (
        Morph("add_dense", ("dense",), head_morphs.add_dense),
        Morph("remove_dense", ("dense",), head_morphs.remove_dense),
        Morph("units", ("units",), head_morphs.units),
    ),
    "training": (
        Morph("learning_rate", ("learning_rate",), treatment_morphs.learning_rate),
        Morph("dropout", ("dropout",), treatment_morphs.dropout),
        Morph("weight_decay", ("weight_decay",), treatment_morphs.weight_decay),
        Morph("batch_size", ("batch_size",), treatment_morphs.batch_size),
        Morph("schedule", ("schedule",), treatment_morphs.schedule),
    ),
    "pruning": (
        Morph("pruning_scope", ("scope", "method", "target"), treatment_morphs.pruning_scope),
        Morph("pruning_method", ("method", "target"), treatment_morphs.pruning_method),
        Morph("pruning_target", ("target",), treatment_morphs.pruning_target),
    ),
}


def morph(
    point: Point,
    ranges: Ranges,
    shape: Shape,
    rng: random.Random,
    accept: Callable[[Point], bool],
) -> Point:
    """A neighbour of a network; an equal copy only where no morph changes anything.

    Args:
        point: stays as it is.
        ranges: of the genes.
        shape: of the data.
        rng: the only source of chance.
        accept: whether a child differs from the point in what counts, and may be trained.
    """
    classes = tuple(MORPHS.values())
    for _ in range(TRIES):
        drawn = rng.choice(rng.choice(classes))
        child = copy_of(point)
        if drawn.apply(child, ranges, shape, rng) and accept(child):
            return child
    return copy_of(point)
