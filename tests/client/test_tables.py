"""Tables and figures of what a study has found."""

from typing import Any

import pytest

import tinyfront
from tests.client.scripted import Scripted, ok, problem, study_json, trial_json
from tinyfront import Study

IMPORTANCE = {
    "objectives": [
        {
            "name": "error",
            "basis": 40,
            "features": [{"name": "depth", "share": 0.7}, {"name": "width", "share": 0.3}],
            "note": None,
        },
        {"name": "size", "basis": 40, "features": [{"name": "width", "share": 1.0}], "new": 1},
    ],
    "from_the_future": True,
}
DRAWN = {"data": [{"type": "scatter", "x": [1], "y": [2]}], "layout": {}}


@pytest.fixture
def study(server: Scripted) -> Study:
    server.say("GET", "/studies/toy", ok(study_json()))
    return server.client().study("toy")


def test_importance_is_shares_by_objective_and_feature(server: Scripted, study: Study) -> None:
    server.say("GET", "/studies/7/importance", ok(IMPORTANCE))
    found = study.importance()
    assert found["error"] == {"depth": 0.7, "width": 0.3}
    assert [(each.name, each.basis, each.note) for each in found.objectives] == [
        ("error", 40, None),
        ("size", 40, None),
    ]
    with pytest.raises(tinyfront.InvalidArgument, match="need one of error, size, got 'cost'"):
        found["cost"]


def test_importance_is_a_table_with_what_matters_most_first(server: Scripted, study: Study) -> None:
    server.say("GET", "/studies/7/importance", ok(IMPORTANCE))
    table = study.importance().to_pandas()
    assert list(table.index) == ["width", "depth"]
    assert list(table.columns) == ["error", "size"]
    assert table.loc["depth", "error"] == 0.7
    assert table.isna().loc["depth", "size"]


@pytest.mark.parametrize("body", [{}, [], {"objectives": [1]}, {"objectives": [{"basis": 1}]}])
def test_an_answer_that_is_no_importance_is_unreadable(
    server: Scripted, study: Study, body: Any
) -> None:
    server.say("GET", "/studies/7/importance", ok(body))
    with pytest.raises(tinyfront.UnreadableAnswer):
        study.importance()


def test_nothing_known_yet_is_an_empty_table(server: Scripted, study: Study) -> None:
    server.say("GET", "/studies/7/importance", ok({"objectives": []}))
    assert study.importance().to_pandas().empty


def test_the_course_of_the_hypervolume_is_a_table(server: Scripted, study: Study) -> None:
    points = [
        {"finish_no": n, "value": n / 10, "front_size": n, "at": "2030-01-02T03:04:05+00:00"}
        for n in (3, 5)
    ]
    server.say("GET", "/studies/7/hypervolume", ok({"points": points}), ok({"points": []}))
    table = study.hypervolume_history().to_pandas()
    assert list(table.index) == [3, 5]
    assert list(table["value"]) == [0.3, 0.5]
    assert list(study.hypervolume_history().to_pandas().columns) == ["value", "front_size", "at"]


def test_a_figure_takes_the_options_that_the_page_has(server: Scripted, study: Study) -> None:
    server.say("GET", "/studies/7/figures/front", ok(DRAWN))
    study.plot("front", x="macs", y_log=True, where=["error<=0.1", "size<=9"])
    assert server.requests[-1].url.params.multi_items() == [
        ("x", "macs"),
        ("y_log", "true"),
        ("where", "error<=0.1"),
        ("where", "size<=9"),
    ]


def test_several_studies_are_drawn_over_each_other(server: Scripted, study: Study) -> None:
    server.say("GET", "/figures/hypervolume", ok(DRAWN))
    assert len(server.client().plot([study, "other", 9]).data) == 1
    assert server.requests[-1].url.params.multi_items() == [
        ("study", "7"),
        ("study", "other"),
        ("study", "9"),
    ]


def test_a_figure_that_the_server_does_not_draw_is_named_with_those_it_does(
    server: Scripted, study: Study
) -> None:
    with pytest.raises(tinyfront.InvalidArgument) as caught:
        study.plot("fronts")
    assert str(caught.value) == (
        "name: this server draws no 'fronts'; need one of front, front3d, hypervolume, parallel, "
        "importance, timeline, thinking."
    )
    server.say("GET", "/trials/101", ok(trial_json(1)))
    with pytest.raises(tinyfront.InvalidArgument, match="need one of learning, memory"):
        server.client().trial(101).plot("front")
    server.say("GET", "/studies/7/figures/front", problem(404, "There is no study 7."))
    with pytest.raises(tinyfront.NotFound, match="There is no study 7"):
        study.plot("front")
