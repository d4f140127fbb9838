"""Blocks beside and across the path, and exits: what they compute, and under which names."""

import random
from typing import Any

import pytest

from optimizer.errors import InvalidPoint
from optimizer.networks.genotype import copy_of, take_block
from optimizer.networks.joins import joined
from optimizer.networks.morphs import MORPHS
from optimizer.networks.space import NetworkSpace
from optimizer.networks.step import Step
from optimizer.space import space_from_json
from resource_models.graph import Graph
from resource_models.nodes import Add, MaxPool, Pad

IMAGE = (28, 28, 1)


def tiny(shape: tuple[int, ...] = IMAGE, **ranges: Any) -> NetworkSpace:
    space = space_from_json({"kind": "tiny", **ranges}, input_shape=shape, classes=10)
    assert isinstance(space, NetworkSpace)
    return space


def block(filters: int = 8, **genes: Any) -> dict[str, Any]:
    """A block of one layer, without an id."""
    options = {name: genes.pop(name) for name in ("join", "exit") if name in genes}
    layer = {
        "kind": "conv",
        "filters": filters,
        "kernel": [3, 3],
        "stride": [1, 1],
        "expansion": 1,
        "pre_pool": False,
        "batch_norm": True,
        "relu": True,
        "padding": "same",
        **genes,
    }
    return {"layers": [layer], **options}


def point(*blocks: dict[str, Any], side: int = 28) -> dict[str, Any]:
    for number, found in enumerate(blocks, 1):
        found["id"] = f"b{number}"
        found["layers"] = [{**found["layers"][0], "id": f"l{number}"}]
    return {
        "input": {"side": side, "grey": False},
        "blocks": list(blocks),
        "head": {"pool": "global", "window": 2, "dense": [], "dropout": 0.0},
        "learning_rate": 0.003,
    }


def graph(*blocks: dict[str, Any], side: int = 28) -> Graph:
    drawn = point(*blocks, side=side)
    space = tiny()
    space.validate(drawn)
    return space.lower(drawn)


def test_a_skip_adds_the_input_of_a_block_to_its_output() -> None:
    found = graph(block(), block(join="skip"))
    assert found.node("l2.conv").inputs == ("l1.conv",)
    assert found.node("b2.add").inputs == ("l1.conv", "l2.conv")
    assert [node.id for node in found.nodes][-3:] == ["b2.add", "last_pool", "output"]


def test_the_first_block_may_skip_the_input_of_the_network() -> None:
    found = graph(block(1, join="skip"))
    assert found.node("b1.add").inputs == ("input", "l1.conv")


def test_a_parallel_block_begins_where_the_block_before_it_began_and_is_added_to_it() -> None:
    found = graph(block(), block(), block(join="parallel"), block())
    assert found.node("l3.conv").inputs == found.node("l2.conv").inputs == ("l1.conv",)
    assert found.node("b3.add").inputs == ("l2.conv", "l3.conv")
    assert found.node("l4.conv").inputs == ("b3.add",)


def test_several_parallel_blocks_in_a_row_add_up() -> None:
    found = graph(block(), block(join="parallel"), block(join="parallel"))
    assert {found.node(f"l{n}.conv").inputs for n in (1, 2, 3)} == {("input",)}
    assert found.node("b2.add").inputs == ("l1.conv", "l2.conv")
    assert found.node("b3.add").inputs == ("b2.add", "l3.conv")


def test_no_block_is_parallel_to_the_first() -> None:
    with pytest.raises(InvalidPoint) as caught:
        tiny().validate(point(block(join="parallel"), block()))
    assert caught.value.field == "blocks.0.join"


def test_a_branch_becomes_the_path_when_its_main_block_is_removed() -> None:
    space = tiny()
    drawn = point(block(), block(join="parallel"), block(join="parallel"), block())
    take_block(drawn, 0, space.ranges)
    space.validate(drawn)
    found = space.lower(drawn)
    assert "b2.add" not in found.shapes
    assert found.node("b3.add").inputs == ("l2.conv", "l3.conv")
    middle = point(block(), block(), block(join="parallel"))
    take_block(middle, 1, space.ranges)
    assert space.lower(middle).node("l3.conv").inputs == ("l1.conv",)


def test_a_branch_stays_one_when_another_branch_is_removed() -> None:
    drawn = point(block(), block(join="parallel"), block(join="parallel"))
    take_block(drawn, 1, tiny().ranges)
    assert tiny().lower(drawn).node("b3.add").inputs == ("l1.conv", "l3.conv")


