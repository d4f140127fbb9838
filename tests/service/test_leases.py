"""Leases: who gets a trial, for how long, and what a second request gets."""

from datetime import timedelta

import pytest

from service import studies, trials
from service.errors import TrialNotFound, WrongToken
from service.states import Kind, Order, Outcome, Status, StudyStatus
from tests.service import alone
from tests.service.stage import Stage


def test_the_oldest_trial_goes_first(stage: Stage) -> None:
    first, second = stage.enqueue(stage.study(), 2)
    assert stage.lease().trial_id == first
    assert stage.lease().trial_id == second
    assert stage.claim() == []


def test_a_lease_says_all_that_a_worker_needs(stage: Stage) -> None:
    study_id = stage.study(name="hill")
    (trial_id,) = stage.enqueue(study_id)
    lease = stage.lease(lease_s=90)
    assert (lease.trial_id, lease.study_id, lease.study) == (trial_id, study_id, "hill")
    assert (lease.number, lease.attempt, lease.lease_s) == (1, 1, 90)
    assert lease.expires_at == stage.now + timedelta(seconds=90)
    assert lease.work == {
        "kind": "parameters",
        "parameters": {"x": 1.0},
        "purpose": "search",
        "replicate": 0,
        "metrics": ["cost", "gain"],
    }


def test_a_claim_takes_as_many_as_it_wants_and_there_are(stage: Stage) -> None:
    stage.enqueue(stage.study(), 3)
    assert len(stage.claim(count=2)) == 2
    assert len(stage.claim(count=2)) == 1


def test_the_same_request_gets_the_same_leases(stage: Stage) -> None:
    stage.enqueue(stage.study(), 4)
    first = stage.claim(request_id="once", count=2)
    assert stage.claim(request_id="once", count=2) == first
    other = stage.claim(worker="another", request_id="once", count=2)
    assert {lease.trial_id for lease in other}.isdisjoint(lease.trial_id for lease in first)


def test_the_same_request_gets_what_is_still_open_of_its_leases(stage: Stage) -> None:
    stage.enqueue(stage.study(), 2)
    done, still_open = stage.claim(request_id="once", count=2)
    stage.complete(done)
    assert stage.claim(request_id="once", count=2) == [still_open]


def test_a_request_whose_leases_are_all_over_gets_new_work(stage: Stage) -> None:
    stage.enqueue(stage.study(), 2)
    first = stage.lease(request_id="once")
    stage.complete(first)
    second = stage.lease(request_id="once")
    assert second.trial_id != first.trial_id
    assert second.token != first.token


def test_only_active_studies_hand_out_trials(stage: Stage) -> None:
    study_id = stage.study()
    stage.enqueue(study_id)
    with stage.begin() as session:
        studies.patch(session, study_id, stage.now, status=StudyStatus.PAUSED)
    assert stage.claim() == []
    with stage.begin() as session:
        studies.patch(session, study_id, stage.now, status=StudyStatus.ACTIVE)
    assert len(stage.claim()) == 1


def test_a_claim_may_name_a_study_and_kinds(stage: Stage) -> None:
    stage.enqueue(stage.study(name="one"))
    two = stage.study(name="two")
    stage.enqueue(two)
    assert stage.claim(kinds=frozenset({Kind.NETWORK})) == []
    assert stage.lease(study_id=two).study == "two"


