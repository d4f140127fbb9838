"""Threads that repeat one step."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from service import ledger
from service.beat import Beat
from service.own_keeper import OwnKeeper
from tests.api.conftest import FakePlanner, Served, wait_until
from tests.service.stage import Stage


@contextmanager
def beating(beat: Beat) -> Iterator[None]:
    beat.start()
    yield
    beat.stop()


def test_a_beat_repeats_its_step() -> None:
    steps: list[int] = []
    with beating(Beat("test", lambda: steps.append(1), every_s=0.01)):
        wait_until(lambda: len(steps) >= 3)


def test_a_beat_steps_at_once_when_it_is_woken() -> None:
    steps: list[int] = []
    beat = Beat("test", lambda: steps.append(1), every_s=60)
    with beating(beat):
        wait_until(lambda: len(steps) == 1)
        beat.wake()
        wait_until(lambda: len(steps) == 2)


def test_a_beat_that_is_woken_again_rests_first_but_hurries_when_somebody_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("service.beat.REST", 1e9)
    steps: list[int] = []
    beat = Beat("test", lambda: steps.append(1), every_s=60)
    with beating(beat):
        wait_until(lambda: len(steps) == 1)
        beat.wake()
        time.sleep(0.1)
        assert len(steps) == 1
        beat.hurry()
        wait_until(lambda: len(steps) == 2)


def test_a_wish_during_a_step_is_not_lost() -> None:
    began, go_on = threading.Event(), threading.Event()
    steps: list[int] = []

    def step() -> None:
        began.set()
        go_on.wait(10)
        steps.append(1)

    beat = Beat("test", step, every_s=60)
    with beating(beat):
        began.wait(10)
        beat.wake()
        go_on.set()
        wait_until(lambda: len(steps) == 2)


def test_a_step_that_fails_is_logged_and_repeated(caplog: pytest.LogCaptureFixture) -> None:
    steps: list[int] = []

    def step() -> None:
        steps.append(1)
        raise LookupError("the database is away")

    with caplog.at_level(logging.ERROR), beating(Beat("test", step, every_s=0.01)):
        wait_until(lambda: len(steps) >= 2)
    assert "the database is away" in caplog.text


def test_a_stopped_beat_has_ended() -> None:
    beat = Beat("test", lambda: None, every_s=60)
    with beating(beat):
        pass
    assert not any(thread.name == "test" for thread in threading.enumerate())


def test_a_finished_trial_is_entered_soon_and_the_planner_hears_of_it(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    [lease] = served.claim()
    before = served.planner.wakes
    served.complete(lease, 1.0, 2.0)
    wait_until(lambda: served.get("/studies/toy")["finished"] == 1, timeout_s=2)
    # Once for the result itself, once for its place in the ledger.
    wait_until(lambda: served.planner.wakes >= before + 2)


def broken_ledger(monkeypatch: pytest.MonkeyPatch, broken: int, error: Exception) -> list[int]:
    """Let the ledger of one study fail; what it returns gets the studies that are tried."""
    advance, tried = ledger.advance, list[int]()

    def failing(session: Session, study_id: int, now: datetime) -> int:
        tried.append(study_id)
        if study_id == broken:
            raise error
        return advance(session, study_id, now)

    monkeypatch.setattr(ledger, "advance", failing)
    return tried


def two_with_results(stage: Stage) -> list[int]:
    made = [stage.study(name=name) for name in ("first", "second")]
    for study_id in made:
        stage.finish(study_id, cost=1.0, gain=1.0)
    return made


def test_a_study_whose_ledger_fails_leaves_the_others_theirs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = two_with_results(stage)
    tried = broken_ledger(monkeypatch, first, KeyError("gain"))
    with caplog.at_level(logging.ERROR):
        OwnKeeper(stage.db, FakePlanner(), lambda: None).enter_finished()
    assert tried == [first, second]
    assert [stage.read_study(each).finish_no for each in (first, second)] == [0, 1]
    assert f"The ledger of study {first} failed" in caplog.text
    assert "KeyError: 'gain'" in caplog.text


def test_a_database_that_is_away_is_not_told_of_each_study(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = two_with_results(stage)
    away = OperationalError("SELECT 1", None, ConnectionError("no route to host"))
    tried = broken_ledger(monkeypatch, first, away)
    with caplog.at_level(logging.ERROR), pytest.raises(OperationalError):
        OwnKeeper(stage.db, FakePlanner(), lambda: None).enter_finished()
    assert tried == [first]
    assert "ledger of study" not in caplog.text