def test_a_new_block_takes_no_branch_from_the_block_it_is_beside() -> None:
    space, rng = tiny(), random.Random(0)
    for name in ("add_block", "duplicate_block"):
        morph = next(one for one in MORPHS["structure"] if one.name == name)
        for _ in range(60):
            child = copy_of(point(block(), block(), block(join="parallel"), block()))
            assert morph.apply(child, space.ranges, IMAGE, rng)
            names = [found["id"] for found in child["blocks"]]
            between = child["blocks"][names.index("b2") + 1 : names.index("b3")]
            assert all(found.get("join") == "parallel" for found in between)


def test_the_larger_map_is_pooled_by_the_rounded_ratio_and_the_smaller_padded() -> None:
    found = graph(block(4), block(8, stride=[2, 2], join="skip"))
    pool = found.node("b2.path_pool")
    assert isinstance(pool, MaxPool)
    assert (pool.window, pool.stride, pool.inputs) == ((2, 2), (2, 2), ("l1.conv",))
    pad = found.node("b2.path_pad")
    assert isinstance(pad, Pad)
    assert (pad.height, pad.width, pad.channels) == ((0, 0), (0, 0), (0, 4))
    assert found.shapes["b2.add"] == (14, 14, 8)


@pytest.mark.parametrize(
    ("large", "small", "window", "end"),
    [(8, 6, 1, 8), (9, 6, 2, 6), (10, 6, 2, 6), (15, 6, 3, 6), (28, 13, 2, 14), (27, 13, 2, 13)],
)
def test_ratios_are_rounded_to_the_nearest_whole_number(
    large: int, small: int, window: int, end: int
) -> None:
    own = Step("own", "conv2d", ("input",), (large, large, 4), 1)
    path = Step("path", "conv2d", ("input",), (small, small, 4), 1)
    found = joined("b2", own, path)
    assert found[-1].shape == (end, end, 4)
    pools = [step for step in found if step.kind == "max_pool"]
    assert [step.kernel for step in pools] == [(window, window)] * (window > 1)


def test_zeros_go_around_a_map_that_lost_its_border() -> None:
    found = graph(block(4), block(4, padding="valid", join="skip"))
    pad = found.node("b2.pad")
    assert isinstance(pad, Pad)
    assert (pad.height, pad.width, pad.channels) == ((1, 1), (1, 1), (0, 0))
    assert found.shapes["b2.add"] == (28, 28, 4)


def test_both_maps_may_be_padded() -> None:
    found = graph(block(8), block(4, padding="valid", join="skip"))
    assert found.node("b2.add").inputs == ("l1.conv", "b2.pad")
    wide = graph(block(4), block(8, padding="valid", join="skip"))
    assert wide.node("b2.add").inputs == ("b2.path_pad", "b2.pad")


@pytest.mark.parametrize("side", range(7, 29))
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_odd_maps_are_rounded_as_the_graph_rounds_them(side: int, padding: str) -> None:
    """uNAS rounded pooled sizes up in its cost model and down in the trained network."""
    blocks = [block(3), block(5, stride=[2, 2], padding=padding, join="parallel")]
    blocks += [block(4, pre_pool=True, kernel=[5, 5], padding=padding, join="skip")]
    found = graph(*blocks, side=side)
    for node in found.nodes:
        if isinstance(node, Add):
            assert {found.shapes[name] for name in node.inputs} == {found.shapes[node.id]}
        if isinstance(node, MaxPool):
            height = found.shapes[node.inputs[0]][0]
            up, down = -(-height // node.stride[0]), height // node.stride[0]
            assert found.shapes[node.id][0] == (up if node.padding == "same" else down)


def test_an_exit_adds_a_dense_layer_of_its_own_to_the_logits() -> None:
    found = graph(block(4, exit="global"), block(6, exit="flat", stride=[2, 2]))
    assert found.shapes["b1.exit_pool"] == (4,)
    assert found.shapes["b2.exit_flatten"] == (14 * 14 * 6,)
    assert found.node("b1.exit_pool").inputs == ("l1.conv",)
    assert found.node("logits").inputs == ("output", "b1.exit", "b2.exit")
    assert found.output == "logits"
    assert found.shapes["logits"] == found.shapes["output"] == found.shapes["b1.exit"] == (10,)


def test_an_exit_reads_the_path_behind_its_block() -> None:
    found = graph(block(4), block(4, join="skip", exit="flat"), block(4))
    assert found.node("b2.exit_flatten").inputs == ("b2.add",)
    assert found.node("l3.conv").inputs == ("b2.add",)


def test_weights_keep_their_names_when_joins_and_exits_come_and_go() -> None:
    plain = graph(block(), block(), block())
    joined = graph(block(exit="flat"), block(join="parallel"), block(join="skip", exit="global"))
    assert {node.id for node in plain.nodes} < {node.id for node in joined.nodes}
    new = {node.id for node in joined.nodes} - {node.id for node in plain.nodes}
    assert {name.partition(".")[0] for name in new} == {"b1", "b2", "b3", "logits"}
