"""The charts as Plotly JSON, from plain rows."""

from typing import Any

import plotly.graph_objects as go
import pytest

from optimizer.problem import Objective
from optimizer.scale import Scale
from resource_models.devices import device
from service.figures import (
    Axis,
    Figure,
    Point,
    Thought,
    front,
    front3d,
    hypervolume,
    learning,
    memory,
    thinking,
)
from service.figures.axes import budgets
from service.figures.layout import MANY

ERROR = Objective("error", scale=Scale(0.002, 0.45, log=True))
SIZE = Objective("model_size:deployed", "known", bound=2770.0, scale=Scale(50.0, 11080.0, log=True))
LATENCY = Axis(Objective("latency", "known", bound=2.25), log=True)
BUDGETS = budgets(device("stm32f446re"))
AXES = (Axis(ERROR, log=True, accuracy=True), Axis(SIZE, log=True, budget=BUDGETS["model_size"]))
POINTS = (
    Point(11, 1, (0.10, 200.0), on_front=True, feasible=True),
    Point(12, 2, (0.02, 3000.0), on_front=True, feasible=True),
    Point(13, 3, (0.05, 900.0), on_front=True, feasible=True),
    Point(14, 4, (0.20, 1000.0), on_front=False, feasible=True, origin="morph"),
    Point(15, 5, (0.01, 90000.0), on_front=False, feasible=False),
)


def by_role(figure: Figure) -> dict[str, dict[str, Any]]:
    return {trace["meta"]["role"]: trace for trace in figure["data"]}


def shapes(figure: Figure) -> dict[str, dict[str, Any]]:
    return {shape["name"]: shape for shape in figure["layout"]["shapes"]}


def all_figures() -> list[Figure]:
    third = Axis(Objective("working_memory:arena", "known"), budget=BUDGETS["working_memory"])
    in_space = [Point(1, 1, (0.1, 200.0, 64.0), on_front=True, feasible=True)]
    return [
        front(POINTS, AXES, 1, 0),
        front([], AXES, 1, 0),
        front([Point(1, 1, (0.1,), on_front=True, feasible=True)], AXES[:1], 0, 0),
        front3d(in_space, (*AXES, third), (1, 0, 2)),
        hypervolume([(1, 0.2, 1), (4, 0.3, 2)], 6, [ERROR, SIZE]),
        learning([(1, {"loss": 2.0, "error": 0.4}), (2, {"loss": 1.0, "error": 0.3})], ["error"]),
        memory([("a", 100), ("b", 120)], BUDGETS["working_memory"]),
        memory([], None),
    ]


def test_milliseconds_are_written_with_their_fractions_and_without_prefixes() -> None:
    assert LATENCY.text(1234.5678) == "1235 ms"
    assert LATENCY.text(0.3125) == "0.3125 ms"
    assert [LATENCY.layout([1.0])[each] for each in ("tickformat", "ticksuffix")] == ["~g", " ms"]
    assert LATENCY.hover(3) == "latency %{customdata[3]:.5~g} ms"
    steps = Axis(Objective("instructions@m4", "known"))  # whose name says what is counted
    assert (steps.unit, steps.text(1234567.0)) == ("instructions", "1,234,567")
    assert steps.hover(3) == "instructions@m4 %{customdata[3]:,d}"
    assert "ticksuffix" not in steps.layout([1.0])
    size = Axis(SIZE)
    assert (size.text(1234.0), size.layout([1.0])["tickformat"]) == ("1,234 B", "~s")
    assert size.hover(3) == "model_size:deployed %{customdata[3]:,d} B"


@pytest.mark.parametrize("figure", all_figures())
def test_plotly_takes_every_figure_as_it_is(figure: Figure) -> None:
    go.Figure(data=figure["data"], layout=figure["layout"])


