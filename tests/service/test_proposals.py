"""Proposals become trials: once each, within the budget, by the one who may think."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from optimizer.designers import Fitted
from optimizer.proposal import Proposal
from service import budgets, studies, thinking, trials
from service.errors import InvalidMetrics, InvalidProposal, TrialExists
from service.models import Trial
from service.states import Ended, Status, StudyStatus
from tests.service.stage import Stage


def proposal(x: float, **more: Any) -> Proposal:
    return Proposal({"x": x}, f"{x:064}", {}, "bayes", "model", **more)


def think(stage: Stage, study_id: int, token: str = "t") -> bool:
    with stage.begin() as session:
        until = stage.now + timedelta(seconds=30)
        return thinking.take_thinker(session, study_id, token, stage.now, until)


def write(
    stage: Stage, study_id: int, proposals: Sequence[Proposal], token: str = "t", **more: Any
) -> list[Trial]:
    with stage.begin() as session:
        study = studies.get(session, study_id)
        fit_id = more.get("fit_id")
        return trials.enqueue_proposals(session, study, proposals, fit_id, token, stage.now)


def test_a_proposal_becomes_a_trial_with_all_that_explains_it(stage: Stage) -> None:
    study_id = stage.study()
    think(stage, study_id)
    fitted = Fitted(1, {"scale": 2.0}, 0, 0, {"torch": "2"})
    with stage.begin() as session:
        fit_id = thinking.save_fit(session, study_id, fitted, stage.now)
    prediction = {"cost": {"mean": 1.0, "sd": 0.5}}
    details = {"weights": [0.5, 0.5]}
    (written,) = write(
        stage,
        study_id,
        [proposal(3.0, prediction=prediction, details=details)],
        fit_id=fit_id,
    )
    trial = stage.read_trial(written.id)
    assert (trial.number, trial.status, trial.point) == (1, Status.QUEUED, {"x": 3.0})
    assert (trial.designer, trial.origin, trial.fit_id) == ("bayes", "model", fit_id)
    assert (trial.prediction, trial.details) == (prediction, details)
    assert trial.work["parameters"] == {"x": 3.0}
    with stage.db.read() as session:
        assert thinking.newest_fit(session, study_id) == (fit_id, fitted)


def test_only_one_thinks_for_a_study_at_a_time(stage: Stage) -> None:
    study_id = stage.study()
    assert think(stage, study_id, "first")
    assert not think(stage, study_id, "second")
    assert think(stage, study_id, "first")
    stage.wait(31)
    assert think(stage, study_id, "second")
    assert not think(stage, study_id, "first")


def test_a_thinker_that_lost_its_right_writes_nothing(stage: Stage) -> None:
    study_id = stage.study()
    think(stage, study_id, "slow")
    stage.wait(31)
    think(stage, study_id, "quick")
    assert write(stage, study_id, [proposal(1.0)], token="slow") == []
    assert len(write(stage, study_id, [proposal(1.0)], token="quick")) == 1


def test_who_stops_thinking_lets_others(stage: Stage) -> None:
    study_id = stage.study()
    think(stage, study_id, "first")
    with stage.begin() as session:
        thinking.drop_thinker(session, study_id, "another")
    assert not think(stage, study_id, "second")
    with stage.begin() as session:
        thinking.drop_thinker(session, study_id, "first")
    assert think(stage, study_id, "second")


def test_nobody_thinks_for_a_paused_study(stage: Stage) -> None:
    study_id = stage.study()
    think(stage, study_id)
    with stage.begin() as session:
        studies.patch(session, study_id, stage.now, status=StudyStatus.PAUSED)
    assert not think(stage, study_id)
    assert write(stage, study_id, [proposal(1.0)]) == []


def test_equal_proposals_become_one_trial(stage: Stage) -> None:
    study_id = stage.study()
    think(stage, study_id)
    assert len(write(stage, study_id, [proposal(1.0), proposal(2.0), proposal(1.0)])) == 2
    (new,) = write(stage, study_id, [proposal(2.0), proposal(3.0)])
    assert (new.number, new.point) == (3, {"x": 3.0})


def test_proposals_stay_within_the_budget(stage: Stage) -> None:
    study_id = stage.study(trials=4)
    for cost in (1.0, 2.0):
        stage.finish(study_id, cost, 1.0)
    stage.advance(study_id)
    stage.finish(study_id, 3.0, 1.0)  # has no place yet, and takes room all the same
    with stage.db.read() as session:
        assert thinking.room(session, studies.get(session, study_id)) == 1
    think(stage, study_id)
    assert len(write(stage, study_id, [proposal(101.0), proposal(102.0)])) == 1
    assert write(stage, study_id, [proposal(103.0)]) == []


def test_a_cancelled_trial_makes_room_and_is_not_proposed_again(stage: Stage) -> None:
    study_id = stage.study(trials=1)
    (trial_id,) = stage.enqueue(study_id)
    with stage.begin() as session:
        trials.cancel(session, trial_id, stage.now)
    with stage.db.read() as session:
        study = studies.get(session, study_id)
        assert thinking.room(session, study) == 1
        assert thinking.pending(session, study) == {1: {"x": 1.0}}


def test_history_and_pending_points_are_all_trials_and_none_twice(stage: Stage) -> None:
    study_id = stage.study(max_attempts=1)
    stage.enqueue(study_id, 5)
    done, failed, unentered, _running = stage.claim(count=4)
    stage.complete(done, cost=2.0, gain=3.0, more=4.0)
    stage.fail(failed)
    stage.advance(study_id)
    stage.complete(unentered)
    with stage.db.read() as session:
        study = studies.get(session, study_id)
        history = thinking.history_rows(session, study)
        pending = thinking.pending(session, study).values()
        newer = thinking.history_rows(session, study, after_finish_no=1)
    assert [(row.finish_no, row.status, row.point["x"]) for row in history] == [
        (1, "completed", 1.0),
        (2, "failed", 2.0),
    ]
    assert history[0].values == {"cost": 2.0, "gain": 3.0}
    assert history[0].key == stage.read_trial(done.trial_id).key
    assert history[1].values == {}
    assert [point["x"] for point in pending] == [3.0, 4.0, 5.0]
    assert newer == history[1:]


def test_a_space_without_a_point_left_ends_the_study_when_nothing_is_open(stage: Stage) -> None:
    study_id = stage.study()
    stage.enqueue(study_id)
    think(stage, study_id)

    def exhaust(token: str = "t") -> bool:
        with stage.begin() as session:
            return thinking.exhaust(session, study_id, token, stage.now)

    assert not exhaust()
    stage.complete(stage.lease())
    assert not exhaust()
    stage.advance(study_id)
    assert not exhaust("another")
    assert exhaust()
    ended = stage.read_study(study_id)
    assert ended.ended_reason is Ended.EXHAUSTED
    assert str(budgets.because(ended)).startswith("no new point was found")


def enqueue(stage: Stage, study_id: int, point: Any, **values: float) -> Trial:
    with stage.begin() as session:
        return trials.enqueue(session, study_id, point, values or None, stage.now)


def test_a_users_proposal_waits_for_a_worker(stage: Stage) -> None:
    trial = enqueue(stage, stage.study(), {"x": 7.0})
    assert (trial.status, trial.designer, trial.origin) == (Status.QUEUED, "user", "user")
    assert stage.lease().trial_id == trial.id


@pytest.mark.parametrize(
    ("point", "field"), [({"x": -1.0}, "point.x"), ({"y": 1.0}, "point.y"), ({}, "point.x")]
)
def test_a_point_outside_the_space_is_refused(stage: Stage, point: Any, field: str) -> None:
    with pytest.raises(InvalidProposal) as refused:
        enqueue(stage, stage.study(), point)
    assert refused.value.field == field


def test_an_equal_point_is_refused_with_the_number_of_its_twin(stage: Stage) -> None:
    study_id = stage.study()
    enqueue(stage, study_id, {"x": 7.0})
    with pytest.raises(TrialExists, match="Trial 1 of this study"):
        enqueue(stage, study_id, {"x": 7})


def test_a_result_from_elsewhere_is_a_finished_trial(stage: Stage) -> None:
    study_id = stage.study()
    trial = enqueue(stage, study_id, {"x": 7.0}, cost=1.0, gain=2.0)
    assert trial.status is Status.COMPLETED
    stage.advance(study_id)
    assert stage.read_trial(trial.id).on_front
    assert stage.values(trial.id) == {"cost": 1.0, "gain": 2.0}
    with pytest.raises(InvalidMetrics) as refused:
        enqueue(stage, study_id, {"x": 8.0}, cost=1.0)
    assert refused.value.field == "metrics.gain"
    assert stage.read_study(study_id).last_number == 1


def test_numbers_have_no_gap_though_proposals_were_refused(stage: Stage) -> None:
    study_id = stage.study()
    for x in (1.0, 1.0, -5.0, 2.0):
        try:
            enqueue(stage, study_id, {"x": x})
        except (InvalidProposal, TrialExists):
            continue
    with stage.db.read() as session:
        assert [t.number for t in trials.listing(session, study_id).trials] == [1, 2]
