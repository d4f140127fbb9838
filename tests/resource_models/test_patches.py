"""Patch-based inference: MCUNetV2's figures, and what must hold for every split."""

import math

import pytest
from hypothesis import given, settings

from resource_models.devices import device
from resource_models.errors import InvalidPatches
from resource_models.footprint import footprint
from resource_models.graph import Graph
from resource_models.in_place import TINYENGINE, in_place
from resource_models.memory import live_bytes
from resource_models.nodes import (
    Add,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    GlobalAvgPool,
    Input,
    Node,
)
from resource_models.patches import best_patches, patched, splits
from resource_models.program import program
from tests.resource_models.networks import every_kind, networks, residual_chain
from tests.resource_models.published import mobilenet_v2

M7 = device("stm32f746zg")
KIB = 1024
MOBILENET = mobilenet_v2()


def test_mobilenet_v2_in_16_patches_needs_what_mcunet_v2_prints() -> None:
    whole, parts = (patched(MOBILENET, "p3", patches) for patches in (1, 4))
    assert whole.layer_bytes == 112 * 112 * (16 + 96) == 1372 * KIB
    assert parts.layer_bytes == 28 * 28 * (32 + 192)
    assert math.ceil(parts.layer_bytes / KIB) == 172
    assert parts.patch == (75, 75, 3)
    assert whole.stage_macs == pytest.approx(91.3e6, rel=1e-3)
    assert parts.stage_macs == pytest.approx(129.5e6, rel=1e-3)
    assert parts.stage_macs / whole.stage_macs == pytest.approx(1.42, abs=0.005)
    # The paper prints 330 M in all; its own stage and the rest give 339 M.
    assert parts.macs == parts.extra_macs + whole.macs == 339_009_152


def test_a_tensor_that_waits_for_a_sum_is_seen() -> None:
    parts = patched(MOBILENET, "p3", 4)
    # Behind the split the skip waits while its branch runs: 32 channels more than MCUNetV2 counts.
    assert parts.working_memory_bytes == 28 * 28 * (32 + 192 + 32)
    assert patched(MOBILENET, "p3", 1).working_memory_bytes == 1372 * KIB


def test_the_first_convolution_alone_needs_what_mcunet_v2_prints() -> None:
    stem = Graph(MOBILENET.nodes[:2])
    assert patched(stem, "stem", 1).layer_bytes == pytest.approx(539 * KIB, abs=KIB / 2)


def test_the_best_patches_have_the_fewest_macs_within_the_budget() -> None:
    found = best_patches(MOBILENET, 200_704)
    assert found == patched(MOBILENET, "p3", 4)
    assert best_patches(MOBILENET, 200_703) is None
    wider = best_patches(MOBILENET, 500_000)
    assert wider is not None
    assert wider.working_memory_bytes <= 500_000
    everything = [
        patched(MOBILENET, split, n)
        for split in splits(MOBILENET)
        for n in (2, 3, 4)
        if n <= MOBILENET.shapes[split][0]
    ]
    fitting = [cost for cost in everything if cost.working_memory_bytes <= 500_000]
    assert wider.extra_macs == min(cost.extra_macs for cost in fitting)
    assert best_patches(MOBILENET, 500_000, patches=(4,)) != wider


def test_a_network_that_fits_is_left_whole() -> None:
    found = best_patches(MOBILENET, 1372 * KIB)
    assert found is not None
    assert (found.split, found.patches, found.extra_macs) == ("image", 1, 0)
    assert found.working_memory_bytes == 1372 * KIB
    flat = Graph((Input("x", (9,)), Dense("d", ("x",), 3)))
    assert best_patches(flat, 12) is not None
    assert best_patches(flat, 11) is None


@settings(max_examples=40, deadline=None)
@given(networks())
def test_one_patch_is_the_network_as_it_is(graph: Graph) -> None:
    known = footprint(graph, M7)
    for split in splits(graph):
        found = patched(graph, split, 1)
        assert (found.macs, found.extra_macs) == (known.macs, 0)
        assert found.working_memory_bytes == known.working_memory_inplace_bytes
        assert found.patch == graph.input.shape


