"""What operators save that write over their inputs."""

import random

import pytest
from hypothesis import given, settings

from resource_models.devices import device
from resource_models.footprint import Footprint, footprint
from resource_models.graph import Graph
from resource_models.in_place import ADDITIONS, TINYENGINE, in_place
from resource_models.memory import best_order, live_bytes
from resource_models.nodes import Add, Conv2d, DepthwiseConv2d, Flatten, Input, MaxPool, Node
from resource_models.program import program
from tests.resource_models.networks import networks, random_network, residual_chain

M4 = device("stm32f446re")


def cost(*nodes: Node) -> Footprint:
    return footprint(Graph(nodes), M4)


def while_running(*nodes: Node) -> list[int]:
    """What is in memory while each operator runs, in the given order, by TinyEngine's rule."""
    graph = Graph(nodes)
    found = in_place(program(graph).tensors_only(), graph, TINYENGINE)
    return live_bytes(found, range(len(found.reads)))


@pytest.mark.parametrize(
    ("side", "channels", "expanded", "in_place_bytes", "bytes_"),
    [
        (40, 8, 48, 89_600, 96_000),  # mcunet-vww1
        (112, 16, 96, 1_404_928, 1_505_280),  # mcunetv2 at 224 x 224
    ],
)
def test_the_widest_block_of_mcunet_needs_what_tinyengine_says(
    side: int, channels: int, expanded: int, in_place_bytes: int, bytes_: int
) -> None:
    found = cost(
        Input("x", (side, side, channels)),
        Conv2d("expand", ("x",), expanded, (1, 1), activation="relu6"),
        DepthwiseConv2d("down", ("expand",), (7, 7), (2, 2), activation="relu6"),
    )
    assert found.working_memory_inplace_bytes == in_place_bytes
    assert found.working_memory_bound_bytes == bytes_
    assert found.working_memory_munas_bytes == bytes_  # sums only, and the input is smaller


def test_a_depthwise_layer_needs_one_channel_beside_its_input() -> None:
    image = Input("x", (8, 6, 5))
    same = DepthwiseConv2d("d", ("x",), (3, 3))
    assert while_running(image, same) == [240 + 48]
    down = DepthwiseConv2d("d", ("x",), (3, 3), (2, 2))
    assert while_running(image, down) == [240 + 12]


def test_what_lies_beside_is_rounded_up_with_the_rest() -> None:
    graph = Graph((Input("x", (5, 5, 3)), DepthwiseConv2d("d", ("x",), (3, 3))))
    found = in_place(program(graph), graph, TINYENGINE).aligned(16)
    assert (found.sizes_bytes, found.beside_bytes) == ((80, 80), (32,))


@pytest.mark.parametrize(("stride", "left"), [(1, 240), (2, 60)])
def test_a_depthwise_layer_leaves_its_output(stride: int, left: int) -> None:
    found = while_running(
        Input("x", (8, 6, 5)),
        DepthwiseConv2d("d", ("x",), (3, 3), (stride, stride)),
        Conv2d("c", ("d",), 1, (1, 1)),
    )
    assert found[1] == left + left // 5


def test_a_layer_whose_input_is_read_again_cannot_write_over_it() -> None:
    image, deep = Input("x", (4, 4, 2)), DepthwiseConv2d("d", ("x",), (3, 3))
    # The sum is the last reader of the image, so it writes over that or over its other addend.
    assert while_running(image, deep, Add("s", ("x", "d"))) == [64, 64]
    # Now the pool still needs the image and the sum needs the pool.
    pool = MaxPool("p", ("x",), (1, 1), (1, 1))
    assert while_running(image, deep, pool, Add("s", ("d", "p"))) == [64, 96, 64]


def test_the_order_is_chosen_with_what_can_be_in_place_in_mind() -> None:
    # Side by side both need the image. The depthwise layer works in place if it runs last.
    nodes: tuple[Node, ...] = (
        Input("x", (10, 10, 4)),
        DepthwiseConv2d("d", ("x",), (3, 3)),
        Conv2d("c", ("x",), 4, (1, 1)),
        Add("s", ("d", "c")),
    )
    graph = Graph(nodes)
    found = in_place(program(graph).tensors_only(), graph, TINYENGINE)
    assert max(live_bytes(found, (0, 1, 2))) == 1200
    assert best_order(found).peak_bytes == 400 + 400 + 100
    assert best_order(found).steps == (1, 0, 2)


def test_uneven_addends_do_not_exist_so_a_sum_is_never_larger_than_what_it_covers() -> None:
    found = cost(
        Input("x", (4, 4, 2)),
        Conv2d("a", ("x",), 6, (1, 1)),
        Conv2d("b", ("a",), 6, (1, 1)),
        Add("s", ("a", "b")),
    )
    assert found.working_memory_bound_bytes == 3 * 96
    assert found.working_memory_inplace_bytes == 2 * 96


def test_munas_leaves_the_input_out_and_never_writes_over_it() -> None:
    image = Input("x", (10, 10, 3))
    assert cost(image, Conv2d("c", ("x",), 2, (3, 3))).working_memory_munas_bytes == 200
    other = Conv2d("c", ("x",), 3, (3, 3))
    assert cost(image, other, Add("s", ("c", "x"))).working_memory_munas_bytes == 300
    # The image is not counted, so it is no place for a sum.
    twice = cost(image, Flatten("f", ("x",)), Flatten("g", ("x",)), Add("s", ("f", "g")))
    assert twice.working_memory_munas_bytes == 300
    assert twice.working_memory_inplace_bytes == 300


def test_munas_has_no_depthwise_layer_in_place() -> None:
    found = cost(
        Input("x", (10, 10, 1)),
        Conv2d("c", ("x",), 8, (1, 1)),
        DepthwiseConv2d("d", ("c",), (3, 3)),
    )
    assert found.working_memory_munas_bytes == 1600
    assert found.working_memory_inplace_bytes == 900


@settings(max_examples=50, deadline=None)
@given(networks())
def test_working_in_place_never_costs_more(graph: Graph) -> None:
    tensors = program(graph).tensors_only()
    plain = best_order(tensors)
    sums = best_order(in_place(tensors, graph, ADDITIONS))
    both = best_order(in_place(tensors, graph, TINYENGINE))
    assert plain.exact
    assert sums.exact
    assert both.exact
    assert both.peak_bytes <= sums.peak_bytes <= plain.peak_bytes
    found = footprint(graph, M4)
    assert found.working_memory_inplace_bytes == both.peak_bytes
    assert found.working_memory_bound_bytes == plain.peak_bytes
    assert found.working_memory_munas_bytes <= sums.peak_bytes


def test_a_network_of_200_nodes_is_counted_in_place() -> None:
    deep = footprint(residual_chain(50), M4)
    # The sums lie where the skips lay, and one channel waits beside the middle of a block.
    assert deep.working_memory_inplace_bytes == 32 * 32 * (8 + 24 + 8)
    assert deep.working_memory_munas_bytes == 32 * 32 * (8 + 24 + 24)


def test_an_order_that_is_not_proven_best_is_no_worse_in_place_than_elsewhere() -> None:
    # In place this network is too wide for the search, elsewhere it is not.
    graph = random_network(random.Random(6), 200)
    tensors = program(graph).tensors_only()
    both = best_order(in_place(tensors, graph, TINYENGINE), max_states=5_000)
    plain = best_order(tensors, max_states=5_000)
    assert not both.exact
    assert both.peak_bytes <= plain.peak_bytes
    found = in_place(tensors, graph, TINYENGINE)
    assert both.peak_bytes == max(live_bytes(found, both.steps))
