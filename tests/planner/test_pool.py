"""Planner processes: they answer, are killed at the deadline, and are replaced when they die."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psutil
import pytest

from service.planner.messages import Answer, Request
from service.planner.pool import Held, NoPlannerFree, Planner, Pool, ThinkingFailed
from service.planner.pool import ask as ask_holding

SPACE = {
    "kind": "parameters",
    "parameters": [{"name": "x", "kind": "real", "low": 0.0, "high": 1.0}],
}


def problem(space: dict[str, Any] = SPACE) -> dict[str, Any]:
    return {
        "space": space,
        "context": {},
        "objectives": [{"name": "cost"}, {"name": "time"}],
        "validation": None,
        "seed": 0,
    }


def request(count: int = 2, held: bool = False, **changes: Any) -> Request:
    fields: dict[str, Any] = {
        "study_id": 1,
        "problem": None if held else problem(),
        "observations": [],
        "designer": "random",
        "pending": [],
        "fitted": None,
        "fit": False,
        "count": count,
        "seed": 3,
    }
    return Request(**(fields | changes))


def holding(version: int) -> Held:
    return Held(problem(), version, datetime(2026, 1, 2, tzinfo=UTC))


def ask(planner: Planner, asked: Request, version: int, deadline_s: float) -> Answer:
    return ask_holding(planner, asked, holding(version), deadline_s)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1) as running:
        yield running


def test_a_planner_proposes_what_it_is_asked_for(pool: Pool) -> None:
    with pool.borrow(1) as planner:
        answer = ask(planner, request(), version=0, deadline_s=30)
    assert len(answer.proposals) == 2
    assert all(0 <= proposal["point"]["x"] <= 1 for proposal in answer.proposals)


def test_a_planner_keeps_the_problem_and_the_history_it_was_sent(pool: Pool) -> None:
    seen = {"point": {"x": 0.5}, "values": {"cost": 1.0, "time": 1.0}, "finish_no": 1}
    with pool.borrow(1) as planner:
        ask(planner, request(observations=[seen]), version=1, deadline_s=30)
        assert planner.held[1] == holding(1)
        answer = ask(planner, request(held=True), version=1, deadline_s=30)
    assert len(answer.proposals) == 2


def test_a_planner_says_where_it_runs(pool: Pool) -> None:
    with pool.borrow(1) as planner:
        assert planner.await_ready()
        assert planner.surroundings["torch"]
        assert planner.surroundings["cpu"]
        assert planner.surroundings["vectors"]


def test_a_fit_alone_is_an_answer_without_proposals(pool: Pool) -> None:
    rows = [
        {"point": {"x": n / 9}, "values": {"cost": n / 9, "time": 1 - n / 9}, "finish_no": n + 1}
        for n in range(10)
    ]
    scale = {"ideal": 0.0, "reference": 2.0, "log": False}
    scaled = problem() | {
        "objectives": [{"name": name, "scale": scale} for name in ("cost", "time")]
    }
    with pool.borrow(1) as planner:
        wanted = request(0, problem=scaled, observations=rows, designer="bayes", fit=True)
        answer = ask(planner, wanted, version=10, deadline_s=60)
    assert answer.trouble is None
    assert answer.proposals == []
    assert answer.fitted is not None
    assert answer.fitted["history_version"] == 10


def test_who_cannot_wait_longer_for_a_planner_is_told(pool: Pool) -> None:
    with (
        pool.borrow(1),
        pytest.raises(NoPlannerFree, match=r"no planner process was free within 0\.05 s"),
        pool.borrow(2, patience_s=0.05),
    ):
        pass
    with pool.borrow(2, patience_s=0.05) as planner:
        assert planner.pid is not None


def test_a_thought_under_way_ends_with_its_pool_and_starts_no_new_process() -> None:
    with Pool(1) as pool, pool.borrow(1) as planner:
        assert planner.await_ready()
    with pytest.raises(ThinkingFailed):
        ask(planner, request(), version=0, deadline_s=30)
    assert planner.pid is None


def test_an_exhausted_space_is_an_answer(pool: Pool) -> None:
    space = {
        "kind": "parameters",
        "parameters": [{"name": "x", "kind": "integer", "low": 1, "high": 2}],
    }
    pending = [{"x": 1}, {"x": 2}]
    with pool.borrow(1) as planner:
        tried = request(problem=problem(space), pending=pending)
        answer = ask(planner, tried, version=0, deadline_s=30)
    assert (answer.trouble, answer.proposals) == ("exhausted", [])


def test_a_designer_that_raises_is_an_answer_and_the_process_lives_on(pool: Pool) -> None:
    with pool.borrow(1) as planner:
        before = planner.pid
        answer = ask(planner, request(designer="nobody"), version=0, deadline_s=30)
        assert answer.trouble == "failed"
        assert "nobody" in answer.reason
        assert planner.pid == before
        assert ask(planner, request(), version=0, deadline_s=30).proposals


def test_a_killed_planner_fails_its_thought_and_is_replaced() -> None:
    with Pool(1) as pool:
        with pool.borrow(1) as planner:
            ask(planner, request(), version=0, deadline_s=30)
            killed = planner.pid
            assert killed is not None
            os.kill(killed, signal.SIGSTOP)  # so that it cannot answer before it is killed
            os.kill(killed, signal.SIGKILL)
            with pytest.raises(ThinkingFailed):
                ask(planner, request(), version=0, deadline_s=30)
            assert planner.pid != killed
            assert planner.held == {}
            assert ask(planner, request(), version=0, deadline_s=30).proposals


def test_a_planner_killed_while_idle_is_replaced_when_it_is_wanted() -> None:
    with Pool(1) as pool:
        with pool.borrow(1) as planner:
            ask(planner, request(), version=0, deadline_s=30)
            killed = planner.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        deadline_s = time.monotonic() + 10
        while psutil.Process(killed).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline_s
            time.sleep(0.01)
        with pool.borrow(1) as planner:
            assert planner.held == {}
            assert ask(planner, request(), version=0, deadline_s=30).proposals


def test_a_planner_that_thinks_too_long_is_killed() -> None:
    with Pool(1) as pool, pool.borrow(1) as planner:
        ask(planner, request(), version=0, deadline_s=30)
        slow = planner.pid
        assert slow is not None
        os.kill(slow, signal.SIGSTOP)
        with pytest.raises(ThinkingFailed, match="no answer within"):
            ask(planner, request(), version=0, deadline_s=0.2)
        assert not psutil.pid_exists(slow) or planner.pid != slow


def test_planners_end_with_their_pool() -> None:
    with Pool(2) as pool:
        pids = pool.pids
        assert len(set(pids)) == 2
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []
