"""The sweeper takes trials back from lost workers, but not because the server was away."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from service.db import Database
from service.states import Order, Status
from service.sweeper import INTERRUPTION, Reach, Sweeper
from tests.service.stage import START, Stage

SECOND = timedelta(seconds=1)


@pytest.fixture
def new_sweeper(stage: Stage) -> Iterator[Callable[[], Sweeper]]:
    """Makes sweepers that live at the stage's time, as a server does when it starts."""
    database = Database(stage.db.url.render_as_string(hide_password=False), lambda: stage.now)
    yield lambda: Sweeper(database)
    database.close()


def beat(stage: Stage, sweeper: Sweeper, seconds: int) -> int:
    """Let time pass, a sweep every five seconds."""
    swept = 0
    for _ in range(seconds // 5):
        stage.wait(5)
        swept += sweeper.step()
    return swept


def test_reach_begins_anew_after_an_interruption() -> None:
    reach = Reach.begin(START).at(START + SECOND)
    assert reach.since == START
    assert reach.at(START + SECOND + INTERRUPTION).since == START
    late = START + 2 * SECOND + INTERRUPTION
    assert reach.at(late).since == late


def test_reach_begins_anew_when_the_clock_was_set_back() -> None:
    assert Reach.begin(START).at(START - SECOND).since == START - SECOND


def test_a_lease_expires_once_the_worker_is_silent_for_its_length(
    stage: Stage, new_sweeper: Callable[[], Sweeper]
) -> None:
    stage.enqueue(stage.study())
    sweeper = new_sweeper()
    sweeper.step()
    lease = stage.lease(lease_s=60)
    assert beat(stage, sweeper, 60) == 0
    assert beat(stage, sweeper, 5) == 1
    assert stage.read_trial(lease.trial_id).status is Status.QUEUED
    assert beat(stage, sweeper, 60) == 0


def test_after_an_outage_workers_get_the_time_to_renew(
    stage: Stage, new_sweeper: Callable[[], Sweeper]
) -> None:
    stage.enqueue(stage.study(), 2)
    kept, lost = stage.claim(count=2, lease_s=60)
    stage.wait(3600)  # the server was away
    sweeper = new_sweeper()
    assert sweeper.step() == 0
    assert beat(stage, sweeper, 30) == 0
    assert stage.renew(kept).order is Order.CONTINUE
    assert beat(stage, sweeper, 30) == 1
    assert stage.read_trial(kept.trial_id).status is Status.RUNNING
    assert stage.read_trial(lost.trial_id).status is Status.QUEUED


def test_a_process_that_slept_counts_anew(stage: Stage, new_sweeper: Callable[[], Sweeper]) -> None:
    stage.enqueue(stage.study())
    sweeper = new_sweeper()
    beat(stage, sweeper, 100)
    stage.lease(lease_s=60)
    stage.wait(100)
    assert sweeper.step() == 0
    assert beat(stage, sweeper, 55) == 0
    assert beat(stage, sweeper, 5) == 1


def test_an_error_of_the_database_counts_as_an_interruption(
    stage: Stage, new_sweeper: Callable[[], Sweeper], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.enqueue(stage.study())
    sweeper = new_sweeper()
    beat(stage, sweeper, 100)
    stage.lease(lease_s=60)
    beat(stage, sweeper, 55)
    with monkeypatch.context() as patch:

        def fail(*_: object) -> int:
            raise ConnectionError

        patch.setattr("service.sweeper.sweep", fail)
        stage.wait(1)
        with pytest.raises(ConnectionError):
            sweeper.step()
    assert beat(stage, sweeper, 60) == 0
    assert beat(stage, sweeper, 5) == 1


def test_a_long_lease_is_not_shortened_by_a_short_memory(
    stage: Stage, new_sweeper: Callable[[], Sweeper]
) -> None:
    stage.enqueue(stage.study())
    stage.lease(lease_s=3600)
    stage.wait(3601)
    sweeper = new_sweeper()
    assert beat(stage, sweeper, 3500) == 0


def test_a_lost_trial_is_given_up_after_five_more(stage: Stage) -> None:
    stage.enqueue(stage.study())
    for n in range(6):
        lease = stage.lease(worker=f"w{n}")
        assert stage.expire() == 1
    assert stage.read_trial(lease.trial_id).status is Status.FAILED
    assert [attempt.worker for attempt in stage.attempts(lease.trial_id)] == [
        f"w{n}" for n in range(6)
    ]


def test_a_sweep_closes_more_than_one_batch_in_turns(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.sweeper.BATCH", 2)
    stage.enqueue(stage.study(), 5)
    stage.claim(count=5)
    assert [stage.expire() for _ in range(4)] == [2, 2, 1, 0]


def test_the_expiry_is_found_by_an_index(stage: Stage) -> None:
    if not stage.db.sqlite:
        return
    with stage.db.read() as session:
        plan = session.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT id FROM attempts"
                " WHERE ended_at IS NULL AND expires_at < '2026-01-01'"
            )
        ).all()
    assert "ix_attempts_expiry" in str(plan)
