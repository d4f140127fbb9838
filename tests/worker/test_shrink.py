"""A shrunk network computes what the network computes in which the removed is constant."""

import random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import Generator, Tensor

from resource_models.cut import Cut, cut
from resource_models.graph import Graph
from resource_models.nodes import Conv2d, Dense, Input
from resource_models.weights import weights
from tests.resource_models.branching import Cuttable, cuttables
from tests.worker.drawn import IMAGE, agree, drawn, ending, layer, without
from tests.worker.samples import EVERYTHING
from worker.layers import DenseLayer, Weighted
from worker.network import Network
from worker.shrink import shrink, silence


def random_values(found: Cuttable, seed: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Constants for some of the nodes with outputs, means for some with inputs that go."""
    graph, _, gone_inputs = found
    rng, generator = random.Random(seed), Generator().manual_seed(seed)

    def values(name: str) -> Tensor:
        return torch.rand(graph.shapes[name][-1], generator=generator) * 2 - 0.3

    makers = [node.id for node in graph.nodes if isinstance(node, Conv2d | Dense)]
    constants = {name: values(name) for name in makers if rng.random() < 0.5}
    inputs = {
        name: values(graph.node(name).inputs[0]) for name in gone_inputs if rng.random() < 0.5
    }
    return constants, inputs


@settings(max_examples=100, deadline=None)
@given(cuttables)
def test_a_shrunk_network_agrees_with_its_silenced_parent(found: Cuttable) -> None:
    graph, gone, gone_inputs = found
    made = cut(graph, gone, gone_inputs)
    network = drawn(graph).double()  # then 1e-7 is no rounding
    for constants, inputs in (({}, {}), random_values(found, len(graph.nodes))):
        silent = silence(network, made, constants, inputs)
        assert silent.graph is graph
        assert agree(silent, shrink(network, made, constants, inputs), within=1e-7)


@settings(max_examples=30, deadline=None)
@given(cuttables)
def test_they_agree_in_single_precision(found: Cuttable) -> None:
    graph, gone, gone_inputs = found
    made, network = cut(graph, gone, gone_inputs), drawn(graph)
    assert agree(silence(network, made), shrink(network, made))


@settings(max_examples=50, deadline=None)
@given(cuttables)
def test_the_shrunk_network_holds_as_many_weights_as_the_cut_graph_costs(found: Cuttable) -> None:
    graph, gone, gone_inputs = found
    made = cut(graph, gone, gone_inputs)
    smaller = shrink(Network(graph, Generator()), made)
    trained = {
        name: (part.linear.weight.numel(), len(part.linear.weight))
        for name, part in smaller.layers.items()
        if isinstance(part, Weighted)
    }
    assert trained == {name: (n.kernel, n.biases) for name, n in weights(made.graph).items()}


def test_removed_inputs_leave_their_mean_in_the_bias() -> None:
    graph = Graph((Input("x", (4,)), Dense("out", ("x",), 2)))
    network = drawn(graph)
    made = cut(graph, (), {"out": [1, 3]})
    means = torch.tensor([7.0, 0.5, 7.0, -0.25])
    smaller = shrink(network, made, inputs={"out": means})
    kernel, bias = layer(network, "out").linear.weight, layer(network, "out").linear.bias
    wanted = bias + 0.5 * kernel[:, 1] - 0.25 * kernel[:, 3]
    assert torch.allclose(layer(smaller, "out").linear.bias, wanted)
    assert torch.equal(layer(smaller, "out").linear.weight, kernel[:, [0, 2]])
    assert agree(silence(network, made, inputs={"out": means}), smaller)


def test_removed_inputs_of_which_nothing_is_known_leave_nothing() -> None:
    graph = ending(IMAGE, Conv2d("a", ("x",), 2, (3, 3)))
    network = drawn(graph)
    smaller = shrink(network, cut(graph, (), {"out": range(1, 50)}))
    assert torch.equal(layer(smaller, "out").linear.bias, layer(network, "out").linear.bias)


def test_inputs_that_go_with_their_channel_leave_its_constant() -> None:
    graph = ending(IMAGE, Conv2d("a", ("x",), 2, (3, 3), activation="relu"))
    network, made = drawn(graph), without(graph, ("a", 1))
    constants, inputs = {"a": torch.tensor([0.0, 0.5])}, {"out": torch.full((50,), 9.0)}
    smaller = shrink(network, made, constants, inputs)
    kernel, bias = layer(network, "out").linear.weight, layer(network, "out").linear.bias
    wanted = bias + 0.5 * kernel[:, 1::2].sum(1)
    assert torch.allclose(layer(smaller, "out").linear.bias, wanted, atol=1e-6)


def test_nothing_cut_gives_an_equal_network() -> None:
    network = drawn(EVERYTHING)
    same = shrink(network, cut(EVERYTHING, ()))
    assert same is not network
    assert all(
        torch.equal(part, network.state_dict()[key]) for key, part in same.state_dict().items()
    )


def everything_cut() -> Cut:
    return without(EVERYTHING, ("wide", 0), ("wide", 3), ("mix", 0), ("long", 1), ("few", 5))


def test_the_network_that_is_shrunk_stays_as_it_is() -> None:
    network = drawn(EVERYTHING)
    before = {key: part.clone() for key, part in network.state_dict().items()}
    shrink(network, everything_cut())
    silence(network, everything_cut())
    after = network.state_dict()
    assert all(torch.equal(part, after[key]) for key, part in before.items())


@pytest.mark.parametrize("make", [shrink, silence])
def test_all_but_the_weights_is_as_before(make: Any) -> None:
    network = drawn(EVERYTHING).double().train()
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    generator = Generator().manual_seed(3)
    network.drop(0.3, generator)
    made = make(network, everything_cut())
    assert made.training
    assert {part.dtype for part in made.parameters()} == {torch.float64}
    kernels = [part for part in made.parameters() if part.dim() == 4]
    assert all(part.is_contiguous(memory_format=torch.channels_last) for part in kernels)
    assert torch.equal(made.sensor.mean, network.sensor.mean)
    assert torch.equal(made.sensor.deviation, network.sensor.deviation)
    dense = [part for part in made.layers.values() if isinstance(part, DenseLayer)]
    assert {part.dropout for part in dense} == {0.3}
    assert all(part.generator is generator for part in dense)
    assert all(part.requires_grad for part in made.parameters())


def test_a_network_in_the_default_memory_format_stays_in_it() -> None:
    network = drawn(EVERYTHING)
    kernel = layer(shrink(network, everything_cut()), "long").linear.weight
    assert kernel.is_contiguous()
