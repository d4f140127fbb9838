"""What workers deliver: reports, results, failures; repeated, late and wrong ones too."""

import math

import pytest

from service import trials
from service.errors import (
    AttemptEnded,
    IllegalMove,
    InvalidMetrics,
    ReportConflict,
    ResultConflict,
)
from service.states import Order, Outcome, Status
from tests.service import alone
from tests.service.stage import Stage


def test_a_result_completes_the_trial_and_is_stored_as_its_values(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    trial = stage.complete(lease, cost=2, gain=3.5, seconds=7.0)
    assert trial.status is Status.COMPLETED
    assert stage.values(trial.id) == {"cost": 2.0, "gain": 3.5, "seconds": 7.0}
    (attempt,) = stage.attempts(trial.id)
    assert (attempt.outcome, attempt.counts) == (Outcome.COMPLETED, True)


def test_an_equal_second_result_is_fine_and_another_is_not(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    stage.complete(lease, cost=2.0)
    assert stage.complete(lease, cost=2).status is Status.COMPLETED
    with pytest.raises(ResultConflict):
        stage.complete(lease, cost=3.0)
    assert stage.values(lease.trial_id)["cost"] == 2.0


@pytest.mark.parametrize(
    ("metrics", "field"),
    [
        ({"cost": math.nan, "gain": 1.0}, "metrics.cost"),
        ({"cost": 1.0, "gain": -math.inf}, "metrics.gain"),
        ({"cost": 1.0, "gain": 10**400}, "metrics.gain"),
        ({"cost": 1.0}, "metrics.gain"),
        ({"cost": 1.0, "gain": True}, "metrics.gain"),
        ({"cost": 1.0, "gain": 1.0, "9lives": 9.0}, "metrics.9lives"),
    ],
)
def test_wrong_metrics_are_refused_by_name_and_lose_nothing(
    stage: Stage, metrics: dict[str, float], field: str
) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    with stage.begin() as session, pytest.raises(InvalidMetrics) as refused:
        alone.complete(session, lease.trial_id, lease.token, metrics, {}, stage.now)
    assert refused.value.field == field
    assert stage.complete(lease).status is Status.COMPLETED


def test_a_known_figure_cannot_be_reported_with_another_value(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    with stage.begin() as session:
        trials.get(session, lease.trial_id).known = {"bytes": 100.0}
    with pytest.raises(InvalidMetrics, match="known from the proposal as 100, got 99"):
        stage.complete(lease, bytes=99.0)
    assert stage.complete(lease, bytes=100.0).status is Status.COMPLETED
    assert stage.values(lease.trial_id) == {"cost": 1.0, "gain": 1.0, "bytes": 100.0}


def test_reports_are_kept_by_step(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    assert stage.report(lease, 1, loss=0.5, error=0.25) is Order.CONTINUE
    assert stage.report(lease, 1, error=0.25, loss=0.5) is Order.CONTINUE
    with pytest.raises(ReportConflict):
        stage.report(lease, 1, loss=0.6)
    with pytest.raises(InvalidMetrics):
        stage.report(lease, 2, loss=math.nan)


def test_a_report_for_a_finished_trial_is_refused(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    stage.complete(lease)
    with pytest.raises(AttemptEnded, match="ended as completed"):
        stage.report(lease, 2, loss=1.0)


def test_a_report_under_an_expired_lease_takes_a_waiting_trial_back(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    stage.expire()
    assert stage.report(lease, 3, loss=1.0) is Order.CONTINUE
    assert stage.read_trial(lease.trial_id).status is Status.RUNNING


def test_a_failure_returns_to_the_queue_until_attempts_are_used_up(stage: Stage) -> None:
    stage.enqueue(stage.study(max_attempts=2))
    assert stage.fail(stage.lease()).status is Status.QUEUED
    trial = stage.fail(stage.lease(), "out of memory")
    assert (trial.status, trial.reason) == (Status.FAILED, "out of memory")
    assert stage.claim() == []


def test_a_failure_that_no_other_attempt_can_mend_is_not_retried(stage: Stage) -> None:
    stage.enqueue(stage.study(max_attempts=5))
    assert stage.fail(stage.lease(), retry=False).status is Status.FAILED


def test_an_infeasible_trial_ends_at_once_with_its_reason(stage: Stage) -> None:
    stage.enqueue(stage.study())
    trial = stage.fail(stage.lease(), "loss became NaN", infeasible=True)
    assert (trial.status, trial.reason) == (Status.INFEASIBLE, "loss became NaN")


def test_a_second_failure_of_the_same_attempt_counts_once(stage: Stage) -> None:
    stage.enqueue(stage.study(max_attempts=2))
    lease = stage.lease()
    stage.fail(lease)
    assert stage.fail(lease).status is Status.QUEUED
    assert stage.read_trial(lease.trial_id).failures == 1


def test_an_attempt_that_failed_cannot_complete_and_the_other_way_round(stage: Stage) -> None:
    stage.enqueue(stage.study(), 2)
    failed, completed = stage.claim(count=2)
    stage.fail(failed)
    with pytest.raises(AttemptEnded):
        stage.complete(failed)
    stage.complete(completed)
    with pytest.raises(AttemptEnded):
        stage.fail(completed)


def test_lost_workers_and_failures_are_counted_apart(stage: Stage) -> None:
    stage.enqueue(stage.study(max_attempts=2))
    for _ in range(5):
        stage.lease()
        stage.expire()
    trial = stage.fail(stage.lease())
    assert (trial.status, trial.losses, trial.failures) == (Status.QUEUED, 5, 1)
    stage.lease()
    stage.expire()
    assert stage.read_trial(trial.id).failed_through == "lost_workers"


def test_a_late_result_completes_a_trial_that_waits_in_the_queue(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    stage.expire()
    assert stage.complete(lease, cost=5.0).status is Status.COMPLETED
    assert stage.values(lease.trial_id)["cost"] == 5.0
    assert stage.claim() == []


def test_a_late_result_completes_a_trial_that_runs_elsewhere(stage: Stage) -> None:
    stage.enqueue(stage.study())
    late = stage.lease()
    stage.expire()
    current = stage.lease(worker="other")
    trial = stage.complete(late, cost=5.0)
    assert (trial.status, trial.worker) == (Status.COMPLETED, "w")
    assert stage.renew(current).order is Order.CANCEL
    assert stage.report(current, 1, loss=1.0) is Order.CANCEL
    stage.complete(current, cost=6.0)
    first, second = stage.attempts(trial.id)
    assert stage.values(trial.id)["cost"] == 5.0
    assert (first.counts, second.counts) == (True, False)
    assert (second.outcome, second.result) == (Outcome.SUPERSEDED, {"cost": 6.0, "gain": 1.0})


def test_a_late_result_saves_a_trial_that_failed_through_lost_workers(stage: Stage) -> None:
    stage.enqueue(stage.study())
    leases = []
    for _ in range(6):
        leases.append(stage.lease())
        stage.expire()
    assert stage.read_trial(leases[0].trial_id).status is Status.FAILED
    trial = stage.complete(leases[2], cost=5.0)
    assert (trial.status, trial.failed_through, trial.reason) == (Status.COMPLETED, None, None)


def test_a_late_result_stays_a_replicate_where_the_trial_has_ended(stage: Stage) -> None:
    stage.enqueue(stage.study(max_attempts=1))
    late = stage.lease()
    stage.expire()
    stage.fail(stage.lease(worker="other"), "it cannot work")
    trial = stage.complete(late, cost=5.0)
    assert (trial.status, trial.reason) == (Status.FAILED, "it cannot work")
    assert stage.attempts(trial.id)[0].result == {"cost": 5.0, "gain": 1.0}
    assert stage.values(trial.id) == {}
    assert stage.complete(late, cost=5.0).status is Status.FAILED
    with pytest.raises(ResultConflict):
        stage.complete(late, cost=6.0)


def test_a_result_for_a_cancelled_trial_stays_a_replicate(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    with stage.begin() as session:
        trials.cancel(session, lease.trial_id, stage.now)
    assert stage.complete(lease).status is Status.CANCELLED
    assert stage.attempts(lease.trial_id)[0].result == {"cost": 1.0, "gain": 1.0}


def test_a_result_after_its_release_still_counts(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    stage.release(lease)
    assert stage.complete(lease).status is Status.COMPLETED


def test_a_late_failure_leaves_the_trial_to_its_new_worker(stage: Stage) -> None:
    stage.enqueue(stage.study())
    late = stage.lease()
    stage.expire()
    current = stage.lease(worker="other")
    assert stage.fail(late, "too late", infeasible=True).status is Status.RUNNING
    assert stage.attempts(late.trial_id)[0].reason == "too late"
    assert stage.complete(current).status is Status.COMPLETED


def test_a_late_failure_of_a_waiting_trial_counts_as_one(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    stage.expire()
    trial = stage.fail(lease, "diverged", infeasible=True)
    assert (trial.status, trial.losses) == (Status.INFEASIBLE, 0)


def test_a_finished_trial_cannot_be_cancelled(stage: Stage) -> None:
    stage.enqueue(stage.study())
    trial = stage.complete(stage.lease())
    with stage.begin() as session, pytest.raises(IllegalMove):
        trials.cancel(session, trial.id, stage.now)
