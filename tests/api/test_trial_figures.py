"""Charts of trials: predictions against results, memory on other boards, what each node costs."""

import math
from typing import Any

import pytest

from optimizer.problem import Objective
from service import figures, studies, trials
from service.figures import Axis, Foreseen
from service.figures.prediction import words
from tests.api.conftest import Served, assert_problem, wait_until
from tests.page import seeds

COST = Axis(Objective("cost"))


def foreseen(offs: list[float]) -> list[Foreseen]:
    return [Foreseen(n, n, 5.0, 2.0, 5.0 + 2.0 * off) for n, off in enumerate(offs)]


NORMAL = [-1.9, -1.2, -0.8, -0.5, -0.2, 0.2, 0.5, 0.8, 1.2, 1.9]


@pytest.mark.parametrize(
    ("offs", "told"),
    [
        ([], "No trial that was predicted has a result yet."),
        ([0.5], "Of 1 result lies 1 (100%) within 1 sd"),
        ([0.5, 3.0], "1 (50%) within 1 sd of the prediction (expected 68%) and 1 (50%) within 2"),
        ([0.5, 3.0], "too few to judge."),
        (NORMAL, "the model knows how much it does not know."),
        ([3 * off for off in NORMAL], "too sure; its deviations are about 3.3 times too small."),
        ([off / 5 for off in NORMAL], "too careful"),
        ([off + 1.5 for off in NORMAL], "Results come out higher than predicted, by 1.5 sd"),
        ([off - 1.5 for off in NORMAL], "Results come out lower than predicted, by 1.5 sd"),
    ],
)
def test_how_far_predictions_are_kept_is_said_in_words(offs: list[float], told: str) -> None:
    assert told in words(foreseen(offs))


def test_a_prediction_without_deviation_is_drawn_and_not_counted() -> None:
    rows = [Foreseen(1, 1, 5.0, 0.0, 5.0), *foreseen(NORMAL)]
    figure = figures.prediction(rows, COST)
    assert len(figure["data"][1]["x"]) == 11
    assert figure["layout"]["meta"]["note"].startswith("Of 10 results")


def test_no_prediction_makes_an_empty_chart() -> None:
    figure = figures.prediction([], COST)
    assert figure["data"][1]["x"] == []


def test_results_are_drawn_against_their_predictions(served: Served) -> None:
    seeds.black_box(served, 4)
    wait_until(lambda: served.get("/studies/toy")["finished"] == 4)
    with served.db.begin() as session:
        first, second, _, fourth = trials.listing(session, studies.get(session, "toy").id).trials
        first.prediction = {"cost": {"mean": 1.0, "sd": 0.5}, "size": {"mean": 2.0, "sd": 1.0}}
        second.prediction = {"size": {"mean": 3.0, "sd": 1.0}}
        fourth.prediction = {"cost": {"mean": 6, "sd": 1}}
    equal, points = served.get("/studies/toy/figures/prediction")["data"]
    cost = served.get(f"/trials/{fourth.id}")["values"]["cost"]
    assert (points["x"], points["y"][1]) == ([1.0, 6.0], pytest.approx(cost))
    assert points["error_x"]["array"] == [0.5, 1.0]
    assert [row[0] for row in points["customdata"]] == [first.id, fourth.id]
    assert equal["x"] == equal["y"]
    size = served.get("/studies/toy/figures/prediction?objective=size")
    assert size["layout"]["meta"]["objective"] == "size"
    assert len(size["data"][1]["x"]) == 2
    problem = served.ask("GET", "/studies/toy/figures/prediction?objective=weight")
    assert "cost, size" in assert_problem(problem, 422, "objective")["detail"]
    assert_problem(served.ask("GET", "/studies/none/figures/prediction"), 404)


@pytest.fixture(scope="module")
def one(shared: Served) -> dict[str, Any]:
    """A network with a result."""
    seeds.networks(shared, 1)
    [trial] = shared.get("/studies/digits-f446/trials")["items"]
    found: dict[str, Any] = trial
    return found


def test_memory_is_drawn_against_any_board(shared: Served, one: dict[str, Any]) -> None:
    path = f"/trials/{one['id']}/figures/memory"
    own, other = shared.get(path), shared.get(f"{path}?device=arduino-uno")
    assert "SRAM of stm32f446re" in own["layout"]["meta"]["note"]
    assert "2,048 B (SRAM of arduino-uno)" in other["layout"]["meta"]["note"]
    bars = own["data"][0]
    assert [row[0] for row in bars["customdata"]] == bars["y"]
    peaks = [
        x for x, (_, kind) in zip(bars["x"], bars["customdata"], strict=True) if kind == "peak"
    ]
    assert set(peaks) == {max(bars["x"])}
    problem = assert_problem(shared.ask("GET", f"{path}?device=toaster"), 422, "device")
    assert "arduino-uno" in problem["detail"]


def test_a_network_that_does_not_fit_is_told() -> None:
    small = figures.memory([("c1", 3000)], figures.Budget("SRAM of uno", 2048))
    assert small["layout"]["meta"]["over"] is True
    assert "It does not fit." in small["layout"]["meta"]["note"]
    assert figures.memory([("c1", 3000)], None)["layout"]["meta"]["over"] is False


def test_each_node_tells_its_cost(shared: Served, one: dict[str, Any]) -> None:
    nodes = shared.get(f"/trials/{one['id']}/network")["nodes"]
    values = one["values"]
    assert sum(node["macs"] for node in nodes) == values["macs"]
    assert sum(node["size_bytes"] for node in nodes) == values["model_size:deployed"]
    assert all(node["output_bytes"] == math.prod(node["shape"]) for node in nodes)
    live = {node["id"]: node["live_bytes"] for node in nodes if node["live_bytes"] is not None}
    timeline = shared.get(f"/trials/{one['id']}")["memory_timeline"]
    assert live == {name: size for name, size in timeline}
    assert nodes[0]["live_bytes"] is None
