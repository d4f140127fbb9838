"""Layers and branches that the parent did not have."""

import pytest
from torch import Tensor

from resource_models.graph import Graph
from resource_models.nodes import Add, Conv2d, Dense, DepthwiseConv2d, GlobalAvgPool, Input, Node
from tests.worker.families import CLASSES, child_of, difference, grown, layer, samples

DATA = samples((8, 8, 1))
IN = Input("in", (8, 8, 1))
MEAN, OUT = GlobalAvgPool("mean", ("two",)), Dense("out", ("mean",), CLASSES)
SAME = 1e-5


def conv(name: str, before: str, filters: int, kernel: int = 3, **more: object) -> Conv2d:
    fields: dict[str, object] = {"activation": "relu", **more}
    return Conv2d(name, (before,), filters, (kernel, kernel), **fields)  # type: ignore[arg-type]


def chain(first: int = 6, second: int = 4, window: int = 3, **more: object) -> Graph:
    one = conv("one", "in", first, window, **more)
    return Graph((IN, one, conv("two", "one", second), MEAN, OUT))


def test_new_layers_in_a_row_hand_on_what_is_needed_behind_them() -> None:
    new: tuple[Node, ...] = (
        conv("a", "one", 7, 5, batch_norm=True),
        DepthwiseConv2d("b", ("a",), (3, 3), activation="relu", batch_norm=True),
        conv("c", "b", 6, 1),
    )
    parent = grown(chain(6, 4), DATA)
    deeper = Graph((IN, conv("one", "in", 6), *new, conv("two", "c", 4), MEAN, OUT))
    child, found = child_of(parent, deeper, DATA)
    assert difference(parent, child, DATA) < SAME
    assert found.fresh < 0.3


def test_a_dense_layer_of_the_same_width_begins_as_an_identity() -> None:
    parent = grown(chain(6, 4), DATA)
    head = (Dense("extra", ("mean",), 6, "relu"), Dense("out", ("extra",), CLASSES))
    child, _ = child_of(parent, Graph((*chain(6, 4).nodes[:-1], *head)), DATA)
    assert difference(parent, child, DATA) < SAME


def beside(join: str, batch_norm: bool, activation: str) -> Graph:
    """A chain with a new layer beside or behind its second one."""
    first, second = chain(6, 6).nodes[1:3]
    start = "one" if join == "parallel" else "two"
    new = conv("new", start, 6, activation=activation, batch_norm=batch_norm)
    tail = (Add("sum", ("two", "new")), GlobalAvgPool("mean", ("sum",)), OUT)
    return Graph((IN, first, second, new, *tail))


@pytest.mark.parametrize("join", ["parallel", "skip"])
@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("activation", ["none", "relu", "relu6"])
def test_a_new_branch_begins_at_zero_and_still_learns(
    join: str, batch_norm: bool, activation: str
) -> None:
    parent = grown(chain(6, 6), DATA)
    child, _ = child_of(parent, beside(join, batch_norm, activation), DATA)
    assert difference(parent, child, DATA) < SAME
    child.train()(DATA.x_train).square().sum().backward()
    new = layer(child, "new")
    slopes = new.linear.weight.grad if new.norm is None else new.norm.weight.grad
    assert isinstance(slopes, Tensor)
    assert all(slopes.flatten(1).any(1) if slopes.dim() > 1 else slopes != 0)


def test_a_layer_added_behind_a_depthwise_one_inside_a_skip_hands_on() -> None:
    def skip(*inner: Node) -> Graph:
        before = (IN, conv("one", "in", 4))
        each = DepthwiseConv2d("each", ("one",), (3, 3), activation="relu")
        last = inner[-1].id if inner else "each"
        tail = (Add("sum", ("one", last)), GlobalAvgPool("mean", ("sum",)), OUT)
        return Graph((*before, each, *inner, *tail))

    parent = grown(skip(), DATA)
    new = DepthwiseConv2d("new", ("each",), (3, 3), activation="relu")
    for inner in ((new,), (conv("new", "each", 4),), (conv("a", "each", 9), conv("b", "a", 4))):
        child, _ = child_of(parent, skip(*inner), DATA)
        assert difference(parent, child, DATA) < SAME


def test_a_layer_too_narrow_for_half_of_what_comes_begins_fresh() -> None:
    parent = grown(chain(6, 4), DATA)
    squeezed = (conv("new", "one", 2), conv("two", "new", 4), MEAN, OUT)
    child, found = child_of(parent, Graph((*chain(6, 4).nodes[:2], *squeezed)), DATA)
    assert found.fresh == pytest.approx(6 * 2 * 9 / (6 * 9 + 6 * 2 * 9 + 2 * 4 * 9 + 20))
    assert layer(child, "new").linear.weight.abs().min() > 0
