"""Fits: jobs of their own, stored as rows, begun when they delay nobody."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import update

from service import thinking
from service.db import Database
from service.models import Fit
from service.planner import fits
from service.planner.fits import Fits, fit_once
from service.planner.messages import Answer, Request
from service.planner.pool import Held, Planner, Pool, ThinkingFailed
from service.planner.thought import think_once
from tests.planner.studies import INITIAL, finish, fits_of, make_study, queue, study_of


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1) as running:
        yield running


def await_true(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline_s, "it did not become true in time"
        time.sleep(0.01)


def test_a_fit_is_a_row_and_proposes_nothing(db: Database, pool: Pool) -> None:
    study_id = make_study(db, designer="bayes")
    finish(db, study_id, INITIAL)
    fit_id = fit_once(db, pool, study_id)
    [fit] = fits_of(db, study_id)
    assert fit.id == fit_id
    assert (fit.history_version, fit.observations) == (INITIAL, INITIAL)
    assert {"tinyfront", "cpu", "torch", "botorch"} <= fit.libraries.keys()
    assert queue(db, study_id) == []


def test_nothing_is_fitted_before_the_initial_design_is_done(db: Database, pool: Pool) -> None:
    study_id = make_study(db, designer="bayes")
    finish(db, study_id, INITIAL - 1)
    with pool.borrow(study_id):  # a fit would wait for this planner for ever
        assert fit_once(db, pool, study_id) is None
    assert not fits_of(db, study_id)


def test_a_history_is_fitted_once(db: Database, pool: Pool) -> None:
    study_id = make_study(db, designer="bayes")
    finish(db, study_id, INITIAL)
    assert fit_once(db, pool, study_id) is not None
    assert fit_once(db, pool, study_id) is None
    assert len(fits_of(db, study_id)) == 1


def test_a_designer_that_learns_nothing_leaves_no_fit(db: Database, pool: Pool) -> None:
    study_id = make_study(db, designer="random")
    finish(db, study_id, INITIAL)
    assert fit_once(db, pool, study_id) is None
    assert not fits_of(db, study_id)


def test_the_first_proposal_of_a_model_fits_first(db: Database, pool: Pool) -> None:
    study_id = make_study(db, designer="bayes")
    finish(db, study_id, INITIAL)
    think_once(db, pool, study_id, 1)
    [fit], [trial] = fits_of(db, study_id), queue(db, study_id)
    assert (trial.origin, trial.fit_id) == ("model", fit.id)


def test_later_proposals_take_the_newest_fit_and_know_all_results(db: Database, pool: Pool) -> None:
    study_id = make_study(db, designer="bayes")
    finish(db, study_id, INITIAL)
    fit_id = fit_once(db, pool, study_id)
    finish(db, study_id, 2 * INITIAL)
    think_once(db, pool, study_id, 1)
    [trial] = queue(db, study_id)
    assert trial.fit_id == fit_id
    assert trial.details["history_version"] == 3 * INITIAL
    assert len(fits_of(db, study_id)) == 1


def test_a_fit_of_another_release_is_made_anew(db: Database, pool: Pool) -> None:
    study_id = make_study(db, designer="bayes")
    finish(db, study_id, INITIAL)
    old = fit_once(db, pool, study_id)
    with db.begin() as session:
        session.execute(update(Fit).values(libraries={"tinyfront": "0.0.1"}))
    think_once(db, pool, study_id, 1)
    [trial] = queue(db, study_id)
    assert trial.fit_id not in (None, old)


def test_no_transaction_is_open_while_a_process_fits(
    db: Database, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    study_id = make_study(db, designer="bayes")
    finish(db, study_id, INITIAL)
    opened: list[int] = []

    def watched(planner: Planner, request: Request, holds: Held, deadline_s: float) -> Answer:
        opened.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return ask(planner, request, holds, deadline_s)

    ask = fits.ask
    monkeypatch.setattr(fits, "ask", watched)
    assert fit_once(db, pool, study_id) is not None
    assert opened == [0]


def test_a_fit_that_hangs_is_ended(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    study_id = make_study(db, designer="bayes")
    finish(db, study_id, INITIAL)
    monkeypatch.setattr(fits, "FIT_S", 0.0001)
    with Pool(1) as slow:
        [killed] = slow.pids
        with pytest.raises(ThinkingFailed, match="no answer within"):
            fit_once(db, slow, study_id)
        assert slow.pids != [killed]
    assert not fits_of(db, study_id)


def test_a_claim_that_cannot_wait_for_a_fit_gets_a_labelled_proposal(
    db: Database, pool: Pool
) -> None:
    study_id = make_study(db, designer="bayes", think_s=0.2)
    with pool.borrow(study_id):  # as a fit does
        assert think_once(db, pool, study_id, 1) == 1
    [trial] = queue(db, study_id)
    assert trial.designer == "random"
    assert trial.details["fallback"] == "bayes: no planner process was free within 0.2 s"
    assert trial.details["think_s"] >= 0.2
    assert trial.fit_id is None


class Played:
    """Fits that are only noted; each goes on until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.begun: list[int] = []
        self.let_go = threading.Event()
        monkeypatch.setattr(fits, "fit_once", self.fit)

    def fit(self, db: Database, pool: Pool, study_id: int) -> None:
        self.begun.append(study_id)
        assert self.let_go.wait(10)


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    return Played(monkeypatch)


