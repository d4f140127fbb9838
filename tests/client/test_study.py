"""Creating, reading and steering studies."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

import tinyfront
from tests.client.scripted import Scripted, nothing, objective_json, ok, problem, study_json
from tests.client.scripted import trial_json as trial
from tinyfront import Choice, Cnn, Integer, Parameters, Real, Study, maximize, minimize


@pytest.fixture
def study(server: Scripted) -> Study:
    server.say("GET", "/studies/toy", ok(study_json()))
    return server.client().study("toy")


def test_a_study_of_networks_is_sent_as_the_wire_wants_it(server: Scripted) -> None:
    server.say("POST", "/studies", ok(study_json(), 201))
    server.client().create_study(
        "mnist-f446",
        data="mnist",
        space=Cnn(filters=[4, 32]),
        device="stm32f446re",
        objectives=["error", minimize("model_size:sparse", bound=2770), {"name": "macs"}],
        training={"epochs": 3},
        trials=200,
    )
    assert server.sent("POST", "/studies") == [
        {
            "name": "mnist-f446",
            "space": {"kind": "tiny", "filters": [4, 32]},
            "objectives": [
                {"name": "error", "goal": "minimize"},
                {"name": "model_size:sparse", "goal": "minimize", "bound": 2770},
                {"name": "macs"},
            ],
            "trials": 200,
            "designer": "bayes",
            "seed": 0,
            "data": "mnist",
            "device": "stm32f446re",
            "training": {"epochs": 3},
        }
    ]


def test_a_black_box_is_sent_as_the_wire_wants_it(server: Scripted) -> None:
    server.say("POST", "/studies", ok(study_json(), 201))
    server.client().create_study(
        "toy",
        space=Parameters(
            Real("rate", 1e-4, 1.0, log=True),
            Integer("depth", 1, 9),
            Choice("kind", ["a", "b"], ordered=True),
        ),
        objectives=[maximize("gain", limit=0.5, ideal=1.0, reference=0.0, log=False)],
        trials=40,
        designer="sobol",
        seed=3,
        ahead=2,
        think_s=1.5,
        max_attempts=1,
    )
    assert server.sent("POST", "/studies") == [
        {
            "name": "toy",
            "space": {
                "kind": "parameters",
                "parameters": [
                    {"name": "rate", "kind": "real", "low": 1e-4, "high": 1.0, "log": True},
                    {"name": "depth", "kind": "integer", "low": 1, "high": 9},
                    {"name": "kind", "kind": "choice", "values": ["a", "b"], "ordered": True},
                ],
            },
            "objectives": [
                {
                    "name": "gain",
                    "goal": "maximize",
                    "limit": 0.5,
                    "ideal": 1.0,
                    "reference": 0.0,
                    "log": False,
                }
            ],
            "trials": 40,
            "designer": "sobol",
            "seed": 3,
            "ahead": 2,
            "think_s": 1.5,
            "max_attempts": 1,
        }
    ]


def test_creating_a_study_outlasts_a_lost_answer(server: Scripted) -> None:
    server.say("POST", "/studies", httpx.ReadError("reset"), ok(study_json()))
    created = server.client().create_study(
        "toy", space=Parameters(Real("x", 0, 1)), objectives=["cost"], trials=1
    )
    assert created.name == "toy"
    assert len(server.sent("POST", "/studies")) == 2


def test_a_study_holds_what_the_server_said(study: Study) -> None:
    assert (study.id, study.name, study.status) == (7, "toy", "active")
    assert study.is_black_box
    assert study.state.counts["running"] == 1
    assert study.state.created_at == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert [each.name for each in study.objectives] == ["cost", "size"]
    assert study.objectives[1].within_bound(16000)
    assert not study.objectives[1].within_bound(16001)
    assert "3 of 40 trials" in repr(study)


def test_a_newer_server_may_say_more_and_an_older_one_less(server: Scripted) -> None:
    more = study_json(mood="good", objectives=[objective_json("cost", colour="red")])
    less: dict[str, Any] = {"id": 8, "name": "old", "status": "active", "trials": 5}
    server.say("GET", "/studies/toy", ok(more))
    server.say("GET", "/studies/old", ok(less))
    client = server.client()
    assert client.study("toy").state.wire["mood"] == "good"
    assert client.study("old").state.hypervolume is None


def test_an_answer_without_what_every_study_has_is_unreadable(server: Scripted) -> None:
    server.say("GET", "/studies/toy", ok({"hello": "world"}), ok(["no object"]))
    client = server.client()
    for _ in range(2):
        with pytest.raises(tinyfront.UnreadableAnswer):
            client.study("toy")


def test_a_name_cannot_leave_its_place_in_the_address(server: Scripted) -> None:
    with pytest.raises(tinyfront.NotFound):
        server.client().study("../trials/1?x=")
    assert server.requests[0].url.raw_path == b"/api/v1/studies/..%2Ftrials%2F1%3Fx%3D"


def test_studies_are_fetched_page_by_page(server: Scripted) -> None:
    server.say(
        "GET",
        "/studies",
        ok({"items": [study_json(id=1), study_json(id=2)], "next": "c2"}),
        ok({"items": [study_json(id=3)], "next": None}),
    )
    assert [study.id for study in server.client().studies()] == [1, 2, 3]
    assert [request.url.query for request in server.requests] == [b"", b"cursor=c2"]


def test_trials_are_fetched_page_by_page_and_by_status(server: Scripted, study: Study) -> None:
    server.say(
        "GET",
        "/studies/7/trials",
        ok({"items": [trial(1)], "next": "c2", "total": 2}),
        ok({"items": [trial(2)], "next": None, "total": 2}),
    )
    assert [each.number for each in study.trials(status="completed")] == [1, 2]
    assert server.requests[-1].url.params["status"] == "completed"


def test_a_data_frame_has_a_column_for_each_parameter_and_value(
    server: Scripted, study: Study
) -> None:
    server.say(
        "GET",
        "/studies/7/trials",
        ok({"items": [trial(1), trial(2, point={"x": 0.75})], "next": None}),
    )
    table = study.to_pandas()
    assert list(table.index) == [1, 2]
    assert list(table["parameter.x"]) == [0.5, 0.75]
    assert list(table["cost"]) == [0.25, 0.25]


def test_the_data_frame_of_an_empty_study_is_empty(server: Scripted, study: Study) -> None:
    server.say("GET", "/studies/7/trials", ok({"items": [], "next": None}))
    assert study.to_pandas().empty


def test_the_point_of_a_network_is_one_column(server: Scripted) -> None:
    space = {"space": {"kind": "tiny"}}
    server.say("GET", "/studies/nets", ok(study_json(definition=space)))
    server.say("GET", "/studies/7/trials", ok({"items": [trial(1)], "next": None}))
    table = server.client().study("nets").to_pandas()
    assert list(table["point"]) == [{"x": 0.5}]


def test_the_hypervolume_is_asked_for_anew(server: Scripted, study: Study) -> None:
    server.say("GET", "/studies/7", ok(study_json(hypervolume=0.75)))
    assert study.hypervolume() == 0.75


def test_the_history_of_the_hypervolume_carries_its_scale(server: Scripted, study: Study) -> None:
    point = {"finish_no": 3, "value": 0.5, "front_size": 2, "at": "2030-01-02T03:04:05+00:00"}
    history = {"ideal": {"cost": 0.0}, "reference": {"cost": 1.0}, "points": [point]}
    server.say("GET", "/studies/7/hypervolume", ok(history))
    told = study.hypervolume_history()
    assert told.reference == {"cost": 1.0}
    assert [(each.finish_no, each.value) for each in told.points] == [(3, 0.5)]


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("pause", {"status": "paused"}),
        ("resume", {"status": "active"}),
        ("close", {"status": "ended"}),
    ],
)
def test_steering_changes_the_status(
    server: Scripted, study: Study, verb: str, body: dict[str, str]
) -> None:
    server.say("PATCH", "/studies/7", ok(study_json(**body)))
    assert getattr(study, verb)().status == body["status"]
    assert server.sent("PATCH", "/studies/7") == [body]


def test_extending_adds_to_the_newest_budget(server: Scripted, study: Study) -> None:
    server.say("GET", "/studies/7", ok(study_json(trials=50)))
    server.say("PATCH", "/studies/7", ok(study_json(trials=60)))
    assert study.extend(10).state.trials == 60
    assert server.sent("PATCH", "/studies/7") == [{"trials": 60}]


def test_deleting_is_one_call(server: Scripted, study: Study) -> None:
    server.say("DELETE", "/studies/7", nothing())
    study.delete()
    assert server.sent("DELETE", "/studies/7") == [None]


def test_a_proposal_or_a_known_result_can_be_added(server: Scripted, study: Study) -> None:
    server.say("POST", "/studies/7/trials", ok(trial(9, status="queued"), 201))
    assert study.enqueue({"x": 0.1}).status == "queued"
    study.enqueue({"x": 0.2}, values={"cost": 1.0, "size": 2.0}, parent=3)
    assert server.sent("POST", "/studies/7/trials") == [
        {"point": {"x": 0.1}},
        {"point": {"x": 0.2}, "values": {"cost": 1.0, "size": 2.0}, "parent": 3},
    ]


def test_a_number_of_numpy_is_sent_as_a_number(server: Scripted, study: Study) -> None:
    import numpy as np

    server.say("POST", "/studies/7/trials", ok(trial(9), 201))
    study.enqueue({"x": np.float32(0.5), "n": np.int64(3)})
    assert server.sent("POST", "/studies/7/trials") == [{"point": {"x": 0.5, "n": 3}}]


def test_waiting_ends_with_the_study_and_outlasts_the_server(
    server: Scripted, study: Study
) -> None:
    server.say(
        "GET",
        "/studies/7",
        ok(study_json(finished=10)),
        httpx.ConnectError("refused"),
        problem(503, "The database is away."),
        ok(study_json(finished=40, status="ended", ended_reason="budget")),
    )
    assert study.wait(progress=False) is study
    assert study.status == "ended"
    assert study.state.finished == 40


def test_waiting_too_long_is_an_error_that_says_how_far_it_came(
    server: Scripted, study: Study
) -> None:
    server.say("GET", "/studies/7", ok(study_json(finished=10)))
    with pytest.raises(tinyfront.WaitTimeout, match="10 of 40"):
        study.wait(progress=False, timeout=0.01)


def test_waiting_for_a_study_that_was_deleted_is_an_error(server: Scripted, study: Study) -> None:
    server.say("GET", "/studies/7", ok(study_json()), problem(404, "There is no study 7."))
    with pytest.raises(tinyfront.NotFound):
        study.wait(progress=False)


@pytest.mark.parametrize("timeout", ["soon", 0, -1, float("nan"), "1 week", [5]])
def test_a_duration_that_is_none_is_refused(study: Study, timeout: Any) -> None:
    with pytest.raises(tinyfront.InvalidArgument, match="timeout"):
        study.wait(timeout=timeout)


def test_an_export_comes_piece_by_piece(server: Scripted, study: Study) -> None:
    server.say("GET", "/studies/7/export", httpx.Response(200, content=b"number,cost\n1,0.25\n"))
    assert b"".join(study.export("csv")) == b"number,cost\n1,0.25\n"
    assert server.requests[-1].url.params["format"] == "csv"


def test_data_sets_and_boards_are_listed(server: Scripted) -> None:
    server.say("GET", "/data", ok({"items": [{"name": "digits"}]}))
    server.say("GET", "/devices", ok({"items": [{"name": "rp2040"}]}))
    with server.client() as client:
        assert client.data() == [{"name": "digits"}]
        assert client.devices() == [{"name": "rp2040"}]
