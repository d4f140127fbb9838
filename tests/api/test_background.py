"""Threads that repeat one step."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from service.beat import Beat
from tests.api.conftest import Served, wait_until


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
