"""Claims and words of several workers in one transaction: each as if it were alone."""

from service import trials
from service.trials import Claim, Renew, StepReport
from tests.service.stage import Stage


def test_a_request_that_comes_twice_in_one_transaction_gets_the_same_leases(stage: Stage) -> None:
    stage.enqueue(stage.study(), 5)
    wishes = [Claim("w", "once"), Claim("v", "once"), Claim("w", "once")]
    with stage.begin() as session:
        first, other, again = trials.claim(session, wishes, stage.now)
    assert first == again
    assert first != other
    assert len(first) == len(other) == 1


def test_claims_of_one_transaction_are_served_in_their_order(stage: Stage) -> None:
    queued = stage.enqueue(stage.study(), 4)
    wishes = [Claim("a", "r", count=2), Claim("b", "r"), Claim("c", "r", count=3)]
    with stage.begin() as session:
        found = trials.claim(session, wishes, stage.now)
    assert [[lease.trial_id for lease in leases] for leases in found] == [
        queued[:2],
        queued[2:3],
        queued[3:],
    ]


def test_words_of_one_transaction_are_heard_in_their_order(stage: Stage) -> None:
    stage.enqueue(stage.study(), 2)
    one, other = stage.claim(count=2)
    words = [
        StepReport(one.trial_id, one.token, 1, {"cost": 1.0}),
        StepReport(one.trial_id, one.token, 1, {"cost": 1.0}),
        StepReport(one.trial_id, one.token, 1, {"cost": 2.0}),
        trials.Result(other.trial_id, other.token, {"cost": 1.0, "gain": 2.0}, {}),
        Renew(other.trial_id, other.token),
        Renew(one.trial_id, other.token),
        Renew(999, other.token),
    ]
    with stage.begin() as session:
        answers = trials.hear(session, words, stage.now)
    assert answers[:2] == ["continue", "continue"]
    assert answers[3].values == {"cost": 1.0, "gain": 2.0}
    assert answers[4].order == "cancel"
    assert [type(answers[place]).__name__ for place in (2, 5, 6)] == [
        "ReportConflict",
        "WrongToken",
        "TrialNotFound",
    ]


def test_a_report_that_is_refused_takes_no_expired_lease_back(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    stage.report(lease, 1, cost=1.0)
    stage.expire()
    conflict = StepReport(lease.trial_id, lease.token, 1, {"cost": 2.0})
    with stage.begin() as session:
        trials.hear(session, [conflict], stage.now)
    assert stage.read_trial(lease.trial_id).status == "queued"
