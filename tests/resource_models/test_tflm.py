"""TensorFlow Lite Micro: the figures that MicroNets measured."""

import pytest

from resource_models.devices import device
from resource_models.footprint import Footprint, footprint
from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    Input,
    Node,
)
from resource_models.tflm import tflm_memory_bytes
from resource_models.weights import weights
from tests.resource_models.networks import every_kind
from tests.resource_models.published import MICRONETS

M4 = device("stm32f446re")


def cost(*nodes: Node, non_zeros: dict[str, int] | None = None) -> Footprint:
    return footprint(Graph(nodes), M4, non_zeros)


@pytest.mark.parametrize("name", sorted(MICRONETS.keys() - {"KWS-S"}))
def test_the_memory_is_that_of_the_five_micronets_that_fit_a_model(name: str) -> None:
    found = footprint(MICRONETS[name].graph(), M4).working_memory_tflm_bytes
    assert found == pytest.approx(1000 * MICRONETS[name].sram_kb, rel=0.01)


def test_one_micronet_was_printed_with_less_than_its_tensors_need() -> None:
    found = footprint(MICRONETS["KWS-S"].graph(), M4)
    # Its first two tensors, its weights' tables apart: nearly what was printed for everything.
    assert 49 * 10 * 84 + 25 * 5 * 84 == 51_660
    assert found.working_memory_tflm_bytes > 1.15 * 1000 * MICRONETS["KWS-S"].sram_kb


@pytest.mark.parametrize("name", MICRONETS)
def test_the_file_is_as_large_as_that_of_a_micronet(name: str) -> None:
    found = footprint(MICRONETS[name].graph(), M4).model_size_tflm_bytes
    assert found == pytest.approx(1000 * MICRONETS[name].flash_kb, rel=0.02)


@pytest.mark.parametrize("name", MICRONETS)
def test_the_operations_are_those_of_a_micronet(name: str) -> None:
    assert 2e-6 * footprint(MICRONETS[name].graph(), M4).macs == pytest.approx(
        MICRONETS[name].mops, rel=0.02
    )


def test_memory_is_what_lives_at_once_and_what_stays() -> None:
    image = Input("x", (8, 8, 4))
    conv = cost(image, Conv2d("c", ("x",), 8, (3, 3)))
    assert conv.working_memory_tflm_bytes == 256 + 512 + 4 * 36 + 8 * 8 + 150
    pointwise = cost(image, Conv2d("c", ("x",), 8, (1, 1)))
    assert pointwise.working_memory_tflm_bytes == 256 + 512 + 16 + 8 * 8 + 150
    depthwise = cost(image, DepthwiseConv2d("d", ("x",), (3, 3)))
    assert depthwise.working_memory_tflm_bytes == 256 + 256 + 80 + 8 * 4 + 150
    both = cost(image, DepthwiseConv2d("d", ("x",), (3, 3)), Add("s", ("x", "d")))
    assert both.working_memory_tflm_bytes == 3 * 256 + 8 * 4 + 2 * 150


def test_sizes_are_rounded_up_to_16_bytes() -> None:
    found = cost(Input("x", (17,)), Dense("d", ("x",), 1))
    assert found.working_memory_tflm_bytes == 32 + 16 + 8 + 150


def test_the_file_holds_weights_channels_and_the_graph_but_no_sparse_form() -> None:
    nodes = (Input("x", (20,)), Dense("d", ("x",), 3))
    assert cost(*nodes).model_size_tflm_bytes == 60 + 3 * 28 + 10_000
    assert cost(*nodes, non_zeros={"d": 5}).model_size_tflm_bytes == 60 + 3 * 28 + 10_000


def test_a_gather_is_an_operator_with_an_output_there() -> None:
    nodes = (
        Input("x", (4, 4, 4)),
        Flatten("f", ("x",)),
        Gather("g", ("f",), tuple(range(0, 64, 2))),
        Dense("d", ("g",), 2),
    )
    found = cost(*nodes)
    assert found.working_memory_tflm_bytes == 64 + 32 + 8 * 2 + 2 * 150
    assert found.model_size_tflm_bytes == 32 * 2 + 28 * 2 + 10_000 + 4 * 32
    assert found.working_memory_arena_bytes == 64 + 16  # our dense layer reads through it


def test_a_gather_in_a_network_with_branches_is_ordered_with_the_others() -> None:
    graph = every_kind()
    found = footprint(graph, M4)
    assert found.working_memory_tflm_bytes == tflm_memory_bytes(graph, weights(graph))
