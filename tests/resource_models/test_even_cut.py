"""The predicted cost of a pruned network: every layer loses the same share."""

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_models.channels import channels, chosen, ties
from resource_models.cut import gatherable
from resource_models.devices import device
from resource_models.errors import InvalidCut
from resource_models.even_cut import EvenCut, even_cut, shares
from resource_models.footprint import footprint
from resource_models.graph import Graph
from resource_models.nodes import Add, Conv2d, Dense, Flatten, Gather, GlobalAvgPool, Input
from resource_models.weights import weights
from tests.resource_models.branching import branching_networks
from tests.resource_models.networks import every_kind, released_sparse_network

TARGETS = st.one_of(st.floats(0, 0.98), st.sampled_from([0, 0.1, 0.25, 0.3, 0.5, 0.7, 0.98]))
CHAIN = Graph(
    (
        Input("x", (4, 4, 1)),
        Conv2d("a", ("x",), 10, (3, 3)),
        Conv2d("b", ("a",), 7, (3, 3)),
        Flatten("flat", ("b",)),
        Dense("h", ("flat",), 5),
        Dense("out", ("h",), 2),
    )
)


def widths(graph: Graph) -> tuple[int, ...]:
    return tuple(graph.shapes[name][-1] for name in ("a", "b", "h"))


def test_every_layer_loses_the_same_share_of_its_channels() -> None:
    assert widths(even_cut(CHAIN, "channels", 0.5).graph) == (5, 3, 3)  # 3.5 and 2.5 remain


def test_the_total_is_exact_where_the_parts_are_not() -> None:
    for target in (0.1, 0.2, 0.3, 0.4, 0.6, 0.8):
        assert sum(widths(even_cut(CHAIN, "channels", target).graph)) == 22 - round(target * 22)


def test_an_addition_loses_channels_once() -> None:
    graph = Graph(
        (
            Input("x", (4, 4, 1)),
            Conv2d("a", ("x",), 10, (3, 3)),
            Conv2d("b", ("a",), 10, (3, 3)),
            Add("sum", ("a", "b")),
            GlobalAvgPool("gap", ("sum",)),
            Dense("out", ("gap",), 2),
        )
    )
    found = even_cut(graph, "channels", 0.4).graph
    assert [found.shapes[name][-1] for name in ("a", "b", "sum")] == [6, 6, 6]


def test_inputs_of_every_flattened_dense_node_go() -> None:
    found = even_cut(CHAIN, "inputs", 0.25).graph
    assert found.shapes["h.gather"] == (84,)
    assert widths(found) == (10, 7, 5)
    assert "out.gather" not in found.shapes


def test_a_share_of_inputs_makes_the_released_network_of_its_parent() -> None:
    image, conv, flat, _, _ = released_sparse_network().nodes
    parent = Graph((image, conv, flat, Dense("classes", ("flat",), 10)))
    found = even_cut(parent, "inputs", 428 / 550)
    cost = footprint(found.graph, device("microbit"))
    assert cost == footprint(released_sparse_network(), device("microbit"))
    assert cost.model_size_sparse_bytes == 1802


def test_both_takes_the_share_of_channels_and_of_the_inputs_that_are_left() -> None:
    found = even_cut(CHAIN, "both", 0.5).graph
    assert widths(found) == (5, 3, 3)
    assert found.shapes["flat"] == (48,)
    assert found.shapes["h.gather"] == (24,)


def test_weights_go_from_every_kernel_and_the_network_stays() -> None:
    found = even_cut(CHAIN, "weights", 0.5)
    kernels = {name: part.kernel for name, part in weights(CHAIN).items()}
    assert found.graph is CHAIN
    assert kernels == {"a": 90, "b": 630, "h": 560, "out": 10}
    assert found.non_zeros == {"a": 45, "b": 315, "h": 280, "out": 5}


def test_weights_of_depthwise_kernels_go_too() -> None:
    assert even_cut(every_kind(), "weights", 0.5).non_zeros["dw"] == 30


@pytest.mark.parametrize("scope", ["channels", "inputs", "both", "weights"])
def test_without_a_target_the_whole_network_is_the_upper_bound(scope: str) -> None:
    assert even_cut(CHAIN, scope, None) == EvenCut(CHAIN, {})
    none = even_cut(CHAIN, scope, 0)
    m4 = device("stm32f446re")
    assert footprint(none.graph, m4, none.non_zeros) == footprint(CHAIN, m4)


