"""Confirming over HTTP: from the front of a study to what the test set says of it."""

from typing import Any

import pytest

from tests.api.conftest import Served, assert_problem, wait_until
from tests.api.test_bad_input import NETWORKS, announce
from tests.api.test_pruned_and_children import DATA, finish, lease, leave, point, queue, study

ABLE = ["pruning", "parent", "binary", "training", "confirm"]


def found(served: Served, **changes: Any) -> dict[str, Any]:
    """A study of networks with one trial on its front."""
    study(served, **changes)
    trial = queue(served, point=point(0))
    finish(served, lease(served))
    wait_until(lambda: served.get("/studies/nets")["finished"] == 1)
    return trial


def confirm(served: Served, **body: Any) -> dict[str, Any]:
    answer = served.ask("POST", "/studies/nets/confirm", body)
    assert answer.status_code == 201, answer.text
    queued: dict[str, Any] = answer.json()
    return queued


def claim(served: Served) -> dict[str, Any]:
    (lease,) = served.claim("nets", data=DATA, can=ABLE)
    return lease


def deliver(served: Served, held: dict[str, Any], error: float, test_error: float) -> None:
    leave(served, held, "graph.json", b"{}")
    leave(served, held, "weights.safetensors", b"1" * 99)
    metrics = {"error": error, "test_error": test_error}
    answer = served.tell(held, "complete", metrics=metrics)
    assert answer.status_code == 200, answer.text


def test_a_front_is_confirmed_and_shown(served: Served) -> None:
    trial = found(served)
    before = served.get("/studies/nets")
    assert served.get("/studies/nets/confirmed")["items"] == []
    queued = confirm(served, seeds=2)
    assert (queued["test_reads"], queued["open"], queued["optimism"]) == (1, 2, None)
    (network,) = queued["items"]
    assert network["trial"] == {"id": trial["id"], "number": 1, "status": "completed"}
    assert [run["status"] for run in network["runs"]] == ["queued", "queued"]
    for error, test_error in ((0.10, 0.20), (0.12, 0.22)):
        deliver(served, claim(served), error, test_error)
    shown = served.get("/studies/nets/confirmed")
    (network,) = shown["items"]
    assert (network["completed"], network["feasible"]) == (2, True)
    assert network["mean"]["test_error"] == pytest.approx(0.21)
    assert network["sd"]["test_error"] == pytest.approx(0.02 / 2**0.5)
    assert network["observed"]["error"] == 0.1
    assert network["runs"][0]["values"]["test_error"] == 0.20
    assert shown["observed_hypervolume"] == pytest.approx(before["hypervolume"])
    kept = shown["observed_hypervolume"] - shown["confirmed_hypervolume"]
    assert shown["optimism"] == pytest.approx(kept)
    assert shown["optimism"] > 0
    after = served.get("/studies/nets")
    assert after == before | {"test_reads": 1}


def test_a_run_and_its_network_show_each_other_and_its_files(served: Served) -> None:
    trial = found(served)
    confirm(served, seeds=1)
    held = claim(served)
    deliver(served, held, 0.1, 0.2)
    run = served.get(f"/trials/{held['trial_id']}")
    assert (run["purpose"], run["replicate"], run["needs"]) == ("confirm", 1, ["confirm", "int8"])
    assert run["confirms"] == {"id": trial["id"], "number": 1, "status": "completed"}
    assert run["confirms_id"] == trial["id"]
    assert {artefact["name"] for artefact in run["artefacts"]} == {
        "graph.json",
        "weights.safetensors",
    }
    shown = served.get(f"/trials/{trial['id']}")
    assert shown["confirms"] is None
    assert [each["number"] for each in shown["confirmed_by"]] == [2]
    weights = served.http.get(f"/api/v1/trials/{run['id']}/artefacts/weights.safetensors")
    assert weights.content == b"1" * 99