def test_points_are_told_apart_and_the_front_is_drawn_last() -> None:
    figure = front(POINTS, AXES, 1, 0)
    roles = [trace["meta"]["role"] for trace in figure["data"]]
    assert roles == ["infeasible", "dominated", "line", "front"]
    traces = by_role(figure)
    assert traces["front"]["x"] == [200.0, 3000.0, 900.0]
    assert traces["dominated"]["y"] == [0.20]
    assert traces["infeasible"]["x"] == [90000.0]


def test_a_point_names_its_trial_first_and_shows_all_objectives() -> None:
    trace = by_role(front(POINTS, AXES, 1, 0))["dominated"]
    assert trace["customdata"] == [[14, 4, "morph", 0.20, 1000.0, 80.0]]
    template = trace["hovertemplate"]
    assert "<b>Trial %{customdata[1]}</b> · %{customdata[2]}" in template
    assert "error %{customdata[3]:.4f} · accuracy %{customdata[5]:.2f} %" in template
    assert "model_size:deployed %{customdata[4]:,d} B" in template


def test_a_chart_names_what_its_points_tell_and_tells_what_it_was_asked_for() -> None:
    points = [Point(1, 1, (0.1, 200.0), True, True, "user", (7.0, None))]
    for figure in (
        front(points, AXES, 1, 0, ["macs", "latency"]),
        front(points, AXES, 0, 0, ["macs", "latency"]),
        front3d(points, AXES, (1, 0, 1), ["macs", "latency"]),
    ):
        [facts] = by_role(figure)["front"]["customdata"]
        told = dict(zip(figure["layout"]["meta"]["columns"], facts, strict=True))
        assert (told["error"], told["macs"], told["latency"]) == (0.1, 7.0, None)


def test_the_line_joins_the_front_in_steps() -> None:
    line = by_role(front(POINTS, AXES, 1, 0))["line"]
    assert line["x"] == [200.0, 900.0, 3000.0]
    assert line["y"] == [0.10, 0.05, 0.02]
    assert line["line"]["shape"] == "hv"


def test_the_line_leaves_out_what_is_on_the_front_by_a_third_objective() -> None:
    points = (*POINTS[:3], Point(16, 6, (0.30, 2000.0), on_front=True, feasible=True))
    assert by_role(front(points, AXES, 1, 0))["line"]["x"] == [200.0, 900.0, 3000.0]


def test_the_line_of_an_objective_to_maximise_turns_its_steps() -> None:
    gain = Axis(Objective("gain", goal="maximize"))
    cost = Axis(Objective("cost"))
    points = [
        Point(n, n, (float(g), float(c)), on_front=True, feasible=True)
        for n, g, c in [(1, 5, 9), (2, 1, 2), (3, 3, 4), (4, 2, 8)]
    ]
    line = by_role(front(points, (gain, cost), 0, 1))["line"]
    assert line["x"] == [1.0, 3.0, 5.0]
    assert line["y"] == [2.0, 4.0, 9.0]
    assert line["line"]["shape"] == "vh"


def test_bounds_are_dashed_lines_that_say_their_value() -> None:
    bound = shapes(front(POINTS, AXES, 1, 0))["bound"]
    assert (bound["x0"], bound["x1"], bound["yref"]) == (2770.0, 2770.0, "paper")
    assert bound["line"]["dash"] == "dash"
    assert bound["label"]["text"] == "bound 2,770 B"


@pytest.mark.parametrize(("largest", "drawn"), [(2000.0, False), (200_000.0, True)])
def test_a_budget_is_drawn_only_where_it_does_not_squeeze_the_points(
    largest: float, drawn: bool
) -> None:
    points = [Point(1, 1, (0.1, largest), on_front=True, feasible=True)]
    found = shapes(front(points, AXES, 1, 0))
    assert ("budget" in found) is drawn
    if drawn:
        assert found["budget"]["label"]["text"] == "flash of stm32f446re 524,288 B"


def test_an_error_of_zero_is_drawn_at_the_ideal_of_a_log_axis_and_told_as_it_is() -> None:
    points = [Point(1, 1, (0.0, 500.0), on_front=True, feasible=True)]
    trace = by_role(front(points, AXES, 1, 0))["front"]
    assert trace["y"] == [0.002]
    assert trace["customdata"][0][3] == 0.0
    assert trace["customdata"][0][5] == 100.0


