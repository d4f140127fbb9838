"""From genotype to network: what is checked, and what is built."""

import json
import random
from typing import Any

import pytest

from optimizer.errors import InvalidPoint
from optimizer.networks.ranges import KINDS
from optimizer.networks.space import NetworkSpace
from optimizer.networks.steps import steps
from optimizer.networks.tally import SIZES, tally
from optimizer.space import space_from_json
from resource_models.footprint import FIGURES
from resource_models.graph import Graph
from resource_models.nodes import Conv2d, DepthwiseConv2d, MaxPool

IMAGES, COLOUR, FEATURES, FLAT = (28, 28, 1), (32, 32, 3), (49, 10, 1), (30,)


def tiny(shape: tuple[int, ...] = IMAGES, **ranges: Any) -> NetworkSpace:
    space = space_from_json({"kind": "tiny", **ranges}, input_shape=shape, classes=10)
    assert isinstance(space, NetworkSpace)
    return space


def layer(**genes: Any) -> dict[str, Any]:
    return {
        "id": "l1",
        "kind": "conv",
        "filters": 8,
        "kernel": [3, 3],
        "stride": [1, 1],
        "expansion": 2,
        "pre_pool": False,
        "batch_norm": True,
        "relu": True,
        "padding": "same",
        **genes,
    }


def point(*layers: dict[str, Any], side: int = 28, grey: bool = False) -> dict[str, Any]:
    named = [{**gene, "id": f"l{number + 1}"} for number, gene in enumerate(layers)]
    blocks = [{"id": f"b{number + 1}", "layers": [gene]} for number, gene in enumerate(named)]
    return {
        "input": {"side": side, "grey": grey},
        "blocks": blocks,
        "head": {"pool": "global", "window": 2, "dense": [], "dropout": 0.0},
        "learning_rate": 0.003,
    }


@pytest.mark.parametrize(
    "shape", [IMAGES, COLOUR, FEATURES, FLAT, (8, 8, 1), (1, 1, 1), (3, 90, 2)]
)
def test_every_sample_is_valid_and_becomes_a_network_of_its_tally(shape: tuple[int, ...]) -> None:
    space = tiny(shape)
    rng = random.Random(0)
    for _ in range(150):
        drawn = space.sample(rng)
        space.validate(json.loads(json.dumps(drawn)))
        graph = space.lower(drawn)
        assert graph.input.raw_shape == shape
        assert graph.shapes[graph.output] == (10,)
        sums = tally(steps(drawn, shape, 10))
        assert sums.macs <= 2_000_000
        drawn.pop("pruning", None)
        figures = space.figures(drawn)
        for name in SIZES:
            assert sums.model_size_bytes(name) == figures[name]
        assert sums.macs == figures["macs"]


def test_every_convention_of_model_size_is_tallied() -> None:
    assert [name for name in FIGURES if name.startswith("model_size:")] == list(SIZES)


def test_the_steps_have_the_shapes_of_the_graph() -> None:
    space = tiny(FEATURES)
    rng = random.Random(1)
    for _ in range(100):
        drawn = space.sample(rng)
        graph = space.lower(drawn)
        assert [(s.id, s.inputs, s.shape) for s in steps(drawn, FEATURES, 10)] == [
            (node.id, node.inputs, graph.shapes[node.id]) for node in graph.nodes[1:]
        ]


@pytest.mark.parametrize(
    ("kind", "nodes"),
    [
        ("conv", ["l2.conv"]),
        ("conv1x1", ["l2.conv"]),
        ("depthwise", ["l2.depthwise"]),
        ("separable", ["l2.depthwise", "l2.point"]),
        ("downsampled", ["l2.reduce", "l2.conv"]),
        ("inverted", ["l2.expand", "l2.depthwise", "l2.project"]),
    ],
)
def test_each_kind_of_layer_becomes_its_nodes_named_by_the_layer(
    kind: str, nodes: list[str]
) -> None:
    space = tiny()
    graph = space.lower(point(layer(filters=4), layer(kind=kind, filters=6, stride=[2, 2])))
    assert [n.id for n in graph.nodes] == ["input", "l1.conv", *nodes, "last_pool", "output"]
    assert graph.shapes[nodes[-1]] == (14, 14, 4 if kind == "depthwise" else 6)
    assert len(KINDS) == 6


def test_the_factor_widens_an_inverted_layer_and_narrows_a_downsampled_one() -> None:
    space = tiny()
    wide = space.lower(point(layer(filters=4), layer(kind="inverted", expansion=3)))
    narrow = space.lower(point(layer(filters=4), layer(kind="downsampled", expansion=3)))
    assert wide.shapes["l2.expand"] == (28, 28, 12)
    assert narrow.shapes["l2.reduce"] == (28, 28, 2)
    plain = space.lower(point(layer(filters=4), layer(kind="inverted", expansion=1)))
    assert "l2.expand" not in plain.shapes


def test_kernels_windows_and_pools_are_clipped_to_the_map() -> None:
    space = tiny((2, 7, 1), rectangular=True)
    graph = space.lower(point(layer(kernel=[5, 3], padding="valid"), side=2))
    node = graph.node("l1.conv")
    assert isinstance(node, Conv2d)
    assert node.kernel == (2, 3)
    one = space.lower(point(layer(kernel=[5, 5], pre_pool=True), layer(pre_pool=True), side=2))
    pool = one.node("l1.pool")
    assert isinstance(pool, MaxPool)
    assert pool.window == (2, 2)
    assert one.shapes["l2.pool"] == (1, 1, 8)


def test_a_pool_of_one_value_is_left_out() -> None:
    graph = tiny((1, 1, 3)).lower(point(layer(pre_pool=True), side=1))
    assert [n.id for n in graph.nodes] == ["input", "l1.conv", "last_pool", "output"]