def test_lists_and_exports_are_of_the_search_unless_asked(served_sqlite: Served) -> None:
    found(served_sqlite)
    confirm(served_sqlite, seeds=1)
    deliver(served_sqlite, claim(served_sqlite), 0.1, 0.2)
    numbers = {
        purpose: [each["number"] for each in served_sqlite.get(path)["items"]]
        for purpose, path in (
            ("any", "/studies/nets/trials"),
            ("search", "/studies/nets/trials?purpose=search"),
            ("confirm", "/studies/nets/trials?purpose=confirm"),
        )
    }
    assert numbers == {"any": [1], "search": [1], "confirm": [2]}
    head, row = served_sqlite.ask("GET", "/studies/nets/export?purpose=confirm").text.splitlines()
    table = dict(zip(head.split(","), row.split(","), strict=False))
    assert (table["number"], table["replicate"], table["confirms_id"]) == ("2", "1", "1")
    assert table["values.test_error"] == "0.2"
    plain = served_sqlite.ask("GET", "/studies/nets/export").text.splitlines()
    assert len(plain) == 2
    assert "test_error" not in plain[0]


def test_a_waiting_claim_gets_the_confirm_run_of_an_ended_study(served: Served) -> None:
    found(served, trials=1)
    wait_until(lambda: served.get("/studies/nets")["status"] == "ended")
    assert served.claim("nets", data=DATA, can=ABLE, wait_s=5) == []  # at once: nothing will come
    confirm(served, seeds=1)
    for study_name in ("nets", None):
        (held,) = served.claim(study_name, data=DATA, can=ABLE, wait_s=5)
        assert held["work"]["purpose"] == "confirm"
        served.tell(held, "release")
    assert served.claim(None, data=DATA, can=["pruning"], wait_s=0) == []


def test_a_study_confirms_itself_at_its_end(served: Served) -> None:
    found(served, trials=1, confirm={"seeds": 2})
    wait_until(lambda: served.get("/studies/nets")["test_reads"] == 1)
    definition = served.get("/studies/nets")["definition"]
    assert definition["confirm"] == {"networks": 20, "seeds": 2}
    assert served.get("/studies/nets/confirmed")["open"] == 2


def test_a_study_whose_budget_is_cut_to_what_is_done_confirms_itself(
    served_sqlite: Served,
) -> None:
    found(served_sqlite, trials=9, confirm={"seeds": 2})
    answer = served_sqlite.ask("PATCH", "/studies/nets", {"trials": 1})
    assert (answer.json()["status"], answer.json()["test_reads"]) == ("ended", 1)


def test_the_test_set_is_not_read_again_unless_that_is_wanted(served_sqlite: Served) -> None:
    found(served_sqlite)
    confirm(served_sqlite, seeds=1)
    answer = served_sqlite.ask("POST", "/studies/nets/confirm", {})
    told = assert_problem(answer, 409, "again")
    assert "again=true" in told["remedy"]
    assert told["type"].endswith("already-confirmed")
    assert confirm(served_sqlite, seeds=1, again=True)["test_reads"] == 2


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"networks": 0}, 422, "networks"),
        ({"networks": 101}, 422, "networks"),
        ({"seeds": 0}, 422, "seeds"),
        ({"seeds": "3"}, 422, "seeds"),
        ({"again": 1}, 422, "again"),
        ({"trials": []}, 422, "trials"),
        ({"trials": [0]}, 422, "trials.0"),
        ({"trials": [7]}, 409, "trials"),
        ({"epochs": 7}, 422, "epochs"),
    ],
)
def test_a_wrong_wish_is_refused_by_its_field(
    served_sqlite: Served, body: dict[str, Any], status: int, field: str
) -> None:
    found(served_sqlite)
    answer = served_sqlite.ask("POST", "/studies/nets/confirm", body)
    assert_problem(answer, status, field)
    assert served_sqlite.get("/studies/nets")["test_reads"] == 0


def test_a_black_box_has_no_test_set(served_sqlite: Served) -> None:
    served_sqlite.study()
    assert_problem(served_sqlite.ask("POST", "/studies/toy/confirm", {}), 409, "study")
    assert served_sqlite.get("/studies/toy/confirmed")["items"] == []
    assert_problem(served_sqlite.ask("POST", "/studies/nobody/confirm", {}), 404)


@pytest.mark.parametrize(
    ("wish", "field"),
    [({"networks": 0}, "confirm.networks"), ({"seed": 1}, "confirm.seed"), (True, "confirm")],
)
def test_a_wrong_wish_in_a_definition_is_refused_by_its_field(
    served_sqlite: Served, wish: Any, field: str
) -> None:
    announce(served_sqlite)
    answer = served_sqlite.ask("POST", "/studies", {**NETWORKS, "confirm": wish})
    assert_problem(answer, 422, field)