def test_a_layer_of_one_channel_keeps_it_and_others_lose_more() -> None:
    nodes = CHAIN.nodes
    narrow = Graph((nodes[0], Conv2d("a", ("x",), 1, (3, 3)), *nodes[2:]))
    found = even_cut(narrow, "channels", 0.9).graph
    assert widths(found) == (1, 1, 1)  # round(0.9 * 13) = 12 cannot go
    assert widths(even_cut(narrow, "channels", 0.7).graph)[0] == 1
    assert sum(widths(even_cut(narrow, "channels", 0.7).graph)) == 13 - round(0.7 * 13)


def test_a_layer_of_one_weight_keeps_it() -> None:
    graph = Graph((Input("x", (1,)), Dense("a", ("x",), 1), Dense("out", ("a",), 50)))
    assert even_cut(graph, "weights", 0.98).non_zeros == {"a": 1, "out": 1}


@pytest.mark.parametrize(
    ("scope", "target", "field"),
    [
        ("filters", 0.5, "scope"),
        (None, 0.5, "scope"),
        ("channels", 0.99, "target"),
        ("channels", -0.1, "target"),
        ("channels", math.nan, "target"),
        ("channels", True, "target"),
        ("weights", "0.5", "target"),
    ],
)
def test_a_wrong_argument_is_refused_by_name(scope: Any, target: Any, field: str) -> None:
    with pytest.raises(InvalidCut) as refused:
        even_cut(CHAIN, scope, target)
    assert refused.value.field == field


@given(st.lists(st.integers(0, 300), max_size=8), TARGETS)
def test_shares_are_exact_parts_rounded_and_sum_to_the_target(
    sizes: list[int], target: float
) -> None:
    lost = shares(sizes, sizes, target)
    assert sum(lost) == round(target * sum(sizes))
    for size, few in zip(sizes, lost, strict=True):
        exact = Fraction(target) * size
        assert math.floor(exact) - 1e-9 <= few <= math.ceil(exact) + 1e-9


def test_shares_that_have_no_room_are_taken_by_others() -> None:
    assert shares([10, 10], [2, 10], 0.5) == [2, 8]
    assert shares([10, 10], [2, 3], 0.5) == [2, 3]
    assert shares([3, 3, 4], [3, 3, 4], 0.5) == [2, 1, 2]  # of equal remainders the first
    assert shares([], [], 0.5) == []


@settings(max_examples=150, deadline=None)
@given(branching_networks, TARGETS)
def test_as_many_channels_go_as_the_target_says_if_no_layer_is_emptied(
    graph: Graph, target: float
) -> None:
    found = channels(graph)
    smaller = even_cut(graph, "channels", target).graph
    makers = [node.id for node in graph.nodes if isinstance(node, Conv2d | Dense)]
    before, after = (sum(some.shapes[name][-1] for name in makers) for some in (graph, smaller))
    wanted = round(target * len(found.ties))
    if all(len(tie.members) == 1 for tie in found.ties):
        assert before - after <= wanted
        if before - after < wanted:  # then no channel could go any more
            left = ties(smaller)
            assert chosen(smaller, channels(smaller), left, 1) == ()
    else:
        assert after <= before


@settings(max_examples=150, deadline=None)
@given(branching_networks, TARGETS)
def test_as_many_inputs_and_weights_go_as_the_target_says(graph: Graph, target: float) -> None:
    counts = gatherable(graph)
    smaller = even_cut(graph, "inputs", target).graph
    left = [smaller.shapes[smaller.node(name).inputs[0]][0] for name in counts]
    lost = round(target * sum(counts.values()))
    assert sum(left) == max(sum(counts.values()) - lost, len(counts))
    kernels = {name: part.kernel for name, part in weights(graph).items()}
    non_zeros = even_cut(graph, "weights", target).non_zeros
    total = sum(kernels.values())
    assert non_zeros.keys() == kernels.keys()
    assert sum(non_zeros.values()) == max(total - round(target * total), len(kernels))
    assert min(non_zeros.values()) >= 1


@settings(max_examples=50, deadline=None)
@given(branching_networks, TARGETS)
def test_what_is_predicted_is_always_a_network_and_always_the_same(
    graph: Graph, target: float
) -> None:
    for scope in ("channels", "inputs", "both", "weights"):
        found = even_cut(graph, scope, target)
        assert found == even_cut(graph, scope, target)
        m4 = device("stm32f446re")
        cost = footprint(found.graph, m4, found.non_zeros)
        assert cost.model_size_sparse_bytes <= footprint(graph, m4).model_size_sparse_bytes


def test_gathers_of_a_network_are_shortened() -> None:
    found = even_cut(released_sparse_network(), "inputs", 0.5).graph
    assert len(found.shapes) == 5
    kept = found.node("kept")
    assert isinstance(kept, Gather)
    assert len(kept.indices) == 61
