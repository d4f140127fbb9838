"""Workers: what they said, when they were heard of, what data they hold."""

from typing import Any

from service import workers
from service.workers import Announcement
from tests.service.stage import START, Stage


def announce(stage: Stage, name: str, *data: dict[str, Any]) -> None:
    stage.wait(1)
    with stage.begin() as session:
        announcement = Announcement("cpu", "host", 7, {"torch": "2"}, data)
        workers.announce(session, name, announcement, stage.now)


def test_a_worker_is_what_it_last_said(stage: Stage) -> None:
    announce(stage, "w", {"name": "old"})
    announce(stage, "w", {"name": "new"})
    with stage.db.read() as session:
        (worker,) = workers.listing(session)
    assert (worker.accelerator, worker.host, worker.pid) == ("cpu", "host", 7)
    assert worker.data == [{"name": "new"}]
    assert (worker.seen_at - worker.first_seen_at).total_seconds() == 1


def test_a_worker_that_only_claims_is_known_too(stage: Stage) -> None:
    stage.enqueue(stage.study())
    stage.lease(worker="loop")
    with stage.db.read() as session:
        (worker,) = workers.listing(session)
    assert (worker.name, worker.accelerator, worker.seen_at) == ("loop", None, START)


def test_the_worker_heard_of_last_is_listed_first(stage: Stage) -> None:
    for name in ("a", "b", "a"):
        announce(stage, name)
    with stage.db.read() as session:
        assert [worker.name for worker in workers.listing(session)] == ["a", "b"]


def test_each_data_set_is_announced_once_as_heard_last(stage: Stage) -> None:
    announce(stage, "a", {"name": "x", "sha256": "1"}, {"name": "w", "sha256": "0"})
    announce(stage, "b", {"name": "x", "sha256": "2"})
    with stage.db.read() as session:
        found = workers.announced_data(session)
    assert found == [{"name": "w", "sha256": "0"}, {"name": "x", "sha256": "2"}]


def test_a_usable_file_goes_before_one_with_a_problem(stage: Stage) -> None:
    announce(stage, "a", {"name": "x", "problem": None})
    announce(stage, "b", {"name": "x", "problem": "It is empty."})
    with stage.db.read() as session:
        assert workers.announced_data(session) == [{"name": "x", "problem": None}]
