"""The last lines of each worker's log: kept once, bounded, and gone with the worker."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from service.models import Worker, WorkerLine
from service.worker_log import KEPT, MOST_CHARACTERS, MOST_LINES
from tests.api.conftest import Served, assert_problem
from tests.api.test_bad_input import announce

LOG = "/workers/crew-0/log"
FIRST, SECOND = "a" * 32, "b" * 32
AT_MS = 1_900_000_000_123


def line(number: int, text: str = "It runs.", **changes: Any) -> dict[str, Any]:
    return {"number": number, "at_ms": AT_MS + number, "level": "info", "text": text} | changes


def tell(served: Served, *lines: dict[str, Any], process: str = FIRST) -> None:
    answer = served.ask("PUT", LOG, {"process": process, "lines": list(lines)})
    assert (answer.status_code, answer.content) == (204, b"")


def texts(served: Served, query: str = "") -> list[str]:
    return [each["text"] for each in served.get(f"{LOG}{query}")["items"]]


def test_lines_are_kept_once_and_read_on_from_the_last(served: Served) -> None:
    tell(served, line(1, "one"), line(2, "two\n\tlines", level="warning"))
    tell(served, line(2, "two\n\tlines", level="warning"), line(3, "three"))  # an answer was lost
    found = served.get(LOG)["items"]
    assert [each["text"] for each in found] == ["one", "two\n\tlines", "three"]
    assert (found[1]["level"], found[1]["at"]) == ("warning", "2030-03-17T17:46:40.125000Z")
    last = found[-1]["id"]
    assert texts(served, f"?after={last}") == []
    tell(served, line(1, "back again"), process=SECOND)  # what it said before stays
    assert texts(served, f"?after={last}") == ["back again"]
    assert len(texts(served)) == 4
    [worker] = served.get("/workers")["items"]
    assert (worker["name"], worker["accelerator"]) == ("crew-0", None)


def test_of_each_worker_the_last_lines_are_kept_and_they_go_with_it(served: Served) -> None:
    other = {"process": FIRST, "lines": [line(1, "other")]}
    assert served.ask("PUT", "/workers/crew-1/log", other).status_code == 204
    tell(served, *[line(number, str(number)) for number in range(1, MOST_LINES + 1)])
    tell(served, *[line(number, str(number)) for number in range(1, 4)], process=SECOND)
    assert texts(served) == [*map(str, range(4, MOST_LINES + 1)), "1", "2", "3"]
    with served.db.begin() as session:
        session.execute(delete(Worker).where(Worker.name == "crew-0"))
    with served.db.read() as session:
        assert session.scalar(select(func.count()).select_from(WorkerLine)) == 1
    assert_problem(served.ask("GET", LOG), 404)
    assert served.get("/workers/crew-1/log")["items"][0]["text"] == "other"


def test_the_lines_of_a_worker_that_is_long_gone_go_when_another_starts(served: Served) -> None:
    tell(served, line(1))
    announce(served)
    assert texts(served) == ["It runs."]
    with served.db.begin() as session:
        gone = served.db.now(session) - KEPT - timedelta(seconds=1)
        session.execute(update(Worker).where(Worker.name == "crew-0").values(seen_at=gone))
    announce(served)
    assert texts(served) == []


def test_one_worker_is_read_with_what_it_has_leased(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    served.claim(worker="crew-0")
    found = served.get("/workers/crew-0")
    listed = served.get("/workers")
    assert {name: found[name] for name in listed["items"][0]} == listed["items"][0]
    assert [each["number"] for each in found["running"]] == [1]
    assert found["server_version"] == listed["server_version"]
    assert served.get(LOG) == {"items": []}
    problem = assert_problem(served.ask("GET", "/workers/nobody"), 404)
    assert problem["detail"] == "There is no worker 'nobody'."
    assert_problem(served.ask("GET", "/workers/nobody/log"), 404)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"process": "of my own"}, "process"),
        ({"lines": []}, "lines"),
        ({"lines": [line(n) for n in range(1, MOST_LINES + 2)]}, "lines"),
        ({"lines": [line(0)]}, "lines.0.number"),
        ({"lines": [line(1), line(2, level="loud")]}, "lines.1.level"),
        ({"lines": [line(1, at_ms=2**43)]}, "lines.0.at_ms"),
        ({"lines": [line(1, "x" * (MOST_CHARACTERS + 1))]}, "lines.0.text"),
        ({"lines": [line(1, "\x1b[2J")]}, "lines.0.text"),
        ({"lines": [line(1, "a\0b")]}, "lines.0.text"),
        ({"lines": [line(1, "a\x9bb")]}, "lines.0.text"),
        ({"lines": [line(1, 7)]}, "lines.0.text"),
        ({"lines": [line(1, host="h")]}, "lines.0.host"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_line_that_is_none_is_refused_at_its_field(
    shared: Served, changes: dict[str, Any], field: str
) -> None:
    body = {"process": FIRST, "lines": [line(1)]} | changes
    problem = assert_problem(shared.ask("PUT", LOG, body), 422, field)
    if "\x1b" in str(changes["lines"][0]["text"] if changes.get("lines") else ""):
        assert "the control character U+001B" in problem["detail"]


def test_a_log_that_is_too_large_is_not_read(shared: Served) -> None:
    content = b" " * (2 * 2**20 + 1)
    answer = shared.http.put(f"/api/v1{LOG}", content=content)
    assert_problem(answer, 413)
