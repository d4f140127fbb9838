"""Channels that can only go together, and what they save."""

import time

import pytest
from hypothesis import given, settings
from hypothesis.strategies import sampled_from

from resource_models import channels as module
from resource_models.channels import STAYS, Tie, channels, chosen, ties
from resource_models.cut import cut
from resource_models.devices import device
from resource_models.errors import InvalidCut
from resource_models.footprint import footprint
from resource_models.graph import Graph
from resource_models.nodes import (
    KINDS,
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    Gather,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
    Pad,
)
from resource_models.savings import Saving, savings
from resource_models.weights import macs, weights
from tests.resource_models.branching import Cuttable, branching_networks, cuttables
from tests.resource_models.networks import released_sparse_network, residual_chain

IMAGE = Input("x", (4, 4, 1))


def conv(name: str, source: str, filters: int) -> Conv2d:
    return Conv2d(name, (source,), filters, (3, 3))


def tied(*nodes: Node) -> list[list[str]]:
    """The ties of a network with a dense node of two units at its end, as `conv.0`."""
    graph = Graph((*nodes, GlobalAvgPool("gap", (nodes[-1].id,)), Dense("out", ("gap",), 2)))
    return [[f"{name}.{channel}" for name, channel in tie.members] for tie in ties(graph)]


def test_channels_of_a_chain_go_one_by_one_but_for_those_of_the_output() -> None:
    assert tied(IMAGE, conv("a", "x", 2), conv("b", "a", 2)) == [["a.0"], ["a.1"], ["b.0"], ["b.1"]]


def test_an_addition_ties_its_inputs() -> None:
    found = tied(IMAGE, conv("a", "x", 2), conv("b", "a", 2), Add("sum", ("a", "b")))
    assert found == [["a.0", "b.0"], ["a.1", "b.1"]]


def test_additions_in_a_row_tie_all_their_inputs() -> None:
    nodes = (IMAGE, conv("a", "x", 1), conv("b", "a", 1), conv("c", "b", 1))
    assert tied(*nodes, Add("s", ("a", "c")), conv("d", "s", 1), Add("t", ("s", "d", "b"))) == [
        ["a.0", "b.0", "c.0", "d.0"]
    ]


@pytest.mark.parametrize(
    "between",
    [
        DepthwiseConv2d("y", ("b",), (3, 3)),
        MaxPool("y", ("b",), (1, 1), (1, 1)),
        AvgPool("y", ("b",), (2, 2), (1, 1), "same"),
        Pad("y", ("b",)),
    ],
    ids=lambda node: node.kind,
)
def test_a_tie_reaches_through_what_hands_channels_on(between: Node) -> None:
    found = tied(IMAGE, conv("a", "x", 2), conv("b", "x", 2), between, Add("sum", ("a", "y")))
    assert found == [["a.0", "b.0"], ["a.1", "b.1"]]


def test_padded_channels_shift_a_tie_and_go_along() -> None:
    nodes = (IMAGE, conv("small", "x", 1), Pad("wide", ("small",), channels=(1, 1)))
    found = tied(*nodes, conv("large", "x", 3), Add("sum", ("wide", "large")))
    assert found == [["small.0", "large.1"], ["large.0"], ["large.2"]]


def test_padded_channels_alone_are_in_no_tie() -> None:
    graph = Graph(
        (
            IMAGE,
            Pad("wide", ("x",), channels=(0, 2)),
            GlobalAvgPool("gap", ("wide",)),
            Dense("out", ("gap",), 2),
        )
    )
    assert ties(graph) == ()
    assert channels(graph).of["wide"] == [STAYS] * 3


def test_concat_places_ties_side_by_side() -> None:
    nodes = (IMAGE, conv("a", "x", 1), conv("b", "x", 2), Concat("join", ("a", "b")))
    found = tied(*nodes, conv("c", "x", 3), Add("sum", ("join", "c")))
    assert found == [["a.0", "c.0"], ["b.0", "c.1"], ["b.1", "c.2"]]


def test_two_orders_of_the_same_channels_tie_channels_of_one_node() -> None:
    nodes = (IMAGE, conv("a", "x", 1), conv("b", "x", 1), Concat("ab", ("a", "b")))
    assert tied(*nodes, Concat("ba", ("b", "a")), Add("sum", ("ab", "ba"))) == [["a.0", "b.0"]]


def test_a_flattened_channel_takes_all_its_units_along() -> None:
    graph = Graph(
        (
            Input("x", (1, 2, 1)),
            conv("a", "x", 2),
            Flatten("flat", ("a",)),
            Dense("d", ("flat",), 4),
            Add("sum", ("flat", "d")),
            Dense("out", ("sum",), 2),
        )
    )
    assert ties(graph) == (
        Tie((("a", 0), ("d", 0), ("d", 2))),
        Tie((("a", 1), ("d", 1), ("d", 3))),
    )


def test_what_is_tied_to_the_input_of_the_network_cannot_go() -> None:
    assert tied(Input("x", (4, 4, 2)), conv("a", "x", 2), Add("sum", ("x", "a"))) == []


def test_what_is_tied_to_the_output_of_the_network_cannot_go() -> None:
    graph = Graph((IMAGE, conv("a", "x", 3), conv("b", "a", 3), GlobalAvgPool("out", ("b",))))
    assert {name for tie in ties(graph) for name, _ in tie.members} == {"a"}
    exits = (Flatten("flat", ("x",)), Dense("one", ("flat",), 2), Dense("two", ("flat",), 2))
    assert ties(Graph((IMAGE, *exits, Add("sum", ("one", "two"))))) == ()


