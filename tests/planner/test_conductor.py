"""The conductor: studies think when claims wait for them, and are fitted when none does."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from service import thinking
from service.db import Database
from service.planner import conductor, fits
from service.planner.conductor import Conductor
from service.planner.pool import Pool
from tests.planner.studies import finish, make_study


class Stage:
    """A conductor whose thoughts and fits are only noted; a thought serves its claims."""

    def __init__(self, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.claims: Counter[int] = Counter()
        self.played: list[tuple[str, int]] = []
        self.thinking = threading.Event()
        self.thinking.set()
        monkeypatch.setattr(conductor, "think_once", self.think)
        monkeypatch.setattr(fits, "fit_once", self.fit)
        self.conductor = Conductor(db, Pool(1), lambda: None)

    def think(self, db: Database, pool: Pool, study_id: int, count: int, told: object) -> int:
        self.played.append(("think", study_id))
        assert self.thinking.wait(10)
        self.claims[study_id] -= count
        self.conductor.waiting(self.claims)
        return count

    def fit(self, db: Database, pool: Pool, study_id: int) -> None:
        self.played.append(("fit", study_id))

    def claim(self, study_id: int) -> None:
        self.claims[study_id] += 1
        self.conductor.waiting(self.claims)

    def await_true(self, holds: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < deadline_s, self.played
            time.sleep(0.01)


@pytest.fixture
def stage(db: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    made = Stage(db, monkeypatch)
    with made.conductor:
        yield made
        made.thinking.set()


def test_a_study_is_fitted_when_its_claims_are_served(db: Database, stage: Stage) -> None:
    study_id = make_study(db, designer="bayes")
    finish(db, study_id, 10)
    stage.thinking.clear()
    stage.claim(study_id)
    stage.await_true(lambda: ("think", study_id) in stage.played)
    stage.thinking.set()
    stage.await_true(lambda: ("fit", study_id) in stage.played)
    assert stage.played == [("think", study_id), ("fit", study_id)]


def test_a_study_that_nobody_asked_for_is_not_fitted(db: Database, stage: Stage) -> None:
    idle, asked = (
        make_study(db, name="idle", designer="bayes"),
        make_study(db, name="asked", designer="bayes"),
    )
    finish(db, idle, 20)
    finish(db, asked, 10)
    stage.claim(asked)
    stage.await_true(lambda: ("fit", asked) in stage.played)
    time.sleep(0.1)
    assert ("fit", idle) not in stage.played


def test_a_study_whose_designer_learns_nothing_is_not_fitted(db: Database, stage: Stage) -> None:
    study_id = make_study(db, designer="random")
    finish(db, study_id, 10)
    stage.claim(study_id)
    stage.await_true(lambda: stage.played == [("think", study_id)])
    time.sleep(0.6)  # longer than a beat
    assert stage.played == [("think", study_id)]


def test_a_study_that_thinks_ahead_waits_until_it_lacks_a_batch_but_no_claim_waits() -> None:
    lacking = {queued: conductor._wanted(0, 80, queued) for queued in (80, 71, 70)}
    assert lacking == {80: 0, 71: 0, 70: 10}
    assert conductor._wanted(72, 80, 71) == 81
    assert [conductor._wanted(0, 2, queued) for queued in (2, 1, 0)] == [0, 1, 2]


def test_a_thought_without_a_model_may_make_half_of_what_a_study_is_ahead() -> None:
    assert [conductor._at_once(80, name) for name in ("bayes", "random")] == [10, 40]
    assert [conductor._at_once(0, name) for name in ("bayes", "random")] == [8, 8]


def test_a_claim_of_any_study_comes_before_a_fit_that_can_wait(db: Database, stage: Stage) -> None:
    old, other = (
        make_study(db, name="old", designer="bayes"),
        make_study(db, name="other", designer="bayes"),
    )
    finish(db, old, 10)
    stage.claim(old)
    stage.await_true(lambda: ("fit", old) in stage.played)
    finish(db, old, 1)  # a tenth more: old, but not too old
    stage.thinking.clear()
    stage.claim(other)
    stage.await_true(lambda: ("think", other) in stage.played)
    stage.conductor.wake()
    time.sleep(0.2)
    assert stage.played[-1] == ("think", other)
    stage.thinking.set()
    stage.await_true(lambda: stage.played[-1] == ("fit", old))


def test_a_study_that_another_server_thinks_for_is_left_alone_and_then_thinks_without_a_rest(
    db: Database, stage: Stage
) -> None:
    study_id = make_study(db, designer="bayes")
    with db.begin() as session:
        now = db.now(session)
        assert thinking.take_thinker(session, study_id, "other", now, now + timedelta(minutes=1))
    stage.claim(study_id)
    time.sleep(0.3)
    assert stage.played == []
    with db.begin() as session:
        thinking.drop_thinker(session, study_id, "other")
    begun_s = time.monotonic()
    stage.await_true(lambda: stage.played == [("think", study_id)])
    assert time.monotonic() - begun_s < conductor.REST_S
