"""Charts and other large answers: not sent to who has them, and never an old one."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event

from service import studies
from service.api import charts
from service.api.kept import MOST_MADE, Kept
from service.db import Database
from service.figures.rows import points_of
from tests.api.conftest import Served, wait_until
from tests.api.test_lists import RESULTS, fill

FOLLOWING = (  # that follow the results of a study
    "/studies/toy/front",
    "/studies/toy/front?device=arduino-uno",
    "/studies/toy/points",
    "/studies/toy/figures/front",
    "/studies/toy/figures/hypervolume",
    "/studies/toy/figures/prediction",
)
THINKING = "/studies/toy/figures/thinking"
TIMELINE = "/studies/toy/figures/timeline"


def tag_of(served: Served, path: str) -> str:
    """The tag of an answer, which is the same packed and plain, and which is not sent twice."""
    first = served.ask("GET", path)
    tag: str = first.headers["etag"]
    plain = served.ask("GET", path, headers={"Accept-Encoding": "identity"})
    assert first.status_code == plain.status_code == 200
    assert first.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert first.json() == plain.json()
    again = served.ask("GET", path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    return tag


def test_what_a_study_has_found_is_sent_again_only_when_that_has_changed(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(served, RESULTS)
    assert len(served.get(FOLLOWING[0])["items"]) == 3
    tags = {path: tag_of(served, path) for path in (*FOLLOWING, THINKING, TIMELINE)}
    served.enqueue(0.9)  # of which no event tells
    assert tag_of(served, THINKING) != tags[THINKING]
    assert {path: tag_of(served, path) for path in FOLLOWING} == {
        path: tags[path] for path in FOLLOWING
    }
    [lease] = served.claim()
    served.complete(lease, cost=0.5, size=0.5)
    wait_until(lambda: bool(served.get("/studies/toy")["finished"] == 5))
    entered = {path: tag_of(served, path) for path in FOLLOWING}
    assert all(entered[path] != tags[path] for path in FOLLOWING)
    assert len(served.get(FOLLOWING[0])["items"]) == 1
    assert tag_of(served, TIMELINE) != tags[TIMELINE]
    # Another database at the same address, and another release, have charts of their own.
    with served.db.begin() as session:
        studies.get(session, "toy").created_at += timedelta(seconds=1)
    reborn = {path: tag_of(served, path) for path in FOLLOWING}
    monkeypatch.setattr(charts, "__version__", "99.0.0")
    upgraded = {path: tag_of(served, path) for path in FOLLOWING}
    for path in FOLLOWING:
        assert len({entered[path], reborn[path], upgraded[path]}) == 3


def test_points_are_read_without_opening_the_rows_of_trials(served_sqlite: Served) -> None:
    fill(served_sqlite, RESULTS)
    asked: list[tuple[str, tuple[object, ...]]] = []
    db = served_sqlite.db

    def note(*told: object) -> None:
        asked.append((str(told[2]), told[3]))  # type: ignore[arg-type]

    with db.read() as session:
        study = studies.get(session, "toy")
        event.listen(db.engine, "before_cursor_execute", note)
        points_of(session, study)
        event.remove(db.engine, "before_cursor_execute", note)
    statement, values = asked[-1]
    plan = plan_of(db, statement, values)
    assert any("COVERING INDEX ix_trials_chart" in step for step in plan), plan


def plan_of(db: Database, statement: str, values: tuple[object, ...]) -> list[str]:
    with db.read() as session:
        rows = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return [row[-1] for row in rows]


def test_answers_about_two_things_are_made_side_by_side_and_about_one_in_turn() -> None:
    kept, began, ended = Kept(), threading.Barrier(MOST_MADE + 1), threading.Event()
    made: list[str] = []

    def make(thing: str) -> None:
        with kept.making(thing):
            made.append(thing)
            began.wait(10)
            ended.wait(10)

    threads = [threading.Thread(target=make, args=[thing]) for thing in ("a", "b")]
    for thread in threads:
        thread.start()
    began.wait(10)  # both are at work
    again = threading.Thread(target=lambda: made.append(second(kept)))
    again.start()
    wait_until(lambda: kept._turns["a"].takers == 2)
    assert sorted(made) == ["a", "b"]
    ended.set()
    for thread in (*threads, again):
        thread.join(10)
    assert made[-1] == "a, too"
    assert kept._turns == {}


def second(kept: Kept) -> str:
    with kept.making("a"):
        return "a, too"
