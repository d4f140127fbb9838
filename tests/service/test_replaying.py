"""Replay: a stored proposal is made again from the rows it was made from."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from service import replaying, studies, trials
from service.command_errors import NotReplayable
from service.db import Database
from service.errors import TrialNotFound
from service.models import Metric, Trial
from service.planner.fits import fit_once
from service.planner.messages import Answer
from service.planner.pool import Pool
from service.planner.thought import think_once
from service.replaying import Question, judged, question
from tests.planner.studies import INITIAL, evaluate, finish, make_study, outcome, queue


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(1) as running:
        yield running


def make_bayes(db: Database, pool: Pool, **changes: Any) -> int:
    """A study whose model has proposed twice, while results came in and the scale was fixed."""
    study_id = make_study(db, designer="bayes", **changes)
    think_once(db, pool, study_id, 3)
    think_once(db, pool, study_id, INITIAL - 3)
    evaluate(db, study_id)
    think_once(db, pool, study_id, 3)
    return study_id


def asked_again(db: Database, pool: Pool, trial: Trial) -> replaying.Replay:
    """As `replay`, in a process that is there already."""
    with db.read() as session:
        asked = question(session, trial.id)
    with pool.borrow(-1) as planner:
        assert planner.await_ready()
        # Under a study of its own: what the process holds of the real one stays.
        answer = planner.think(replace(asked.request, study_id=-1), 60)
        return judged(asked, answer, planner.surroundings)


def all_trials(db: Database, study_id: int) -> list[Trial]:
    with db.read() as session:
        return list(trials.listing(session, study_id).trials)


def test_every_proposal_of_a_study_is_made_again_to_the_last_bit(db: Database, pool: Pool) -> None:
    study_id = make_bayes(db, pool)
    evaluate(db, study_id)
    with db.begin() as session:  # a user's point, and one that was cancelled: both are pending
        trials.enqueue(session, study_id, {"x": 0.25, "y": 0.5}, None, db.now(session))
        cancelled = trials.enqueue(session, study_id, {"x": 0.75, "y": 0.5}, None, db.now(session))
        trials.cancel(session, cancelled.id, db.now(session))
    think_once(db, pool, study_id, 2)  # from a fit of fewer results
    evaluate(db, study_id)
    fit_once(db, pool, study_id)
    with db.begin() as session:
        studies.patch(session, study_id, db.now(session), trials=60)
    think_once(db, pool, study_id, 2)
    evaluate(db, study_id)
    proposed = [trial for trial in all_trials(db, study_id) if trial.designer == "bayes"]
    assert {trial.origin for trial in proposed} == {"initial", "model"}
    assert len({trial.fit_id for trial in proposed}) == 3
    replays = [asked_again(db, pool, trial) for trial in proposed]
    assert [(each.verdict, each.reasons) for each in replays] == [("same", ())] * 13


def test_a_study_with_a_scalarisation_of_its_own_is_replayed_by_it(
    db: Database, pool: Pool
) -> None:
    options = {"function": "tchebyshev", "rays": 1, "acquisition": "thompson"}
    study_id = make_bayes(db, pool, designer_options=options)
    proposed = [trial for trial in all_trials(db, study_id) if trial.origin == "model"]
    assert len(proposed) == 3
    for trial in proposed:
        assert trial.details is not None
        assert trial.details["acquisition"] == "thompson"
        assert asked_again(db, pool, trial).verdict == "same"


def test_a_replay_starts_a_process_of_its_own(db: Database, pool: Pool) -> None:
    study_id = make_bayes(db, pool)
    [*_, last] = queue(db, study_id)
    found = replaying.replay(db, last.id)
    assert (found.verdict, found.reasons) == ("same", ())
    assert found.now == found.then
    assert found.then.value == last.details["value"]


def test_a_fallback_is_replayed_as_what_it_is(db: Database, pool: Pool) -> None:
    study_id = make_study(db, designer="bayes", think_s=0.05)
    finish(db, study_id, 2)
    with pool.borrow(0):
        think_once(db, pool, study_id, 2)
    for trial in queue(db, study_id):
        assert trial.details["fallback"]
        assert asked_again(db, pool, trial).verdict == "same"


def test_a_late_result_is_named_when_it_changes_the_proposal(db: Database, pool: Pool) -> None:
    study_id = make_bayes(db, pool)
    [*_, last] = queue(db, study_id)
    with db.begin() as session:
        late = session.scalars(select(Trial).where(Trial.finish_no == 2)).one()
        session.get_one(Metric, (late.id, "a")).value = 7.0
        late.entered_at = None  # until the ledger comes by
    found = asked_again(db, pool, last)
    assert found.verdict == "different"
    assert found.reasons == (f"trial {late.number} got its result later",)


def test_what_no_designer_proposed_is_refused(db: Database) -> None:
    study_id = make_study(db)
    with db.begin() as session:
        now = db.now(session)
        own = trials.enqueue(session, study_id, {"x": 0.5, "y": 0.5}, None, now)
        point = {"x": 0.1, "y": 0.5}
        brought = trials.enqueue(session, study_id, point, outcome(point), now)
    for trial in (own, brought):
        with db.read() as session, pytest.raises(NotReplayable, match="no designer proposed it"):
            question(session, trial.id)


def test_a_proposal_of_an_earlier_release_is_refused(db: Database, pool: Pool) -> None:
    study_id = make_study(db)
    think_once(db, pool, study_id, 1)
    with db.begin() as session:
        trial = session.scalars(select(Trial)).one()
        trial.details = {"history_version": 0, "seed": 3, "think_s": 0.1}  # as 0.1.0 wrote
    with db.read() as session, pytest.raises(NotReplayable, match="did not note which trials"):
        question(session, trial.id)


def test_a_trial_that_is_not_there_is_refused(db: Database) -> None:
    with db.read() as session, pytest.raises(TrialNotFound):
        question(session, 7)


@pytest.fixture
def asked(db: Database, pool: Pool) -> Question:
    study_id = make_bayes(db, pool)
    [_, second, _] = queue(db, study_id)
    with db.read() as session:
        return question(session, second.id)


def answered(asked: Question, value: float, **point: float) -> Answer:
    """An answer to a batch of three; the second place is the one that is compared."""
    then = asked.then
    wire = {
        "point": {**then.point, **point},
        "prediction": then.prediction,
        "details": {"value": value},
    }
    return Answer([{}, wire, {}])


def test_the_same_candidate_up_to_rounding_is_near_and_other_surroundings_are_named(
    asked: Question,
) -> None:
    value, x = asked.then.value, asked.then.point["x"]
    assert value is not None
    here = {**asked.basis.surroundings, "torch": "9.9.9"}
    found = judged(asked, answered(asked, value + 1e-9, x=x + 1e-7), here)
    assert found.verdict == "near"
    assert found.reasons == (f"torch was {asked.basis.surroundings['torch']}, now it is 9.9.9",)


def test_another_value_or_another_place_is_different(asked: Question) -> None:
    value, x = asked.then.value, asked.then.point["x"]
    assert value is not None
    here = asked.basis.surroundings
    worse = judged(asked, answered(asked, value + 1e-3), here)
    assert worse.verdict == "different"
    assert worse.reasons == ("no reason is known: processor, libraries and rows are the same",)
    assert judged(asked, answered(asked, value, x=abs(x - 0.1)), here).verdict == "different"


def test_nothing_proposed_is_different_and_says_why(asked: Question) -> None:
    found = judged(asked, Answer([], "failed", reason="boom"), asked.basis.surroundings)
    assert (found.verdict, found.now) == ("different", None)
    assert found.reasons == ("nothing is proposed: boom",)
