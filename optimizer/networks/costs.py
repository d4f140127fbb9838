"""The graph and the figures of a point, remembered.

A designer asks for key, figures, features and work of the same point in turn, in any order, and
again for every point of its history; many points differ in their training alone.
"""

import json
from collections.abc import Sequence
from functools import lru_cache

from optimizer.networks.genotype import Gene, Shape
from optimizer.networks.lower import lower
from optimizer.space import Point
from resource_models.devices import Device
from resource_models.even_cut import Scope, even_cut
from resource_models.footprint import figures_of, footprint
from resource_models.graph import Graph
from resource_models.instructions import Formula
from resource_models.weights import weights

# A proposal looks at some hundreds of networks. A graph takes about ten kilobytes, the figures of a
# point one or two (mostly the text that they are found by).
GRAPHS, POINTS = 1_024, 8_192


def graph_of(point: Point, shape: Shape, classes: int) -> Graph:
    """The network of a point before it is pruned."""
    return _graph(_text(point), shape, classes)


def costs_of(
    point: Point,
    pruning: Gene | None,
    data: tuple[Shape, int],
    board: Device,
    formulas: tuple[Formula, ...],
    weight_bits: int,
) -> dict[str, float]:
    """The figures of a point on a device, after an even cut where it is pruned.

    `data` is the shape of a sample and how many classes there are.

    Instructions take a third of the time of all else, so they come by the formulas alone that a
    study asks for.
    """
    cut = None if pruning is None else (pruning["scope"], pruning["target"])
    found = _figures(_text(point), cut, data, board, formulas, weight_bits)
    return dict(zip(names_of(board, formulas), found, strict=True))


def names_of(board: Device, formulas: Sequence[Formula]) -> tuple[str, ...]:
    """The names of the figures that `costs_of` tells."""
    return (*figures_of(board), *(formula.figure for formula in formulas))


def _text(point: Point) -> str:
    """The genes that make the network."""
    head = {**point["head"], "dropout": 0}
    genes = {"input": point["input"], "blocks": point["blocks"], "head": head}
    return json.dumps(genes, sort_keys=True)


@lru_cache(GRAPHS)
def _graph(text: str, shape: Shape, classes: int) -> Graph:
    return lower(json.loads(text), shape, classes)


@lru_cache(POINTS)
def _figures(
    text: str,
    cut: tuple[Scope, float | None] | None,
    data: tuple[Shape, int],
    board: Device,
    formulas: tuple[Formula, ...],
    weight_bits: int,
) -> tuple[float, ...]:
    graph, non_zeros = _graph(text, *data), None
    if cut is not None:
        smaller = even_cut(graph, *cut)
        graph, non_zeros = smaller.graph, smaller.non_zeros
    found = footprint(graph, board, non_zeros, weight_bits).figures()
    told = weights(graph, non_zeros) if formulas else {}
    counts = (formula.count(graph, told) for formula in formulas)
    return (*(found[name] for name in figures_of(board)), *counts)
