"""Inputs that changed: other maps, other colours, what pruning had gathered."""

import pytest
import torch
from torch import Tensor

from resource_models.graph import Graph
from resource_models.nodes import (
    Add,
    AvgPool,
    Conv2d,
    Dense,
    Flatten,
    Gather,
    GlobalAvgPool,
    Input,
    MaxPool,
    Pad,
)
from tests.worker.families import CLASSES, child_of, difference, grown, kernel, samples

DATA = samples((8, 8, 1))
IN = Input("in", (8, 8, 1))
OUT = Dense("out", ("mean",), CLASSES)
SAME = 1e-5


def conv(name: str, before: str, filters: int) -> Conv2d:
    return Conv2d(name, (before,), filters, (3, 3), activation="relu")


def coloured(shape: tuple[int, ...]) -> Graph:
    image = Input("in", shape, (8, 8, 3), "outside")
    return Graph((image, conv("one", "in", 6), GlobalAvgPool("mean", ("one",)), OUT))


@pytest.mark.parametrize(("old", "new"), [(2, 4), (4, 2), (8, 4)])
def test_a_dense_layer_follows_row_column_and_channel(old: int, new: int) -> None:
    def pooled(side: int) -> Graph:
        window = (8 // side, 8 // side)
        body = (conv("one", "in", 3), AvgPool("pool", ("one",), window, window))
        flat = (Flatten("flat", ("pool",)), Dense("out", ("flat",), CLASSES))
        return Graph((IN, *body, *flat))

    parent = grown(pooled(old), DATA)
    child, found = child_of(parent, pooled(new), DATA)
    before = kernel(parent, "out").view(CLASSES, old, old, 3)
    after = kernel(child, "out").view(CLASSES, new, new, 3)
    # Each quarter of the map weighs what it did: so does a map of one value.
    assert torch.allclose(quarters(after), quarters(before), atol=1e-6)
    assert found.resampled > 0.5
    if new > old:
        assert difference(parent, child, DATA) < SAME


def quarters(maps: Tensor) -> Tensor:
    half = maps.shape[1] // 2
    parts = [maps[:, r : r + half, c : c + half] for r in (0, half) for c in (0, half)]
    return torch.stack([part.sum((1, 2)) for part in parts])


def test_a_map_of_odd_size_is_resampled_by_area() -> None:
    flat = (Flatten("flat", ("pool",)), Dense("out", ("flat",), 1))
    graphs = [Graph((IN, MaxPool("pool", ("in",), (8, size), (8, size)), *flat)) for size in (4, 2)]
    narrow = Graph((IN, MaxPool("pool", ("in",), (8, 3), (8, 3), "same"), *flat))
    parent = grown(graphs[0], DATA)
    left, right = kernel(parent, "out")[0].tolist()
    child, _ = child_of(parent, narrow, DATA)
    wanted = [left * 2 / 3, left / 3 + right / 3, right * 2 / 3]
    assert kernel(child, "out")[0].tolist() == pytest.approx(wanted, abs=1e-6)


def test_grey_weights_see_all_colours() -> None:
    data = samples((8, 8, 3))
    parent = grown(coloured((8, 8, 3)), data)
    child, _ = child_of(parent, coloured((8, 8, 1)), data)
    summed = kernel(parent, "one").sum(1, keepdim=True)
    assert torch.allclose(kernel(child, "one"), summed, atol=1e-6)


def test_other_colours_that_meet_an_addition_are_no_error() -> None:
    data = samples((8, 8, 3))

    def skip(shape: tuple[int, ...]) -> Graph:
        image = Input("in", shape, (8, 8, 3), "outside")
        pad = Pad("pad", ("in",), channels=(0, 6 - shape[2]))
        tail = (Add("sum", ("pad", "one")), GlobalAvgPool("mean", ("sum",)), OUT)
        return Graph((image, conv("one", "in", 6), pad, *tail))

    parent = grown(skip((8, 8, 1)), data)
    child, _ = child_of(parent, skip((8, 8, 3)), data)
    assert torch.equal(kernel(child, "one")[:, :1], kernel(parent, "one"))


def test_gathered_pixels_keep_their_place_among_more_colours() -> None:
    data = samples((8, 8, 3))

    def flat(shape: tuple[int, ...], gathered: tuple[int, ...]) -> Graph:
        image = Input("in", shape, (8, 8, 3), "outside")
        tail = (Gather("out.gather", ("flat",), gathered), Dense("out", ("out.gather",), 5))
        return Graph((image, Flatten("flat", ("in",)), *tail))

    parent = grown(flat((8, 8, 1), (3, 4)), data)
    child, _ = child_of(parent, flat((8, 8, 3), (3, 9, 12, 14)), data)
    assert torch.equal(kernel(child, "out")[:, 1:3], kernel(parent, "out"))


def test_what_a_pruned_parent_has_goes_to_its_old_places() -> None:
    body = (IN, conv("one", "in", 2), Flatten("flat", ("one",)))
    kept = (3, 4, 77, 120)
    small = Graph((*body, Gather("out.gather", ("flat",), kept), Dense("out", ("out.gather",), 5)))
    parent = grown(small, DATA)
    child, _ = child_of(parent, Graph((*body, Dense("out", ("flat",), 5))), DATA)
    assert torch.equal(kernel(child, "out")[:, kept], kernel(parent, "out"))
    assert kernel(child, "out").count_nonzero() == kernel(parent, "out").count_nonzero()
    assert difference(parent, child, DATA) < SAME


def test_a_child_may_gather_other_units_than_its_parent() -> None:
    def gathered(indices: tuple[int, ...]) -> Graph:
        tail = (Gather("out.gather", ("flat",), indices), Dense("out", ("out.gather",), 5))
        return Graph((IN, conv("one", "in", 2), Flatten("flat", ("one",)), *tail))

    parent = grown(gathered((3, 4, 77)), DATA)
    child, _ = child_of(parent, gathered((4, 50, 77, 90)), DATA)
    assert torch.equal(kernel(child, "out")[:, [0, 2]], kernel(parent, "out")[:, [1, 2]])
    assert not kernel(child, "out")[:, [1, 3]].any()
