"""The network that is trained is the network that is costed."""

import itertools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Generator, Tensor, nn

from resource_models.devices import device
from resource_models.errors import UnknownKind
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
    Input,
    MaxPool,
    Pad,
)
from resource_models.weights import weights
from tests.worker.samples import EVERYTHING, GRAPHS
from worker.layers import Weighted
from worker.network import MODULE, Network, build

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)


def network(graph: Graph, seed: int = 0) -> Network:
    return Network(graph, Generator().manual_seed(seed)).eval()


def raw_samples(graph: Graph, count: int = 3) -> Tensor:
    *size, channels = graph.input.raw_shape
    return torch.rand(count, channels, *size, generator=Generator().manual_seed(1))


def outputs(graph: Graph) -> dict[str, Tensor]:
    """What each node but the input gives for some samples."""
    built, made = network(graph), dict[str, Tensor]()

    def keep(name: str) -> Any:
        return lambda _module, _inputs, output: made.__setitem__(name, output.detach().clone())

    for name, layer in built.layers.items():
        layer.register_forward_hook(keep(name))
    built(raw_samples(graph))
    return made


@pytest.mark.parametrize("name", GRAPHS)
def test_every_node_gives_the_shape_that_is_costed(name: str) -> None:
    graph = GRAPHS[name]
    made = outputs(graph)
    shapes = {key: (*x.shape[2:], x.shape[1]) for key, x in made.items()}
    assert shapes == {node.id: graph.shapes[node.id] for node in graph.nodes[1:]}


@pytest.mark.parametrize("name", GRAPHS)
def test_costed_weights_are_the_trained_weights(name: str) -> None:
    graph = GRAPHS[name]
    trained = {
        key: (layer.linear.weight.numel(), len(layer.linear.weight))
        for key, layer in network(graph).layers.items()
        if isinstance(layer, Weighted)
    }
    assert trained == {key: (part.kernel, part.biases) for key, part in weights(graph).items()}


@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_trained_and_not_costed_is_one_scale_per_channel_of_batch_norm(name: str) -> None:
    graph = GRAPHS[name]
    built = network(graph)
    trained = sum(parameter.numel() for parameter in built.parameters())
    norms = [part for part in built.modules() if isinstance(part, NORMS)]
    scales = sum(part.weight.numel() for part in norms)
    costed = footprint(graph, device("stm32f446re")).model_size_munas_bytes
    assert trained - scales == costed


def test_there_is_a_module_for_every_kind_of_node() -> None:
    assert {kind.kind for kind in MODULE} | {Input.kind} == set(KINDS)


def test_the_sample_graphs_hold_every_kind_of_node() -> None:
    assert {node.kind for graph in GRAPHS.values() for node in graph.nodes} == set(KINDS)


def test_an_unknown_kind_raises() -> None:
    @dataclass(frozen=True)
    class Softmax(Dense):
        kind = "softmax"

    with pytest.raises(UnknownKind, match="softmax"):
        build(EVERYTHING, Softmax("out", ("both",), 5))


def test_fresh_weights_depend_on_the_generator_alone() -> None:
    torch.manual_seed(1)
    first = network(EVERYTHING, seed=3)
    torch.manual_seed(2)
    second, other = network(EVERYTHING, seed=3), network(EVERYTHING, seed=4)
    x = raw_samples(EVERYTHING)
    assert torch.equal(first(x), second(x))
    assert not torch.equal(first(x), other(x))


def test_dropout_acts_in_training_alone_and_keeps_the_mean() -> None:
    graph = Graph((Input("in", (20_000,)), Dense("out", ("in",), 2)))
    built = network(graph)
    built.drop(0.5, Generator().manual_seed(0))
    nn.init.constant_(built.layers["out"].linear.weight, 1 / 20_000)  # type: ignore[arg-type, union-attr]
    ones = torch.ones(1, 20_000)
    assert built(ones)[0, 0].item() == pytest.approx(1.0, abs=1e-4)
    dropped = built.train()(ones)[0, 0].item()
    assert dropped != pytest.approx(1.0, abs=1e-5)
    assert dropped == pytest.approx(1.0, abs=0.05)


# Windows as TFLite lays them, written down from its definition.


