"""Reading: pages, columns, exports, workers, devices, versions."""

import csv
import io
import json
from typing import Any

import pytest

from tests.api.conftest import BLACK_BOX, Served, assert_problem, wait_until
from tests.api.test_bad_input import DIGITS, NETWORKS, announce


def fill(served: Served, results: list[tuple[float, float]]) -> None:
    """Run a study with these results in this order."""
    served.study(trials=len(results) + 1)
    for number, (cost, size) in enumerate(results, 1):
        served.enqueue(number / 100)
        [lease] = served.claim()
        served.complete(lease, cost, size)
        await_finished(served, number)


def await_finished(served: Served, count: int) -> None:
    wait_until(lambda: bool(served.get("/studies/toy")["finished"] == count))


RESULTS = [(1.0, 4.0), (5.0, 5.0), (2.0, 3.0), (3.0, 1.0)]


def pages(served: Served, path: str) -> list[list[Any]]:
    found, cursor = [], ""
    while True:
        page = served.get(f"{path}{cursor}")
        found.append(page["items"])
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_studies_come_in_pages_newest_first(served: Served) -> None:
    for name in ("a", "b", "c", "d", "e"):
        served.study(name=name)
    names = [[study["name"] for study in page] for page in pages(served, "/studies?limit=2")]
    assert names == [["e", "d"], ["c", "b"], ["a"]]


def test_trials_come_in_pages_in_either_order(served: Served) -> None:
    served.study(trials=10)
    for number in range(5):
        served.enqueue(number / 10)
    path = "/studies/toy/trials?limit=2"
    assert served.get(path)["total"] == 5
    oldest = [[trial["number"] for trial in page] for page in pages(served, path)]
    assert oldest == [[1, 2], [3, 4], [5]]
    newest = [[each["number"] for each in page] for page in pages(served, f"{path}&order=newest")]
    assert newest == [[5, 4], [3, 2], [1]]


