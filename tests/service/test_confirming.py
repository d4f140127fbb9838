"""Confirming: which networks are frozen, and what the runs are that train them anew."""

from pathlib import Path

import pytest

from service import confirming, fronts, needs, studies, trials
from service.errors import AlreadyConfirmed, IllegalChange, InvalidDefinition, StudyNotFound
from service.states import CONFIRM, Ended, Status, StudyStatus
from service.trials import Wanted
from tests.service.network_study import (
    ALL,
    complete,
    confirm,
    enqueue,
    finished,
    network,
    point,
    pruned,
    searched,
)
from tests.service.network_study import store as store_of
from tests.service.stage import Stage


def test_each_network_of_the_front_is_queued_once_per_seed(stage: Stage) -> None:
    study_id = searched(stage, [0.4, 0.3, 0.35, 0.2])
    with stage.db.read() as session:
        front = list(fronts.front(session, study_id))
    assert len(front) > 1
    runs = confirm(stage, study_id, seeds=3)
    assert [run.number for run in runs] == list(range(5, 5 + 3 * len(front)))
    for run in runs:
        assert (run.purpose, run.status, run.designer) == (CONFIRM, Status.QUEUED, CONFIRM)
        assert (run.needs, run.parent_id) == (needs.CONFIRMING, None)
    frozen = [(run.confirms_id, run.replicate) for run in runs]
    assert frozen == [(trial.id, replicate) for replicate in (1, 2, 3) for trial in front]
    assert len({stage.read_trial(run.id).work["seed"] for run in runs}) == len(runs)
    assert stage.read_study(study_id).test_reads == 1


def test_a_run_is_the_same_network_with_a_seed_of_its_own(stage: Stage) -> None:
    study_id = searched(stage, [0.4])
    runs = confirm(stage, study_id, seeds=2)
    found = stage.read_trial(runs[0].confirms_id or 0)
    works = [stage.read_trial(run.id).work for run in runs]
    for work, run in zip(works, runs, strict=True):
        changed = {"purpose": CONFIRM, "replicate": run.replicate, "seed": work["seed"]}
        assert work == {**found.work, **changed, "metrics": ["error", "test_error"]}
        assert (run.key, run.known, run.epochs) == (found.key, found.known, found.epochs)
    assert len({found.work["seed"], *(work["seed"] for work in works)}) == 3


def test_a_child_is_confirmed_from_scratch_by_the_whole_recipe(
    stage: Stage, tmp_path: Path
) -> None:
    study_id = network(stage, training={"epochs": 9, "inherit_epochs": 2})
    finished(stage, store_of(tmp_path), study_id, error=0.4)
    plain = point(stage, study_id, 1)
    child = enqueue(stage, study_id, pruned(plain), parent=1)
    complete(stage, stage.lease(can=ALL), {"error": 0.01, **child.known})
    stage.advance(study_id)
    (run,) = confirm(stage, study_id, seeds=1, numbers=[2])
    work, before = stage.read_trial(run.id).work, stage.read_trial(child.id).work
    assert (before["training"]["epochs"], work["training"]["epochs"]) == (2, 9)
    assert work["parent"] is None
    assert "parent" not in run.point
    assert (run.epochs, child.epochs) == (9, 11)
    assert work["graph"] == before["graph"]
    assert work["pruning"] == before["pruning"] is not None
    assert work["metrics"] == ["error", "test_error", *child.known]
    assert run.needs == needs.met_by(["pruning", "confirm"])


def test_a_network_and_its_unchanged_child_are_one_network(stage: Stage, tmp_path: Path) -> None:
    study_id = network(stage)
    parent = finished(stage, store_of(tmp_path), study_id, error=0.4)
    enqueue(stage, study_id, parent.point, parent=1)
    complete(stage, stage.lease(can=ALL), {"error": 0.4})
    stage.advance(study_id)
    runs = confirm(stage, study_id, seeds=2)
    assert [(run.confirms_id, run.replicate) for run in runs] == [(parent.id, 1), (parent.id, 2)]


def test_of_a_large_front_those_are_taken_that_make_most_of_its_hypervolume(stage: Stage) -> None:
    study_id = searched(stage, [0.40, 0.398, 0.1, 0.0999])
    with stage.db.read() as session:
        front = list(fronts.front(session, study_id))
    assert [trial.number for trial in front] == [1, 2, 3, 4]
    runs = confirm(stage, study_id, networks=1, seeds=1)
    problem = studies.problem_of(stage.read_study(study_id))
    alone = [fronts.hypervolume_of(problem, [stage.values(trial.id)]) or 0 for trial in front]
    assert [run.confirms_id for run in runs] == [front[alone.index(max(alone))].id]
    two = confirm(stage, study_id, networks=2, seeds=1, again=True)
    assert runs[0].confirms_id in {run.confirms_id for run in two}
    assert len(two) == 2


