"""Instructions per layer, as fitted to counts under QEMU."""

import pytest

from resource_models.counted import coefficients, cores, features, instructions_on
from resource_models.errors import UnknownCore
from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, Flatten, Input
from resource_models.weights import weights
from tests.resource_models.networks import every_kind

CORES = ("m0", "m3", "m4", "m7", "m33")


def conv(filters: int, kernel: int = 3) -> Graph:
    return Graph((Input("x", (12, 12, 8)), Conv2d("c", ("x",), filters, (kernel, kernel))))


def test_all_cores_that_boards_count_are_there() -> None:
    assert cores() == CORES


@pytest.mark.parametrize("core", CORES)
def test_every_form_has_as_many_costs_as_features(core: str) -> None:
    costs = coefficients(core)
    for form, counts in features(every_kind()).values():
        assert len(costs[form]) == len(counts)
        assert min(costs[form]) >= 0
        assert max(costs[form]) > 0


def test_views_take_no_instructions_and_all_else_some() -> None:
    graph = every_kind()
    views = {node.id for node in graph.nodes if node.kind in ("input", "flatten", "gather")}
    found = instructions_on(graph, "m4")
    assert found.keys() == {node.id for node in graph.nodes} - views
    assert min(found.values()) > 0


@pytest.mark.parametrize("core", CORES)
def test_more_filters_and_larger_kernels_take_more(core: str) -> None:
    few, many = (instructions_on(conv(filters), core)["c"] for filters in (8, 16))
    assert 1.2 * few < many < 2.2 * few
    assert instructions_on(conv(8, 1), core)["c"] < few


def test_the_smallest_core_takes_most() -> None:
    found = {core: sum(instructions_on(conv(16), core).values()) for core in CORES}
    assert found["m0"] > found["m3"] > found["m4"]


def test_weights_that_are_zero_are_not_multiplied() -> None:
    graph = Graph((Input("x", (8, 8, 2)), Flatten("f", ("x",)), Dense("d", ("f",), 20)))
    sparse = weights(graph, {"d": 40})
    assert instructions_on(graph, "m4", sparse)["d"] < instructions_on(graph, "m4")["d"]


def test_a_core_that_was_not_counted_is_refused() -> None:
    with pytest.raises(UnknownCore, match=r"not counted on 'avr'; need one of m0, m3"):
        instructions_on(conv(8), "avr")
