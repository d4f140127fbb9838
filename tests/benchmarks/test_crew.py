"""Trainings in processes: what fails, dies or takes too long harms no other one."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchmarks.network_search import crew
from benchmarks.network_search.clock import ENDING_S, Clock
from benchmarks.network_search.crew import work_through


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock.json", "search", most_s=1e6)


def unexpected(*failure: object) -> None:
    raise AssertionError(failure)


def test_processes_are_kept_busy_until_there_is_no_task_left(clock: Clock) -> None:
    tasks, ended = [1, 2, 3, 4, 5], []

    def begin(running: list[int]) -> Any:
        assert len(running) < 2
        return (tasks[0], dict, ([("task", tasks.pop(0))],)) if tasks else None

    work_through(clock, 2, begin, lambda task, line: ended.append((task, line["task"])), unexpected)
    assert sorted(ended) == [(number, number) for number in (1, 2, 3, 4, 5)]


def raised() -> None:
    raise MemoryError("too large")


def test_a_training_that_raises_is_told_and_the_others_go_on(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "pool", ThreadPoolExecutor)
    tasks, ended, failed = [1, 2, 3, 4, 5], [], []

    def begin(running: list[int]) -> Any:
        if not tasks:
            return None
        task = tasks.pop(0)
        return (task, raised, ()) if task == 2 else (task, dict, ())

    work_through(
        clock,
        2,
        begin,
        lambda task, line: ended.append(task),
        lambda task, error, wall_s: failed.append((task, repr(error))),
    )
    assert sorted(ended) == [1, 3, 4, 5]
    assert failed == [(2, "MemoryError('too large')")]


def test_trainings_that_always_raise_end_the_run(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "pool", ThreadPoolExecutor)
    failed: list[int] = []
    with pytest.raises(RuntimeError, match="5 trainings in a row failed"):
        work_through(
            clock,
            1,
            lambda running: (1, raised, ()),
            unexpected,
            lambda task, error, wall_s: failed.append(task),
        )
    assert len(failed) == crew.MOST_FAILED


def test_a_process_that_dies_fails_its_training_and_another_one_takes_the_next(
    clock: Clock,
) -> None:
    tasks, ended, failed = [1, 2], [], []

    def begin(running: list[int]) -> Any:
        if not tasks:
            return None
        task = tasks.pop(0)
        return (task, os._exit, (1,)) if task == 1 else (task, dict, ())

    work_through(
        clock,
        1,
        begin,
        lambda task, line: ended.append(task),
        lambda task, error, wall_s: failed.append(task),
    )
    assert (failed, ended) == ([1], [2])


def test_what_has_not_ended_when_the_time_is_up_is_killed_and_dropped(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock.json", "search", ENDING_S + 0.5)
    begun: list[int] = []

    def begin(running: list[int]) -> Any:
        begun.append(len(begun))
        return begun[-1], time.sleep, (20,)

    work_through(clock, 1, begin, unexpected, unexpected)
    assert begun == [0]
    assert clock.spent_s < ENDING_S + 0.5


def test_what_ended_while_the_time_ran_out_in_thought_is_dropped(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "pool", ThreadPoolExecutor)

    def begin(running: list[int]) -> Any:
        if running:  # the first one ends meanwhile
            clock._begun_s -= 2e6
        return len(running), dict, ()

    work_through(clock, 2, begin, unexpected, unexpected)
    assert clock.left_s < 0


def trained(seconds: float) -> dict[str, float]:
    time.sleep(seconds)
    return {"figure": 1.0}


def test_the_time_of_a_training_holds_thought_but_not_the_start_of_its_process(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(ThreadPoolExecutor):
        def submit(self, *told: Any) -> Any:  # type: ignore[override]
            return super().submit(lambda: (time.sleep(1.0), told[0](*told[1:]))[1])

    monkeypatch.setattr(crew, "pool", Slow)
    tasks, took = [1], []

    def begin(running: list[int]) -> Any:
        if not tasks:
            return None
        time.sleep(0.1)
        return tasks.pop(), trained, (0.1,)

    work_through(clock, 1, begin, lambda task, line: took.append(line["wall_s"]), unexpected)
    assert 0.2 <= took[0] < 1.0
