"""Morphs that add, remove, double and join blocks and layers.

Each changes the point in place and returns whether it could.
"""

import random
from collections.abc import Callable

from optimizer.networks.genotype import (
    Gene,
    Shape,
    copy_of_layer,
    fresh_id,
    layers_of,
    may_join,
    put,
    take_block,
)
from optimizer.networks.ranges import Ranges
from optimizer.networks.structure import draw_layer
from optimizer.space import Point


def add_block(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """A block of as few layers as may be, of the prior, about as wide as its neighbour."""
    if not _room_for_block(point, ranges, shape):
        return False
    place = _behind_branches(point, rng.randint(0, len(point["blocks"])))
    block: Gene = {"id": fresh_id(point, "b"), "layers": []}
    put(block, "join", may_join(ranges, place == 0)[0])
    put(block, "exit", ranges.exits[0])
    width = _width_at(point, place, ranges)
    point["blocks"].insert(place, block)
    for number in range(ranges.layers[0]):
        _insert_new(point, block, number, width, (ranges, shape, rng))
    return True


def remove_block(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """Any block, while more are there than must be; a branch beside it becomes the path."""
    if len(point["blocks"]) <= ranges.blocks[0]:
        return False
    take_block(point, rng.randrange(len(point["blocks"])), ranges)
    return True


def duplicate_block(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """A block twice, joined alike; the second does not shrink the map again."""
    if not point["blocks"] or not _room_for_block(point, ranges, shape):
        return False
    place = rng.randrange(len(point["blocks"]))
    original = point["blocks"][place]
    block: Gene = {"id": fresh_id(point, "b"), "layers": []}
    put(block, "join", original.get("join", "none"))
    put(block, "exit", ranges.exits[0])
    if "join" not in block and "none" not in ranges.joins:  # only the first may be without
        block["join"] = ranges.joins[0]
    point["blocks"].insert(_behind_branches(point, place + 1), block)
    for layer in original["layers"]:
        block["layers"].append(_second(point, layer, ranges))
    return True


def add_layer(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """A layer of the prior in a block that has room, about as wide as its neighbour."""
    block = _block_with_room(point, ranges, rng)
    if block is None:
        return False
    place = rng.randint(0, len(block["layers"]))
    width = block["layers"][max(place - 1, 0)]["filters"]
    _insert_new(point, block, place, width, (ranges, shape, rng))
    return True


def remove_layer(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """A layer of a block that keeps enough of them."""
    blocks = [block for block in point["blocks"] if len(block["layers"]) > ranges.layers[0]]
    if not blocks:
        return False
    layers = rng.choice(blocks)["layers"]
    layers.pop(rng.randrange(len(layers)))
    return True


def duplicate_layer(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """A layer twice; the second does not shrink the map again."""
    block = _block_with_room(point, ranges, rng)
    if block is None:
        return False
    place = rng.randrange(len(block["layers"]))
    block["layers"].insert(place + 1, _second(point, block["layers"][place], ranges))
    return True


def join(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """A block into or out of the path, or with its input added to it."""
    return _other(point, "join", lambda place: may_join(ranges, place == 0), rng)


def exit_(point: Point, ranges: Ranges, shape: Shape, rng: random.Random) -> bool:
    """An exit behind a block, none, or of the other kind."""
    return _other(point, "exit", lambda place: ranges.exits, rng)


def _other(
    point: Point, name: str, allowed: Callable[[int], tuple[str, ...]], rng: random.Random
) -> bool:
    """Another value of a gene of a block that may have several."""
    blocks = point["blocks"]
    open_ = [place for place in range(len(blocks)) if len(allowed(place)) > 1]
    if not open_:
        return False
    place = rng.choice(open_)
    before = blocks[place].get(name, "none")
    put(blocks[place], name, rng.choice([item for item in allowed(place) if item != before]))
    return True


def _behind_branches(point: Point, place: int) -> int:
    """The next place where a new block takes no branch away from the block it is beside."""
    blocks = point["blocks"]
    while place < len(blocks) and blocks[place].get("join") == "parallel":
        place += 1
    return place


def _room_for_block(point: Point, ranges: Ranges, shape: Shape) -> bool:
    return len(shape) == 3 and len(point["blocks"]) < ranges.blocks[1]


def _block_with_room(point: Point, ranges: Ranges, rng: random.Random) -> Gene | None:
    blocks = [block for block in point["blocks"] if len(block["layers"]) < ranges.layers[1]]
    return rng.choice(blocks) if blocks else None


def _width_at(point: Point, place: int, ranges: Ranges) -> int:
    """The width of the layer before a new block, else of the first behind it."""
    widths = [layer["filters"] for block in point["blocks"][:place] for layer in block["layers"]]
    widths = widths[-1:] or [layer["filters"] for layer in layers_of(point)][:1]
    return widths[0] if widths else ranges.filters[0]


def _insert_new(
    point: Point,
    block: Gene,
    place: int,
    width: int,
    chance: tuple[Ranges, Shape, random.Random],
) -> None:
    ranges, shape, rng = chance
    # A new layer that halves the map changes more than itself: drawn as on a small map.
    drawn = draw_layer(ranges, shape, 0.0, place == 0, rng)
    layer = {"id": fresh_id(point, "l"), **drawn, "filters": width}
    block["layers"].insert(place, layer)


def _second(point: Point, layer: Gene, ranges: Ranges) -> Gene:
    """A copy under a new id, where the ranges allow without stride and pool."""
    copy = copy_of_layer(layer)
    copy["id"] = fresh_id(point, "l")
    copy["stride"] = [ranges.strides[0], ranges.strides[0]]
    copy["pre_pool"] = ranges.pre_pool[0]
    return copy
