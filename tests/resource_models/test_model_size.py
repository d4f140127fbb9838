"""Model size by each convention, counted by hand."""

from dataclasses import replace

import pytest

from resource_models.devices import device
from resource_models.errors import InvalidNonZeros
from resource_models.footprint import Footprint, footprint
from resource_models.graph import Graph
from resource_models.model_size import dense_storage, index_bytes
from resource_models.nodes import (
    Add,
    AvgPool,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    GlobalAvgPool,
    Input,
    MaxPool,
    Pad,
)

M4 = device("stm32f446re")


def cost(*nodes: object, non_zeros: dict[str, int] | None = None) -> Footprint:
    return footprint(Graph((Input("x", (4, 4, 3)), *nodes)), M4, non_zeros)  # type: ignore[arg-type]


def test_a_convolution_stores_weights_biases_and_a_scale_per_channel() -> None:
    found = cost(Conv2d("c", ("x",), 8, (3, 5)))
    assert found.model_size_deployed_bytes == 3 * 5 * 3 * 8 + 8 * (4 + 5)
    assert found.model_size_sparse_bytes == found.model_size_munas_bytes == 3 * 5 * 3 * 8 + 8


def test_a_depthwise_convolution_has_one_kernel_per_channel() -> None:
    found = cost(DepthwiseConv2d("d", ("x",), (3, 3)))
    assert found.model_size_deployed_bytes == 27 + 3 * (4 + 5)
    assert found.model_size_sparse_bytes == 27 + 3


def test_a_dense_layer_has_one_scale() -> None:
    found = cost(Flatten("f", ("x",)), Dense("d", ("f",), 10))
    assert found.model_size_deployed_bytes == 480 + 40 + 5


def test_batch_norm_costs_nothing_more_than_the_bias() -> None:
    plain = cost(Conv2d("c", ("x",), 8, (3, 3)))
    assert cost(Conv2d("c", ("x",), 8, (3, 3), batch_norm=True)) == plain


def test_an_addition_stores_a_scale_per_input_and_one_for_the_sum() -> None:
    conv = DepthwiseConv2d("d", ("x",), (3, 3))
    alone = cost(conv).model_size_deployed_bytes
    assert cost(conv, Add("s", ("x", "d"))).model_size_deployed_bytes == alone + 15


@pytest.mark.parametrize(
    "node",
    [
        MaxPool("n", ("x",), (2, 2), (2, 2)),
        AvgPool("n", ("x",), (2, 2), (2, 2)),
        GlobalAvgPool("n", ("x",)),
        Pad("n", ("x",), (1, 1)),
        Flatten("n", ("x",)),
    ],
)
def test_what_keeps_its_scale_stores_nothing(node: object) -> None:
    found = cost(node)
    assert found.model_size_deployed_bytes == found.model_size_sparse_bytes == found.macs == 0


@pytest.mark.parametrize(("units", "size_bytes"), [(256, 1), (257, 2)])
def test_gather_indices_take_one_byte_up_to_256_inputs(units: int, size_bytes: int) -> None:
    def size(*middle: Gather) -> int:
        last = "g" if middle else "x"
        graph = Graph((Input("x", (units,)), *middle, Dense("d", (last,), 4)))
        return footprint(graph, M4).model_size_deployed_bytes

    assert size(Gather("g", ("x",), (0, 5, 9))) == 3 * size_bytes + 12 + 16 + 5
    assert size() == units * 4 + 16 + 5


def test_indices_beyond_two_bytes_take_four() -> None:
    assert [index_bytes(n) for n in (256, 257, 65536, 65537)] == [1, 2, 2, 4]


@pytest.mark.parametrize(
    ("non_zeros", "form", "size_bytes"),
    [
        (1000, "dense", 1000),  # a bitmap would take 1,125 and indices 2,020
        (875, "dense", 1000),  # equal to a bitmap, and read faster
        (874, "bitmap", 874 + 125),
        (106, "bitmap", 106 + 125),
        (105, "bitmap", 105 + 125),  # equal to indices, and read faster
        (104, "index", 2 * 104 + 20),
        (0, "index", 20),
    ],
)
def test_a_pruned_dense_layer_takes_the_smallest_form(
    non_zeros: int, form: str, size_bytes: int
) -> None:
    storage = dense_storage(100, 10, non_zeros)
    assert (storage.form, storage.size_bytes) == (form, size_bytes)


@pytest.mark.parametrize(
    ("inputs", "non_zeros", "form", "size_bytes"),
    [
        (100, 1000, "dense", 500),
        (101, 1010, "dense", 510),  # each row begins with a byte
        (100, 749, "dense", 500),  # equal to a bitmap, and read faster
        (100, 748, "bitmap", 374 + 125),
        (100, 5, "index", 3 + 5 + 20),
        (1, 10, "bitmap", 5 + 2),  # of rows of half a byte
    ],
)
def test_two_weights_of_4_bits_share_a_byte(
    inputs: int, non_zeros: int, form: str, size_bytes: int
) -> None:
    storage = dense_storage(inputs, 10, non_zeros, weight_bits=4)
    assert (storage.form, storage.size_bytes) == (form, size_bytes)


def test_weights_of_4_bits_take_half_and_biases_and_tables_what_they_take() -> None:
    nodes = (
        Conv2d("c", ("x",), 5, (3, 3)),  # of 27 weights
        DepthwiseConv2d("d", ("c",), (3, 2)),
        GlobalAvgPool("mean", ("d",)),
        Dense("out", ("mean",), 10),
    )
    graph = Graph((Input("x", (4, 4, 3)), *nodes))
    eight, four = footprint(graph, M4), footprint(graph, M4, weight_bits=4)
    beside = 5 * 9 + 5 * 9 + 10 * 4 + 5
    assert eight.model_size_deployed_bytes == 5 * 27 + 6 * 5 + 10 * 5 + beside
    assert four.model_size_deployed_bytes == 5 * 14 + 6 * 3 + 10 * 3 + beside
    assert replace(four, model_size_deployed_bytes=eight.model_size_deployed_bytes) == eight


def test_non_zeros_change_each_convention_in_its_own_way() -> None:
    nodes = (
        Conv2d("c", ("x",), 8, (3, 3)),
        Flatten("f", ("c",)),
        Dense("d", ("f",), 10),
    )
    full = cost(*nodes)
    pruned = cost(*nodes, non_zeros={"c": 16, "d": 130})
    assert full.model_size_deployed_bytes == 216 + 72 + 1280 + 45
    # There is no sparse kernel for convolutions; the dense layer is smallest with indices.
    assert pruned.model_size_deployed_bytes == 216 + 72 + (2 * 130 + 20) + 45
    assert pruned.model_size_sparse_bytes == pruned.model_size_munas_bytes == 16 + 8 + 130 + 10
    assert pruned.macs == full.macs
    assert pruned.working_memory_wm1_bytes == 128 + 130 + 10


@pytest.mark.parametrize(
    ("non_zeros", "field"),
    [
        ({"c": 217}, "non_zeros.c"),
        ({"c": -1}, "non_zeros.c"),
        ({"c": 1.5}, "non_zeros.c"),
        ({"c": True}, "non_zeros.c"),
        ({"x": 3}, "non_zeros.x"),
        ({"nobody": 0}, "non_zeros.nobody"),
    ],
)
def test_counts_that_do_not_belong_to_the_network_are_refused(
    non_zeros: dict[str, int], field: str
) -> None:
    with pytest.raises(InvalidNonZeros) as refused:
        cost(Conv2d("c", ("x",), 8, (3, 3)), non_zeros=non_zeros)
    assert refused.value.field == field