def test_trials_can_be_chosen_by_number(stage: Stage) -> None:
    study_id = searched(stage, [0.4, 0.5])
    (run,) = confirm(stage, study_id, numbers=[2], seeds=1)
    assert stage.read_trial(run.confirms_id or 0).number == 2
    enqueue(stage, study_id, point(stage, study_id, 20))
    for number, words in ((9, "does not exist"), (3, "does not exist"), (4, "is queued")):
        with pytest.raises(IllegalChange, match=words) as refused:
            confirm(stage, study_id, numbers=[2, number], again=True)
        assert refused.value.field == "trials"
    assert stage.read_study(study_id).test_reads == 1


def test_a_second_time_needs_to_be_wanted_and_has_fresh_seeds(stage: Stage) -> None:
    study_id = searched(stage, [0.4])
    first = confirm(stage, study_id, seeds=2)
    with pytest.raises(AlreadyConfirmed, match="has been read once") as refused:
        confirm(stage, study_id)
    assert "again=true" in str(refused.value.remedy)
    second = confirm(stage, study_id, seeds=2, again=True)
    assert [run.replicate for run in (*first, *second)] == [1, 2, 3, 4]
    seeds = {stage.read_trial(run.id).work["seed"] for run in (*first, *second)}
    assert len(seeds) == 4
    with pytest.raises(AlreadyConfirmed, match="2 times"):
        confirm(stage, study_id)
    assert stage.read_study(study_id).test_reads == 2


def test_where_nothing_can_be_confirmed_the_reason_is_said(stage: Stage) -> None:
    with pytest.raises(IllegalChange, match="no test set"):
        confirm(stage, stage.study())
    with pytest.raises(IllegalChange, match="front of study 'net' is empty"):
        confirm(stage, network(stage))
    with pytest.raises(StudyNotFound):
        confirm(stage, 99)


def test_a_study_may_confirm_itself_when_its_budget_is_used(stage: Stage) -> None:
    study_id = searched(stage, [0.4, 0.3], trials=2, confirm={"seeds": 2})
    study = stage.read_study(study_id)
    assert study.definition["confirm"] == {"networks": 20, "seeds": 2}
    assert (study.status, study.test_reads) == (StudyStatus.ENDED, 1)
    with stage.db.read() as session:
        runs = trials.listing(session, study_id, Wanted(CONFIRM)).trials
    assert len(runs) == 2 * study.front_size
    stage.advance(study_id)
    assert stage.read_study(study_id).test_reads == 1


def test_a_study_may_confirm_itself_when_its_hours_are_over(stage: Stage) -> None:
    study_id = searched(stage, [0.4], hours=1.0, confirm={"seeds": 1})
    assert stage.read_study(study_id).test_reads == 0
    stage.wait(3601)
    stage.advance(study_id)
    study = stage.read_study(study_id)
    assert (study.ended_reason, study.test_reads) == (Ended.HOURS, 1)


def test_an_extended_study_does_not_confirm_itself_again(stage: Stage) -> None:
    study_id = searched(stage, [0.4], trials=1, confirm={})
    with stage.begin() as session:
        studies.patch(session, study_id, stage.now, trials=2)
    trial = enqueue(stage, study_id, point(stage, study_id, 20))
    leases = stage.claim(count=9, can=ALL)
    (lease,) = (each for each in leases if each.trial_id == trial.id)
    complete(stage, lease, {"error": 0.01})
    stage.advance(study_id)
    study = stage.read_study(study_id)
    assert (study.status, study.test_reads) == (StudyStatus.ENDED, 1)


def test_a_closed_study_does_not_confirm_itself(stage: Stage) -> None:
    study_id = searched(stage, [0.4], trials=9, confirm={})
    with stage.begin() as session:
        studies.patch(session, study_id, stage.now, status=StudyStatus.ENDED)
        confirming.confirm_at_the_end(session, studies.lock(session, study_id), stage.now)
    assert stage.read_study(study_id).test_reads == 0


def test_a_study_without_a_front_confirms_itself_when_a_late_result_makes_one(
    stage: Stage,
) -> None:
    study_id = network(stage, trials=1, confirm={"seeds": 1})
    first, second = (enqueue(stage, study_id, point(stage, study_id, seed)) for seed in (0, 1))
    leases = stage.claim(count=2, can=ALL)
    stage.fail(leases[0], infeasible=True)
    stage.advance(study_id)
    study = stage.read_study(study_id)
    assert (study.status, study.test_reads) == (StudyStatus.ENDED, 0)
    complete(stage, leases[1], {"error": 0.1})
    stage.advance(study_id)
    assert stage.read_study(study_id).test_reads == 1
    with stage.db.read() as session:
        (run,) = trials.listing(session, study_id, Wanted(CONFIRM)).trials
    assert (first.id, run.confirms_id) == (leases[0].trial_id, second.id)


def test_only_a_study_of_networks_can_be_told_to_confirm_itself(stage: Stage) -> None:
    with pytest.raises(InvalidDefinition) as refused:
        stage.study(confirm={"seeds": 2})
    assert refused.value.field == "confirm"
