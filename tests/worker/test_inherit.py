"""What becomes of single weights when a network inherits."""

import pytest
import torch
from torch import nn

from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    Concat,
    Conv2d,
    Dense,
    DepthwiseConv2d,
    GlobalAvgPool,
    Input,
    Pad,
)
from tests.worker.families import (
    CLASSES,
    child_of,
    difference,
    fresh,
    grown,
    kernel,
    layer,
    parent_of,
    samples,
)
from tests.worker.samples import EVERYTHING
from worker.errors import UnsupportedWork
from worker.inherit import Parent, inherit
from worker.network import Network
from worker.weights import weights

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


def forget(network: Network, node_id: str, rows: list[int]) -> None:
    """Make rows of a node without batch norm give nothing."""
    with torch.no_grad():
        linear = layer(network, node_id).linear
        linear.weight[rows] = 0.0
        assert linear.bias is not None
        linear.bias[rows] = 0.0


@pytest.mark.parametrize(("stride", "start"), [((1, 1), 1), ((2, 2), 1), ((2, 1), 1)])
def test_a_larger_kernel_has_the_old_one_at_its_centre_and_zeros_around(
    stride: tuple[int, int], start: int
) -> None:
    parent = grown(chain(window=3, stride=stride), DATA)
    child, _ = child_of(parent, chain(window=5, stride=stride), DATA)
    inner = kernel(child, "one")[:, :, start : start + 3, start : start + 3]
    assert torch.equal(inner, kernel(parent, "one"))
    assert kernel(child, "one").abs().sum() == kernel(parent, "one").abs().sum()
    assert difference(parent, child, DATA) < SAME


def test_a_window_that_grows_goes_on_reading_the_same_pixels() -> None:
    # On a map of even size and stride 2, padding leaves out the row above: 3 x 3 begins at its tap.
    parent = grown(chain(window=1, stride=(2, 2), padding="valid"), DATA)
    child, _ = child_of(parent, chain(window=3, stride=(2, 2)), DATA)
    assert torch.equal(kernel(child, "one")[:, :, 0, 0], kernel(parent, "one")[:, :, 0, 0])
    assert difference(parent, child, DATA) < SAME


def test_a_smaller_kernel_is_the_centre_of_the_old_one() -> None:
    parent = grown(chain(window=5), DATA)
    child, _ = child_of(parent, chain(window=3), DATA)
    assert torch.equal(kernel(child, "one"), kernel(parent, "one")[:, :, 1:4, 1:4])


def test_rows_and_columns_of_a_kernel_change_on_their_own() -> None:
    nodes = [Conv2d("one", ("in",), 3, size) for size in ((3, 5), (5, 1))]
    tail = (GlobalAvgPool("mean", ("one",)), OUT)
    parent = grown(Graph((IN, nodes[0], *tail)), DATA)
    child, _ = child_of(parent, Graph((IN, nodes[1], *tail)), DATA)
    assert torch.equal(kernel(child, "one")[:, :, 1:4], kernel(parent, "one")[:, :, :, 2:3])
    assert not kernel(child, "one")[:, :, [0, 4]].any()


@pytest.mark.parametrize("batch_norm", [False, True])
def test_a_narrower_layer_keeps_the_largest_rows_in_their_order(batch_norm: bool) -> None:
    parent = grown(chain(6, batch_norm=batch_norm), DATA)
    with torch.no_grad():
        own = layer(parent, "one")
        # With batch norm it is its scale, not the size of the kernel, that counts.
        scale = own.norm.weight if isinstance(own.norm, nn.BatchNorm2d) else own.linear.weight
        scale[[0, 4]] *= 0.01
    child, _ = child_of(parent, chain(4, batch_norm=batch_norm), DATA)
    kept = [1, 2, 3, 5]
    assert torch.equal(kernel(child, "one"), kernel(parent, "one")[kept])
    assert torch.equal(kernel(child, "two"), kernel(parent, "two")[:, kept])


def test_layers_that_are_added_give_up_the_same_rows() -> None:
    def skip(width: int) -> Graph:
        body = (conv("one", "in", width), conv("two", "one", width), Add("sum", ("one", "two")))
        return Graph((IN, *body, GlobalAvgPool("mean", ("sum",)), OUT))

    parent = grown(skip(6), DATA)
    for name in ("one", "two"):
        forget(parent, name, [1, 4])
    with torch.no_grad():  # in itself this row is the smallest
        layer(parent, "two").linear.weight[0] *= 1e-3
    child, _ = child_of(parent, skip(4), DATA)
    assert difference(parent, child, DATA) < SAME


