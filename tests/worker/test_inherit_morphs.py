"""Every morph of the search spaces gives a child that inherits; many answer as their parent did."""

import random
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import Any

import pytest

from optimizer.networks.genotype import copy_of
from optimizer.networks.morphs import MORPHS
from optimizer.networks.space import NetworkSpace
from optimizer.space import Point, space_from_json
from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, DepthwiseConv2d, Input, Node
from tests.worker.families import CLASSES, branch_out, child_of, difference, fresh, grown, samples
from worker.course import Course
from worker.network import Network
from worker.recipe import Recipe
from worker.regime import Regime

SHAPE = (9, 9, 3)
DATA = samples(SHAPE)
ALL = [morph for morphs in MORPHS.values() for morph in morphs]
SAME = 1e-5
PARENTS, ROUNDS = 16, 12
LAYERS = Conv2d | DepthwiseConv2d | Dense
# Networks on which every layer can be an identity: one size of map, nothing negative but the input.
EVEN: dict[str, Any] = {
    "strides": [1],
    "pre_pool": [False],
    "paddings": ["same"],
    "relu": [True],
    "kernels": [1, 3, 5],
    "windows": [2, 3],
}
OPEN = {"weight_decay": None, "batch_size": None, "schedule": None}  # all that a study may search


@cache
def space(even: bool) -> NetworkSpace:
    found = space_from_json(
        {"kind": "tiny", "max_macs": 60_000, **(EVEN if even else {})},
        input_shape=SHAPE,
        classes=CLASSES,
        training=OPEN,
    )
    assert isinstance(found, NetworkSpace)
    return found.within({}, {"model_size:deployed": 2000.0})


@cache
def parents(even: bool) -> list[tuple[Point, Network]]:
    """Some networks of the prior, with branches, exits and pruning, so that all morphs apply."""
    here, rng = space(even), random.Random(0)
    points = [here.sample(rng) for _ in range(PARENTS)]
    for point in points[::2]:
        branch_out(point, rng)
    for point in points[::4]:
        point["pruning"] = {"scope": "channels", "method": "magnitude", "target": 0.5}
    return [(point, grown(here.lower(point), DATA)) for point in points]


def families(name: str, even: bool) -> Iterator[tuple[Network, Graph]]:
    """Parents and what a morph makes of them, where it applies."""
    here, rng = space(even), random.Random(name)
    (morph,) = (morph for morph in ALL if morph.name == name)
    for _ in range(ROUNDS):
        for point, network in parents(even):
            child = copy_of(point)
            if morph.apply(child, here.ranges, here.input_shape, rng):
                yield network, here.lower(child)


@pytest.mark.parametrize("name", [morph.name for morph in ALL])
def test_the_child_of_every_morph_can_be_trained(name: str) -> None:
    recipe = Recipe(epochs=1, batch_size=60, learning_rate=0.01)
    tried = 0
    for parent, graph in islice(families(name, even=False), 2):
        network, found = child_of(parent, graph, DATA)
        assert sum(found.to_json().values()) == pytest.approx(1, abs=1e-3)
        Course(recipe, DATA, network.sensor, 0).run(network, 1, lambda *_: False, Regime())
        tried += 1
    assert tried == 2


# What each morph promises of parent and child, on even networks; None promises nothing.


def always(_parent: Graph, _child: Graph) -> bool:
    return True


def wider(parent: Graph, child: Graph) -> bool:
    same = ids(parent) <= ids(child)
    return same and all(width(node) <= width(child.node(node.id)) for node in parent.nodes)


def larger_windows(parent: Graph, child: Graph) -> bool:
    windowed = [node for node in parent.nodes if isinstance(node, Conv2d | DepthwiseConv2d)]
    return all(
        before <= after
        for node in windowed
        for before, after in zip(node.kernel, child.node(node.id).kernel, strict=True)  # type: ignore[union-attr]
    )


def passable(parent: Graph, child: Graph) -> bool:
    """Whether every new layer has room for what comes to it, and gets nothing negative."""
    new = [node for node in child.nodes if node.id not in ids(parent) and isinstance(node, LAYERS)]
    return not any(
        0 < width(node) < child.shapes[node.inputs[0]][-1] or signed(node, child) for node in new
    )


def wider_and_passable(parent: Graph, child: Graph) -> bool:
    return wider(parent, child) and passable(parent, child)


def new_exit(parent: Graph, child: Graph) -> bool:
    return len(child.nodes) > len(parent.nodes)


def grey_to_colour(parent: Graph, child: Graph) -> bool:
    straight = all(isinstance(parent.node(name), LAYERS) for name in parent.consumers("input"))
    return straight and parent.input.shape[2] < child.input.shape[2]


def pool_taken_away(parent: Graph, child: Graph) -> bool:
    """The mean of all, or of whole windows, becomes a dense layer over all."""
    pool = next((node for node in parent.nodes if node.id == "last_pool"), None)
    if pool is None or "last_pool" in ids(child) or pool.kind == "max_pool":
        return False
    before = parent.shapes[pool.inputs[0]]
    window = getattr(pool, "window", before[:2])
    return all(side % part == 0 for side, part in zip(before[:2], window, strict=True))


Promise = Callable[[Graph, Graph], bool] | None
PROMISES: dict[str, Promise] = {
    "add_block": passable,
    "remove_block": None,
    "duplicate_block": passable,
    "add_layer": passable,
    "remove_layer": None,
    "duplicate_layer": passable,
    "join": None,
    "exit": new_exit,
    "kind": None,
    "expansion": wider_and_passable,
    "filters": wider,
    "filters_by_one": wider,
    "all_filters": wider,
    "kernel": larger_windows,
    "padding": None,
    "stride": None,
    "pre_pool": None,
    "batch_norm": always,
    "relu": None,
    "side": None,
    "grey": grey_to_colour,
    "last_pool": pool_taken_away,
    "window": None,
    "add_dense": passable,
    "remove_dense": None,
    "units": wider,
    "learning_rate": always,
    "dropout": always,
    "weight_decay": always,
    "batch_size": always,
    "schedule": always,
    "pruning_scope": always,
    "pruning_method": always,
    "pruning_target": always,
}


def test_every_morph_says_what_it_promises() -> None:
    assert set(PROMISES) == {morph.name for morph in ALL}


@pytest.mark.parametrize("name", [name for name, promise in PROMISES.items() if promise])
def test_a_promise_is_kept_to_a_hundred_thousandth(name: str) -> None:
    promise = PROMISES[name]
    assert promise is not None
    kept = (pair for pair in families(name, even=True) if promise(pair[0].graph, pair[1]))
    some = list(islice(kept, 3))
    assert len(some) == 3
    for parent, graph in some:
        assert difference(parent, fresh(graph, DATA), DATA) > SAME  # else it would be no wonder
        assert difference(parent, child_of(parent, graph, DATA)[0], DATA) < SAME


def ids(graph: Graph) -> set[str]:
    return {node.id for node in graph.nodes}


def width(node: Node) -> int:
    if isinstance(node, Conv2d):
        return node.filters
    return node.units if isinstance(node, Dense) else 0


def signed(node: Node, graph: Graph) -> bool:
    """Whether what a node reads may be below zero, and the node would cut it off."""
    if getattr(node, "activation", "none") == "none":
        return False
    before = graph.node(node.inputs[0])
    while not isinstance(before, Input):
        if getattr(before, "activation", "none") == "relu":
            return False
        before = graph.node(before.inputs[0])
    return True