def test_trials_are_listed_by_status(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    served.enqueue(0.2)
    [lease] = served.claim()
    running = served.get("/studies/toy/trials?status=running")
    assert [trial["id"] for trial in running["items"]] == [lease["trial_id"]]
    assert running["total"] == 1
    assert served.get("/studies/toy")["counts"]["queued"] == 1


def test_points_begin_with_the_front_and_go_on_behind_a_number(served: Served) -> None:
    fill(served, RESULTS)
    columns = served.get("/studies/toy/points")["columns"]
    assert columns["on_front"] == [True, True, True, False]
    assert columns["finish_no"] == [4, 3, 1, 2]
    assert columns["values"] == {"cost": [3.0, 2.0, 1.0, 5.0], "size": [1.0, 3.0, 4.0, 5.0]}
    later = served.get("/studies/toy/points?after=2")["columns"]
    assert later["finish_no"] == [3, 4]
    assert later["status"] == ["completed", "completed"]


def test_points_of_a_trial_without_a_value_have_a_gap(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    [lease] = served.claim()
    served.tell(lease, "fail", reason="diverged", infeasible=True)
    wait_until(lambda: served.get("/studies/toy")["finished"] == 1)
    columns = served.get("/studies/toy/points")["columns"]
    assert columns["status"] == ["infeasible"]
    assert columns["values"] == {"cost": [None], "size": [None]}


def test_a_front_is_sorted_by_the_first_objective_best_first(served_sqlite: Served) -> None:
    objectives = [
        {"name": "gain", "goal": "maximize", "ideal": 10.0, "reference": 0.0},
        {"name": "size", "ideal": 0.0, "reference": 10.0},
    ]
    served_sqlite.study(objectives=objectives)
    for x, gain, size in ((0.1, 2.0, 1.0), (0.2, 5.0, 4.0), (0.3, 3.0, 2.0)):
        served_sqlite.enqueue(x, values={"gain": gain, "size": size})
    wait_until(lambda: served_sqlite.get("/studies/toy")["front_size"] == 3)
    front = served_sqlite.get("/studies/toy/front")
    assert [item["values"]["gain"] for item in front["items"]] == [5.0, 3.0, 2.0]
    assert front["objectives"][0]["goal"] == "maximize"


def test_an_imported_result_counts_like_any_other(served: Served) -> None:
    served.study()
    trial = served.enqueue(0.5, values={"cost": 1.0, "size": 2.0})
    assert trial["status"] == "completed"
    wait_until(lambda: served.get("/studies/toy")["front_size"] == 1)


def test_an_export_as_csv_has_a_row_per_trial(served: Served) -> None:
    fill(served, RESULTS)
    answer = served.ask("GET", "/studies/toy/export?format=csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="toy.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["number"] for row in rows] == ["1", "2", "3", "4"]
    assert rows[0]["values.cost"] == "1.0"
    assert rows[0]["point.x"] == "0.01"
    assert rows[0]["status"] == "completed"


def test_an_export_as_json_lines_has_a_line_per_trial(served: Served) -> None:
    fill(served, RESULTS[:2])
    answer = served.ask("GET", "/studies/toy/export?format=jsonl")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert lines == served.get("/studies/toy/trials")["items"]


def test_an_export_goes_over_all_pages(
    served_sqlite: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.api.export.PAGE", 2)
    served_sqlite.study(trials=10)
    for number in range(5):
        served_sqlite.enqueue(number / 10)
    answer = served_sqlite.ask("GET", "/studies/toy/export?format=jsonl")
    assert [json.loads(line)["number"] for line in answer.text.splitlines()] == [1, 2, 3, 4, 5]


def test_an_empty_study_is_exported_as_a_header(served_sqlite: Served) -> None:
    served_sqlite.study()
    assert served_sqlite.ask("GET", "/studies/toy/export").text.count("\n") == 1


def test_a_trial_shows_its_attempts_and_the_reports_of_the_one_that_counted(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    [first] = served.claim(worker="w1")
    served.tell(first, "reports", step=0, metrics={"loss": 9.0})
    served.tell(first, "fail", reason="killed")
    [second] = served.claim(worker="w2")
    for step, loss in enumerate((2.0, 1.0)):
        served.tell(second, "reports", step=step, metrics={"loss": loss, "error": loss / 10})
    served.tell(second, "complete", metrics={"cost": 1.0, "size": 2.0, "train_s": 3.5})
    detail = served.get(f"/trials/{second['trial_id']}")
    attempts = [
        (each["number"], each["worker"], each["outcome"]) for each in detail["attempts_list"]
    ]
    assert attempts == [(1, "w1", "failed"), (2, "w2", "completed")]
    assert [report["metrics"]["loss"] for report in detail["reports"]] == [2.0, 1.0]
    assert {report["attempt"] for report in detail["reports"]} == {2}
    assert detail["values"] == {"cost": 1.0, "size": 2.0, "train_s": 3.5}
    assert detail["graph"] is None
    assert detail["memory_timeline"] is None


def test_a_network_shows_its_graph_and_what_it_needs(served: Served) -> None:
    from random import Random

    from service import studies

    announce(served)
    answer = served.ask("POST", "/studies", NETWORKS)
    assert answer.status_code == 201, answer.text
    study = answer.json()
    assert study["data"]["sha256"] == DIGITS["sha256"]
    assert [each["name"] for each in study["objectives"]] == ["error", "model_size:deployed"]
    assert [each["role"] for each in study["objectives"]] == ["measured", "known"]
    assert [each["unit"] for each in study["objectives"]] == [None, "B"]
    with served.db.read() as session:
        point = studies.problem_of(studies.get(session, "nets")).space.sample(Random(0))
    trial = served.ask("POST", "/studies/nets/trials", {"point": point}).json()
    assert trial["values"]["model_size:deployed"] > 0
    held: dict[str, Any] = {"kinds": ["network"], "study": None}
    assert served.claim(**held, data={"digits": "c" * 64}) == []
    [lease] = served.claim(**held, data={"digits": DIGITS["sha256"]})
    work = lease["work"]
    assert work["kind"] == "network"
    assert work["data"] == "digits"
    assert work["metrics"] == ["error"]
    detail = served.get(f"/trials/{trial['id']}")
    assert detail["graph"] == work["graph"]
    assert detail["training"] == work["training"]
    peak = max(size for _, size in detail["memory_timeline"])
    assert peak == trial["values"]["working_memory:bound"]


def test_a_front_shows_only_what_fits_into_a_device(served_sqlite: Served) -> None:
    from random import Random

    from service import studies

    announce(served_sqlite)
    served_sqlite.ask("POST", "/studies", NETWORKS)
    with served_sqlite.db.read() as session:
        point = studies.problem_of(studies.get(session, "nets")).space.sample(Random(0))
    body = {"point": point, "values": {"error": 0.1}}
    trial = served_sqlite.ask("POST", "/studies/nets/trials", body).json()
    wait_until(lambda: served_sqlite.get("/studies/nets")["front_size"] == 1)
    assert len(served_sqlite.get("/studies/nets/front?device=stm32h743")["items"]) == 1
    arena = trial["values"]["working_memory:arena"]
    small = [each for each in served_sqlite.get("/devices")["items"] if each["sram_bytes"] < arena]
    for device in small:
        path = f"/studies/nets/front?device={device['name']}"
        assert served_sqlite.get(path)["items"] == []


def test_the_same_definition_returns_the_same_study(served: Served) -> None:
    study = served.study()
    answer = served.ask("POST", "/studies", BLACK_BOX)
    assert answer.status_code == 200
    assert answer.json() == study
    assert study["definition"]["think_s"] == 5.0


def test_a_study_is_found_by_number_and_by_name(served: Served) -> None:
    study = served.study()
    assert served.get(f"/studies/{study['id']}") == served.get("/studies/toy")


def test_a_change_on_an_old_version_is_refused(served: Served) -> None:
    served.study()
    seen = served.ask("GET", "/studies/toy").headers["ETag"]
    first = served.ask("PATCH", "/studies/toy", {"trials": 9}, headers={"If-Match": seen})
    assert first.status_code == 200
    assert first.json()["trials"] == 9
    assert first.headers["ETag"] != seen
    second = served.ask("PATCH", "/studies/toy", {"trials": 7}, headers={"If-Match": seen})
    assert_problem(second, 412)
    assert served.get("/studies/toy")["trials"] == 9


def test_closing_a_study_cancels_what_is_open(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    served.enqueue(0.2)
    [lease] = served.claim()
    closed = served.ask("PATCH", "/studies/toy", {"status": "ended"}).json()
    assert (closed["status"], closed["ended_reason"]) == ("ended", "closed")
    assert closed["counts"]["cancelled"] == 2
    assert served.tell(lease, "renew").json()["order"] == "cancel"
    again = served.ask("POST", "/studies/toy/trials", {"parameters": {"x": 0.5}})
    assert_problem(again, 409)


def test_a_deleted_study_is_gone_with_its_trials(served: Served) -> None:
    served.study()
    trial = served.enqueue(0.1)
    assert served.ask("DELETE", "/studies/toy").status_code == 204
    assert_problem(served.ask("GET", "/studies/toy"), 404)
    assert_problem(served.ask("GET", f"/trials/{trial['id']}"), 404)
    assert_problem(served.ask("DELETE", "/studies/toy"), 404)
