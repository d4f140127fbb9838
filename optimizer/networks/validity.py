"""What makes a JSON value a point of a space of networks."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from optimizer.errors import InvalidPoint, InvalidSpace
from optimizer.networks.genotype import (
    BLOCK_FIELDS,
    BLOCK_OPTIONS,
    DENSE_FIELDS,
    HEAD_FIELDS,
    INPUT_FIELDS,
    LAYER_FIELDS,
    POINT_FIELDS,
    PRUNING_FIELDS,
    Gene,
    Shape,
    may_be_grey,
    may_be_rectangular,
    may_have_target,
    may_join,
    may_prune_by,
    side_range,
)
from optimizer.networks.ranges import Ranges
from optimizer.parameters import is_number, is_whole
from optimizer.space import Point

_ID = re.compile(r"[a-z][0-9]{1,9}")


def check_data(shape: Shape, classes: int) -> None:
    """Raise InvalidSpace unless networks can tell so many classes of such samples apart."""
    if not (len(shape) in (1, 3) and all(is_whole(part) and part >= 1 for part in shape)):
        raise InvalidSpace("data", f"need a shape (h, w, c) or (n,), got {shape!r}")
    if not (is_whole(classes) and classes >= 2):
        raise InvalidSpace("data", f"need at least 2 classes, got {classes!r}")


def check_point(point: Any, ranges: Ranges, shape: Shape, searched: tuple[str, ...] = ()) -> None:
    """Raise InvalidPoint, with the path of the gene, unless the genotype is within the ranges.

    Args:
        point: any JSON value.
        ranges: of the genes.
        shape: of the data.
        searched: the fields of the training that are genes of `training`.
    """
    needed = (*POINT_FIELDS, "training") if searched else POINT_FIELDS
    _fields(point, needed, "point", options=("pruning", "parent"))
    if len(shape) == 3:
        _check_input(point["input"], ranges, shape)
    else:
        _fields(point["input"], (), "input")
    blocks = ranges.blocks if len(shape) == 3 else (0, 0)
    _list(point["blocks"], blocks, "blocks")
    for number, block in enumerate(point["blocks"]):
        _check_block(block, ranges, shape, number)
    _check_head(point["head"], ranges, shape)
    _real(point["learning_rate"], ranges.learning_rate, "learning_rate")
    _check_pruning(point, ranges)
    if searched:
        _check_training(point["training"], ranges, searched)
    _check_ids(point)


def _check_input(gene: Any, ranges: Ranges, shape: Shape) -> None:
    _fields(gene, INPUT_FIELDS, "input")
    _whole(gene["side"], side_range(ranges, shape), "input.side")
    _one_of(gene["grey"], may_be_grey(ranges, shape), "input.grey")


def _check_block(block: Any, ranges: Ranges, shape: Shape, number: int) -> None:
    path = f"blocks.{number}"
    _fields(block, BLOCK_FIELDS, path, options=BLOCK_OPTIONS)
    _option(block, "join", may_join(ranges, number == 0), path)
    _option(block, "exit", ranges.exits, path)
    _list(block["layers"], ranges.layers, f"{path}.layers")
    for place, layer in enumerate(block["layers"]):
        _check_layer(layer, ranges, shape, f"{path}.layers.{place}")


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


def _check_pruning(point: Point, ranges: Ranges) -> None:
    if "pruning" not in point:
        if "none" not in ranges.pruning_scopes:
            raise InvalidPoint("point.pruning", "needs a value, got none")
        return
    gene = point["pruning"]
    _fields(gene, PRUNING_FIELDS, "pruning")
    scopes = tuple(scope for scope in ranges.pruning_scopes if scope != "none")
    _one_of(gene["scope"], scopes, "pruning.scope")
    _one_of(gene["method"], may_prune_by(ranges, gene["scope"]), "pruning.method")
    given = may_have_target(ranges, gene["method"])
    if gene["target"] is None:
        if False not in given:
            raise InvalidPoint("pruning.target", f"{gene['method']} needs a number, got null")
        return
    if True not in given:
        raise InvalidPoint("pruning.target", f"need null, got {gene['target']!r}")
    _real(gene["target"], ranges.pruning_targets, "pruning.target")


def _check_training(gene: Any, ranges: Ranges, searched: tuple[str, ...]) -> None:
    _fields(gene, searched, "training")
    if "weight_decay" in searched:
        _real(gene["weight_decay"], ranges.weight_decay, "training.weight_decay")
    if "batch_size" in searched:
        _one_of(gene["batch_size"], ranges.batch_sizes, "training.batch_size")
    if "schedule" in searched:
        _one_of(gene["schedule"], ranges.schedules, "training.schedule")


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


def _fields(gene: Any, names: tuple[str, ...], path: str, options: tuple[str, ...] = ()) -> None:
    if not isinstance(gene, Mapping):
        raise InvalidPoint(path, f"need an object, got {gene!r}")
    for name in names:
        if name not in gene:
            raise InvalidPoint(f"{path}.{name}", "needs a value, got none")
    for name in gene:
        if name not in names and name not in options:
            need = ", ".join((*names, *options)) or "nothing"
            raise InvalidPoint(f"{path}.{name}", f"unknown; it holds {need}")


def _option(gene: Gene, name: str, allowed: tuple[str, ...], path: str) -> None:
    """Check a gene that is left out where it is none: there is one form of saying nothing."""
    if name not in gene:
        if "none" not in allowed:
            raise InvalidPoint(f"{path}.{name}", f"need one of {', '.join(allowed)}, got none")
        return
    _one_of(gene[name], tuple(own for own in allowed if own != "none"), f"{path}.{name}")


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
        need = ", ".join(str(own).lower() for own in allowed) or "nothing, so leave it out"
        raise InvalidPoint(path, f"need one of {need}, got {value!r}")