def test_a_log_axis_that_cannot_show_all_values_becomes_linear_and_says_so() -> None:
    axis = Axis(Objective("cost"), log=True)
    points = [Point(1, 1, (-1.0, 2.0), on_front=True, feasible=True)]
    figure = front(points, (axis, Axis(Objective("time"))), 0, 1)
    assert figure["layout"]["xaxis"].get("type") != "log"
    about = figure["layout"]["meta"]["axes"][0]
    assert about == {"axis": "x", "name": "cost", "log": False, "can_log": False}


@pytest.mark.parametrize(("worst", "ticks"), [(0.1, 3), (0.12, 3), (0.4, 4), (0.0, 3)])
def test_a_log_axis_asks_for_so_few_ticks_that_none_crowds(worst: float, ticks: int) -> None:
    figure = front(
        [Point(1, 1, (0.01, 9.0), True, True), Point(2, 2, (worst, 9.0), True, True)], AXES, 1, 0
    )
    assert figure["layout"]["yaxis"]["nticks"] == ticks


def test_a_trial_without_a_value_is_not_drawn() -> None:
    points = [Point(1, 1, (None, 2.0), on_front=False, feasible=True)]
    assert all(not trace["x"] for trace in front(points, AXES, 1, 0)["data"])


def test_a_crowd_is_whole_and_left_to_the_graphics_card() -> None:
    crowd = [
        Point(n, n, (0.5, 500.0), on_front=False, feasible=True) for n in range(100, 100 + MANY)
    ]
    for points, kind in (([*crowd, *POINTS], "scattergl"), (POINTS, "scatter")):
        figure = front(points, AXES, 1, 0)
        # One kind for all: the graphics card draws above every element.
        assert {trace["type"] for trace in figure["data"]} == {kind}
        assert sum(len(trace.get("customdata", ())) for trace in figure["data"]) == len(points)
        course = front(points, AXES, 0, 0)
        seconds = thinking([Thought(1, 1, 0.2, None)] * len(points))
        for other in (course, seconds):
            assert {trace["type"] for trace in other["data"]} == {kind}


def test_zoom_survives_new_points_but_not_other_axes() -> None:
    revision = front(POINTS[:2], AXES, 1, 0)["layout"]["uirevision"]
    assert front(POINTS, AXES, 1, 0)["layout"]["uirevision"] == revision
    assert front(POINTS, AXES, 0, 1)["layout"]["uirevision"] != revision


def test_a_single_objective_is_drawn_over_the_trials_with_the_best_so_far() -> None:
    points = [
        Point(n, n, (value,), on_front=value == 1.0, feasible=True)
        for n, value in [(1, 5.0), (2, 7.0), (3, 1.0), (4, 2.0)]
    ]
    figure = front(points, (Axis(Objective("cost")),), 0, 0)
    line = by_role(figure)["line"]
    assert line["x"] == [1, 2, 3, 4]
    assert line["y"] == [5.0, 5.0, 1.0, 1.0]
    assert figure["layout"]["xaxis"]["title"]["text"] == "trial"


def test_three_objectives_are_drawn_in_space() -> None:
    third = Axis(Objective("macs", "known"))
    points = [Point(1, 1, (0.1, 200.0, 64.0), on_front=True, feasible=True)]
    figure = front3d(points, (*AXES, third), (1, 0, 2))
    trace = by_role(figure)["front"]
    assert (trace["x"], trace["y"], trace["z"]) == ([200.0], [0.1], [64.0])
    assert figure["layout"]["scene"]["xaxis"]["type"] == "log"
    assert [figure["layout"]["scene"][f"{name}axis"]["nticks"] for name in "xyz"] == [3, 3, 5]
    assert [axis["axis"] for axis in figure["layout"]["meta"]["axes"]] == ["x", "y", "z"]


