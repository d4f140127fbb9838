"""Operators in bands: which rows are needed, which are made, where they lie, when it is chosen."""

from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from resource_models.arena import ArenaPlan
from resource_models.arena_banded import plan_within
from resource_models.arena_in_place import plan_in_place
from resource_models.bands import NO_ROWS, Reading, chains, reading, stage, walk
from resource_models.graph import Graph
from resource_models.node_checks import Padding
from resource_models.nodes import Add, AvgPool, Conv2d, DepthwiseConv2d, Input, MaxPool, Node
from resource_models.shapes import shape_of
from tests.resource_models.banded import budgets, check_banded
from tests.resource_models.networks import networks, residual_chain


@st.composite
def windows(draw: st.DrawFn) -> Graph:
    """Windows of any size and step in a row, over an image that may be lower than they are."""
    shape = (draw(st.integers(1, 24)), draw(st.integers(1, 5)), draw(st.integers(1, 4)))
    nodes: list[Node] = [Input("x", shape)]
    for number in range(draw(st.integers(2, 6))):
        size = (draw(st.integers(1, 6)), draw(st.integers(1, 3)))
        step = (draw(st.integers(1, 4)), 1)
        fits = size[0] <= shape[0] and size[1] <= shape[1]
        padding = draw(st.sampled_from(get_args(Padding))) if fits else "same"
        name, before = f"n{number}", (nodes[-1].id,)
        node: Node = draw(
            st.sampled_from(
                (
                    Conv2d(name, before, draw(st.integers(1, 9)), size, step, padding),
                    DepthwiseConv2d(name, before, size, step, padding),
                    MaxPool(name, before, size, step, padding),
                    AvgPool(name, before, size, step, padding),
                )
            )
        )
        shape = shape_of(node, (shape,))
        nodes.append(node)
    return Graph(tuple(nodes))


def rows_read(seen: Reading, rows: set[int]) -> set[int]:
    """The rows of a map under any window of these rows of the next one."""
    each = (row * seen.down - seen.top + i for row in rows for i in range(seen.window))
    return {row for row in each if 0 <= row < seen.height}


@settings(max_examples=150, deadline=None)
@given(windows(), st.integers(1, 8))
def test_a_band_has_just_the_rows_that_are_read_and_makes_none_twice(
    graph: Graph, rows: int
) -> None:
    [names] = chains(graph)
    readings = [reading(graph, name) for name in names]
    height = graph.shapes[names[-1]][0]
    before = [NO_ROWS] * (len(names) + 1)
    done: list[set[int]] = [set() for _ in before]
    for bands in walk(readings, rows, height):
        for i, seen in enumerate(readings):
            needed = rows_read(seen, {*range(bands[i + 1].first, bands[i + 1].end)})
            low, first, end = bands[i]
            if needed:
                assert (low, end) == (min(needed), max(needed) + 1)
            assert low <= first <= end
            if i:
                # What is not new was there, behind what is gone.
                assert first == low or (before[i].low <= low and first == before[i].end)
                assert done[i].isdisjoint(range(first, end))
                done[i] |= {*range(first, end)}
        done[-1] |= {*range(bands[-1].first, bands[-1].end)}
        before = bands
    assert done[-1] == {*range(height)}


@settings(max_examples=60, deadline=None)
@given(st.one_of(windows(), networks()), st.data())
def test_a_plan_within_a_budget_keeps_it_and_loses_nothing(
    graph: Graph, data: st.DataObject
) -> None:
    whole = plan_in_place(graph)
    assert plan_within(graph) == plan_within(graph, whole.arena_bytes) == whole
    budget = data.draw(st.integers(1, whole.arena_bytes - 1))
    plan = plan_within(graph, budget)
    if plan.stages:
        assert plan.arena_bytes <= budget
        check_banded(graph, plan)
    else:
        assert plan == whole


def block(*, skip: bool = False) -> Graph:
    """A block of MobileNetV2, with an image of its size in front."""
    nodes: list[Node] = [
        Input("x", (32, 32, 8)),
        Conv2d("expand", ("x",), 48, (1, 1), activation="relu6"),
        DepthwiseConv2d("each", ("expand",), (3, 3)),
        Conv2d("project", ("each",), 8, (1, 1)),
    ]
    return Graph((*nodes, Add("sum", ("x", "project"))) if skip else tuple(nodes))


