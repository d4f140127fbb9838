"""Server-sent events: what was missed, what comes, and where to resume."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fastapi.routing
import httpx
import pytest

from tests.api.conftest import Served, assert_problem, wait_until

Event = tuple[int | None, str, dict[str, Any]]


@contextmanager
def stream(served: Served, query: str = "", **headers: str) -> Iterator[Iterator[Event]]:
    path = f"/api/v1/studies/toy/events{query}"
    with served.http.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer)


def events(answer: httpx.Response) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for line in answer.iter_lines():
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            number = int(fields["id"]) if "id" in fields else None
            yield number, fields["event"], json.loads(fields["data"])
            fields = {}


def finish(served: Served, cost: float, size: float) -> None:
    served.enqueue(cost / 100)
    [lease] = served.claim()
    finished = served.get("/studies/toy")["finished"]
    served.complete(lease, cost, size)
    wait_until(lambda: served.get("/studies/toy")["finished"] > finished)


def test_a_stream_tells_what_happens_from_now_on(served: Served) -> None:
    served.study()
    finish(served, 1.0, 2.0)
    with stream(served) as told:
        finish(served, 2.0, 1.0)
        numbers, kinds, data = zip(*[next(told) for _ in range(3)], strict=True)
        finish(served, 3.0, 0.5)
        assert next(told)[0] == numbers[-1] + 1, "each event is told once"
    assert kinds == ("trial", "front", "hypervolume")
    assert data[0]["number"] == 2
    assert data[1]["front_size"] == 2
    assert list(numbers) == list(range(numbers[0], numbers[0] + 3))


def test_a_stream_resumes_behind_the_last_event_that_was_seen(served: Served) -> None:
    served.study()
    finish(served, 1.0, 2.0)
    with stream(served, "?after=0") as told:
        all_events = [next(told) for _ in range(4)]
    assert [number for number, _, _ in all_events] == [1, 2, 3, 4]
    assert all_events[0][1] == "study"
    with stream(served, **{"Last-Event-ID": "2"}) as told:
        assert [next(told), next(told)] == all_events[2:]


def test_a_stream_may_be_of_some_kinds_alone(served: Served) -> None:
    served.study()
    finish(served, 1.0, 2.0)
    with stream(served, "?after=0&kind=study&kind=front") as told:
        assert [next(told)[1], next(told)[1]] == ["study", "front"]
        finish(served, 0.5, 1.0)
        assert next(told)[1] == "front"
    refused = served.ask("GET", "/studies/toy/events?kind=dream")
    assert_problem(refused, 422, "kind.0")


def test_where_a_browser_left_off_counts_more_than_where_it_began(served_sqlite: Served) -> None:
    served_sqlite.study()
    finish(served_sqlite, 1.0, 2.0)
    with stream(served_sqlite, "?after=0", **{"Last-Event-ID": "3"}) as told:
        assert next(told)[0] == 4


@pytest.mark.parametrize("filtered", ["", "?kind=trial"])
def test_a_stream_ends_when_its_study_is_deleted(served: Served, filtered: str) -> None:
    served.study()
    with stream(served, filtered) as told:
        wait_until(lambda: served.watcher.listening == 1)
        assert served.ask("DELETE", "/studies/toy").status_code == 204
        last = list(told)
    if filtered:
        assert last == []
    else:
        [(number, kind, data)] = last
        assert (number, kind, data["status"]) == (None, "study", "deleted")


@pytest.mark.parametrize("beyond", ["?after=9", "Last-Event-ID"])
def test_a_stream_behind_events_that_a_backup_has_not_begins_at_its_last(
    served: Served, beyond: str
) -> None:
    study = served.study()
    finish(served, 1.0, 2.0)
    headers = {"Last-Event-ID": "9"} if beyond == "Last-Event-ID" else {}
    with stream(served, "" if headers else beyond, **headers) as told:
        number, kind, data = next(told)
        assert (number, kind) == (4, "study")
        assert (data["status"], data["trials"]) == (study["status"], study["trials"])
        finish(served, 0.5, 1.0)
        assert next(told)[:2] == (5, "trial")
    with stream(
        served, f"{beyond}&kind=trial" if not headers else "?kind=trial", **headers
    ) as told:
        finish(served, 0.4, 0.9)
        assert next(told)[1] == "trial"


def test_a_quiet_stream_is_kept_alive(
    served_sqlite: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fastapi.routing, "_PING_INTERVAL", 0.1)
    served_sqlite.study()
    with served_sqlite.http.stream("GET", "/api/v1/studies/toy/events") as answer:
        assert next(answer.iter_lines()).startswith(":")


def test_closing_the_server_ends_the_streams(served_sqlite: Served) -> None:
    served_sqlite.study()
    with stream(served_sqlite) as told:
        served_sqlite.watcher.close()
        assert list(told) == []


def test_a_stream_that_nobody_reads_any_more_is_let_go(served_sqlite: Served) -> None:
    served_sqlite.study()
    with stream(served_sqlite):
        wait_until(lambda: served_sqlite.watcher.listening == 1)
    wait_until(lambda: served_sqlite.watcher.listening == 0)


def test_a_stream_of_an_unknown_study_is_refused_before_it_begins(served: Served) -> None:
    assert_problem(served.ask("GET", "/studies/nowhere/events"), 404)


def test_a_malformed_event_number_is_refused(served_sqlite: Served) -> None:
    served_sqlite.study()
    answer = served_sqlite.ask("GET", "/studies/toy/events", headers={"Last-Event-ID": "now"})
    assert_problem(answer, 422, "last-event-id")


@contextmanager
def stream_of_all(served: Served, **options: Any) -> Iterator[Iterator[Event]]:
    with served.http.stream("GET", "/api/v1/events", **options) as answer:
        assert answer.status_code == 200
        yield events(answer)


def test_a_stream_of_all_tells_where_each_study_stands_that_moved(served: Served) -> None:
    served.study(name="still")
    toy = served.study()
    with stream_of_all(served) as told:
        finish(served, 1.0, 2.0)
        number, kind, data = next(told)
        assert (number, kind) == (None, "study"), "nothing to resume from"
        assert (data["id"], data["name"], data["status"]) == (toy["id"], "toy", "active")
        assert (data["finished"], data["front_size"], data["trials"]) == (1, 1, toy["trials"])
        new = served.study(name="new")
        assert next(told)[2]["id"] == new["id"]
        assert served.ask("DELETE", "/studies/toy").status_code == 204
        _, _, data = next(told)
        assert (data["id"], data["status"]) == (toy["id"], "deleted")


def test_a_stream_of_all_ends_with_the_server_and_is_let_go_with_its_reader(
    served_sqlite: Served,
) -> None:
    with stream_of_all(served_sqlite):
        wait_until(lambda: served_sqlite.watcher.listening == 1)
    wait_until(lambda: served_sqlite.watcher.listening == 0)
    with stream_of_all(served_sqlite) as told:
        served_sqlite.watcher.close()
        assert list(told) == []
