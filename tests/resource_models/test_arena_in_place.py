"""Plans in which operators write over their inputs: never larger, and no tensor is lost."""

import random
from itertools import product
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_models.arena import ArenaPlan, described, lay, plan_arena
from resource_models.arena_in_place import dying, plan_in_place
from resource_models.graph import Graph
from resource_models.in_place import OURS, in_place, rows_waiting
from resource_models.memory import best_order
from resource_models.node_checks import Padding
from resource_models.nodes import Add, Conv2d, DepthwiseConv2d, Flatten, Input, Node
from resource_models.program import build
from resource_models.shapes import border, shape_of
from tests.resource_models.networks import networks, random_network, residual_chain
from tests.resource_models.plans import check


def inverted(stride: int, *, after: int = 16) -> Graph:
    """A block of MobileNetV2: wide in the middle, where its depthwise convolution is."""
    return Graph(
        (
            Input("x", (16, 16, 8)),
            Conv2d("expand", ("x",), 48, (1, 1), activation="relu6"),
            DepthwiseConv2d("each", ("expand",), (3, 3), (stride, stride)),
            Conv2d("project", ("each",), after, (1, 1)),
        )
    )


def planned(*nodes: Node) -> ArenaPlan:
    graph = Graph(nodes)
    plan = plan_in_place(graph)
    check(graph, plan)
    return plan


@pytest.mark.parametrize("stride", [1, 2])
def test_a_depthwise_layer_takes_a_few_rows_of_four_channels_beside_its_input(stride: int) -> None:
    graph = inverted(stride)
    plan = plan_in_place(graph)
    check(graph, plan)
    assert plan.over == {"each": "expand"}
    wide, narrow, rows = 16 * 16 * 48, 16 * 16 * 8, 2 * 16 * 4
    assert plan.arena_bytes == max(narrow + wide, wide + rows, wide + 16 * 16 * 16 * (stride == 1))
    assert plan_arena(graph).arena_bytes == wide + wide // stride**2


def test_what_a_smaller_output_leaves_free_is_used() -> None:
    # Behind the convolution with stride 2 a map lies where the upper part of its input was.
    graph = inverted(2, after=160)
    plan = plan_in_place(graph)
    check(graph, plan)
    wide, narrow, after = 16 * 16 * 48, 16 * 16 * 8, 8 * 8 * 160
    assert plan.over == {"each": "expand"}
    assert plan.arena_bytes == narrow + wide < after + wide
    assert plan.offsets_bytes["project"] < plan.offsets_bytes["each"] + wide


def test_the_sums_of_a_chain_take_one_place() -> None:
    graph = residual_chain(3)
    plan = plan_in_place(graph)
    check(graph, plan)
    assert plan.over == {f"d{i}": f"d{i - 1}" if i else "x" for i in range(3)} | {
        f"b{i}": f"a{i}" for i in range(3)
    }
    assert len({plan.offsets_bytes[name] for name in ("x", "d0", "d1", "d2")}) == 1


def test_a_layer_stays_as_it_is_where_nothing_is_gained() -> None:
    image, small = Input("x", (16, 16, 8)), Conv2d("c", ("x",), 2, (1, 1))
    graph = Graph((image, small, DepthwiseConv2d("d", ("c",), (3, 3))))
    assert plan_in_place(graph) == plan_arena(graph)
    # Of two the one whose maps are at the peak.
    wide = Conv2d("w", ("d",), 48, (1, 1))
    last = DepthwiseConv2d("e", ("w",), (3, 3))
    assert planned(*graph.nodes, wide, last).over == {"e": "w"}


def test_what_somebody_reads_later_is_not_written_over() -> None:
    image = Input("x", (8, 8, 16))
    each, sum_ = DepthwiseConv2d("d", ("x",), (3, 3)), Add("s", ("x", "d"))
    assert planned(image, each, sum_).over == {"s": "x"}
    again = Add("t", ("s", "x"))
    assert planned(image, each, sum_, again).over in ({"s": "d", "t": "x"}, {"s": "d", "t": "s"})


def test_a_sum_of_views_of_one_map_lies_where_that_lies() -> None:
    image = Input("x", (4, 4, 2))
    plan = planned(image, Flatten("f", ("x",)), Flatten("g", ("x",)), Add("s", ("f", "g")))
    assert (plan.over, plan.arena_bytes) == ({"s": "x"}, 32)


@settings(max_examples=40, deadline=None)
@given(networks())
def test_a_plan_in_place_is_never_larger_and_loses_nothing(graph: Graph) -> None:
    plain, plan = plan_arena(graph), plan_in_place(graph)
    check(graph, plan)
    assert plan.bound_bytes <= plan.arena_bytes <= plain.arena_bytes
    assert plan == plain or plan.arena_bytes < plain.arena_bytes


@settings(max_examples=40, deadline=None)
@given(networks(), st.sampled_from([1, 4, 16]))
def test_all_that_can_be_in_place_at_once_can_be_laid_out(graph: Graph, alignment: int) -> None:
    program, buffers = build(graph)
    program = in_place(program, graph, OURS).aligned(alignment)
    order = best_order(program)
    over = dying(program, order.steps)
    layout = lay(program, order.steps, order.peak_bytes, 0, over)
    check(graph, described(graph, program, buffers, layout), alignment)


def test_random_networks_meet_the_bound() -> None:
    for seed in range(100):
        rng = random.Random(seed)
        assert plan_in_place(random_network(rng, rng.randint(3, 20))).gap_bytes == 0, seed


GEOMETRIES = [
    (height, width, DepthwiseConv2d("d", ("x",), (size, 1), (stride, stride), padding))
    for height, width, size, stride, padding in product(
        range(1, 8), (1, 4, 5), (1, 2, 3, 5), (1, 2, 3), get_args(Padding)
    )
    if padding == "same" or size <= height
]


def is_safe(kept: int, height: int, width: int, node: DepthwiseConv2d) -> bool:
    """Whether a row of the output can go to its place when so many later ones are there."""
    rows, columns, _ = shape_of(node, ((height, width, 1),))
    top, _ = border(height, node.kernel[0], node.stride[0], node.padding)
    return all(
        max(0, later * node.stride[0] - top) > ((y + 1) * columns - 1) // width
        for y in range(rows)
        for later in range(y + kept, rows)
    )


def test_a_row_waits_until_no_window_reads_its_place_and_no_longer() -> None:
    for height, width, node in GEOMETRIES:
        before = (height, width, 1)
        kept = rows_waiting(node, before, shape_of(node, (before,)))
        assert is_safe(kept, height, width, node)
        assert kept == 1 or not is_safe(kept - 1, height, width, node)
