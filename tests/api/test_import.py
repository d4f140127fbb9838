"""A study goes out and comes in again as it was, or not at all."""

import json
from datetime import datetime
from random import Random
from typing import Any

import pytest

from service import ledger, studies
from service.transfer import writing
from tests.api.conftest import Served, assert_problem, wait_until
from tests.api.exported import bring, export, fill, text
from tests.api.test_bad_input import NETWORKS, announce


def test_a_study_comes_in_as_it_went_out(served: Served) -> None:
    fill(served)
    lines = export(served)
    assert [line["record"] for line in lines[:2]] == ["study", "trial"]
    answer = bring(served, text(lines))
    assert answer.status_code == 201, answer.text
    again = export(served, "copy")
    assert again[0].pop("definition") == {**lines[0].pop("definition"), "name": "copy"}
    assert (lines[0].pop("status"), again[0].pop("status")) == ("active", "paused")
    assert again == lines
    for path in ("front", "hypervolume", "points"):
        ours, copied = served.get(f"/studies/toy/{path}"), served.get(f"/studies/copy/{path}")
        assert numberless(copied) == numberless(ours)
    detail = served.get(f"/trials/{served.get('/studies/copy/trials')['items'][1]['id']}")
    assert [each["outcome"] for each in detail["attempts_list"]] == ["failed", "completed"]
    assert detail["reports"] == []
    first = served.get(f"/trials/{served.get('/studies/copy/trials')['items'][0]['id']}")
    assert first["reports"][0]["metrics"] == {"loss": 1.5, "cost": 0.0}


def numberless(value: Any) -> Any:
    """Without the numbers of rows, which are others in each study."""
    if isinstance(value, dict):
        hidden = {"id", "study_id", "trial_id"}
        return {name: numberless(item) for name, item in value.items() if name not in hidden}
    return [numberless(item) for item in value] if isinstance(value, list) else value


def test_an_export_is_of_one_moment(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "PAGE", 2)
    study_id = served.study(trials=50)["id"]
    for at in range(8):
        served.enqueue(at / 10)
    leases = served.claim(count=8)
    for lease in leases[:2]:
        served.complete(lease, 1.0 + lease["number"], 9.0 - lease["number"])
    wait_until(lambda: bool(served.get("/studies/toy")["finished"] == 2))
    lines = []
    for at, line in enumerate(writing.lines(served.db, study_id)):
        lines.append(json.loads(json.dumps(line, default=datetime.isoformat)))
        if at < 5:  # one comes onto the front before its page is read, others after it
            lease = leases[-1 - at]
            served.complete(lease, 0.5 - at / 10, 0.1 + at / 10)
            served.keeper.enter_finished()
            served.enqueue(0.9 + at / 100)
    assert served.get("/studies/toy")["finished"] == 7
    assert (lines[0]["finish_no"], lines[-1]["trials"]) == (2, 8)
    statuses = [line["status"] for line in lines if line["record"] == "trial"]
    assert statuses == ["completed"] * 2 + ["queued"] * 6
    answer = bring(served, text(lines))
    assert answer.status_code == 201, answer.text
    assert export(served, "copy")[1:] == lines[1:]


def test_what_the_ledger_has_not_entered_yet_is_entered_where_it_comes_in(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.study(trials=50)
    for at in range(2):
        served.enqueue(at / 10)
    monkeypatch.setattr(ledger, "advance", lambda *_: 0)
    for lease in served.claim(count=2):
        served.complete(lease, 1.0, 1.0)
    lines = export(served)
    assert [line.get("finish_no") for line in lines[:3]] == [0, None, None]
    assert [line["values"] for line in lines[1:3]] == [{"cost": 1.0, "size": 1.0}] * 2
    monkeypatch.undo()
    assert bring(served, text(lines)).status_code == 201
    wait_until(lambda: bool(served.get("/studies/copy")["finished"] == 2))
    assert served.get("/studies/copy")["front_size"] == 2


def test_an_imported_study_goes_on(served: Served) -> None:
    fill(served)
    bring(served, text(export(served)))
    assert served.claim("copy") == []
    served.ask("PATCH", "/studies/copy", {"status": "active"})
    leases = served.claim("copy", count=9)
    assert [lease["number"] for lease in leases] == [7, 8]
    served.tell(leases[0], "complete", metrics={"cost": 0.0, "size": 0.0, "heat": 0.0})
    wait_until(lambda: bool(served.get("/studies/copy")["finished"] == 6))
    assert served.get("/studies/copy")["front_size"] == 1
    assert served.enqueue(0.99, study="copy")["number"] == 9


def test_a_budget_that_has_grown_comes_in_grown(served: Served) -> None:
    served.study(trials=3)
    assert served.ask("PATCH", "/studies/toy", {"trials": 60}).status_code == 200
    assert bring(served, text(export(served))).json()["trials"] == 60
    with served.db.read() as session:
        budgets = [studies.get(session, name).problem["budget"] for name in ("toy", "copy")]
    assert budgets == [60, 60]


def test_networks_come_in_with_their_confirm_runs(served_sqlite: Served) -> None:
    served = served_sqlite
    announce(served)
    served.ask("POST", "/studies", NETWORKS)
    with served.db.read() as session:
        space = studies.problem_of(studies.get(session, "nets")).space
        point = space.sample(Random(0))
    served.ask("POST", "/studies/nets/trials", {"point": point, "values": {"error": 0.1}})
    wait_until(lambda: bool(served.get("/studies/nets")["front_size"] == 1))
    asked = served.ask("POST", "/studies/nets/confirm", {"seeds": 2})
    assert asked.status_code == 201, asked.text
    lines = export(served, "nets")
    assert [line.get("confirms") for line in lines[1:4]] == [None, 1, 1]
    answer = bring(served, text(lines), "copied")
    assert answer.status_code == 201, answer.text
    assert export(served, "copied")[1:] == lines[1:]
    assert answer.json()["data"] == served.get("/studies/nets")["data"]


def test_a_taken_name_is_refused_and_another_may_be_given(served: Served) -> None:
    served.study()
    body = text(export(served))
    taken = served.http.post("/api/v1/studies/import", content=body)
    assert_problem(taken, 409, "name")
    assert bring(served, body, "other").json()["name"] == "other"


def test_an_import_that_is_repeated_is_done_once(served: Served) -> None:
    served.study()
    body = text(export(served))
    first = bring(served, body, **{"Idempotency-Key": "k"})
    again = bring(served, body, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.json()) == (201, first.json())
    other = bring(served, body, "third", **{"Idempotency-Key": "k"})
    assert_problem(other, 422, "Idempotency-Key")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "line 1"),
        (b"\n", "line 1"),
        (b"{", "line 1"),
        (b"[]", "line 1"),
        (b"\xff\xfe\n", "line 1"),
        (b"[" * 100_000, "line 1"),
        (b'{"record": "study"}', "line 1.format"),
    ],
)
def test_what_is_no_exported_study_is_refused(shared: Served, body: bytes, field: str) -> None:
    assert_problem(bring(shared, body), 422, field)


def test_a_file_that_is_too_large_is_refused(
    shared: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.api.importing.IMPORT_BYTES", 1000)
    assert_problem(bring(shared, b" " * 1001), 413)
    pieces = iter([b" " * 500] * 3)
    answer = shared.http.post("/api/v1/studies/import", content=pieces)
    assert_problem(answer, 413)
