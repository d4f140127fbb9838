"""Whatever is wrong with a request, the answer names the field and what would help."""

from typing import Any

import pytest

from tests.api.conftest import BLACK_BOX, Served, assert_problem

DIGITS = {
    "name": "digits",
    "sha256": "a" * 64,
    "shape": [8, 8, 1],
    "classes": 10,
    "train": 897,
    "validation": 300,
    "test": 600,
    "split_sha256": "b" * 64,
}
NETWORKS = {
    "name": "nets",
    "space": {"kind": "tiny"},
    "data": "digits",
    "objectives": [{"name": "error"}, {"name": "model_size"}],
    "trials": 5,
    "designer": "random",
}
REAL = {"name": "x", "kind": "real", "low": 0.0, "high": 1.0}


def parameters(**changes: Any) -> dict[str, Any]:
    return {"kind": "parameters", "parameters": [REAL | changes]}


def announce(served: Served, **changes: Any) -> None:
    body = {"accelerator": "cpu", "host": "h", "pid": 1, "data": [DIGITS | changes]}
    answer = served.ask("PUT", "/workers/w1", body)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "no spaces"}, "name"),
        ({"name": None}, "name"),
        ({"trials": 0}, "trials"),
        ({"trials": "many"}, "trials"),
        ({"trials": True}, "trials"),
        ({"think_s": -1}, "think_s"),
        ({"seed": 2**64}, "seed"),
        ({"objectives": []}, "objectives"),
        ({"objectives": [{"name": "cost"}] * 2}, "objectives.1.name"),
        ({"objectives": [{"name": "cost"}, {"name": "9lives"}]}, "objectives.1.name"),
        ({"objectives": [{"name": "cost", "goal": "smaller"}]}, "objectives.0.goal"),
        ({"objectives": [{"name": "cost", "weight": 1}]}, "objectives.0.weight"),
        ({"space": "tiny"}, "space"),
        ({"space": {"kind": "huge"}}, "space.kind"),
        ({"space": {}}, "space.kind"),
        ({"space": parameters() | {"extra": 1}}, "space.extra"),
        ({"space": parameters(colour="red")}, "space.parameters.0.colour"),
        ({"space": parameters(low=1.0, high=0.0)}, "space.parameters.0.low"),
        ({"space": parameters() | {"constraints": ["x >= 2"]}}, "space.constraints"),
        ({"space": parameters() | {"constraints": ["x + y < 2"]}}, "space.constraints.0"),
        ({"space": parameters(when={"y": [1]})}, "space.parameters.0.when.y"),
        ({"constraints": ["hot"]}, "constraints.0"),
        ({"constraints": ["cost <= 1"]}, "constraints.0.name"),
        ({"constraints": [{"name": "heat"}]}, "constraints.0.limit"),
        ({"constraints": ["9lives <= 1"]}, "constraints.0.name"),
        ({"designer_options": {"rays": 1000}}, "designer_options.rays"),
        ({"space": parameters(low=0.0, high=0.0)}, "space.parameters.0.low"),
        ({"designer": "oracle"}, "designer"),
        ({"device": "stm32f446re"}, "device"),
        ({"needs": {"accelerator": "tpu"}}, "needs.accelerator"),
        ({"needs": {"memory_mib": 0}}, "needs.memory_mib"),
        ({"needs": {"cores": 2}}, "needs.cores"),
        ({"tirals": 4}, "tirals"),
    ],
    ids=repr,
)
def test_a_wrong_definition_is_refused_at_its_field(
    shared: Served, changes: dict[str, Any], field: str
) -> None:
    answer = shared.ask("POST", "/studies", BLACK_BOX | changes)
    assert_problem(answer, 422, field)
    assert shared.get("/studies")["items"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"objectives": [{"name": "error"}, {"name": "beauty"}]}, "objectives.1.name"),
        ({"device": "toaster"}, "device"),
        ({"data": None}, "data"),
        ({"space": {"kind": "tiny", "filters": [8, 4]}}, "space.filters"),
        ({"space": {"kind": "tiny", "colours": [1, 2]}}, "space.colours"),
        ({"training": {"epochs": 0}}, "training.epochs"),
        ({"training": {"speed": 1}}, "training.speed"),
    ],
    ids=repr,
)
def test_a_wrong_definition_of_networks_is_refused_at_its_field(
    shared: Served, changes: dict[str, Any], field: str
) -> None:
    announce(shared)
    answer = shared.ask("POST", "/studies", NETWORKS | changes)
    assert_problem(answer, 422, field)


def test_data_that_nobody_announced_is_refused_with_what_there_is(served_sqlite: Served) -> None:
    announce(served_sqlite)
    answer = served_sqlite.ask("POST", "/studies", NETWORKS | {"data": "mnist"})
    problem = assert_problem(answer, 422, "data")
    assert "digits" in problem["detail"]
    assert "tinyfront-server worker" in problem["remedy"]