def test_a_narrow_layer_beside_a_wide_one_keeps_meeting_the_same_channels() -> None:
    def beside(narrow: int) -> Graph:
        paths = (conv("one", "in", narrow), conv("two", "in", 6))
        pad = Pad("pad", ("one",), channels=(0, 6 - narrow))
        return Graph(
            (IN, *paths, pad, Add("sum", ("pad", "two")), GlobalAvgPool("mean", ("sum",)), OUT)
        )

    parent = grown(beside(5), DATA)
    forget(parent, "one", [0, 2])
    narrower, _ = child_of(parent, beside(3), DATA)
    assert difference(parent, narrower, DATA) < SAME
    wider, _ = child_of(parent, beside(6), DATA)
    assert difference(parent, wider, DATA) < SAME


def test_channels_that_the_input_is_added_to_keep_their_places() -> None:
    def skip(width: int) -> Graph:
        pad = Pad("pad", ("in",), channels=(0, width - 1))
        tail = (Add("sum", ("pad", "one")), GlobalAvgPool("mean", ("sum",)), OUT)
        return Graph((IN, conv("one", "in", width), pad, *tail))

    parent = grown(skip(6), DATA)
    forget(parent, "one", [0, 4, 5])
    with torch.no_grad():  # larger than the first, and still nothing
        layer(parent, "one").linear.weight[4:] += 1e-9
    child, _ = child_of(parent, skip(4), DATA)
    assert difference(parent, child, DATA) < SAME


@pytest.mark.parametrize("between", ["a filter", "a sum"])
def test_columns_follow_their_rows_where_something_between_went_away(between: str) -> None:
    each = DepthwiseConv2d("each", ("one",), (3, 3), activation="relu")
    double = (conv("more", "in", 6), Add("sum", ("one", "more")))
    inner, last = ((each,), "each") if between == "a filter" else (double, "sum")
    tail = (conv("two", last, 4), MEAN, OUT)
    parent = grown(Graph((IN, conv("one", "in", 6), *inner, *tail)), DATA)
    forget(parent, "one", [1, 2])
    child, _ = child_of(parent, chain(4, 4), DATA)
    assert torch.equal(kernel(child, "two"), kernel(parent, "two")[:, [0, 3, 4, 5]])


def test_a_layer_behind_one_that_went_away_keeps_its_weights_by_position() -> None:
    parent = grown(chain(6, 4), DATA)
    child, _ = child_of(parent, Graph((IN, conv("two", "in", 4), MEAN, OUT)), DATA)
    assert torch.equal(kernel(child, "two"), kernel(parent, "two")[:, :1])


def test_a_graph_of_every_kind_inherits_itself() -> None:
    data = samples((14, 9, 3))
    parent = grown(EVERYTHING, data)
    child, found = child_of(parent, EVERYTHING, data)
    assert found.to_json() == {"carried": 1.0, "resampled": 0.0, "neutral": 0.0, "fresh": 0.0}
    old, new = weights(parent), weights(child)
    counters = {name for name in old if name.endswith("num_batches_tracked")}
    assert all(torch.equal(new[name], old[name]) for name in set(old) - counters)


def test_channels_side_by_side_are_found_again_in_another_order() -> None:
    def side(*order: str) -> Graph:
        body = (conv("one", "in", 2), conv("two", "in", 3), Concat("side", order))
        return Graph((IN, *body, conv("three", "side", 4), GlobalAvgPool("mean", ("three",)), OUT))

    parent = grown(side("one", "two"), DATA)
    child, _ = child_of(parent, side("two", "one"), DATA)
    assert difference(parent, child, DATA) < SAME


def test_the_weights_of_the_parent_stay_as_they_are() -> None:
    network = grown(chain(6, batch_norm=True), DATA)
    parent = parent_of(network)
    before = {name: tensor.clone() for name, tensor in parent.weights.items()}
    child = fresh(chain(8), DATA)
    inherit(child, parent, DATA)
    for own in child.parameters():
        own.data.fill_(7.0)
    assert all(torch.equal(tensor, before[name]) for name, tensor in parent.weights.items())


def test_a_parent_that_reads_other_samples_is_refused() -> None:
    other = samples((9, 8, 1))
    graph = Graph((Input("in", (9, 8, 1)), *chain().nodes[1:]))
    parent: Parent = parent_of(grown(graph, other))
    with pytest.raises(UnsupportedWork, match=r"parent: .*\(9, 8, 1\).*\(8, 8, 1\)"):
        inherit(fresh(chain(), DATA), parent, DATA)
