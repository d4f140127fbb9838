"""Lineage: a network that begins with the weights of another one of its study."""

from datetime import timedelta
from pathlib import Path

import pytest

from optimizer.networks.lineage import heir
from optimizer.proposal import Proposal
from optimizer.space import Point, work_key
from service import lineage, needs, studies, thinking, trials
from service.errors import InvalidProposal, TrialExists
from service.models import Trial
from service.states import Status
from tests.service.network_study import (
    ALL,
    complete,
    enqueue,
    finished,
    leave,
    network,
    point,
    store,
)
from tests.service.stage import Stage


def test_a_child_is_told_of_its_parent_and_counts_its_epochs(stage: Stage, tmp_path: Path) -> None:
    study_id = network(stage, training={"epochs": 4})
    parent = finished(stage, store(tmp_path), study_id)
    child = enqueue(stage, study_id, point(stage, study_id, 1), parent=parent.number)
    assert stage.read_trial(child.id).work["parent"] == {
        "key": parent.key,
        "trial": parent.id,
        "number": 1,
        "epochs": 4.0,
    }
    assert (child.parent_id, child.epochs) == (parent.id, 8.0)
    assert child.needs == needs.BITS["parent"]


def test_epochs_add_up_over_the_whole_lineage(stage: Stage, tmp_path: Path) -> None:
    study_id = network(stage, training={"epochs": 4})
    blobs = store(tmp_path)
    finished(stage, blobs, study_id)
    enqueue(stage, study_id, point(stage, study_id, 1), parent=1)
    lease = stage.lease(can=ALL)
    for name in lineage.FILES:
        leave(stage, blobs, lease, name)
    complete(stage, lease, {"error": 0.1})
    assert enqueue(stage, study_id, point(stage, study_id, 2), parent=2).epochs == 12.0


def test_a_recipe_may_train_children_for_less(stage: Stage, tmp_path: Path) -> None:
    study_id = network(stage, training={"epochs": 4, "inherit_epochs": 1})
    finished(stage, store(tmp_path), study_id)
    child = enqueue(stage, study_id, point(stage, study_id, 1), parent=1)
    assert stage.read_trial(child.id).work["training"]["epochs"] == 1
    assert child.epochs == 5.0
    alone = enqueue(stage, study_id, point(stage, study_id, 2))
    assert stage.read_trial(alone.id).work["training"]["epochs"] == 4


def test_a_child_of_another_parent_is_another_proposal(stage: Stage, tmp_path: Path) -> None:
    study_id = network(stage)
    blobs = store(tmp_path)
    for seed in (0, 1):
        finished(stage, blobs, study_id, seed)
    asked = point(stage, study_id, 2)
    keys = {enqueue(stage, study_id, asked, parent=parent).key for parent in (None, 1, 2)}
    assert len(keys) == 3
    with pytest.raises(TrialExists, match="Trial 4 of this study"):
        enqueue(stage, study_id, asked, parent=1)


def test_the_key_of_a_child_is_the_same_in_every_database() -> None:
    work = {"kind": "network", "graph": {"version": 1, "nodes": []}, "training": {"epochs": 1}}
    first, second = (
        {**work, "parent": {"key": "k", "trial": trial, "number": trial, "epochs": 1.0}}
        for trial in (1, 2)
    )
    assert work_key(first) == work_key(second)
    assert work_key(first) != work_key({**first, "parent": {"key": "other"}})


def proposed(stage: Stage, study_id: int, point: Point) -> Trial:
    """A designer proposes a point."""
    space = studies.problem_of(stage.read_study(study_id)).space
    wanted = Proposal(point, space.key(point), space.figures(point), "bayes", "morph")
    with stage.begin() as session:
        thinking.take_thinker(session, study_id, "t", stage.now, stage.now + timedelta(minutes=1))
        study = studies.get(session, study_id)
        (trial,) = trials.enqueue_proposals(session, study, [wanted], None, "t", stage.now)
    return trial


