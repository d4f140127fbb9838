"""What can go and in which order: sizes, exact shares, ties, nothing emptied."""

import math

import pytest
import torch
from torch import Generator, Tensor, tensor

from resource_models.channels import ties
from resource_models.cut import cut
from resource_models.graph import Graph
from resource_models.nodes import Concat, Conv2d, Dense, Flatten, GlobalAvgPool, Input
from resource_models.savings import savings
from tests.worker.prunable import TIED, network
from tests.worker.samples import CHAIN, EVERYTHING, FLAT
from worker.layers import Weighted
from worker.network import Network
from worker.pruning.groups import Groups, kernel_sizes
from worker.pruning.kernels import Kernels
from worker.pruning.masks import linears

SHARES = [0.0, 0.1, 0.3, 0.5, 0.77, 0.9, 0.98]
GRAPHS = {"tied": TIED, "chain": CHAIN, "flat": FLAT, "everything": EVERYTHING}


def layer(found: Network, name: str) -> Weighted:
    part = found.layers[name]
    assert isinstance(part, Weighted)
    return part


def drawn(count: int) -> Tensor:
    return torch.rand(count, generator=Generator().manual_seed(2)) + 0.01


def test_the_size_of_an_output_is_that_of_its_kernel_by_fan_in_and_batch_norm() -> None:
    found = network()
    one, two = layer(found, "first"), layer(found, "second")
    with torch.no_grad():
        for part in (one, two):
            part.linear.weight.fill_(1.0)
            part.norm.weight.fill_(1.0)  # type: ignore[union-attr, operator]
        one.linear.weight[0] = tensor([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
        one.norm.weight[1] = -2.0  # type: ignore[union-attr, index]
    raw = [math.sqrt(25 / 9), 2.0, 1.0, 1.0]  # root mean squares of 9 weights, times the scale
    mean = math.sqrt(sum(size**2 for size in raw) / 4)
    assert kernel_sizes(one, 0).tolist() == pytest.approx([size / mean for size in raw])
    # 9 equal weights per output or 4: it makes no difference.
    assert kernel_sizes(two, 0).tolist() == pytest.approx([1.0] * 4)


def test_the_size_of_a_dense_input_is_that_of_its_column() -> None:
    found = network(FLAT)
    with torch.no_grad():
        layer(found, "out").linear.weight.copy_(
            tensor([[3.0, 0, 1, 1, 1], [4, 0, 1, 1, 1], [0] * 5])
        )
    raw = [5.0, 0.0, *[math.sqrt(2)] * 3]
    mean = math.sqrt((25 + 6) / 5)
    assert kernel_sizes(layer(found, "out"), 1).tolist() == pytest.approx([r / mean for r in raw])


def test_tied_channels_have_the_mean_of_their_sizes() -> None:
    found = network()
    parts = Groups(found, "channels")
    one, two = (kernel_sizes(layer(found, name), 0) for name in ("first", "second"))
    together = [tie.members for tie in ties(TIED)]
    assert together[:4] == [(("first", k), ("second", k)) for k in range(4)]
    assert parts.magnitude()[:4].tolist() == pytest.approx(((one + two) / 2).tolist())
    assert parts.magnitude()[4:].tolist() == pytest.approx(
        kernel_sizes(layer(found, "hidden"), 0).tolist()
    )


def test_the_size_of_a_weight_is_relative_to_its_kernel() -> None:
    found = network(FLAT)
    parts = Kernels(found)
    before = parts.magnitude()
    with torch.no_grad():
        layer(found, "out").linear.weight.mul_(100.0)
    assert torch.allclose(parts.magnitude(), before)
    kernel = layer(found, "hidden").linear.weight
    expected = kernel.abs() / kernel.square().mean().sqrt()
    assert torch.allclose(before[:20].view(5, 4), expected)


def test_a_kernel_of_zeros_has_sizes_of_zero() -> None:
    found = network(FLAT)
    with torch.no_grad():
        layer(found, "out").linear.weight.zero_()
    assert Kernels(found).magnitude()[20:].tolist() == [0.0] * 15


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_of_the_weights_exactly_the_share_goes_and_it_is_the_least(
    graph: Graph, share: float
) -> None:
    found = network(graph)
    parts = Kernels(found)
    worth = drawn(parts.count)
    gone = parts.lowest(worth, share)
    masks = parts.masks(gone)
    most = parts.count - len(masks)
    assert int(gone.sum()) == min(round(share * parts.count), most)
    assert all(mask.any() for mask in masks.values())
    if share <= 0.9 and parts.count > 500:  # the best of each kernel is then out of reach
        assert worth[gone].max() <= worth[~gone].min()
    assert sum(int((mask == 0).sum()) for mask in masks.values()) == int(gone.sum())
    assert {name: mask.shape for name, mask in masks.items()} == {
        name: linear.weight.shape for name, linear in linears(found).items()
    }


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("scope", ["channels", "inputs", "both"])
@pytest.mark.parametrize("graph", GRAPHS.values(), ids=GRAPHS)
def test_of_the_groups_exactly_the_share_goes_and_no_layer_is_emptied(
    graph: Graph, scope: str, share: float
) -> None:
    parts = Groups(network(graph), scope)
    gone = parts.lowest(drawn(parts.count), share)
    chosen, inputs = parts.ties(gone), parts.inputs(gone)
    assert len(chosen) + sum(map(len, inputs.values())) == int(gone.sum())
    smaller = cut(graph, chosen, inputs)  # an emptied layer would raise
    assert all(smaller.outputs.values())
    if share <= 0.5:
        there = parts.counted(gone)
        channels = len(parts.ties(torch.ones(parts.count, dtype=torch.bool)))
        assert len(chosen) == round(share * channels)
        assert sum(map(len, inputs.values())) == round(share * (there - channels))


def test_a_channel_that_would_empty_a_layer_is_passed_over() -> None:
    # Two branches side by side: the least worth are all of one, but one of them has to stay.
    graph = Graph(
        (
            Input("in", (4, 4, 1)),
            Conv2d("one", ("in",), 3, (1, 1)),
            Conv2d("two", ("in",), 3, (1, 1)),
            Concat("side", ("one", "two")),
            GlobalAvgPool("mean", ("side",)),
            Dense("out", ("mean",), 2),
        )
    )
    parts = Groups(network(graph), "channels")
    gone = parts.lowest(tensor([1.0, 2, 3, 4, 5, 6]), 0.5)
    assert gone.tolist() == [True, True, False, True, False, False]


def test_both_counts_an_input_once_that_goes_with_its_channel() -> None:
    parts = Groups(network(), "both")
    assert parts.count == 4 + 6 + 64  # ties of convolutions, hidden units, inputs of `hidden`
    worth = torch.arange(1.0, 75.0)
    worth[:2] = 0.0
    worth[4:7] = 0.5
    gone = parts.lowest(worth, 0.5)
    assert gone[:10].tolist() == [True, True, False, False, *[True] * 3, *[False] * 3]
    # Two of four channels went, so 32 of the 64 inputs are there, and half of these go.
    assert parts.counted(gone) == 10 + 32
    (numbers,) = parts.inputs(gone).values()
    assert len(numbers) == 16
    assert all(number % 4 in (2, 3) for number in numbers)
    assert numbers == sorted(numbers)[:16]


def test_only_what_is_allowed_goes() -> None:
    for parts in (Groups(network(), "both"), Kernels(network())):
        among = torch.zeros(parts.count, dtype=torch.bool)
        among[[1, 5]] = True
        assert parts.lowest(drawn(parts.count), 1.0, among).tolist() == among.tolist()
        everything = parts.lowest(drawn(parts.count), 1.0, torch.ones_like(among))
        assert not everything.all()  # a threshold empties no layer either


def test_equal_groups_go_in_their_order() -> None:
    parts = Groups(network(), "channels")
    gone = parts.lowest(torch.ones(parts.count), 0.3)
    assert gone.tolist() == [True] * 3 + [False] * 7


@pytest.mark.parametrize("weighting", ["bytes", "macs"])
def test_what_saves_more_goes_first(weighting: str) -> None:
    parts = Groups(network(), "both", weighting)
    weighted = parts.weighted(torch.ones(parts.count))
    found = savings(TIED)
    saved = [getattr(found[tie], "macs" if weighting == "macs" else "size_bytes") for tie in found]
    assert weighted[:10].tolist() == pytest.approx([1 / one for one in saved])
    assert weighted[10:].tolist() == pytest.approx([1 / 6] * 64)  # a weight for each unit
    assert parts.lowest(weighted, 0.1)[:4].any()  # not the hidden units, which save less


def test_without_weighting_worth_is_what_counts() -> None:
    parts = Groups(network(), "both")
    assert torch.equal(parts.weighted(drawn(parts.count)), drawn(parts.count))


def test_masks_are_zero_where_a_kernel_makes_or_reads_what_goes() -> None:
    parts = Groups(network(), "both")
    gone = torch.zeros(parts.count, dtype=torch.bool)
    gone[[1, 5, 10 + 7]] = True  # a tie, the second hidden unit, the eighth input
    masks = parts.masks(gone)
    for name in ("first", "second"):
        assert masks[name].flatten(1).any(1).tolist() == [True, False, True, True]
        assert masks[name][0].all()
    expected = torch.ones(6, 64)
    expected[1] = expected[:, 7] = 0.0
    assert torch.equal(masks["hidden"], expected)
    assert set(masks) == {"first", "second", "hidden"}


def test_a_network_with_nothing_to_remove_loses_nothing() -> None:
    graph = Graph(
        (Input("in", (4, 4, 1)), GlobalAvgPool("mean", ("in",)), Dense("out", ("mean",), 3))
    )
    parts = Groups(network(graph), "both")
    assert parts.count == 0
    assert parts.lowest(drawn(0), 0.9).tolist() == []
    assert parts.magnitude().tolist() == []
    flat = Graph((Input("in", (4, 4, 1)), Flatten("flat", ("in",)), Dense("out", ("flat",), 3)))
    assert Groups(network(flat), "both").count == 16