def test_data_with_a_problem_is_refused_with_it(served_sqlite: Served) -> None:
    announce(served_sqlite, problem="x_train has shape (3,), need (n, h, w, c)")
    answer = served_sqlite.ask("POST", "/studies", NETWORKS)
    assert "x_train has shape (3,)" in assert_problem(answer, 422, "data")["detail"]


def test_a_usable_data_set_is_announced_with_all_its_facts(shared: Served) -> None:
    body = {"accelerator": "cpu", "host": "h", "pid": 1, "data": [DIGITS | {"classes": None}]}
    answer = shared.ask("PUT", "/workers/w1", body)
    assert_problem(answer, 422, "data.0.classes")


def test_the_name_of_another_study_is_refused_with_the_first_difference(
    served_sqlite: Served,
) -> None:
    served_sqlite.study()
    answer = served_sqlite.ask("POST", "/studies", BLACK_BOX | {"trials": 9})
    assert_problem(answer, 409, "trials")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"parameters": {"x": 2.0}}, "point.x"),
        ({"parameters": {"y": 0.5}}, "point.y"),
        ({"parameters": {}}, "point.x"),
        ({}, "point"),
        ({"parameters": {"x": 0.5}, "point": {"x": 0.5}}, "point"),
        ({"parameters": {"x": 0.5}, "values": {"cost": 1.0}}, "metrics.size"),
    ],
    ids=repr,
)
def test_a_wrong_proposal_is_refused_at_its_field(
    served_sqlite: Served, body: dict[str, Any], field: str
) -> None:
    served_sqlite.study()
    answer = served_sqlite.ask("POST", "/studies/toy/trials", body)
    assert_problem(answer, 422, field)


def test_the_same_proposal_twice_is_refused(served_sqlite: Served) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.5)
    answer = served_sqlite.ask("POST", "/studies/toy/trials", {"parameters": {"x": 0.5}})
    assert_problem(answer, 409, "point")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"worker": "a b"}, "worker"),
        ({"worker": "a\0b"}, "worker"),
        ({"request_id": ""}, "request_id"),
        ({"count": 0}, "count"),
        ({"count": 1.5}, "count"),
        ({"lease_s": 5}, "lease_s"),
        ({"wait_s": 61}, "wait_s"),
        ({"kinds": ["video"]}, "kinds.0"),
        ({"data": {"digits": 5}}, "data.digits"),
        ({"patience": 5}, "patience"),
    ],
    ids=ascii,
)
def test_a_wrong_claim_is_refused_at_its_field(
    shared: Served, changes: dict[str, Any], field: str
) -> None:
    answer = shared.ask("POST", "/leases", {"worker": "w", "request_id": "r"} | changes)
    assert_problem(answer, 422, field)


def test_half_a_surrogate_pair_is_refused(shared: Served) -> None:
    body = rb'{"worker": "w", "request_id": "\ud800"}'
    answer = shared.http.post(
        "/api/v1/leases", content=body, headers={"Content-Type": "application/json"}
    )
    assert_problem(answer, 422, "request_id")


def test_an_unknown_field_is_answered_with_the_likely_one(shared: Served) -> None:
    answer = shared.ask("POST", "/studies", BLACK_BOX | {"desinger": "random"})
    problem = assert_problem(answer, 422, "desinger")
    assert "Did you mean 'designer'?" in problem["detail"]
    assert "objectives" in problem["remedy"]


def test_several_mistakes_are_told_at_once(shared: Served) -> None:
    answer = shared.ask("POST", "/studies", BLACK_BOX | {"trials": 0, "seed": -1})
    told = assert_problem(answer, 422, "trials")["errors"]
    assert [each["field"] for each in told] == ["trials", "seed"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/studies?limit=0", "limit"),
        ("/studies?cursor=abc", "cursor"),
        ("/studies?page=2", "page"),
        ("/studies/toy/trials?status=lost", "status"),
        ("/studies/toy/trials?limit=9999", "limit"),
        ("/studies/toy/front?device=toaster", "device"),
        ("/studies/toy/points?after=-1", "after"),
        ("/studies/toy/export?format=xlsx", "format"),
        ("/trials/0", "trial_id"),
        ("/trials/last", "trial_id"),
        ("/trials/99999999999999999999", "trial_id"),
    ],
)
def test_a_wrong_question_is_refused_at_its_field(shared: Served, path: str, field: str) -> None:
    # Whether the study exists does not matter: the form of the question is checked first.
    assert_problem(shared.ask("GET", path), 422, field)


@pytest.mark.parametrize(
    "path",
    [
        "/studies/nowhere",
        "/studies/123456",
        "/studies/99999999999999999999999",
        "/studies/%00",
        "/studies/nowhere/trials",
        "/studies/nowhere/front",
        "/studies/nowhere/hypervolume",
        "/studies/nowhere/points",
        "/studies/nowhere/export",
        "/studies/nowhere/events",
        "/trials/12345",
    ],
)
def test_what_does_not_exist_is_not_found(served: Served, path: str) -> None:
    assert_problem(served.ask("GET", path), 404)