@pytest.fixture
def chosen(db: Database, played: Played) -> Iterator[Fits]:
    ends = Fits(db, Pool(1), lambda: None)
    yield ends
    played.let_go.set()
    ends.close()


def fitted(db: Database, study_id: int, version: int) -> None:
    content: dict[str, Any] = {"version": 1, "values": {}, "observations": version}
    with db.begin() as session:
        found = thinking.Fitted(**content, history_version=version)
        thinking.save_fit(session, study_id, found, db.now(session))


def test_a_fit_begins_when_its_history_grew_by_a_twentieth_and_nobody_waits(
    db: Database, chosen: Fits, played: Played
) -> None:
    study_id = make_study(db)
    fitted(db, study_id, 100)
    chosen.look({study_id: 105}, calm=True)
    chosen.look({study_id: 106}, calm=False)
    assert played.begun == []
    chosen.look({study_id: 106}, calm=True)
    await_true(lambda: played.begun == [study_id])


def test_a_fit_that_is_much_too_old_begins_although_somebody_waits(
    db: Database, chosen: Fits, played: Played
) -> None:
    study_id = make_study(db)
    fitted(db, study_id, 100)
    chosen.look({study_id: 121}, calm=False)
    await_true(lambda: played.begun == [study_id])


def test_one_fit_runs_at_a_time_and_the_oldest_comes_first(
    db: Database, chosen: Fits, played: Played
) -> None:
    one, two = make_study(db, name="one"), make_study(db, name="two")
    fitted(db, one, 100)
    fitted(db, two, 50)
    finished = {one: 110, two: 100}
    chosen.look(finished, calm=True)
    await_true(lambda: played.begun == [two])
    chosen.look(finished, calm=True)
    assert played.begun == [two]
    played.let_go.set()

    def next_one() -> bool:
        chosen.look(finished, calm=True)
        return len(played.begun) > 1

    await_true(next_one)
    assert played.begun == [two, one]


def test_a_study_of_which_nothing_came_is_left_alone_until_it_grew(
    db: Database, chosen: Fits, played: Played
) -> None:
    played.let_go.set()
    study_id = make_study(db)
    chosen.look({study_id: 100}, calm=True)
    await_true(lambda: played.begun == [study_id])
    time.sleep(0.05)
    chosen.look({study_id: 105}, calm=True)
    time.sleep(0.05)
    assert played.begun == [study_id]
    assert study_of(db, study_id).finish_no == 0
    chosen.look({study_id: 106}, calm=True)
    await_true(lambda: played.begun == [study_id, study_id])
