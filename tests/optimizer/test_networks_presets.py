"""The kinds of space: what they allow, and that the prior draws all of it."""

import random
from typing import Any

import pytest

from optimizer.errors import InvalidSpace
from optimizer.networks.presets import PRESETS
from optimizer.networks.ranges import Ranges
from optimizer.networks.space import NetworkSpace
from optimizer.space import NETWORK_KINDS, space_from_json
from resource_models.even_cut import even_cut
from resource_models.footprint import footprint
from resource_models.graph import Graph
from resource_models.nodes import Add, Conv2d, Dense, GlobalAvgPool, Input
from tests.optimizer.genes import COLOUR, FEATURES, OPEN, shown, wanted

MOST_DRAWN = 8_000  # the rarest value shows after some thousands


def space_of(kind: str, shape: tuple[int, ...] = COLOUR, **ranges: Any) -> NetworkSpace:
    space = space_from_json({"kind": kind, **ranges}, input_shape=shape, classes=4, training=OPEN)
    assert isinstance(space, NetworkSpace)
    return space


@pytest.mark.parametrize("shape", [COLOUR, FEATURES])
@pytest.mark.parametrize("kind", NETWORK_KINDS)
def test_each_end_of_each_range_is_drawn(kind: str, shape: tuple[int, ...]) -> None:
    """uNAS's random start never drew the upper ends."""
    space, rng = space_of(kind, shape), random.Random(0)
    left = set(wanted(space)) - {("target", 0.0)}  # which is drawn as no pruning at all
    for _ in range(MOST_DRAWN):
        left.difference_update(shown(space.sample(rng)))
        if not left:
            break
    assert left == set()


@pytest.mark.parametrize("kind", NETWORK_KINDS)
def test_a_kind_is_a_preset_and_each_of_its_ranges_may_be_overridden(kind: str) -> None:
    space = space_of(kind)
    assert space.kind == kind
    assert space.ranges == PRESETS[kind]
    assert Ranges.from_json(space.to_json()) == PRESETS[kind]
    for name, value in PRESETS["tiny"].to_json().items():
        assert space_of(kind, **{name: value}).ranges.to_json()[name] == value
    again = space_from_json(space.to_json(), **space.context())
    assert again == space


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InvalidSpace, match="parameters, tiny, sparse, munas, got 'darts'"):
        space_of("darts")


def test_munas_is_the_space_of_the_published_code() -> None:
    ranges = PRESETS["munas"]
    assert (ranges.blocks, ranges.layers, ranges.filters) == ((1, 10), (1, 3), (1, 128))
    assert ranges.kinds == ("conv", "conv1x1", "depthwise")
    assert (ranges.kernels, ranges.strides) == ((3, 5, 7), (1, 2))
    assert (ranges.last_pools, ranges.windows) == (("none", "avg", "max"), (2, 4, 6))
    assert (ranges.dense_layers, ranges.units) == ((1, 3), (10, 256))
    assert ranges.paddings == ("valid",)
    assert (ranges.joins, ranges.exits) == (("none", "parallel"), ("none",))
    assert ranges.shrink == (1.0, 1.0)


def test_sparse_holds_the_network_that_its_authors_published() -> None:
    """A 5 x 5 convolution to 22 channels on 9 x 9 of 28 x 28, then 122 of 550 values, dense."""
    space = space_from_json({"kind": "sparse"}, input_shape=(28, 28, 1), classes=10)
    layer = {"id": "l1", "kind": "conv", "filters": 22, "kernel": [5, 5], "stride": [1, 1]}
    layer |= {"expansion": 1, "pre_pool": False, "batch_norm": False, "relu": True}
    point = {
        "input": {"side": 9, "grey": False},
        "blocks": [{"id": "b1", "layers": [{**layer, "padding": "valid"}]}],
        "head": {"pool": "none", "window": 2, "dense": [], "dropout": 0.0},
        "pruning": {"scope": "inputs", "method": "bayesian", "target": 0.778},
        "learning_rate": 0.01,
    }
    space.validate(point)
    figures = space.figures(point)
    assert figures["model_size:sparse"] == 1802
    assert figures["working_memory:wm1"] == 1780
    assert figures["working_memory:wm2"] == 631


def test_sparse_may_have_even_kernels_and_tiny_where_a_study_asks() -> None:
    assert {2, 4} < set(PRESETS["sparse"].kernels)
    space, rng = space_of("tiny", kernels=[2, 4]), random.Random(0)
    for _ in range(30):
        point = space.sample(rng)
        space.validate(point)
        space.lower(point)


def test_a_pruned_residual_network_costs_what_its_union_of_channels_costs() -> None:
    """uNAS counted the larger addend alone: channels that only the smaller one keeps were free.

    Here channels that are added are one thing that goes or stays, so both layers keep the same.
    """
    nodes = (
        Input("input", (8, 8, 1)),
        Conv2d("a", ("input",), 8, (3, 3)),
        Conv2d("b", ("a",), 8, (3, 3)),
        Add("sum", ("a", "b")),
        GlobalAvgPool("pool", ("sum",)),
        Dense("output", ("pool",), 10),
    )
    cut = even_cut(Graph(nodes), "channels", 0.5).graph
    assert [cut.shapes[name][-1] for name in ("a", "b", "sum", "pool")] == [4, 4, 4, 4]
    figures = footprint(cut, space_of("munas").device).figures()
    assert figures["macs"] == 64 * (9 * 4 + 9 * 4 * 4) + 40


def test_large_batches_and_odd_ones_may_be_searched() -> None:
    assert Ranges(batch_sizes=(80, 50, 80)).batch_sizes == (50, 80)
