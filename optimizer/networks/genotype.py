"""The genotype of a network: a plain JSON point.

    {"input": {"side": 14, "grey": false},
     "blocks": [{"id": "b1", "layers": [{"id": "l1", "kind": "conv", "filters": 8, ...}]},
                {"id": "b2", "layers": [...], "join": "skip", "exit": "global"}],
     "head": {"pool": "global", "window": 2, "dense": [{"id": "d1", "units": 16}], "dropout": 0.0},
     "learning_rate": 0.003,
     "pruning": {"scope": "channels", "method": "magnitude", "target": 0.5},
     "training": {"weight_decay": 0.001, "batch_size": 64, "schedule": "one_cycle"},
     "parent": {"key": "3f9c…", "epochs": 33.0}}

`join`, `exit`, `pruning`, `training` and `parent` are left out where they say nothing: no join, no
exit, nothing pruned, nothing of the recipe left open, no weights inherited. A block with the join
`parallel` begins where the last block without it began, and is added to the path; with `skip` a
block is added to its own input. An exit adds a dense layer of its own, behind a global pool or
flat, to the logits.

Genes that a layer's kind does not use stay where they are: a morph of the kind brings them back.
Ids stay with their block or layer through every morph; they name the weights. For flat inputs
`input` and `blocks` are empty.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from optimizer.networks.ranges import METHODS, THRESHOLDS, Ranges
from optimizer.space import Point

Gene = dict[str, Any]
Shape = tuple[int, ...]

POINT_FIELDS = ("input", "blocks", "head", "learning_rate")
INPUT_FIELDS = ("side", "grey")
BLOCK_FIELDS = ("id", "layers")
BLOCK_OPTIONS = ("join", "exit")
LAYER_FIELDS = (
    "id",
    "kind",
    "filters",
    "kernel",
    "stride",
    "expansion",
    "pre_pool",
    "batch_norm",
    "relu",
    "padding",
)
HEAD_FIELDS = ("pool", "window", "dense", "dropout")
DENSE_FIELDS = ("id", "units")
PRUNING_FIELDS = ("scope", "method", "target")
# Those of the recipe that have a gene in `training`; learning rate and dropout have older ones.
TRAINING_FIELDS = ("weight_decay", "batch_size", "schedule")


def layers_of(point: Point) -> Iterator[Gene]:
    """The layers of all blocks, in order."""
    for block in point["blocks"]:
        yield from block["layers"]


def copy_of(point: Point) -> Point:
    """A copy whose genes can be changed without changing the point."""
    copy = {
        **point,
        "input": dict(point["input"]),
        "blocks": [
            {**block, "layers": [copy_of_layer(layer) for layer in block["layers"]]}
            for block in point["blocks"]
        ],
        "head": {**point["head"], "dense": [dict(dense) for dense in point["head"]["dense"]]},
    }
    for name in ("pruning", "training"):
        if name in point:
            copy[name] = dict(point[name])
    return copy


def copy_of_layer(layer: Gene) -> Gene:
    """A copy of a layer that shares nothing with it."""
    return {**layer, "kernel": list(layer["kernel"]), "stride": list(layer["stride"])}


def fresh_id(point: Point, letter: str) -> str:
    """An id that no block (b), layer (l) or dense layer (d) of the point or its parent has."""
    inherited = point.get("parent", {}).get("ids", 0)
    return f"{letter}{max(highest_id(point, letter), inherited) + 1}"


def highest_id(point: Point, letters: str = "bld") -> int:
    """The highest number in the ids of these letters; 0 if there are none."""
    ids = [gene["id"] for gene in (*point["blocks"], *layers_of(point), *point["head"]["dense"])]
    return max((int(name[1:]) for name in ids if name[0] in letters), default=0)


def put(gene: Gene, name: str, value: Any) -> None:
    """Set a gene that is left out where it says nothing."""
    if value == "none":
        gene.pop(name, None)
    else:
        gene[name] = value


def take_block(point: Point, place: int, ranges: Ranges) -> None:
    """Remove a block; the first one that was parallel to it becomes the path."""
    blocks: list[Gene] = point["blocks"]
    gone = blocks.pop(place)
    if place >= len(blocks) or gone.get("join") == "parallel":
        return
    heir = blocks[place]
    allowed = may_join(ranges, place == 0)
    if heir.get("join") == "parallel" and (place == 0 or "none" in allowed):
        put(heir, "join", allowed[0])


def side_range(ranges: Ranges, shape: Shape) -> tuple[int, int]:
    """The smallest and the largest side an image may be shrunk to."""
    high = max(1, math.floor(shape[0] / ranges.shrink[0]))
    return min(high, max(1, math.ceil(shape[0] / ranges.shrink[1]))), high


def shrunk_to(values: float, ranges: Ranges, shape: Shape) -> Ranges:
    """The ranges with no side whose input is larger than so many values, if one can be smaller."""
    if len(shape) == 1:
        return ranges
    height, width, channels = shape
    if True in may_be_grey(ranges, shape):
        channels = 1
    low, high = side_range(ranges, shape)
    while high > low and high * max(1, round(width * high / height)) * channels > values:
        high -= 1
    # Between two sides, so that rounding cannot lose one.
    least, most = ranges.shrink
    return replace(ranges, shrink=(min(max(height / (high + 0.5), least), most), most))


def may_be_grey(ranges: Ranges, shape: Shape) -> tuple[bool, ...]:
    """What the gene `grey` may be: only three channels are a colour image."""
    return ranges.grey if shape[2] == 3 else (False,)


def may_be_rectangular(ranges: Ranges, shape: Shape) -> bool:
    """Whether kernels and strides may differ in height and width."""
    return shape[0] != shape[1] if ranges.rectangular is None else ranges.rectangular


def may_join(ranges: Ranges, first: bool) -> tuple[str, ...]:
    """What the gene `join` may be: no block is parallel to the first one before it."""
    if not first:
        return ranges.joins
    return tuple(join for join in ranges.joins if join != "parallel") or ("none",)


def may_prune_by(ranges: Ranges, scope: str) -> tuple[str, ...]:
    """The methods of the study that can rank what the scope removes."""
    return tuple(method for method in ranges.pruning_methods if method in METHODS[scope])


def may_have_target(ranges: Ranges, method: str) -> tuple[bool, ...]:
    """Whether a target may be given, and whether the method's own threshold may decide."""
    if method not in THRESHOLDS:
        return (True,)
    return tuple(not threshold for threshold in ranges.pruning_thresholds)