def test_a_designer_names_a_parent_by_its_key(stage: Stage, tmp_path: Path) -> None:
    study_id = network(stage, training={"epochs": 4, "inherit_epochs": 1})
    parent = finished(stage, store(tmp_path), study_id)
    child = heir(point(stage, study_id, 1), parent.key, 4.0)
    trial = proposed(stage, study_id, child)
    work = stage.read_trial(trial.id).work
    assert (trial.parent_id, trial.epochs, work["training"]["epochs"]) == (parent.id, 5.0, 1)
    assert work["parent"]["trial"] == parent.id
    with pytest.raises(TrialExists):  # the same wish, said by the parent's number
        enqueue(stage, study_id, point(stage, study_id, 1), parent=parent.number)
    with pytest.raises(TrialExists):  # and by its key
        enqueue(stage, study_id, child)


def test_a_designers_child_of_a_parent_without_weights_begins_from_scratch(stage: Stage) -> None:
    study_id = network(stage, training={"epochs": 4, "inherit_epochs": 1})
    imported = enqueue(stage, study_id, point(stage, study_id), error=0.1)
    trial = proposed(stage, study_id, heir(point(stage, study_id, 1), imported.key, 0.0))
    assert (trial.parent_id, trial.epochs) == (None, 4.0)
    assert "parent" not in trial.point
    assert stage.read_trial(trial.id).work["parent"] is None


def test_a_key_that_no_trial_has_is_refused(stage: Stage) -> None:
    study_id = network(stage)
    with pytest.raises(InvalidProposal, match="has no trial with the key 000000000000") as error:
        enqueue(stage, study_id, heir(point(stage, study_id), "0" * 64, 1.0))
    assert error.value.field == "parent"


def test_a_parent_and_its_children_know_each_other(stage: Stage, tmp_path: Path) -> None:
    study_id = network(stage)
    finished(stage, store(tmp_path), study_id)
    for seed in (1, 2):
        enqueue(stage, study_id, point(stage, study_id, seed), parent=1)
    with stage.db.read() as session:
        rows = trials.listing(session, study_id).trials
        above, below = lineage.relatives(session, rows[0])
        assert (above, [child.number for child in below]) == (None, [2, 3])
        above, below = lineage.relatives(session, rows[1])
        assert above is rows[0]
        assert list(below) == []


def refused(stage: Stage, study_id: int, parent: int) -> str:
    with pytest.raises(InvalidProposal) as error:
        enqueue(stage, study_id, point(stage, study_id, 5), parent=parent)
    assert error.value.field == "parent"
    assert "completed trial of this study" in str(error.value.remedy)
    return str(error.value)


def test_a_parent_must_be_a_completed_trial_that_left_its_weights(
    stage: Stage, tmp_path: Path
) -> None:
    study_id = network(stage)
    assert "has no trial 9" in refused(stage, study_id, 9)
    trial = enqueue(stage, study_id, point(stage, study_id))
    assert "need a completed trial, but trial 1 is queued" in refused(stage, study_id, 1)
    lease = stage.lease()
    leave(stage, store(tmp_path), lease, "graph.json")
    complete(stage, lease, {"error": 0.1})
    assert trial.id == lease.trial_id
    assert "left no weights.safetensors" in refused(stage, study_id, 1)


def test_a_trial_of_another_study_is_no_parent(stage: Stage, tmp_path: Path) -> None:
    finished(stage, store(tmp_path), network(stage))
    assert "study 'other' has no trial 1" in refused(stage, network(stage, name="other"), 1)


def test_parameters_inherit_nothing(stage: Stage) -> None:
    study_id = stage.study()
    with pytest.raises(InvalidProposal, match="parameters, which inherit nothing") as error:
        enqueue(stage, study_id, {"x": 1.0}, parent=1)
    assert (error.value.field, error.value.remedy) == ("parent", "Leave parent out.")


def test_a_study_is_deleted_with_parents_and_children(stage: Stage, tmp_path: Path) -> None:
    study_id = network(stage)
    finished(stage, store(tmp_path), study_id)
    child = enqueue(stage, study_id, point(stage, study_id, 1), parent=1)
    assert child.status is Status.QUEUED
    with stage.begin() as session:
        studies.delete(session, study_id)
    with stage.db.read() as session:
        assert trials.listing(session, study_id).total == 0
