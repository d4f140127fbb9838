"""A thought of a study: read, think without a transaction, write what is proposed."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from service import budgets, ledger, thinking, trials
from service.db import Database
from service.models import Metric, Trial
from service.planner import thought
from service.planner.basis import Basis
from service.planner.messages import Answer, Request
from service.planner.pool import Held, Planner, Pool
from service.planner.thought import think_once
from service.states import Ended, StudyStatus
from tests.planner.studies import finish, make_study, queue, study_of
from tests.service import alone


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1) as running:
        yield running


def test_a_thought_fills_the_queue(db: Database, pool: Pool) -> None:
    study_id = make_study(db)
    assert think_once(db, pool, study_id, 3) == 3
    assert [trial.number for trial in queue(db, study_id)] == [1, 2, 3]


def test_a_proposal_says_what_it_was_made_from(db: Database, pool: Pool) -> None:
    study_id = make_study(db)
    think_once(db, pool, study_id, 1)
    think_once(db, pool, study_id, 1)
    first, second = queue(db, study_id)
    assert first.details["history_version"] == 0
    assert first.details["seed"] != second.details["seed"]
    assert first.designer == "random"
    basis = Basis.of_details(second.details)
    assert basis is not None
    assert (basis.designer, basis.pending, basis.place) == ("random", ((1, 1),), 0)
    assert basis.surroundings["cpu"]


def test_a_proposal_says_how_long_it_took(db: Database, pool: Pool) -> None:
    study_id = make_study(db)
    think_once(db, pool, study_id, 1)
    [trial] = queue(db, study_id)
    assert 0 < trial.details["think_s"] < 30


def test_a_planner_is_told_of_a_late_result(
    db: Database, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = make_study(db)
    finish(db, study_id, 3)
    told: list[list[int]] = []

    def watched(planner: Planner, request: Request, holds: Held, deadline_s: float) -> Answer:
        told.append([row["finish_no"] for row in request.observations])
        return thought_ask(planner, request, holds, deadline_s)

    thought_ask = thought.ask
    monkeypatch.setattr(thought, "ask", watched)
    think_once(db, pool, study_id, 1)
    think_once(db, pool, study_id, 1)
    with db.begin() as session:  # as a late result does
        trial = session.scalars(select(Trial).where(Trial.finish_no == 2)).one()
        session.get_one(Metric, (trial.id, "a")).value = 7.0
        trial.entered_at = None
    think_once(db, pool, study_id, 1)
    assert told == [[1, 2, 3], [], [1, 2, 3]]


def test_no_more_is_proposed_than_the_budget_has_room_for(db: Database, pool: Pool) -> None:
    study_id = make_study(db, trials=2)
    assert think_once(db, pool, study_id, 8) == 2
    assert think_once(db, pool, study_id, 8) == 0


def test_a_study_has_one_thinker(db: Database, pool: Pool) -> None:
    study_id = make_study(db)
    with db.begin() as session:
        now = db.now(session)
        assert thinking.take_thinker(session, study_id, "other", now, now + timedelta(minutes=1))
    assert think_once(db, pool, study_id, 1) == 0
    assert queue(db, study_id) == []


def test_a_thinker_that_was_replaced_writes_nothing(
    db: Database, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = make_study(db)

    def slow(planner: Planner, request: Request, holds: Held, deadline_s: float) -> Answer:
        answer = thought_ask(planner, request, holds, deadline_s)
        with db.begin() as session:
            far = db.now(session) + timedelta(hours=1)
            assert thinking.take_thinker(session, study_id, "other", far, far)
        return answer

    thought_ask = thought.ask
    monkeypatch.setattr(thought, "ask", slow)
    assert think_once(db, pool, study_id, 1) == 0
    assert queue(db, study_id) == []


def test_no_transaction_is_open_while_a_process_thinks(
    db: Database, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = make_study(db)
    opened: list[int] = []

    def watched(planner: Planner, request: Request, holds: Held, deadline_s: float) -> Answer:
        opened.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return thought_ask(planner, request, holds, deadline_s)

    thought_ask = thought.ask
    monkeypatch.setattr(thought, "ask", watched)
    think_once(db, pool, study_id, 1)
    assert opened == [0]


def test_a_thought_that_takes_too_long_is_replaced_by_a_random_one(db: Database) -> None:
    study_id = make_study(db, designer="bayes", think_s=0.0001)
    with Pool(1) as slow:
        assert think_once(db, slow, study_id, 2) == 2
    for trial in queue(db, study_id):
        assert trial.designer == "random"
        assert trial.details["fallback"].startswith("bayes: no answer within")


def test_an_exhausted_space_ends_the_study_once_nothing_is_open(db: Database, pool: Pool) -> None:
    two = [{"name": "x", "kind": "integer", "low": 1, "high": 2}]
    study_id = make_study(db, space={"kind": "parameters", "parameters": two})
    assert think_once(db, pool, study_id, 2) == 2
    assert think_once(db, pool, study_id, 1) == 0
    assert study_of(db, study_id).status is StudyStatus.ACTIVE
    for trial in queue(db, study_id):
        with db.begin() as session:
            now = db.now(session)
            (lease,) = alone.claim(session, trials.Claim("me", f"r{trial.id}"), now)
            alone.complete(session, lease.trial_id, lease.token, {"a": 1.0, "b": 2.0}, {}, now)
            ledger.advance(session, study_id, now)
    assert think_once(db, pool, study_id, 1) == 0
    ended = study_of(db, study_id)
    assert (ended.status, ended.ended_reason) == (StudyStatus.ENDED, Ended.EXHAUSTED)
    assert budgets.because(ended) == "the space has no point left"


def test_two_thoughts_at_once_never_propose_the_same_point(db: Database) -> None:
    study_id = make_study(db, trials=20)
    with Pool(2) as two:
        threads = [
            threading.Thread(target=lambda: [think_once(db, two, study_id, 2) for _ in range(4)])
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    keys = [trial.key for trial in queue(db, study_id)]
    assert len(keys) == len(set(keys)) > 0


def test_who_watches_hears_which_designer_thought_and_for_how_long(
    db: Database, pool: Pool
) -> None:
    study_id = make_study(db)
    heard: list[tuple[str, float]] = []
    think_once(db, pool, study_id, 1, lambda designer, seconds: heard.append((designer, seconds)))
    [(name, seconds)] = heard
    assert name == "random"
    assert 0 < seconds < 60
