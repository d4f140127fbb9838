"""Operations as uNAS counts them."""

from resource_models.devices import device
from resource_models.footprint import footprint
from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    Flatten,
    GlobalAvgPool,
    Input,
    MaxPool,
    Node,
    Pad,
)

M4 = device("stm32f446re")
IMAGE = Input("x", (9, 8, 3))


def besides(*nodes: Node) -> int:
    found = footprint(Graph((IMAGE, *nodes)), M4)
    return found.macs_munas - found.macs


def test_a_pool_counts_its_window_for_each_output() -> None:
    assert besides(MaxPool("p", ("x",), (2, 3), (2, 2))) == 2 * 3 * (4 * 3 * 3)
    assert besides(AvgPool("p", ("x",), (2, 2), (2, 2), "same")) == 2 * 2 * (5 * 4 * 3)
    assert besides(GlobalAvgPool("p", ("x",))) == 9 * 8 * 3


def test_a_sum_counts_one_addition_less_than_it_has_maps() -> None:
    a, b = DepthwiseConv2d("a", ("x",), (1, 1)), DepthwiseConv2d("b", ("x",), (1, 1))
    assert besides(a, Add("s", ("x", "a"))) == 216
    assert besides(a, b, Add("s", ("x", "a", "b"))) == 2 * 216


def test_everything_else_counts_as_always() -> None:
    conv, pad = Conv2d("c", ("x",), 4, (3, 3)), Pad("p", ("c",), (1, 0))
    assert besides(conv, pad) == 0
    both = Concat("j", ("c", "x"))
    assert besides(conv, both, Flatten("f", ("j",)), Dense("d", ("f",), 5)) == 0
