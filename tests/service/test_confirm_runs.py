"""Confirm runs: handed out like other trials, also by an ended study, and unseen by the search."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from optimizer.networks.lineage import heir
from service import events, fronts, ledger, lineage, needs, studies, thinking, trials
from service.errors import InvalidMetrics, InvalidProposal
from service.models import Trial
from service.open_studies import open_studies
from service.states import CONFIRM, Ended, Status, StudyStatus
from service.sweeper import Reach, sweep
from service.trials import Claim, Wanted
from tests.service.network_study import (
    ALL,
    complete,
    confirm,
    enqueue,
    finished,
    network,
    point,
    searched,
)
from tests.service.network_study import store as store_of
from tests.service.stage import START, Stage

RUN = {"error": 0.2, "test_error": 0.25}


def test_the_search_does_not_see_confirm_runs(stage: Stage) -> None:
    study_id = searched(stage, [0.4, 0.3], trials=5, epochs=60)

    def seen() -> tuple[Any, ...]:
        with stage.db.read() as session:
            study = studies.get(session, study_id)
            return (
                [row.to_json() for row in thinking.history_rows(session, study)],
                thinking.pending(session, study),
                thinking.room(session, study),
                studies.counts(session, [study_id]),
                fronts.best(session, study),
                [trial.id for trial in fronts.front(session, study_id)],
                fronts.points(session, study_id).trial_id,
                [point.value for point in fronts.hypervolume(session, study_id)],
                (study.finish_no, study.front_size, study.hypervolume, study.status),
                study.epochs_done,
                [trial.id for trial in trials.listing(session, study_id).trials],
                [study.open_budget for study in open_studies(session)],
            )

    before = seen()
    runs = confirm(stage, study_id, seeds=2)
    assert seen() == before
    done = stage.lease(can=ALL)
    stage.report(done, 7, error=0.5)
    complete(stage, done, {"error": 0.0, "test_error": 0.0})
    stage.fail(stage.lease(can=ALL), infeasible=True)
    stage.lease(can=ALL)
    assert stage.advance(study_id) == 2
    assert seen() == before
    run = stage.read_trial(done.trial_id)
    assert (run.status, run.finish_no, run.on_front) == (Status.COMPLETED, None, False)
    assert run.entered_at is not None
    assert stage.values(run.id) == {"error": 0.0, "test_error": 0.0, **run.known}
    with stage.db.read() as session:
        page = trials.listing(session, study_id, Wanted(CONFIRM))
        assert [trial.id for trial in page.trials] == [run.id for run in runs]
        told = [e.data for e in events.after(session, study_id, 0) if e.kind == "trial"]
    assert [data["purpose"] for data in told] == ["search", "search", CONFIRM, CONFIRM]


def test_a_worker_that_cannot_confirm_gets_no_confirm_run(stage: Stage) -> None:
    study_id = searched(stage, [0.4])
    (run,) = confirm(stage, study_id, seeds=1)
    old = needs.met_by(["pruning", "parent", "binary", "training"])
    assert stage.claim(can=old) == []
    assert stage.lease(can=needs.CONFIRMING).trial_id == run.id


def test_a_result_without_the_test_error_is_refused(stage: Stage) -> None:
    study_id = searched(stage, [0.4])
    confirm(stage, study_id, seeds=1)
    lease = stage.lease(can=ALL)
    with pytest.raises(InvalidMetrics, match=r"metrics\.test_error"):
        complete(stage, lease, {"error": 0.2})
    assert complete(stage, lease, RUN).status is Status.COMPLETED


def test_a_study_that_has_ended_hands_out_confirm_runs_alone(stage: Stage) -> None:
    study_id = searched(stage, [0.4], trials=1)
    assert stage.read_study(study_id).ended_reason is Ended.BUDGET
    with stage.db.read() as session:
        assert open_studies(session) == []
    runs = confirm(stage, study_id, seeds=2)
    with stage.db.read() as session:
        (seen,) = open_studies(session)
    assert (seen.queued, seen.open_budget) == ({needs.CONFIRMING: 2}, 0)
    assert seen.fits(Claim("w", "r", can=ALL, study_id=study_id))
    first, second = stage.claim(count=5, can=ALL, study_id=study_id)
    assert [first.trial_id, second.trial_id] == [run.id for run in runs]
    stage.release(first)
    assert stage.lease("v", can=ALL).trial_id == first.trial_id
    with stage.db.read() as session:
        assert open_studies(session) == []


def test_a_lost_confirm_run_of_an_ended_study_comes_back(stage: Stage) -> None:
    study_id = searched(stage, [0.4], trials=1)
    (run,) = confirm(stage, study_id, seeds=1)
    stage.lease(can=ALL)
    assert stage.expire() == 1
    assert stage.read_trial(run.id).status is Status.QUEUED
    assert stage.lease("other", can=ALL).trial_id == run.id


def test_search_trials_that_come_back_into_an_ended_study_are_not_handed_out(stage: Stage) -> None:
    study_id = searched(stage, [0.4], trials=5)
    enqueue(stage, study_id, point(stage, study_id, 20))
    search = stage.lease(study_id=study_id)
    (run,) = confirm(stage, study_id, seeds=1)
    with stage.begin() as session:
        studies.patch(session, study_id, stage.now, trials=1)
    assert stage.read_trial(run.id).status is Status.QUEUED  # ended by its budget, not closed
    stage.release(search)
    with stage.db.read() as session:
        (seen,) = open_studies(session)
    assert seen.queued == {needs.CONFIRMING: 1}
    assert [lease.trial_id for lease in stage.claim(count=5, can=ALL)] == [run.id]
    with stage.begin() as session:
        sweep(session, stage.now, Reach(START, stage.now))
    assert stage.read_trial(search.trial_id).status is Status.CANCELLED
    assert stage.read_trial(run.id).status is Status.RUNNING


def test_whoever_closes_a_study_cancels_its_confirm_runs(stage: Stage) -> None:
    study_id = searched(stage, [0.4])
    runs = confirm(stage, study_id, seeds=2)
    lease = stage.lease(can=ALL)
    with stage.begin() as session:
        studies.patch(session, study_id, stage.now, status=StudyStatus.ENDED)
    assert {stage.read_trial(run.id).status for run in runs} == {Status.CANCELLED}
    assert stage.renew(lease).order == "cancel"
    (run,) = confirm(stage, study_id, seeds=1, again=True)  # asked for since
    with stage.db.read() as session:
        assert [study.open_budget for study in open_studies(session)] == [0]
    assert stage.lease(can=ALL).trial_id == run.id


def test_a_paused_study_hands_out_no_confirm_runs(stage: Stage) -> None:
    study_id = searched(stage, [0.4])
    confirm(stage, study_id, seeds=1)
    with stage.begin() as session:
        studies.patch(session, study_id, stage.now, status=StudyStatus.PAUSED)
    assert stage.claim(can=ALL) == []


def test_nothing_is_inherited_of_a_confirm_run(stage: Stage, tmp_path: Path) -> None:
    study_id = network(stage)
    parent = finished(stage, store_of(tmp_path), study_id)
    stage.advance(study_id)
    (run,) = confirm(stage, study_id, seeds=1)
    assert run.key == parent.key
    with pytest.raises(InvalidProposal, match="trial 2 confirms another one"):
        enqueue(stage, study_id, point(stage, study_id, 5), parent=2)
    with stage.db.read() as session:
        study = studies.get(session, study_id)
        named = heir(point(stage, study_id, 5), parent.key, parent.epochs)
        assert getattr(lineage.of_point(session, study, named), "id", None) == parent.id
        assert lineage.confirm_relatives(session, run)[0] == session.get(Trial, parent.id)
        (by,) = lineage.confirm_relatives(session, parent)[1]
    assert by.number == 2


@pytest.mark.parametrize(
    "change",
    ["finish_no = 7", "confirms_id = NULL", "purpose = 'search'", "on_front = TRUE"],
)
def test_the_database_keeps_confirm_runs_out_of_the_search(stage: Stage, change: str) -> None:
    study_id = searched(stage, [0.4])
    (run,) = confirm(stage, study_id, seeds=1)
    complete(stage, stage.lease(can=ALL), RUN)
    with stage.begin() as session:
        session.execute(text(f"UPDATE trials SET feasible = TRUE WHERE id = {run.id}"))
    with pytest.raises(IntegrityError), stage.begin() as session:
        session.execute(text(f"UPDATE trials SET {change} WHERE id = {run.id}"))


def test_a_study_is_deleted_with_its_confirm_runs(stage: Stage) -> None:
    study_id = searched(stage, [0.4])
    confirm(stage, study_id, seeds=1)
    with stage.begin() as session:
        studies.delete(session, study_id)
    with stage.db.read() as session:
        assert trials.listing(session, study_id, Wanted(CONFIRM)).total == 0


def test_the_ledger_is_due_for_finished_confirm_runs(stage: Stage) -> None:
    study_id = searched(stage, [0.4])
    confirm(stage, study_id, seeds=1)
    complete(stage, stage.lease(can=ALL), RUN)
    with stage.db.read() as session:
        assert ledger.due(session, stage.now) == [study_id]
    stage.advance(study_id)
    with stage.db.read() as session:
        assert ledger.due(session, stage.now) == []
