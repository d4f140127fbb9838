"""Pruned networks: what was computed is a prediction, what was measured is judged."""

from pathlib import Path

import pytest

from optimizer.proposal import Proposal
from resource_models.devices import DEVICES
from service import needs, studies, thinking, trials
from service.errors import InvalidMetrics, InvalidProposal
from service.states import Status
from tests.service.network_study import ALL, complete, enqueue, network, point, pruned
from tests.service.stage import Stage

SIZE, MEMORY = "model_size:deployed", "working_memory:wm1"


def test_a_pruned_network_is_measured_after_the_cut(stage: Stage) -> None:
    study_id = network(stage)
    plain = enqueue(stage, study_id, point(stage, study_id))
    trial = enqueue(stage, study_id, pruned(point(stage, study_id)))
    work = stage.read_trial(trial.id).work
    assert (plain.needs, trial.needs) == (0, needs.PRUNING)
    assert work["metrics"] == ["error", *trial.known]
    assert {SIZE, MEMORY, "macs"} <= set(trial.known)
    assert work["device"] == DEVICES["stm32f446re"].to_json()
    assert work["pruning"]["scope"] == "channels"
    assert trial.known[SIZE] < plain.known[SIZE]


def test_a_planners_pruned_proposal_is_measured_alike(stage: Stage) -> None:
    study_id = network(stage)
    asked = pruned(point(stage, study_id))
    problem = studies.problem_of(stage.read_study(study_id))
    proposal = Proposal(
        asked, problem.space.key(asked), problem.space.figures(asked), "random", "random"
    )
    with stage.begin() as session:
        thinking.take_thinker(session, study_id, "t", stage.now, stage.now)
        study = studies.get(session, study_id)
        (trial,) = trials.enqueue_proposals(session, study, [proposal], None, "t", stage.now)
    assert trial.needs == needs.PRUNING
    assert stage.read_trial(trial.id).work["metrics"] == ["error", *trial.known]
    assert enqueue(stage, study_id, point(stage, study_id)).key != trial.key


def test_before_the_cut_a_pruned_trial_has_no_values(stage: Stage) -> None:
    study_id = network(stage)
    trial = enqueue(stage, study_id, pruned(point(stage, study_id)))
    assert stage.values(trial.id) == {}
    assert SIZE in stage.values(enqueue(stage, study_id, point(stage, study_id)).id)


def test_what_was_measured_after_the_cut_is_the_trials_value(stage: Stage) -> None:
    study_id = network(stage)
    trial = enqueue(stage, study_id, pruned(point(stage, study_id)))
    measured = {name: value + 8.0 for name, value in trial.known.items()}
    done = complete(stage, stage.lease(can=ALL), {"error": 0.2, **measured})
    assert done.status is Status.COMPLETED
    assert stage.values(trial.id) == {"error": 0.2, **measured}
    assert stage.read_trial(trial.id).known == trial.known
    stage.advance(study_id)
    with stage.db.read() as session:
        (row,) = thinking.history_rows(session, studies.get(session, study_id))
    assert row.values == {
        "error": 0.2,
        SIZE: trial.known[SIZE] + 8,
        MEMORY: trial.known[MEMORY] + 8,
    }


def test_every_figure_of_a_pruned_network_is_needed(stage: Stage) -> None:
    study_id = network(stage)
    trial = enqueue(stage, study_id, pruned(point(stage, study_id)))
    lease = stage.lease(can=ALL)
    with pytest.raises(InvalidMetrics) as refused:
        complete(stage, lease, {"error": 0.2, SIZE: trial.known[SIZE]})
    assert refused.value.field == "metrics.macs"


def test_the_known_figures_of_another_network_stay_what_they_are(stage: Stage) -> None:
    study_id = network(stage)
    trial = enqueue(stage, study_id, point(stage, study_id))
    with pytest.raises(InvalidMetrics) as refused:
        complete(stage, stage.lease(), {"error": 0.2, SIZE: trial.known[SIZE] + 1})
    assert refused.value.field == f"metrics.{SIZE}"


def test_a_limit_is_judged_by_what_was_measured(stage: Stage) -> None:
    study_id = network(stage)
    first, second = (
        enqueue(stage, study_id, pruned(point(stage, study_id, seed))) for seed in (0, 1)
    )
    over = {**first.known, SIZE: 16001.0}
    complete(stage, stage.lease(can=ALL), {"error": 0.01, **over})
    complete(stage, stage.lease(can=ALL), {"error": 0.02, **second.known})
    stage.advance(study_id)
    found = [stage.read_trial(trial.id) for trial in (first, second)]
    assert [(trial.feasible, trial.on_front) for trial in found] == [(False, False), (True, True)]


def test_a_user_may_propose_what_is_only_predicted_to_break_a_limit(stage: Stage) -> None:
    study_id = network(stage)
    least = stage.read_study(study_id).problem["objectives"][1]["scale"]["ideal"]
    narrow = network(stage, name="narrow", objectives=[
        {"name": "error"}, {"name": "model_size", "limit": least + 1}
    ])  # fmt: skip
    asked = point(stage, study_id)
    with pytest.raises(InvalidProposal, match="over the limit"):
        enqueue(stage, narrow, asked)
    assert enqueue(stage, narrow, pruned(asked)).status is Status.QUEUED


def test_a_pruned_result_from_elsewhere_brings_its_figures(stage: Stage, tmp_path: Path) -> None:
    study_id = network(stage)
    asked = pruned(point(stage, study_id))
    with pytest.raises(InvalidMetrics) as refused:
        enqueue(stage, study_id, asked, error=0.1)
    assert refused.value.field == f"metrics.{SIZE}"
    figures = studies.problem_of(stage.read_study(study_id)).space.figures(asked)
    with stage.begin() as session:
        values = {"error": 0.1, SIZE: figures[SIZE] + 1, "working_memory:wm1": 900.0}
        trial = trials.enqueue(session, study_id, asked, values, stage.now)
    assert stage.values(trial.id) == values