def test_a_layer_of_one_by_one_kernel_has_one_form_whatever_its_padding() -> None:
    space = tiny()
    same, valid = (
        point(layer(kernel=[1, 1], stride=[2, 2], padding=padding)) for padding in ("same", "valid")
    )
    assert space.key(same) == space.key(valid)
    assert space.key(point(layer(padding="same"))) != space.key(point(layer(padding="valid")))


def test_the_input_is_shrunk_and_made_grey_outside() -> None:
    graph = tiny(COLOUR).lower(point(layer(), side=10, grey=True))
    assert (graph.input.shape, graph.input.raw_shape) == ((10, 10, 1), (32, 32, 3))
    assert graph.input.shrink == "outside"
    kept = tiny(COLOUR).lower(point(layer(), side=32))
    assert (kept.input.shape, kept.input.shrink) == ((32, 32, 3), "none")
    wide = tiny(FEATURES).lower(point(layer(), side=25))
    assert wide.input.shape == (25, 5, 1)


def test_the_genes_of_a_layer_reach_its_nodes() -> None:
    graph = tiny().lower(point(layer(kind="separable", batch_norm=False, relu=False)))
    for name in ("l1.depthwise", "l1.point"):
        node = graph.node(name)
        assert isinstance(node, Conv2d | DepthwiseConv2d)
        assert (node.activation, node.batch_norm) == ("none", False)


def test_the_head_pools_flattens_and_ends_in_dense_layers() -> None:
    drawn = point(layer(filters=4))
    drawn["head"] = {
        "pool": "max",
        "window": 4,
        "dense": [{"id": "d1", "units": 20}, {"id": "d2", "units": 7}],
        "dropout": 0.1,
    }
    graph = tiny().lower(drawn)
    names = ["input", "l1.conv", "last_pool", "flatten", "d1", "d2", "output"]
    assert [n.id for n in graph.nodes] == names
    assert graph.shapes["flatten"] == (7 * 7 * 4,)
    assert (graph.shapes["d1"], graph.shapes["d2"]) == ((20,), (7,))


def test_a_flat_input_has_dense_layers_alone() -> None:
    drawn = tiny(FLAT).sample(random.Random(0))
    assert (drawn["input"], drawn["blocks"], drawn["head"]["pool"]) == ({}, [], "none")
    with pytest.raises(InvalidPoint, match="blocks"):
        tiny(FLAT).validate({**drawn, "blocks": point(layer())["blocks"]})


def test_equal_networks_have_one_key_however_their_nodes_are_named() -> None:
    space = tiny()
    first, second = point(layer()), point(layer())
    second["blocks"][0]["id"], second["blocks"][0]["layers"][0]["id"] = "b7", "l9"
    assert space.key(first) == space.key(second)
    assert space.lower(first) != space.lower(second)
    second["learning_rate"] = 0.004
    assert space.key(first) != space.key(second)


def test_genes_without_effect_do_not_change_the_key() -> None:
    space = tiny()
    assert space.key(point(layer(expansion=2))) == space.key(point(layer(expansion=5)))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("input.side", 29),
        ("input.side", 6),
        ("input.side", True),
        ("input.grey", True),
        ("input.colour", False),
        ("head.pool", "median"),
        ("head.window", 3),
        ("head.dropout", 0.6),
        ("head.dropout", float("nan")),
        ("head.dense", [{"id": "d1", "units": 3}]),
        ("head.dense", [{"id": "d1", "units": 8}, {"id": "d1", "units": 8}]),
        ("head.dense", None),
        ("learning_rate", 0.5),
        ("blocks", "many"),
        ("blocks.0.layers", []),
        ("blocks.0.id", "l1"),
        ("blocks.0.layers.0.id", "../x"),
        ("blocks.0.layers.0.kind", "fourier"),
        ("blocks.0.layers.0.filters", 129),
        ("blocks.0.layers.0.kernel", 3),
        ("blocks.0.layers.0.kernel", [3, 5]),
        ("blocks.0.layers.0.kernel", [2, 2]),
        ("blocks.0.join", "parallel"),
        ("blocks.0.join", "none"),
        ("blocks.0.join", "concat"),
        ("blocks.0.exit", None),
        ("blocks.0.exit", "max"),
        ("blocks.0.gate", True),
        ("blocks.0.layers.0.stride", [True, True]),
        ("blocks.0.layers.0.padding", "full"),
        ("blocks.0.layers.0.relu", 1),
        ("blocks.0.layers.0.expansion", 0),
        ("blocks.0.layers.0.dilation", 2),
    ],
)
def test_a_wrong_gene_is_refused_with_its_path(path: str, value: Any) -> None:
    drawn: Any = point(layer())
    tiny().validate(drawn)
    *way, last = path.split(".")
    place = drawn
    for part in way:
        place = place[int(part)] if part.isdigit() else place[part]
    place[last] = value
    with pytest.raises(InvalidPoint) as caught:
        tiny().validate(drawn)
    assert caught.value.field.startswith(path)


@pytest.mark.parametrize("wrong", [None, [], {}, {"input": {}}])
def test_what_is_no_genotype_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidPoint):
        tiny().validate(wrong)


def test_a_network_with_too_many_operations_is_refused() -> None:
    with pytest.raises(InvalidPoint, match="need at most 2000000 MACs"):
        tiny().validate(point(layer(filters=64), layer(filters=64)))


def test_work_is_what_a_worker_reads() -> None:
    space = tiny()
    work = space.work(point(layer()))
    assert Graph.from_json(work["graph"]) == space.lower(point(layer()))
    assert (work["kind"], work["pruning"], work["parent"]) == ("network", None, None)
    assert work["training"]["learning_rate"] == 0.003
