"""What a part of a map needs of earlier maps, against counting window by window."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_models.errors import InvalidGraph
from resource_models.graph import Graph
from resource_models.node_checks import Padding
from resource_models.nodes import (
    Add,
    Concat,
    Conv2d,
    DepthwiseConv2d,
    Input,
    MaxPool,
    Node,
    Pad,
)
from resource_models.regions import sides


def window_rows(node: Node, row: int, height: int, out_height: int) -> set[int]:
    """The input rows that one output row is made of, as TFLite pads."""
    if isinstance(node, Pad):
        return {row - node.height[0]}
    if isinstance(node, (Add, Concat)):
        return {row}
    assert isinstance(node, (Conv2d, DepthwiseConv2d, MaxPool))
    size = (node.window if isinstance(node, MaxPool) else node.kernel)[0]
    before = 0
    if node.padding == "same":
        before = max((out_height - 1) * node.stride[0] + size - height, 0) // 2
    return {row * node.stride[0] - before + i for i in range(size)}


def rows_needed(graph: Graph, last: str, wanted: set[int]) -> dict[str, int]:
    """How many rows of each node are needed; those between the first and the last are made, too."""
    needed = {node.id: set[int]() for node in graph.nodes} | {last: wanted}
    for node in reversed(graph.nodes):
        rows = needed[node.id]
        made = range(min(rows), max(rows) + 1) if rows else ()
        needed[node.id] = set(made)
        for source in node.inputs:
            height, out_height = graph.shapes[source][0], graph.shapes[node.id][0]
            for row in made:
                rows = window_rows(node, row, height, out_height)
                needed[source] |= rows & set(range(height))
    return {name: len(rows) for name, rows in needed.items()}


@st.composite
def stages(draw: st.DrawFn) -> Graph:
    """Windows in a row, some of them with a branch around them that is added or joined."""
    nodes: list[Node] = [Input("x", (draw(st.integers(8, 30)), draw(st.integers(8, 30)), 3))]
    for i in range(draw(st.integers(1, 5))):
        last = nodes[-1].id
        kernel = (draw(st.integers(1, 5)), draw(st.integers(1, 5)))
        stride = (draw(st.integers(1, 2)),) * 2
        padding: Padding = draw(st.sampled_from(("same", "valid")))
        kind = draw(st.sampled_from(("conv", "depthwise", "pool", "pad", "add", "concat")))
        if kind == "conv":
            nodes.append(Conv2d(f"n{i}", (last,), 3, kernel, stride, padding))
        elif kind == "depthwise":
            nodes.append(DepthwiseConv2d(f"n{i}", (last,), kernel, stride, padding))
        elif kind == "pool":
            nodes.append(MaxPool(f"n{i}", (last,), kernel, stride, padding))
        elif kind == "pad":
            nodes.append(Pad(f"n{i}", (last,), (1, 2), (0, 1)))
        else:
            nodes.append(Conv2d(f"a{i}", (last,), 3, kernel))
            nodes.append(DepthwiseConv2d(f"b{i}", (last,), (4, 3)))
            join = Add if kind == "add" else Concat
            nodes.append(join(f"n{i}", (f"a{i}", f"b{i}")))
    try:
        return Graph(tuple(nodes))
    except InvalidGraph:  # a window that is larger than what was left of the map
        return Graph((nodes[0], Conv2d("n0", ("x",), 3, (3, 3), (2, 2))))


@settings(max_examples=150, deadline=None)
@given(stages(), st.integers(1, 4))
def test_a_part_needs_what_its_windows_need(graph: Graph, patches: int) -> None:
    last = graph.output
    height, width, _ = graph.shapes[last]
    patches = min(patches, height, width)
    found = sides(graph, [node.id for node in graph.nodes], patches)
    part = -(-height // patches)
    starts = [min(i * part, height - part) for i in range(patches)]
    needed = [rows_needed(graph, last, set(range(start, start + part))) for start in starts]
    for name, (rows, _) in found.items():
        assert rows == max(each[name] for each in needed)


def test_rows_and_columns_are_counted_apart() -> None:
    graph = Graph((Input("x", (20, 12, 1)), Conv2d("c", ("x",), 4, (5, 3), (2, 1))))
    # 10 x 12 outputs in 2 x 2 parts of 5 x 6: rows 2 * 4 + 5 less the padding, columns 6 + 2 - 1.
    assert sides(graph, ["x", "c"], 2) == {"x": (12, 7), "c": (5, 6)}


@pytest.mark.parametrize(("patches", "side"), [(1, 9), (2, 5), (3, 3), (4, 3), (9, 1)])
def test_parts_of_a_map_that_cannot_be_divided_overlap(patches: int, side: int) -> None:
    graph = Graph((Input("x", (9, 9, 1)), Conv2d("c", ("x",), 4, (1, 1))))
    assert sides(graph, ["x", "c"], patches) == {"x": (side, side), "c": (side, side)}


def test_the_last_part_ends_with_the_map() -> None:
    graph = Graph((Input("x", (6, 9, 1)), Pad("p", ("x",), (3, 0))))
    # Rows 0 to 4 and 4 to 8 of nine, the first three of them padding.
    assert sides(graph, ["x", "p"], 2) == {"x": (5, 5), "p": (5, 5)}


def test_a_part_that_is_all_padding_needs_nothing() -> None:
    graph = Graph(
        (
            Input("x", (4, 10, 1)),
            Pad("a", ("x",), (6, 0)),
            Pad("b", ("x",), (2, 4)),
            Concat("c", ("a", "b")),
        )
    )
    assert sides(graph, ["x", "a", "b", "c"], 5)["x"] == (2, 2)