def test_a_renewal_prolongs_the_lease(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease(lease_s=60)
    stage.wait(50)
    renewal = stage.renew(lease)
    assert renewal.order is Order.CONTINUE
    assert renewal.expires_at == stage.now + timedelta(seconds=60)
    assert stage.renew(lease, lease_s=600).expires_at == stage.now + timedelta(seconds=600)
    stage.wait(120)
    assert stage.expire() == 0


def test_an_expired_lease_puts_the_trial_back_into_the_queue(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    assert stage.expire() == 1
    assert stage.read_trial(lease.trial_id).status is Status.QUEUED
    again = stage.lease(worker="other")
    assert (again.trial_id, again.attempt) == (lease.trial_id, 2)
    assert again.token != lease.token


def test_a_renewal_under_an_expired_lease_takes_a_waiting_trial_back(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    stage.expire()
    assert stage.renew(lease).order is Order.CONTINUE
    trial = stage.read_trial(lease.trial_id)
    assert (trial.status, trial.worker, trial.losses) == (Status.RUNNING, "w", 0)
    assert stage.claim(worker="other") == []
    assert stage.complete(lease).status is Status.COMPLETED


def test_a_renewal_under_an_expired_lease_cancels_if_another_has_the_trial(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lost = stage.lease()
    stage.expire()
    current = stage.lease(worker="other")
    assert stage.renew(lost).order is Order.CANCEL
    assert stage.renew(current).order is Order.CONTINUE


def test_a_cancelled_trial_is_told_at_the_next_renewal(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    with stage.begin() as session:
        trials.cancel(session, lease.trial_id, stage.now)
        trials.cancel(session, lease.trial_id, stage.now)
    assert stage.renew(lease).order is Order.CANCEL
    assert stage.report(lease, 1, loss=1.0) is Order.CANCEL
    assert stage.attempts(lease.trial_id)[0].outcome is Outcome.CANCELLED


def test_release_hands_a_trial_back_without_any_count(stage: Stage) -> None:
    stage.enqueue(stage.study())
    for _ in range(20):
        lease = stage.lease()
        stage.release(lease)
        stage.release(lease)
    trial = stage.read_trial(lease.trial_id)
    assert (trial.status, trial.failures, trial.losses) == (Status.QUEUED, 0, 0)


def test_a_released_trial_cannot_be_taken_back_by_a_renewal(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    stage.release(lease)
    assert stage.renew(lease).order is Order.CANCEL


def test_a_wrong_token_opens_nothing(stage: Stage) -> None:
    stage.enqueue(stage.study(), 2)
    mine, other = stage.claim(count=2)
    with stage.begin() as session, pytest.raises(WrongToken):
        alone.renew(session, mine.trial_id, other.token, None, stage.now)
    with stage.begin() as session, pytest.raises(TrialNotFound):
        alone.renew(session, 999, mine.token, None, stage.now)


def test_a_restarted_worker_gets_its_open_trials_first(stage: Stage) -> None:
    stage.enqueue(stage.study(), 3)
    old = stage.claim(count=2)
    new = stage.claim(count=3, resume=True)
    assert [lease.trial_id for lease in new][:2] == [lease.trial_id for lease in old]
    assert [lease.attempt for lease in new] == [2, 2, 1]
    assert not {lease.token for lease in old} & {lease.token for lease in new}
    assert stage.renew(old[0]).order is Order.CANCEL
    assert stage.renew(new[0]).order is Order.CONTINUE


def test_a_trial_that_kills_its_worker_each_time_fails_in_the_end(stage: Stage) -> None:
    stage.enqueue(stage.study())
    trial_id = stage.lease().trial_id
    for _ in range(5):
        assert stage.lease(resume=True).trial_id == trial_id
    assert stage.claim(resume=True) == []
    trial = stage.read_trial(trial_id)
    assert (trial.status, trial.failed_through) == (Status.FAILED, "lost_workers")
    assert "6 times" in str(trial.reason)


def test_only_the_hash_of_a_token_is_stored(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    (attempt,) = stage.attempts(lease.trial_id)
    assert len(attempt.token_sha256) == 64
    assert attempt.token_sha256 != lease.token


@pytest.mark.parametrize("resume", [False, True])
def test_a_trial_that_kills_its_worker_takes_no_other_along(stage: Stage, resume: bool) -> None:
    _, poison, *_ = stage.enqueue(stage.study(), 4)
    while leases := stage.claim(count=4, resume=resume):
        for lease in leases:
            if lease.trial_id == poison:  # the worker dies, with whatever else it holds
                break
            stage.complete(lease)
        if not resume:
            stage.expire()
    ends = [stage.read_trial(trial_id) for trial_id in range(poison - 1, poison + 3)]
    assert [trial.status for trial in ends] == [
        *(Status.COMPLETED, Status.FAILED, Status.COMPLETED, Status.COMPLETED)
    ]
    assert [trial.losses for trial in ends] == [0, 6, 2, 2]