def least(graph: Graph) -> tuple[int, ArenaPlan]:
    """The smallest budget that is kept, and the plan within it."""
    found = [(budget, plan_within(graph, budget)) for budget in budgets(graph)]
    return found[-1]


def test_the_wide_map_of_a_block_is_never_whole() -> None:
    graph = block()
    ends, wide, thin = 32 * 32 * 8, 32 * 48, 32 * 48
    budget, plan = least(graph)
    # Three rows of the wide map and one behind it; the last map takes the place of the first.
    assert plan.arena_bytes == budget == ends + 3 * wide + thin
    assert plan_in_place(graph).arena_bytes == ends + 32 * wide == 4 * budget
    [found] = plan.stages
    assert (found.rows, found.kept) == (1, ("expand",))
    assert plan_within(graph, budget - 1) == plan_in_place(graph)


def test_the_last_map_takes_the_place_of_the_image_where_that_has_been_read() -> None:
    # Of a larger map: it begins before the image, and each row ends where the image was read.
    nodes = (
        Input("x", (24, 8, 2)),
        Conv2d("wide", ("x",), 40, (1, 1)),
        DepthwiseConv2d("each", ("wide",), (5, 1)),
        Conv2d("last", ("each",), 3, (1, 1)),
    )
    graph = Graph(nodes)
    plan = plan_within(graph, plan_in_place(graph).arena_bytes - 1)
    check_banded(graph, plan)
    [found] = plan.stages
    assert found.lead_bytes > 0
    assert plan.offsets_bytes["x"] - plan.offsets_bytes["last"] == found.lead_bytes
    # One that is read again stays whole.
    again = Graph((*nodes, Conv2d("side", ("x",), 3, (1, 1)), Add("sum", ("last", "side"))))
    plan = plan_within(again, plan_in_place(again).arena_bytes - 1)
    check_banded(again, plan)
    assert plan.stages


def test_with_more_room_there_are_more_rows_at_a_time_and_fewer_are_moved() -> None:
    graph = block()
    found = [plan_within(graph, budget).stages[0] for budget in budgets(graph)]
    rows, moved = [each.rows for each in found], [each.moved_bytes for each in found]
    assert rows == sorted(rows, reverse=True)
    assert moved == sorted(moved)
    assert len({*rows}) > 4
    # Two rows are read again by each band; for the first two they lie at the beginning already.
    assert moved[-1] == 30 * 2 * 32 * 48


def test_a_map_that_waits_for_a_sum_stays_whole_and_each_block_is_a_stage() -> None:
    graph = residual_chain(3)
    budget, plan = least(graph)
    assert len(plan.stages) == 3
    assert all(found.names == (f"a{i}", f"b{i}", f"c{i}") for i, found in enumerate(plan.stages))
    assert budget < plan_in_place(graph).arena_bytes // 2
    check_banded(graph, plan)


def test_rows_that_stay_are_whole_whatever_runs_between() -> None:
    nodes: list[Node] = [Input("x", (40, 8, 1))]
    for i, filters in enumerate((9, 8, 7, 6, 1)):
        nodes.append(Conv2d(f"n{i}", (nodes[-1].id,), filters, (3, 1)))
    graph = Graph(tuple(nodes))
    found = [plan_within(graph, budget) for budget in budgets(graph)]
    for plan in found:
        check_banded(graph, plan)
    assert max(len(each.kept) for plan in found for each in plan.stages) == 4


def test_operators_that_others_read_or_that_need_all_of_a_map_end_a_chain() -> None:
    assert chains(block(skip=True)) == [("expand", "each", "project")]
    assert chains(residual_chain(1)) == [("a0", "b0", "c0")]
    twice = (*block().nodes, Conv2d("again", ("project",), 8, (1, 1)))
    assert chains(Graph((*twice, Add("s", ("project", "again"))))) == [
        ("expand", "each", "project"),
        ("again",),
    ]


def test_rows_that_nobody_reads_are_not_made() -> None:
    graph = Graph(
        (
            Input("x", (9, 4, 2)),
            Conv2d("all", ("x",), 4, (1, 1)),
            Conv2d("few", ("all",), 4, (1, 1), (4, 1)),
        )
    )
    found = stage(graph, ("all", "few"), 1)
    assert (found.heights, found.kept, found.moved_bytes) == ({"all": 1}, (), 0)
