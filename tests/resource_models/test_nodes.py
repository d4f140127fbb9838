"""Nodes refuse what they cannot mean, and say which field it was."""

import pickle
from collections.abc import Callable

import pytest

from resource_models.errors import InvalidGraph
from resource_models.nodes import (
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

X = ("x",)

REFUSED: list[tuple[Callable[[], Node], str]] = [
    (lambda: Input("", (1,)), "id"),
    (lambda: Input("a b", (1,)), "id"),
    (lambda: Input("../x", (1,)), "id"),
    (lambda: Input("x" * 129, (1,)), "id"),
    (lambda: Input(3, (1,)), "id"),  # type: ignore[arg-type]
    (lambda: Input("x", (8, 8)), "x.shape"),
    (lambda: Input("x", (8, 0, 1)), "x.shape"),
    (lambda: Input("x", (True,)), "x.shape"),
    (lambda: Input("x", [8, 8, 1]), "x.shape"),  # type: ignore[arg-type]
    (lambda: Input("x", (8, 8, 1), (8, 8)), "x.raw_shape"),
    (lambda: Input("x", (8, 8, 1), (16, 16, 1)), "x.raw_shape"),
    (lambda: Input("x", (8, 8, 1), (16, 4, 1), "outside"), "x.raw_shape"),
    (lambda: Input("x", (8,), (16,), "outside"), "x.raw_shape"),
    (lambda: Input("x", (8, 8, 1), (8, 8, 1), "inside"), "x.shrink"),  # type: ignore[arg-type]
    (lambda: Conv2d("c", ("x", "y"), 8, (3, 3)), "c.inputs"),
    (lambda: Conv2d("c", (), 8, (3, 3)), "c.inputs"),
    (lambda: Conv2d("c", "x", 8, (3, 3)), "c.inputs"),  # type: ignore[arg-type]
    (lambda: Conv2d("c", X, 0, (3, 3)), "c.filters"),
    (lambda: Conv2d("c", X, 2**31, (3, 3)), "c.filters"),
    (lambda: Conv2d("c", X, 8, (3, 2**31)), "c.kernel"),
    (lambda: Conv2d("c", X, 2.0, (3, 3)), "c.filters"),  # type: ignore[arg-type]
    (lambda: Conv2d("c", X, 8, (3, 0)), "c.kernel"),
    (lambda: Conv2d("c", X, 8, 3), "c.kernel"),  # type: ignore[arg-type]
    (lambda: Conv2d("c", X, 8, (3, 3), (0, 1)), "c.stride"),
    (lambda: Conv2d("c", X, 8, (3, 3), padding="full"), "c.padding"),  # type: ignore[arg-type]
    (lambda: Conv2d("c", X, 8, (3, 3), activation="gelu"), "c.activation"),  # type: ignore[arg-type]
    (lambda: Conv2d("c", X, 8, (3, 3), batch_norm=1), "c.batch_norm"),  # type: ignore[arg-type]
    (lambda: DepthwiseConv2d("d", ("x", "y"), (3, 3)), "d.inputs"),
    (lambda: DepthwiseConv2d("d", X, (0, 3)), "d.kernel"),
    (lambda: DepthwiseConv2d("d", X, (3, 3), (1,)), "d.stride"),  # type: ignore[arg-type]
    (lambda: DepthwiseConv2d("d", X, (3, 3), padding=""), "d.padding"),  # type: ignore[arg-type]
    (lambda: DepthwiseConv2d("d", X, (3, 3), activation=[]), "d.activation"),  # type: ignore[arg-type]
    (lambda: DepthwiseConv2d("d", X, (3, 3), batch_norm=None), "d.batch_norm"),  # type: ignore[arg-type]
    (lambda: Dense("f", (1,), 8), "f.inputs"),  # type: ignore[arg-type]
    (lambda: Dense("f", X, -1), "f.units"),
    (lambda: Dense("f", X, 8, "tanh"), "f.activation"),  # type: ignore[arg-type]
    (lambda: Dense("f", X, 8, batch_norm="no"), "f.batch_norm"),  # type: ignore[arg-type]
    (lambda: MaxPool("m", (), (2, 2), (2, 2)), "m.inputs"),
    (lambda: MaxPool("m", X, (2, 0), (2, 2)), "m.window"),
    (lambda: MaxPool("m", X, (2, 2), (0, 2)), "m.stride"),
    (lambda: MaxPool("m", X, (2, 2), (2, 2), "SAME"), "m.padding"),  # type: ignore[arg-type]
    (lambda: AvgPool("a", (), (2, 2), (2, 2)), "a.inputs"),
    (lambda: AvgPool("a", X, (2,), (2, 2)), "a.window"),  # type: ignore[arg-type]
    (lambda: AvgPool("a", X, (2, 2), (2, -2)), "a.stride"),
    (lambda: AvgPool("a", X, (2, 2), (2, 2), "SAME"), "a.padding"),  # type: ignore[arg-type]
    (lambda: GlobalAvgPool("g", ()), "g.inputs"),
    (lambda: Pad("p", ()), "p.inputs"),
    (lambda: Pad("p", X, height=(-1, 0)), "p.height"),
    (lambda: Pad("p", X, width=(0, 1.5)), "p.width"),  # type: ignore[arg-type]
    (lambda: Pad("p", X, channels=(0, 1, 2)), "p.channels"),  # type: ignore[arg-type]
    (lambda: Gather("k", (), (0,)), "k.inputs"),
    (lambda: Gather("k", X, ()), "k.indices"),
    (lambda: Gather("k", X, (-1, 2)), "k.indices"),
    (lambda: Gather("k", X, (2, 1)), "k.indices"),
    (lambda: Gather("k", X, (1, 1)), "k.indices"),
    (lambda: Gather("k", X, [1, 2]), "k.indices"),  # type: ignore[arg-type]
    (lambda: Gather("k", X, (1, "2")), "k.indices"),  # type: ignore[arg-type]
    (lambda: Add("s", X), "s.inputs"),
    (lambda: Add("s", ("x", "x")), "s.inputs"),
    (lambda: Add("s", ("x", "y"), "none "), "s.activation"),  # type: ignore[arg-type]
    (lambda: Concat("j", X), "j.inputs"),
    (lambda: Flatten("v", ("x", "y")), "v.inputs"),
]


@pytest.mark.parametrize(("build", "field"), REFUSED)
def test_a_wrong_field_is_refused_by_name(build: Callable[[], Node], field: str) -> None:
    with pytest.raises(InvalidGraph) as refused:
        build()
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: need ")


def test_an_unshrunk_input_is_its_own_raw_image() -> None:
    assert Input("x", (8, 8, 1)) == Input("x", (8, 8, 1), (8, 8, 1))


def test_an_input_may_be_shrunk_and_turned_grey_by_the_driver() -> None:
    assert Input("x", (9, 9, 1), (28, 28, 3), "outside").raw_shape == (28, 28, 3)


def test_refusals_survive_the_way_between_processes() -> None:
    error = InvalidGraph("c.filters", "need an integer >= 1, got 0.")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.field, str(copy)) == (error.field, str(error))
