"""The figures of what mattered, parallel axes, timeline and overlay, from plain rows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import plotly.graph_objects as go
import pytest

from optimizer.problem import Objective
from optimizer.scale import Scale
from service.features import Feature, Results
from service.figures import Axis, Figure, Growth, Run, importance, overlay, parallel, timeline
from service.figures.importance import MOST_BARS
from service.figures.overlay import Step
from service.figures.parallel import BELOW, FRONT
from service.figures.timeline import MOST_LANES
from service.importance import Shares

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
COST = Axis(Objective("cost", scale=Scale(1.0, 1000.0, log=True)), log=True)
GAIN = Axis(Objective("gain", goal="maximize"))
FOUND = Results(
    trial_id=[11, 12, 13],
    number=[1, 2, 3],
    on_front=[True, False, False],
    feasible=[True, True, False],
    figures={"cost": [10.0, 0.0, 1000.0], "gain": [1.0, None, 3.0]},
    features=(
        Feature("rate", (0.001, 0.1, None), log=True),
        Feature("trays", (1.0, 3.0, 2.0), whole=True),
        Feature("<fan>", (0.0, None, 1.0), labels=("off", "fast")),
        Feature("gain", (5.0, 5.0, 5.0)),
    ),
)
SCALED = (Objective("cost", scale=Scale(0.0, 10.0)), Objective("size", scale=Scale(0.0, 10.0)))
STEPS = (Step(1, 0.2, 1, 5.0), Step(4, 0.3, 2, 50.0))


def run(number: int, worker: str, began_s: float, took_s: float | None, **more: Any) -> Run:
    started_at = NOW - timedelta(seconds=began_s)
    ended_at = None if took_s is None else started_at + timedelta(seconds=took_s)
    outcome = "running" if took_s is None else "completed"
    facts = {"outcome": outcome, "reason": None} | more
    return Run(number, 100 + number, number, 1, worker, started_at, ended_at, **facts)


def dimensions(figure: Figure) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in figure["data"][0]["dimensions"]}


def all_figures() -> list[Figure]:
    shares = Shares("cost", 30, 0.8, (("heat", 0.9), ("<b>", 0.1)), "From 30 results.")
    empty = Results([], [], [], [], {"cost": [], "gain": []}, (Feature("rate", (), log=True),))
    return [
        importance([shares, Shares("gain", 3, None, (), "Needs 20 results; there are 3.")]),
        importance([]),
        parallel(FOUND, [COST, GAIN], ["cost", "rate", "<fan>"]),
        parallel(empty, [COST, GAIN], ["cost", "rate"]),
        timeline([run(1, "w", 100, 50), run(2, "w", 60, None)], NOW),
        timeline([], NOW),
        overlay([Growth(1, "a", SCALED, STEPS, 9, 100.0)], "trials"),
        overlay([], "time"),
    ]


@pytest.mark.parametrize("figure", all_figures())
def test_plotly_takes_every_figure_as_it_is(figure: Figure) -> None:
    go.Figure(data=figure["data"], layout=figure["layout"])


def test_small_shares_are_one_bar_and_names_no_markup() -> None:
    many = tuple((f"<i>{n}", 0.05) for n in range(19))
    figure = importance([Shares("cost", 30, 0.8, (*many, ("tiny", 0.05)), "")])
    [bars] = figure["data"]
    assert bars["y"][0] == "&lt;i&gt;0"
    assert bars["y"][-1] == "10 others"
    assert len(bars["y"]) == MOST_BARS + 1
    assert sum(bars["x"]) == pytest.approx(1.0)
    assert figure["layout"]["yaxis"]["dtick"] == 1  # else Plotly leaves names out


def test_an_objective_without_shares_says_why_in_its_place() -> None:
    figure = importance([Shares("gain", 3, None, (), "Needs 20 results; there are 3.")])
    assert "Needs 20 results" in figure["layout"]["annotations"][0]["text"]


def test_a_log_axis_is_written_in_its_own_unit_and_shows_zero_at_its_ideal() -> None:
    figure = parallel(FOUND, [COST, GAIN], ["cost", "rate"])
    found = dimensions(figure)
    assert found["cost"]["values"] == pytest.approx([1.0, 0.0, 3.0])
    assert found["cost"]["label"] == "cost ↓"
    assert found["rate"]["values"][:2] == pytest.approx([-3.0, -1.0])
    assert found["rate"]["ticktext"] == [
        "none",
        "0.001",
        "0.002",
        "0.005",
        *found["rate"]["ticktext"][4:],
    ]


def test_what_a_trial_lacks_lies_below_the_axis() -> None:
    figure = parallel(FOUND, [COST, GAIN], ["rate", "gain", "<fan>"])
    found = dimensions(figure)
    about = {each["name"]: each for each in figure["layout"]["meta"]["axes"]}
    assert found["rate"]["values"][2] == about["rate"]["none"] == pytest.approx(-3 - BELOW * 2)
    assert found["gain"]["values"][1] == pytest.approx(1 - BELOW * 2)
    fan = found["<fan>"]
    assert (fan["label"], fan["ticktext"]) == ("&lt;fan&gt;", ["none", "off", "fast"])
    assert about["<fan>"]["labels"] == ["off", "fast"]


def test_a_parameter_called_as_an_objective_does_not_hide_it() -> None:
    figure = parallel(FOUND, [COST, GAIN], ["gain"])
    assert dimensions(figure)["gain"]["values"][0] == 1.0
    offered = [each["name"] for each in figure["layout"]["meta"]["offered"]]
    assert offered == ["cost", "gain", "rate", "trays", "<fan>"]


def test_whole_numbers_have_whole_ticks_and_the_front_its_colour() -> None:
    figure = parallel(FOUND, [COST, GAIN], ["trays", "cost"])
    assert dimensions(figure)["trays"]["tickvals"] == [1.0, 2.0, 3.0]
    assert figure["data"][0]["line"]["color"] == [FRONT, 0.5, 0.0]
    assert figure["data"][0]["customdata"] == [
        [11, 1, 10.0, 1.0],
        [12, 2, 0.0, None],
        [13, 3, 1000.0, 3.0],
    ]


@pytest.mark.parametrize(("low", "high"), [(1e-9, 1e9), (3.0, 3.1), (0.2, 7.0), (5.0, 5.0)])
def test_a_log_axis_has_two_to_seven_ticks(low: float, high: float) -> None:
    rows = {"cost": [low, high, low], "gain": [None, None, None]}
    found = Results(FOUND.trial_id, FOUND.number, FOUND.on_front, FOUND.feasible, rows, ())
    ticks = dimensions(parallel(found, [COST, GAIN], ["cost"]))["cost"]["tickvals"]
    assert 2 <= len(ticks) <= 7


def test_a_worker_has_a_lane_for_each_trial_that_it_holds_at_a_time() -> None:
    figure = timeline(
        [run(1, "w2", 100, 50), run(2, "w2", 80, 60), run(3, "w2", 40, 30), run(4, "w10", 9, None)],
        NOW,
    )
    bars = {trace["name"]: trace for trace in figure["data"]}
    assert bars["completed"]["y"] == ["w2", "w2 · 2", "w2"]
    assert figure["layout"]["yaxis"]["categoryarray"] == ["w2", "w2 · 2", "w10"]
    assert bars["running"]["x"] == [9000.0]
    assert bars["completed"]["customdata"][0][0] == 101


def test_what_took_no_time_can_be_seen() -> None:
    figure = timeline([run(1, "w", 3600, 0.0), run(2, "w", 60, 60)], NOW)
    assert figure["data"][0]["x"][0] == pytest.approx(3_600_000 / 300)
    assert figure["data"][0]["customdata"][0][6] == "0.0 s"


def test_of_very_many_workers_the_latest_are_drawn() -> None:
    runs = [run(n, f"w{n}", 10_000 - n, 5) for n in range(MOST_LANES + 7)]
    figure = timeline(runs, NOW)
    assert figure["layout"]["meta"]["lanes"] == MOST_LANES
    assert "w0" not in figure["layout"]["yaxis"]["categoryarray"]
    assert figure["layout"]["meta"]["note"] == "7 attempts of further workers are not drawn."


def test_a_long_reason_is_shortened_and_no_markup() -> None:
    figure = timeline([run(1, "w", 10, 5, outcome="failed", reason="<a>" * 100)], NOW)
    told = figure["data"][0]["customdata"][0][-1]
    assert told.startswith("&lt;a&gt;")
    assert told.endswith(" …")
    assert len(told) < 400


def test_an_overlay_holds_the_last_value_until_the_end() -> None:
    figure = overlay([Growth(1, "a", SCALED, STEPS, 9, 100.0)], "trials")
    assert figure["data"][0]["x"] == [1, 4, 9]
    by_time = overlay([Growth(1, "a", SCALED, STEPS, 9, 100.0)], "time")
    assert by_time["data"][0]["x"] == [5.0, 50.0, 100.0]
    assert by_time["layout"]["xaxis"]["title"]["text"] == "seconds since the first attempt"


def test_another_reference_is_another_scale() -> None:
    wider = (Objective("cost", scale=Scale(0.0, 20.0)), SCALED[1])
    turned = (SCALED[1], SCALED[0])
    named = (("a", SCALED), ("b", wider), ("c", turned))
    growths = [Growth(place, *each, STEPS, 9, 9.0) for place, each in enumerate(named)]
    figure = overlay(growths, "trials")
    assert [trace["yaxis"] for trace in figure["data"]] == ["y", "y2", "y"]
    meta = figure["layout"]["meta"]
    assert [each["scale"] for each in meta["studies"]] == ["A", "B", "A"]
    assert "2 scales" in meta["note"]
    assert figure["layout"]["yaxis2"]["domain"][1] < figure["layout"]["yaxis"]["domain"][0]
