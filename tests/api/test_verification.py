"""What a worker checked of its network: asked for of the front, stored once, told live."""

from typing import Any

import pytest

from service import events, verifications
from service.db import Database
from service.models import Study, Trial
from service.states import Status
from service.verifications import RECORD, verdict
from tests.api.conftest import Served, assert_problem, wait_until

LEVELS = [
    {"name": "L0", "state": "passed", "reason": "", "figures": {"arena_bytes": 2304}, "tools": {}},
    {"name": "L1", "state": "passed", "reason": "", "figures": {}, "tools": {"gcc": "12.2.0"}},
    {"name": "L2", "state": "not verified", "reason": "no linker", "figures": {}, "tools": {}},
    {"name": "L3", "state": "not verified", "reason": "no QEMU", "figures": {}, "tools": {}},
]
FOUND = {"version": 1, "device": "stm32f446re", "inputs": 40, "levels": LEVELS}


def done(served: Served, x: float, size: float, files: frozenset[str] = RECORD) -> dict[str, Any]:
    """Finish a trial whose worker left files; returns its lease."""
    served.enqueue(x)
    [lease] = served.claim()
    for name in files:
        put = f"/api/v1/attempts/{lease['attempt_id']}/artefacts/{name}"
        answer = served.http.put(put, content=b"x", headers={"X-Lease-Token": lease["token"]})
        assert answer.status_code == 201
    metrics = {"cost": size, "size": size}
    body = {"token": lease["token"], "metrics": metrics}
    path = f"/trials/{lease['trial_id']}"
    assert served.ask("POST", f"{path}/complete", body).status_code == 200
    wait_until(lambda: served.get(path)["finish_no"] is not None)
    return {**lease, "path": path}


def wanted(served: Served, lease: dict[str, Any]) -> Any:
    return served.get(f"{lease['path']}/verification")["wanted"]


def test_members_of_the_front_are_wanted_once_and_shown_everywhere(served: Served) -> None:
    study = served.study()
    without = done(served, 0.1, 3.0, frozenset())
    assert wanted(served, without) is False  # it left nothing to check
    beaten = done(served, 0.2, 2.0)
    assert wanted(served, beaten) is True
    best = done(served, 0.3, 1.0)
    assert wanted(served, beaten) is False
    body = {"token": best["token"], "verification": FOUND}
    answer = served.ask("PUT", f"{best['path']}/verification", body)
    assert answer.status_code == 200
    assert answer.json()["verified"] == "L1"
    shown = served.get(f"{best['path']}/verification")
    assert shown == {"wanted": False, "device": None, "verified": "L1", "verification": FOUND}
    assert served.get(best["path"])["verification"] == FOUND
    assert [each["verified"] for each in served.get("/studies/toy/front")["items"]] == ["L1"]
    marks = [each["verified"] for each in served.get("/studies/toy/trials")["items"]]
    assert marks == [None, None, "L1"]
    table = served.ask("GET", "/studies/toy/export").text.splitlines()
    place = table[0].split(",").index("verified")
    assert [row.split(",")[place] for row in table[1:]] == ["", "", "L1"]
    with served.db.read() as session:
        last = events.after(session, study["id"], 0)[-1]
    told = (last.kind, last.data["id"], last.data["verified"])
    assert told == ("trial", best["trial_id"], "L1")  # so that pages look again


def test_only_the_attempt_that_counts_says_what_was_checked(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    [lease] = served.claim()
    path = f"/trials/{lease['trial_id']}/verification"
    body = {"token": lease["token"], "verification": FOUND}
    assert served.get(path)["wanted"] is False
    assert_problem(served.ask("PUT", path, body), 409, "token")
    assert_problem(served.ask("PUT", path, body | {"token": "other"}), 403, "token")
    assert_problem(served.ask("PUT", "/trials/999/verification", body), 404)
    turned = FOUND | {"levels": LEVELS[::-1]}
    refused = served.ask("PUT", path, body | {"verification": turned})
    assert_problem(refused, 422, "verification.levels")
    assert served.get(path)["verification"] is None
    assert served.tell(lease, "release").status_code == 204
    [again] = served.claim()
    assert served.tell(again, "complete", metrics={"cost": 1.0, "size": 1.0}).status_code == 200
    assert_problem(served.ask("PUT", path, body), 409, "token")
    assert served.ask("PUT", path, body | {"token": again["token"]}).status_code == 200


def test_an_exported_study_takes_its_verifications_along(served: Served) -> None:
    served.study()
    best = done(served, 0.3, 1.0)
    body = {"token": best["token"], "verification": FOUND}
    assert served.ask("PUT", f"{best['path']}/verification", body).status_code == 200
    whole = served.ask("GET", "/studies/toy/export?format=study").content
    assert served.ask("DELETE", "/studies/toy").status_code == 204
    answer = served.http.post("/api/v1/studies/import", content=whole)
    assert answer.status_code == 201, answer.text
    [trial] = served.get("/studies/toy/front")["items"]
    assert trial["verified"] == "L1"
    assert served.get(f"/trials/{trial['id']}")["verification"] == FOUND


def test_a_user_stores_what_was_checked_by_hand_for_the_board_of_the_study(
    served_sqlite: Served,
) -> None:
    study = served_sqlite.study()
    with served_sqlite.db.begin() as session:  # only a study of networks has one
        row = session.get_one(Study, study["id"])
        row.definition = {**row.definition, "device": "nrf52840"}
    lease = done(served_sqlite, 0.1, 1.0, frozenset())
    path = f"{lease['path']}/verification"
    other = served_sqlite.ask("PUT", path, {"verification": FOUND})
    assert_problem(other, 409, "verification.device")
    found = FOUND | {"device": "nrf52840"}
    assert served_sqlite.ask("PUT", path, {"verification": found}).json()["verified"] == "L1"
    served_sqlite.enqueue(0.2)
    served_sqlite.claim()
    running = f"/trials/{lease['trial_id'] + 1}/verification"
    assert_problem(served_sqlite.ask("PUT", running, {"verification": found}), 409, "token")


def test_whether_a_trial_shall_be_verified_is_not_known_before_its_place(db: Database) -> None:
    with db.read() as session:
        assert verifications.wanted(session, Trial(status=Status.COMPLETED)) is None


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ("passed passed passed passed", "L3"),
        ("passed not_verified passed passed", "L0"),
        ("passed passed failed not_verified", "failed"),
        ("not_verified passed", "none"),
    ],
)
def test_one_word_says_how_far_a_network_was_verified(states: str, word: str) -> None:
    told = enumerate(state.replace("_", " ") for state in states.split())
    assert verdict([{"name": f"L{i}", "state": state} for i, state in told]) == word
