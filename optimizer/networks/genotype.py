"""The genotype of a `tiny` network: a plain JSON point, and what makes it one.

    {"input": {"side": 14, "grey": false},
     "blocks": [{"id": "b1", "layers": [{"id": "l1", "kind": "conv", "filters": 8, ...}]}],
     "head": {"pool": "global", "window": 2, "dense": [{"id": "d1", "units": 16}], "dropout": 0.0},
     "learning_rate": 0.003}

Genes that a layer's kind does not use stay where they are: a morph of the kind brings them back.
Ids stay with their block or layer through every morph; they name the weights. For flat inputs
`input` and `blocks` are empty.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from optimizer.errors import InvalidPoint
from optimizer.networks.ranges import Ranges
from optimizer.parameters import is_number, is_whole
from optimizer.space import Point

Gene = dict[str, Any]
Shape = tuple[int, ...]

POINT_FIELDS = ("input", "blocks", "head", "learning_rate")
INPUT_FIELDS = ("side", "grey")
BLOCK_FIELDS = ("id", "layers")
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

_ID = re.compile(r"[a-z][0-9]{1,9}")


def layers_of(point: Point) -> Iterator[Gene]:
    """The layers of all blocks, in order."""
    for block in point["blocks"]:
        yield from block["layers"]


def copy_of(point: Point) -> Point:
    """A copy whose genes can be changed without changing the point."""
    return {
        **point,
        "input": dict(point["input"]),
        "blocks": [
            {**block, "layers": [copy_of_layer(layer) for layer in block["layers"]]}
            for block in point["blocks"]
        ],
        "head": {**point["head"], "dense": [dict(dense) for dense in point["head"]["dense"]]},
    }


def copy_of_layer(layer: Gene) -> Gene:
    """A copy of a layer that shares nothing with it."""
    return {**layer, "kernel": list(layer["kernel"]), "stride": list(layer["stride"])}


def fresh_id(point: Point, letter: str) -> str:
    """An id that no block (b), layer (l) or dense layer (d) of the point has."""
    ids = [gene["id"] for gene in (*point["blocks"], *layers_of(point), *point["head"]["dense"])]
    used = [int(name[1:]) for name in ids if name[0] == letter]
    return f"{letter}{max(used, default=0) + 1}"


def side_range(ranges: Ranges, shape: Shape) -> tuple[int, int]:
    """The smallest and the largest side an image may be shrunk to."""
    high = max(1, math.floor(shape[0] / ranges.shrink[0]))
    return min(high, max(1, math.ceil(shape[0] / ranges.shrink[1]))), high


def may_be_grey(ranges: Ranges, shape: Shape) -> tuple[bool, ...]:
    """What the gene `grey` may be: only three channels are a colour image."""
    return ranges.grey if shape[2] == 3 else (False,)


def may_be_rectangular(ranges: Ranges, shape: Shape) -> bool:
    """Whether kernels and strides may differ in height and width."""
    return shape[0] != shape[1] if ranges.rectangular is None else ranges.rectangular


def check_point(point: Any, ranges: Ranges, shape: Shape) -> None:
    """Raise InvalidPoint, with the path of the gene, unless the genotype is within the ranges."""
    _fields(point, POINT_FIELDS, "point")
    if len(shape) == 3:
        _check_input(point["input"], ranges, shape)
    else:
        _fields(point["input"], (), "input")
    blocks = ranges.blocks if len(shape) == 3 else (0, 0)
    _list(point["blocks"], blocks, "blocks")
    for number, block in enumerate(point["blocks"]):
        path = f"blocks.{number}"
        _fields(block, BLOCK_FIELDS, path)
        _list(block["layers"], ranges.layers, f"{path}.layers")
        for place, layer in enumerate(block["layers"]):
            _check_layer(layer, ranges, shape, f"{path}.layers.{place}")
    _check_head(point["head"], ranges, shape)
    _real(point["learning_rate"], ranges.learning_rate, "learning_rate")
    _check_ids(point)


def _check_input(gene: Any, ranges: Ranges, shape: Shape) -> None:
    _fields(gene, INPUT_FIELDS, "input")
    _whole(gene["side"], side_range(ranges, shape), "input.side")
    _one_of(gene["grey"], may_be_grey(ranges, shape), "input.grey")


def _check_layer(layer: Any, ranges: Ranges, shape: Shape, path: str) -> None:
    _fields(layer, LAYER_FIELDS, path)
    square = not may_be_rectangular(ranges, shape)
    for name, allowed in (("kernel", ranges.kernels), ("stride", ranges.strides)):
        pair = layer[name]
        if not (isinstance(pair, list | tuple) and len(pair) == 2):
            raise InvalidPoint(f"{path}.{name}", f"need [height, width], got {pair!r}")
        for number, part in enumerate(pair):
            _one_of(part, allowed, f"{path}.{name}.{number}")
        if square and pair[0] != pair[1]:
            raise InvalidPoint(f"{path}.{name}", f"need a square for this input, got {pair!r}")
    _one_of(layer["kind"], ranges.kinds, f"{path}.kind")
    _whole(layer["filters"], ranges.filters, f"{path}.filters")
    _whole(layer["expansion"], ranges.expansion, f"{path}.expansion")
    _one_of(layer["pre_pool"], ranges.pre_pool, f"{path}.pre_pool")
    _one_of(layer["batch_norm"], ranges.batch_norm, f"{path}.batch_norm")
    _one_of(layer["relu"], ranges.relu, f"{path}.relu")
    _one_of(layer["padding"], ranges.paddings, f"{path}.padding")


def _check_head(head: Any, ranges: Ranges, shape: Shape) -> None:
    _fields(head, HEAD_FIELDS, "head")
    pools = ranges.last_pools if len(shape) == 3 else ("none",)
    _one_of(head["pool"], pools, "head.pool")
    _one_of(head["window"], ranges.windows, "head.window")
    _list(head["dense"], ranges.dense_layers, "head.dense")
    for number, dense in enumerate(head["dense"]):
        _fields(dense, DENSE_FIELDS, f"head.dense.{number}")
        _whole(dense["units"], ranges.units, f"head.dense.{number}.units")
    _real(head["dropout"], ranges.dropout, "head.dropout")


def _check_ids(point: Point) -> None:
    seen: set[str] = set()
    for path, letter, gene in _named(point):
        name = gene["id"]
        if not (isinstance(name, str) and _ID.fullmatch(name) and name[0] == letter):
            raise InvalidPoint(f"{path}.id", f"need {letter} and a number, got {name!r}")
        if name in seen:
            raise InvalidPoint(f"{path}.id", f"need each id once, got {name!r} again")
        seen.add(name)


def _named(point: Point) -> Iterator[tuple[str, str, Gene]]:
    """Everything that has an id: its path, the letter that its id begins with, its genes."""
    for number, block in enumerate(point["blocks"]):
        yield f"blocks.{number}", "b", block
        for place, layer in enumerate(block["layers"]):
            yield f"blocks.{number}.layers.{place}", "l", layer
    for number, dense in enumerate(point["head"]["dense"]):
        yield f"head.dense.{number}", "d", dense


def _fields(gene: Any, names: tuple[str, ...], path: str) -> None:
    if not isinstance(gene, Mapping):
        raise InvalidPoint(path, f"need an object, got {gene!r}")
    for name in names:
        if name not in gene:
            raise InvalidPoint(f"{path}.{name}", "needs a value, got none")
    for name in gene:
        if name not in names:
            need = ", ".join(names) or "nothing"
            raise InvalidPoint(f"{path}.{name}", f"unknown; it holds {need}")


def _list(value: Any, ends: tuple[int, int], path: str) -> None:
    if not (isinstance(value, list) and ends[0] <= len(value) <= ends[1]):
        raise InvalidPoint(path, f"need a list of {ends[0]} to {ends[1]}, got {value!r}")


def _within(
    check: Callable[[object], bool], kind: str
) -> Callable[[Any, tuple[float, float], str], None]:
    def verify(value: Any, ends: tuple[float, float], path: str) -> None:
        if not (check(value) and ends[0] <= value <= ends[1]):
            raise InvalidPoint(path, f"need a {kind} in [{ends[0]}, {ends[1]}], got {value!r}")

    return verify


_whole = _within(is_whole, "whole number")
_real = _within(is_number, "number")


def _one_of(value: Any, allowed: tuple[Any, ...], path: str) -> None:
    # type() too, since True is 1 to Python: a stride of true is no stride.
    if not any(value == own and type(value) is type(own) for own in allowed):
        need = ", ".join(str(own).lower() for own in allowed)
        raise InvalidPoint(path, f"need one of {need}, got {value!r}")