def window_starts(length: int, size: int, step: int, kind: str) -> list[int]:
    if kind == "valid":
        return list(range(0, length - size + 1, step))
    count = math.ceil(length / step)
    surplus = max(0, (count - 1) * step + size - length)
    return [k * step - surplus // 2 for k in range(count)]


def windows(x: np.ndarray[Any, Any], node: Any, size: tuple[int, int], fill: float) -> Any:
    """`rows x columns x channels x window`; `fill` where a window leaves the map."""
    channels, height, width = x.shape
    rows = window_starts(height, size[0], node.stride[0], node.padding)
    columns = window_starts(width, size[1], node.stride[1], node.padding)
    found = np.full((len(rows), len(columns), channels, *size), fill)
    for (i, top), (j, left) in itertools.product(enumerate(rows), enumerate(columns)):
        for a, b in itertools.product(range(size[0]), range(size[1])):
            if 0 <= top + a < height and 0 <= left + b < width:
                found[i, j, :, a, b] = x[:, top + a, left + b]
    return found


GEOMETRY = list(
    itertools.product(
        [(5, 6), (8, 7)],
        [(1, 1), (2, 2), (3, 3), (3, 1), (4, 5)],
        [(1, 1), (2, 2), (3, 2)],
        ["same", "valid"],
    )
)


@pytest.mark.parametrize(("size", "kernel", "stride", "padding"), GEOMETRY)
def test_windows_lie_as_in_tflite(size: Any, kernel: Any, stride: Any, padding: Any) -> None:
    x = torch.randn(1, 2, *size, generator=Generator().manual_seed(0))
    array = x[0].numpy().astype(np.float64)
    here = (Input("in", (*size, 2)),)
    conv = Conv2d("x", ("in",), 3, kernel, stride, padding)
    each = DepthwiseConv2d("x", ("in",), kernel, stride, padding)
    largest = MaxPool("x", ("in",), kernel, stride, padding)
    mean = AvgPool("x", ("in",), kernel, stride, padding)
    for node in (conv, each, largest, mean):
        layer = build(Graph((*here, node)), node)
        given = layer(x)[0].detach().numpy().transpose(1, 2, 0)
        if isinstance(layer, Weighted):
            parts = windows(array, node, kernel, 0.0)
            kernels = layer.linear.weight.detach().numpy()
            rule = "ijcab,fcab->ijf" if node is conv else "ijcab,cdab->ijc"
            assert layer.linear.bias is not None
            wanted = np.einsum(rule, parts, kernels) + layer.linear.bias.detach().numpy()
        elif node is largest:
            wanted = windows(array, node, kernel, -np.inf).max((-1, -2))
        else:
            wanted = np.nanmean(windows(array, node, kernel, np.nan), (-1, -2))
        np.testing.assert_allclose(given, wanted, atol=1e-5)


def test_flatten_goes_by_row_column_channel() -> None:
    graph = Graph((Input("in", (2, 2, 3)), Flatten("flat", ("in",))))
    pixels = torch.arange(12.0).reshape(1, 2, 2, 3).permute(0, 3, 1, 2)
    assert network(graph).body(pixels)[0].tolist() == list(range(12))


def test_gather_keeps_the_named_units() -> None:
    node = Gather("kept", ("in",), (1, 3))
    graph = Graph((Input("in", (4,)), node, Dense("out", ("kept",), 1)))
    assert build(graph, node)(torch.tensor([[5.0, 6.0, 7.0, 8.0]])).tolist() == [[6.0, 8.0]]


def test_pad_puts_zeros_where_the_node_says() -> None:
    node = Pad("pad", ("in",), height=(1, 0), width=(0, 2), channels=(0, 1))
    graph = Graph((Input("in", (1, 1, 1)), node))
    padded = build(graph, node)(torch.ones(1, 1, 1, 1))[0]
    assert padded.tolist() == [[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]], [[0.0] * 3] * 2]


def test_add_sums_then_activates_and_concat_keeps_the_order() -> None:
    add = Add("add", ("in", "b"), "relu")
    concat = Concat("concat", ("b", "in"))
    dense = Dense("b", ("in",), 2)
    first, second = torch.tensor([[1.0, -3.0]]), torch.tensor([[2.0, 1.0]])
    added = build(Graph((Input("in", (2,)), dense, add)), add)
    joined = build(Graph((Input("in", (2,)), dense, concat)), concat)
    assert added(first, second).tolist() == [[3.0, 0.0]]
    assert joined(first, second).tolist() == [[1.0, -3.0, 2.0, 1.0]]
