"""Whole footprints against figures that others published or measured."""

import random
from dataclasses import fields

import pytest
from hypothesis import given, settings

from resource_models.devices import DEVICES, Device, device
from resource_models.errors import UnknownFigure
from resource_models.footprint import (
    FIGURES,
    UNIT,
    Footprint,
    canonical,
    figures_of,
    footprint,
    memory_timeline,
)
from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
)
from tests.resource_models.networks import (
    every_kind,
    networks,
    random_network,
    released_sparse_network,
    residual_chain,
)

M4 = device("stm32f446re")


def test_the_released_sparse_network_has_its_published_figures() -> None:
    found = footprint(released_sparse_network(), M4)
    assert found.model_size_sparse_bytes == 1802  # parameters
    assert found.working_memory_wm1_bytes == 1780  # all 550 units are in memory, plus 1,230 numbers
    assert found.working_memory_wm2_bytes == 631
    assert found.model_size_munas_bytes == 1802
    assert found.macs == 5 * 5 * 25 * 22 + 122 * 10


def test_the_released_sparse_network_costs_more_where_nothing_is_left_out() -> None:
    found = footprint(released_sparse_network(), M4)
    assert found.model_size_deployed_bytes == 1770 + 32 * 4 + 22 * 5 + 5 + 122 * 2
    assert found.working_memory_bound_bytes == 81 + 550
    assert found.working_memory_arena_bytes == 96 + 560 + 112  # 28 taps of 4 bytes


def test_the_chain_that_was_built_for_a_board_has_the_sizes_of_its_symbols() -> None:
    """A study built this network as firmware and read the sizes from the linked file.

    8,536 B of weights and biases and 570 B of requantisation. It stored the one scale of the dense
    layer ten times; we store it once, which is 45 B less.
    """
    nodes: tuple[Node, ...] = (
        Input("x", (28, 28, 1)),
        Conv2d("c1", ("x",), 8, (3, 3)),
        MaxPool("m", ("c1",), (2, 2), (2, 2)),
        DepthwiseConv2d("d1", ("m",), (3, 3)),
        Conv2d("p1", ("d1",), 16, (1, 1)),
        DepthwiseConv2d("d2", ("p1",), (3, 3), (2, 2)),
        Conv2d("p2", ("d2",), 32, (1, 1)),
        Conv2d("c2", ("p2",), 24, (3, 3)),
        GlobalAvgPool("g", ("c2",)),
        Dense("classes", ("g",), 10),
    )
    assert footprint(Graph(nodes), M4).model_size_deployed_bytes == 8536 + 570 - 45


def test_a_tensor_that_waits_for_a_sum_is_seen_by_the_bound_but_not_by_wm2() -> None:
    found = footprint(residual_chain(1), M4)
    assert found.working_memory_wm2_bytes == 32 * 32 * (24 + 24)
    assert found.working_memory_bound_bytes == 32 * 32 * (8 + 24 + 24)


def test_wm1_counts_all_inputs_of_a_sum() -> None:
    graph = Graph(
        (
            Input("x", (4, 4, 8)),
            DepthwiseConv2d("d", ("x",), (1, 1)),
            Add("s", ("x", "d")),
        )
    )
    found = footprint(graph, M4)
    assert found.working_memory_wm1_bytes == 2 * 128
    assert found.working_memory_wm2_bytes == 3 * 128


def test_a_tensor_that_is_read_through_two_views_is_there_once() -> None:
    nodes = (
        Input("x", (4, 4, 8)),
        Flatten("f", ("x",)),
        Flatten("g", ("x",)),
        Concat("c", ("f", "g")),
    )
    found = footprint(Graph(nodes), M4)
    assert found.working_memory_wm1_bytes == 128
    assert found.working_memory_wm2_bytes == found.working_memory_bound_bytes == 128 + 256


def test_macs_count_every_tap_at_every_output_position() -> None:
    nodes = (
        Input("x", (7, 5, 3)),
        Conv2d("c", ("x",), 4, (3, 5), (2, 2)),
        DepthwiseConv2d("d", ("c",), (3, 3), padding="valid", stride=(1, 1)),
        GlobalAvgPool("g", ("d",)),
        Dense("f", ("g",), 6),
    )
    conv, depthwise, dense = 4 * 3 * 3 * 5 * 3 * 4, 2 * 1 * 9 * 4, 4 * 6
    assert footprint(Graph(nodes), M4).macs == conv + depthwise + dense


@settings(max_examples=30, deadline=None)
@given(networks())
def test_the_figures_of_a_network_stand_in_their_order(graph: Graph) -> None:
    found = footprint(graph, M4)
    assert found.working_memory_wm2_bytes <= found.working_memory_bound_bytes
    assert found.working_memory_bound_bytes <= found.working_memory_arena_bytes
    assert found.model_size_sparse_bytes <= found.model_size_deployed_bytes
    assert found == footprint(Graph.from_json(graph.to_json()), M4)


@settings(max_examples=30, deadline=None)
@given(networks())
def test_the_timeline_peaks_at_the_bound(graph: Graph) -> None:
    timeline = memory_timeline(graph)
    assert max(size for _, size in timeline) == footprint(graph, M4).working_memory_bound_bytes
    assert {name for name, _ in timeline} == {node.id for node in graph.nodes if node.inputs}


def test_the_timeline_leaves_out_what_does_not_run() -> None:
    assert memory_timeline(released_sparse_network()) == [("conv", 631), ("classes", 560)]


def test_a_network_of_200_nodes_is_costed() -> None:
    graph = random_network(random.Random(3), 200)
    assert len(graph.nodes) >= 200
    found = footprint(graph, M4)
    assert found.working_memory_arena_bytes >= found.working_memory_bound_bytes
    deep = footprint(residual_chain(50), M4)
    assert deep.working_memory_bound_bytes == 57_344
    assert deep.working_memory_arena_bytes == 57_344


def test_the_names_of_figures_are_those_of_the_fields() -> None:
    found = footprint(every_kind(), M4)
    figures = found.figures()
    assert tuple(figures) == FIGURES == tuple(UNIT)
    units = {"bytes": "B", "ms": "ms", "mj": "mJ"}
    for name, field in zip(FIGURES, fields(Footprint), strict=True):
        start, _, unit = field.name.rpartition("_")
        in_unit = unit in units
        assert name.replace(":", "_") == (start if in_unit else field.name)
        assert figures[name] == getattr(found, field.name)
        assert UNIT[name] == (units[unit] if in_unit else "MACs")


@pytest.mark.parametrize("board", DEVICES.values(), ids=lambda board: board.name)
def test_a_device_has_the_figures_that_it_says(board: Device) -> None:
    figures = footprint(every_kind(), board).figures()
    assert tuple(figures) == figures_of(board)
    exact = {name for name, value in figures.items() if type(value) is int}
    assert exact == set(FIGURES) - {"latency", "energy"}
    others = set(footprint(every_kind(), M4).figures().items())
    assert {(name, figures[name]) for name in exact} <= others  # the same on each device


def test_a_figure_without_a_convention_means_the_default() -> None:
    assert canonical("model_size") == "model_size:deployed"
    assert canonical("working_memory") == "working_memory:arena"
    assert [canonical(name) for name in FIGURES] == list(FIGURES)


@pytest.mark.parametrize("name", ["latency:m4", "model_size:", "", "macs:wm1", "Macs"])
def test_an_unknown_figure_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UnknownFigure, match="working_memory:wm2"):
        canonical(name)