@pytest.mark.parametrize("graph", [mobilenet_v2(96), residual_chain(3), every_kind()])
def test_the_rest_of_the_network_is_never_cheaper_than_layer_by_layer(graph: Graph) -> None:
    found = in_place(program(graph).tensors_only(), graph, TINYENGINE)
    live = live_bytes(found, range(len(found.reads)))
    assert splits(graph)
    for split in splits(graph):
        at = found.node_ids.index(split) + 1
        for patches in range(1, min(4, *graph.shapes[split][:2]) + 1):
            cost = patched(graph, split, patches)
            # Those networks are best in the given order, so what lives behind is known.
            assert cost.working_memory_bytes >= max(live[at:], default=0)
            assert cost.working_memory_bytes >= found.sizes_bytes[at]
            assert cost.working_memory_bytes >= cost.layer_bytes or patches == 1


def test_a_patch_stage_counts_by_hand() -> None:
    nodes: tuple[Node, ...] = (
        Input("x", (8, 8, 2)),
        Conv2d("a", ("x",), 6, (3, 3)),
        DepthwiseConv2d("b", ("a",), (3, 3), (2, 2)),
        Conv2d("c", ("b",), 4, (1, 1)),
        GlobalAvgPool("g", ("c",)),
        Dense("d", ("g",), 10),
    )
    found = patched(Graph(nodes), "c", 2)
    # A quarter of `c` is 2 x 2. It needs 5 x 5 of `a`, which needs 6 x 6 of the image.
    assert found.patch == (6, 6, 2)
    stage = 4 * (5 * 5 * 9 * 2 * 6 + 2 * 2 * 9 * 6 + 2 * 2 * 6 * 4)
    assert found.stage_macs == stage
    assert found.macs == stage + 40
    # The whole of `c` waits for its parts while `a` is made of a part of the image.
    assert found.working_memory_bytes == 4 * 4 * 4 + 6 * 6 * 2 + 5 * 5 * 6


@pytest.mark.parametrize(
    "last", [Conv2d("n", ("x",), 4, (3, 3)), DepthwiseConv2d("n", ("x",), (3, 3))]
)
def test_the_last_layer_of_a_stage_writes_into_the_whole_map(last: Node) -> None:
    found = patched(Graph((Input("x", (8, 8, 4)), last)), "n", 2)
    # A patch of 5 x 5 is read; what is made of it needs no place but its own.
    assert found.working_memory_bytes == found.layer_bytes == 8 * 8 * 4 + 5 * 5 * 4


def test_a_stage_ends_only_where_nothing_else_goes_on() -> None:
    nodes: tuple[Node, ...] = (
        Input("x", (8, 8, 2)),
        Conv2d("a", ("x",), 2, (3, 3)),
        Conv2d("b", ("a",), 2, (3, 3)),
        Add("s", ("a", "b")),
        Conv2d("c", ("s",), 2, (3, 3)),
        Flatten("f", ("c",)),
        Dense("d", ("f",), 2),
    )
    assert splits(Graph(nodes)) == ("a", "s", "c")
    assert splits(Graph((Input("x", (4,)), Dense("d", ("x",), 2)))) == ()


@pytest.mark.parametrize(
    ("split", "patches", "field"),
    [
        ("d", 2, "split"),
        ("x", 2, "split"),
        ("nobody", 2, "split"),
        ("max", 0, "patches"),
        ("pad", 9, "patches"),
        ("pad", True, "patches"),
        ("pad", 2.0, "patches"),
    ],
)
def test_impossible_patches_are_refused(split: str, patches: int, field: str) -> None:
    split = "pad" if field == "patches" else split
    with pytest.raises(InvalidPatches) as refused:
        patched(every_kind(), split, patches)
    assert refused.value.field == field


def test_networks_without_images_have_no_patches() -> None:
    flat = Graph((Input("x", (4,)), Dense("d", ("x",), 2)))
    with pytest.raises(InvalidPatches, match="a network of images"):
        patched(flat, "d", 2)