def test_in_space_a_frame_across_the_points_stands_where_a_bound_or_a_budget_lies() -> None:
    third = Axis(Objective("macs", "known"))
    points = [
        Point(1, 1, (0.1, 200.0, 64.0), on_front=True, feasible=True),
        Point(2, 2, (0.02, 200_000.0, 640.0), on_front=True, feasible=True),
    ]
    traces = by_role(front3d(points, (*AXES, third), (1, 0, 2)))
    bound, budget = traces["bound"], traces["budget"]
    assert bound["name"] == "model_size:deployed: bound 2,770 B"
    assert set(bound["x"]) == {2770.0}
    assert (set(bound["y"]), set(bound["z"])) == ({0.02, 0.1}, {64.0, 640.0})
    assert set(budget["x"]) == {524_288.0}
    assert "budget" not in by_role(front3d(points[:1], (*AXES, third), (1, 0, 2)))
    assert "bound" not in by_role(front3d([], (AXES[0], third, third), (0, 1, 2)))


def test_the_hypervolume_holds_until_the_last_finished_trial_and_shows_its_scale() -> None:
    figure = hypervolume([(1, 0.2, 1), (4, 0.3, 2)], 6, [ERROR, SIZE])
    [curve] = figure["data"]
    assert curve["x"] == [1, 4, 6]
    assert curve["y"] == [0.2, 0.3, 0.3]
    title = figure["layout"]["title"]["text"]
    assert "error 0.45 to 0.002, log; model_size:deployed 11080 to 50, log" in title


def test_a_hypervolume_without_a_scale_says_that_it_comes_later() -> None:
    title = hypervolume([], 2, [Objective("cost")])["layout"]["title"]["text"]
    assert "fixed after the first trials" in title


def test_seconds_per_proposal_tell_who_stepped_in() -> None:
    late = "bayes: no answer within 5 s"
    figure = thinking([Thought(11, 1, 0.2, None), Thought(12, 2, 5.1, late)])
    traces = by_role(figure)
    assert (traces["front"]["x"], traces["front"]["y"]) == ([1], [0.2])
    assert traces["dominated"]["customdata"] == [[12, late]]
    assert traces["dominated"]["name"] == "another designer stepped in"
    assert thinking([])["data"][0]["x"] == []


def test_learning_draws_errors_on_the_left_and_the_loss_on_the_right() -> None:
    figure = learning([(1, {"loss": 2.0, "error": 0.4}), (2, {"loss": 1.0})], ["error"])
    traces = {trace["name"]: trace for trace in figure["data"]}
    assert set(traces) == {"error", "loss (right)"}
    assert "yaxis" not in traces["error"]
    assert traces["loss (right)"]["yaxis"] == "y2"
    assert traces["error"]["x"] == [1]
    assert traces["loss (right)"]["y"] == [2.0, 1.0]


def test_learning_without_an_error_has_one_axis() -> None:
    figure = learning([(0, {"reward": 2.0})], ["cost"])
    assert "yaxis2" not in figure["layout"]


def test_memory_keeps_the_order_of_the_operators_and_marks_the_peak() -> None:
    figure = memory([("conv", 700), ("pool", 900), ("dense", 40)], BUDGETS["working_memory"])
    [bars] = figure["data"]
    assert bars["y"] == ["conv", "pool", "dense"]
    assert bars["x"] == [700, 900, 40]
    assert bars["customdata"] == [["conv", "other"], ["pool", "peak"], ["dense", "other"]]
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"
    assert figure["layout"]["meta"]["note"] == (
        "Peak 900 B, 0.687 % of 131,072 B (SRAM of stm32f446re). Tensors only, no kernel scratch."
    )
    assert figure["layout"]["shapes"] == []


def test_memory_near_the_budget_shows_the_budget() -> None:
    figure = memory([("conv", 100_000)], BUDGETS["working_memory"])
    assert shapes(figure)["budget"]["x0"] == 131_072
