"""A study goes out and comes in again as it was, or not at all."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.api.conftest import Served, assert_problem, wait_until
from tests.api.test_bad_input import NETWORKS, announce

Lines = list[dict[str, Any]]


def fill(served: Served) -> None:
    """A study with trials done, retried, infeasible, cancelled, running and queued."""
    served.study(trials=50, constraints=["heat <= 5"])
    for at in range(4):
        served.enqueue(at / 10)
        [lease] = served.claim(worker=f"w{at}")
        served.tell(lease, "reports", step=1, metrics={"loss": 1.5, "cost": float(at)})
        if at == 1:
            served.tell(lease, "fail", reason="broke")
            [lease] = served.claim(worker="w9")
        metrics = {"cost": float(at), "size": 4.0 - at, "heat": float(at)}
        served.tell(lease, "complete", metrics=metrics, details={"note": "é"})
    served.enqueue(0.8)
    [lease] = served.claim()
    served.tell(lease, "fail", reason="diverged", infeasible=True)
    served.ask("POST", f"/trials/{served.enqueue(0.9)['id']}/cancel")
    served.enqueue(0.91)
    served.claim()
    served.enqueue(0.92)
    wait_until(lambda: bool(served.get("/studies/toy")["finished"] == 5))


def export(served: Served, study: str = "toy") -> Lines:
    answer = served.ask("GET", f"/studies/{study}/export?format=study")
    assert answer.headers["Content-Type"] == "application/jsonl"
    return [json.loads(line) for line in answer.text.splitlines()]


def text(lines: Lines) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def bring(served: Served, body: bytes, name: str = "copy", **headers: str) -> httpx.Response:
    url = f"/api/v1/studies/import?name={name}"
    return served.http.post(url, content=body, headers=headers)


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


def test_networks_come_in_with_their_confirm_runs(served_sqlite: Served) -> None:
    from random import Random

    from service import studies

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


CHANGES: dict[str, tuple[Callable[[Lines], Any], str]] = {
    "an unknown field": (lambda lines: lines[2].update(colour=1), "line 3.colour"),
    "a missing field": (lambda lines: lines[1].pop("status"), "line 2.status"),
    "a value that is none": (
        lambda lines: lines[1]["values"].update(cost="low"),
        "line 2.values.cost",
    ),
    "infinity": (lambda lines: lines[1]["values"].update(cost=float("inf")), "line 2.values.cost"),
    "another format": (lambda lines: lines[0].update(format=2), "line 1.format"),
    "a wrong definition": (
        lambda lines: lines[0]["definition"].update(designer="oracle"),
        "line 1.definition.designer",
    ),
    "a point outside": (lambda lines: lines[1].update(point={"x": 7.0}), "line 2.point.x"),
    "a foreign key": (lambda lines: lines[1].update(key="0" * 64), "line 2.key"),
    "a number twice": (lambda lines: lines[2].update(number=1), "line 3.number"),
    "a place twice": (
        lambda lines: lines[2].update(finish_no=lines[1]["finish_no"]),
        "line 3.finish_no",
    ),
    "a front without a result": (lambda lines: lines[5].update(on_front=True), "line 6.on_front"),
    "a parent that comes later": (lambda lines: lines[1].update(parent=4), "line 2.parent"),
    "two counting attempts": (
        lambda lines: lines[2]["tries"][0].update(counts=True),
        "line 3.tries",
    ),
    "no first line": (lambda lines: lines.pop(0), "line 1.record"),
    "a trial less": (lambda lines: lines.pop(2), "line {end}.trials"),
    "no last line": (lambda lines: lines.pop(), "line {last}"),
    "a line after the last": (lambda lines: lines.append(lines[1]), "line {last}"),
    "an unknown record": (lambda lines: lines[1].update(record="dream"), "line 2.record"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_broken_line_names_its_number_and_nothing_comes_in(
    filled: tuple[Served, Lines], change: str
) -> None:
    served, kept = filled
    lines = json.loads(json.dumps(kept))
    spoil, field = CHANGES[change]
    spoil(lines)
    end = len(lines)
    last = end + 1 if change == "no last line" else end
    problem = assert_problem(bring(served, text(lines)), 422, field.format(end=end, last=last))
    assert problem["type"] == "/problems/import-refused"
    assert [study["name"] for study in served.get("/studies")["items"]] == ["toy"]


@pytest.fixture(scope="module")
def filled(shared: Served) -> tuple[Served, Lines]:
    fill(shared)
    return shared, export(shared)


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