def test_every_output_of_every_node_knows_its_tie() -> None:
    graph = Graph(
        (
            Input("x", (1, 2, 1)),
            conv("a", "x", 2),
            Flatten("flat", ("a",)),
            Gather("some", ("flat",), (0, 1, 3)),
            Dense("out", ("some",), 2),
        )
    )
    found = channels(graph).of
    assert found["flat"] == [0, 1, 0, 1]
    assert found["some"] == [0, 1, 1]
    assert found["out"] == [STAYS, STAYS]


@settings(max_examples=100, deadline=None)
@given(branching_networks)
def test_a_channel_is_in_one_tie_or_stays(graph: Graph) -> None:
    found = channels(graph)
    members = [member for tie in found.ties for member in tie.members]
    assert len(set(members)) == len(members)
    for number, tie in enumerate(found.ties):
        assert all(found.of[name][channel] == number for name, channel in tie.members)
    makers = {node.id for node in graph.nodes if isinstance(node, Conv2d | Dense)}
    staying = {(name, c) for name in makers for c, n in enumerate(found.of[name]) if n == STAYS}
    assert staying.isdisjoint(members)
    assert len(staying) + len(members) == sum(len(found.of[name]) for name in makers)


def test_there_is_a_rule_for_every_kind_of_node() -> None:
    assert set(module.LANES) == set(KINDS.values())


def test_a_network_of_two_thousand_nodes_has_ties_without_recursion() -> None:
    graph = residual_chain(500)
    assert len(ties(graph)) == 500 * 24  # those of the trunk are tied to the input


def test_ties_of_ten_nodes_take_less_than_a_millisecond() -> None:
    graph = residual_chain(3)
    times = []
    for _ in range(50):
        start = time.process_time()
        ties(graph)
        times.append(time.process_time() - start)
    assert min(times) < 1e-3


def test_what_is_chosen_is_the_first_that_fits() -> None:
    graph = released_sparse_network()
    found = channels(graph)
    order = found.ties[::-1]
    assert chosen(graph, found, order, 3) == order[:3]


def test_the_last_channel_of_a_node_is_passed_over() -> None:
    graph = Graph((IMAGE, conv("a", "x", 2), conv("b", "a", 2), GlobalAvgPool("gap", ("b",))))
    graph = Graph((*graph.nodes, Dense("out", ("gap",), 2)))
    found = channels(graph)
    a0, a1, b0, b1 = found.ties
    assert chosen(graph, found, (a1, a0, b0, b1), 3) == (a1, b0)


def test_the_last_unit_that_a_gather_reads_is_passed_over() -> None:
    graph = released_sparse_network()
    some = Gather("kept", ("flat",), (1, 3, 22 + 1))  # channels 1, 3 and 1 again
    graph = Graph(tuple(some if node.id == "kept" else node for node in graph.nodes))
    found = channels(graph)
    assert chosen(graph, found, (found.ties[1], found.ties[3]), 2) == (found.ties[1],)


def test_a_tie_of_another_network_is_refused() -> None:
    graph = released_sparse_network()
    with pytest.raises(InvalidCut, match="gone: need whole ties of this network"):
        chosen(graph, channels(graph), [Tie((("nobody", 0),))], 1)


@settings(max_examples=100, deadline=None)
@given(branching_networks)
def test_all_that_is_chosen_can_be_cut_and_nothing_more(graph: Graph) -> None:
    found = channels(graph)
    taken = chosen(graph, found, found.ties, len(found.ties))
    cut(graph, taken)
    for tie in set(found.ties) - set(taken):
        with pytest.raises(InvalidCut):
            cut(graph, (*taken, tie))


def test_a_channel_saves_its_kernel_its_bias_and_what_reads_it() -> None:
    graph = Graph(
        (
            Input("x", (4, 4, 2)),
            Conv2d("a", ("x",), 3, (3, 3), (2, 2)),
            DepthwiseConv2d("b", ("a",), (3, 3)),
            Conv2d("c", ("b",), 5, (1, 1)),
            GlobalAvgPool("gap", ("c",)),
            Dense("out", ("gap",), 7),
        )
    )
    kernels = 18 + 9 + 5
    found = savings(graph)
    assert found[Tie((("a", 0),))] == Saving(kernels + 2, kernels + 2 * 9, kernels * 4)
    assert found[Tie((("c", 4),))] == Saving(3 + 7 + 1, 3 + 7 + 9, 3 * 4 + 7)


def test_a_unit_saves_no_requantisation_since_its_layer_has_one_for_all() -> None:
    nodes = (Input("x", (6,)), Dense("a", ("x",), 3), Dense("out", ("a",), 2))
    assert savings(Graph(nodes))[Tie((("a", 1),))] == Saving(8 + 1, 8 + 4, 8)


@settings(max_examples=100, deadline=None)
@given(cuttables, sampled_from([8, 4]))
def test_a_tie_saves_what_the_cut_network_lacks(found: Cuttable, bits: int) -> None:
    graph = found[0]
    for tie, saving in savings(graph, bits).items():
        try:
            smaller = cut(graph, [tie]).graph
        except InvalidCut:
            continue  # it is the last of its node
        before, after = weights(graph), weights(smaller)
        lost = [
            sum(part.kernel + part.biases for part in some.values()) for some in (before, after)
        ]
        assert saving.weights == lost[0] - lost[1]
        assert saving.macs == macs(graph, before) - macs(smaller, after)
        if not any(isinstance(node, Gather) for node in graph.nodes):  # one may become needless
            sizes = [
                footprint(each, device("stm32f446re"), None, bits).model_size_deployed_bytes
                for each in (graph, smaller)
            ]
            assert saving.size_bytes == sizes[0] - sizes[1]
