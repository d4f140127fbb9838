"""What removed channels give is folded, exactly where that can be."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings

from resource_models.channels import Tie
from resource_models.cut import Cut, cut
from resource_models.graph import Graph
from resource_models.nodes import (
    KINDS,
    Add,
    AvgPool,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    GlobalAvgPool,
    MaxPool,
    Node,
    Pad,
)
from tests.resource_models.branching import Cuttable, cuttables
from tests.worker.drawn import IMAGE, agree, drawn, ending, layer, output, without
from worker.residues import GIVEN, gone_outputs, on_map
from worker.shrink import shrink, silence


def meets_border(graph: Graph, made: Cut) -> bool:
    """Whether a channel that goes stands somewhere beside zeros."""
    gone = gone_outputs(graph, made)
    for node in graph.nodes:
        if isinstance(node, Conv2d | DepthwiseConv2d | Pad) and any(gone[node.inputs[0]]):
            padded = isinstance(node, Pad) and (node.height, node.width) != ((0, 0), (0, 0))
            if padded or (not isinstance(node, Pad) and min(shares(graph, node)) < 1):
                return True
    return False


def shares(graph: Graph, node: Conv2d | DepthwiseConv2d) -> list[float]:
    return [share for row in on_map(graph.shapes[node.inputs[0]], node) for share in row]


@settings(max_examples=100, deadline=None)
@given(cuttables)
def test_a_network_without_the_kernels_that_go_is_kept_as_it_is_unless_a_border_forbids(
    found: Cuttable,
) -> None:
    graph, gone, _ = found
    made, network = cut(graph, gone), drawn(graph).double()
    for tie in gone:
        for name, channel in tie.members:
            layer(network, name).linear.weight.data[channel] = 0.0
    if not meets_border(graph, made):
        assert agree(network, silence(network, made), within=1e-7)
        assert agree(network, shrink(network, made), within=1e-7)


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("activation", ["none", "relu", "relu6"])
def test_the_constant_of_a_channel_without_kernel_is_folded(
    batch_norm: bool, activation: Any
) -> None:
    first = Conv2d("a", ("x",), 4, (3, 3), (1, 1), "same", activation, batch_norm)
    second = Conv2d("b", ("a",), 3, (2, 2), (1, 1), "valid", activation, batch_norm)
    graph = ending(IMAGE, first, second)
    network = drawn(graph)
    layer(network, "a").linear.weight.data[[0, 2]] = 0.0
    (layer(network, "a").norm or layer(network, "a").linear).bias.data.fill_(2.0)
    assert output(network, "a")[:, [0, 2]].abs().max() > 0.1
    made = without(graph, ("a", 0), ("a", 2))
    assert agree(network, silence(network, made))
    assert agree(network, shrink(network, made))


BETWEEN: list[Node] = [
    MaxPool("y", ("a",), (2, 2), (2, 2), "same"),
    AvgPool("y", ("a",), (3, 3), (2, 2), "same"),
    Pad("y", ("a",), channels=(1, 2)),
    DepthwiseConv2d("y", ("a",), (2, 2), padding="valid", activation="relu6", batch_norm=True),
    DepthwiseConv2d("y", ("a",), (1, 1), padding="same"),
    Conv2d("y", ("a",), 2, (1, 1), padding="same", batch_norm=True),
    GlobalAvgPool("y", ("a",)),
    Flatten("y", ("a",)),
]


def behind(node: Node) -> Graph:
    nodes = (IMAGE, Conv2d("a", ("x",), 4, (3, 3), activation="relu"), node)
    flat = [] if isinstance(node, Flatten | GlobalAvgPool) else [Flatten("flat", ("y",))]
    return Graph((*nodes, *flat, Dense("out", ((*nodes, *flat)[-1].id,), 3)))


@pytest.mark.parametrize("node", BETWEEN, ids=lambda node: f"{node.kind}")
def test_a_constant_is_folded_through_what_keeps_it_constant(node: Node) -> None:
    graph = behind(node)
    network = drawn(graph)
    layer(network, "a").linear.weight.data[1:3] = 0.0
    layer(network, "a").linear.bias.data[1:3] = 0.7
    assert agree(network, shrink(network, without(graph, ("a", 1), ("a", 2))))


@pytest.mark.parametrize(
    ("one", "other", "given"), [(0.4, 0.5, 0.9), (-1.0, 0.5, 0.0), (4.0, 3.0, 6.0)]
)
def test_what_an_addition_makes_of_constants_is_folded_behind_it(
    one: float, other: float, given: float
) -> None:
    branches = (Conv2d("a", ("x",), 3, (3, 3)), Conv2d("b", ("x",), 3, (1, 1), activation="relu"))
    graph = ending(IMAGE, *branches, Add("sum", ("a", "b"), "relu6"))
    network = drawn(graph)
    for name, bias in (("a", one), ("b", other)):
        layer(network, name).linear.weight.data[1] = 0.0
        layer(network, name).linear.bias.data[1] = bias
    assert output(network, "sum")[0, 1, 0, 0].item() == pytest.approx(given)
    assert agree(network, shrink(network, without(graph, ("a", 1))))


BORDERS: list[Node] = [
    Conv2d("y", ("a",), 2, (3, 3), padding="same"),
    Conv2d("y", ("a",), 2, (2, 1), (2, 2), padding="same"),
    Conv2d("y", ("a",), 2, (3, 2), padding="same", batch_norm=True),
    Pad("y", ("a",), (0, 1), (2, 0)),
]


@pytest.mark.parametrize("node", BORDERS, ids=lambda node: f"{node.kind}")
def test_what_a_channel_makes_beside_a_border_of_zeros_is_folded_on_average(node: Node) -> None:
    nodes = (IMAGE, Conv2d("a", ("x",), 4, (3, 3), activation="relu"), node)
    graph = Graph((*nodes, GlobalAvgPool("gap", ("y",)), Dense("out", ("gap",), 3)))
    network = drawn(graph)
    layer(network, "a").linear.weight.data[1] = 0.0
    layer(network, "a").linear.bias.data[1] = 0.8
    smaller = shrink(network, without(graph, ("a", 1)))
    assert agree(network, smaller)
    layer(network, "a").linear.bias.data[1] = 0.0
    assert not agree(network, smaller)


def test_what_a_depthwise_convolution_makes_beside_a_border_is_folded_on_average() -> None:
    node = DepthwiseConv2d("y", ("a",), (3, 2), padding="same", batch_norm=True)
    nodes = (IMAGE, Conv2d("a", ("x",), 4, (3, 3), activation="relu"), node)
    graph = Graph((*nodes, GlobalAvgPool("gap", ("y",)), Dense("out", ("gap",), 3)))
    network = drawn(graph)
    layer(network, "a").linear.weight.data[1] = 0.0
    layer(network, "a").linear.bias.data[1] = 3.0
    assert output(network, "y")[0, 1].std() > 0.01
    assert agree(network, shrink(network, without(graph, ("a", 1))))


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_removed_channel_leaves_the_constant_that_is_asked_for(batch_norm: bool) -> None:
    first = Conv2d("a", ("x",), 3, (3, 3), activation="relu6", batch_norm=batch_norm)
    graph = ending(IMAGE, first)
    network, made = drawn(graph), without(graph, ("a", 0), ("a", 2))
    constants = {"a": torch.tensor([0.5, 9.0, -1.0])}  # the last is below what ReLU gives
    smaller = shrink(network, made, constants)
    assert torch.equal(output(smaller, "a")[:, 0], output(network, "a")[:, 1])
    layer(network, "a").linear.weight.data[[0, 2]] = 0.0
    if batch_norm:
        layer(network, "a").norm.running_mean[[0, 2]] = 0.0  # type: ignore[union-attr, index]
    bias = (layer(network, "a").norm or layer(network, "a").linear).bias
    bias.data[[0, 2]] = torch.tensor([0.5, 0.0])  # type: ignore[union-attr]
    assert agree(network, smaller)


def test_all_that_goes_is_zero_in_the_silenced_network() -> None:
    graph = behind(DepthwiseConv2d("y", ("a",), (3, 3), batch_norm=True))
    network, made = drawn(graph), without(graph, ("a", 1))
    layer(network, "a").linear.bias.data.fill_(0.7)
    for mode in (False, True):
        silent = silence(network, made, {"a": torch.ones(4)}).train(mode)
        for name in ("a", "y"):
            given = output(silent, name)
            assert given[:, 1].abs().max() == 0
            assert given[:, [0, 2, 3]].abs().max() > 0


def test_there_is_a_rule_for_every_kind_of_node() -> None:
    assert set(GIVEN) == set(KINDS.values())


def test_ties_are_what_goes() -> None:
    graph = ending(IMAGE, Conv2d("a", ("x",), 2, (3, 3)))
    gone = gone_outputs(graph, cut(graph, [Tie((("a", 1),))]))
    assert gone["a"] == [False, True]
    assert gone["flat"] == [False, True] * 25
    assert gone["out"] == [False] * 3
