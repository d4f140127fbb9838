"""Limits on what is reported beside the objectives, and figures that nobody measures."""

from typing import Any

import pytest

from optimizer.history import History
from service import studies, thinking, trials
from service.errors import InvalidMetrics, InvalidProposal
from service.models import Trial
from tests.service import alone
from tests.service.stage import Stage

HEAT = {"name": "heat", "limit": 80.0}
BOX = {
    "kind": "parameters",
    "parameters": [{"name": "x", "kind": "real", "low": 0.0, "high": 1000.0}],
    "constraints": ["x <= 500"],
}


def enqueue(stage: Stage, study_id: int, x: float, **values: float) -> Trial:
    with stage.begin() as session:
        return trials.enqueue(session, study_id, {"x": x}, values or None, stage.now)


def test_a_worker_is_asked_for_constraints_and_a_result_without_them_is_refused(
    stage: Stage,
) -> None:
    study_id = stage.study(constraints=[HEAT])
    stage.enqueue(study_id)
    lease = stage.lease()
    assert lease.work["metrics"] == ["cost", "gain", "heat"]
    with pytest.raises(InvalidMetrics) as refused:
        stage.complete(lease)
    assert refused.value.field == "metrics.heat"
    trial = stage.complete(lease, heat=70.0)
    assert stage.values(trial.id) == {"cost": 1.0, "gain": 1.0, "heat": 70.0}


def test_what_breaks_a_constraint_is_stored_and_never_on_the_front(stage: Stage) -> None:
    study_id = stage.study(constraints=[HEAT])
    stage.enqueue(study_id, 2)
    hot, cool = (stage.lease() for _ in range(2))
    stage.complete(hot, 0.0, 9.0, heat=80.5)
    stage.complete(cool, 5.0, 1.0, heat=80.0)
    stage.advance(study_id)
    found = [stage.read_trial(lease.trial_id) for lease in (hot, cool)]
    assert [trial.feasible for trial in found] == [False, True]
    assert [trial.on_front for trial in found] == [False, True]


def test_a_designer_sees_the_values_of_constraints(stage: Stage) -> None:
    study_id = stage.study(constraints=[HEAT])
    stage.enqueue(study_id)
    stage.complete(stage.lease(), heat=90.0, noise=3.0)
    stage.advance(study_id)
    with stage.db.read() as session:
        study = studies.get(session, study_id)
        rows, problem = thinking.history_rows(session, study), studies.problem_of(study)
    assert rows[0].values == {"cost": 1.0, "gain": 1.0, "heat": 90.0}
    assert not History(tuple(rows)).feasible(problem).any()


def test_a_result_from_elsewhere_needs_the_constraints_too(stage: Stage) -> None:
    study_id = stage.study(constraints=[HEAT])
    with pytest.raises(InvalidMetrics) as refused:
        enqueue(stage, study_id, 1.0, cost=1.0, gain=1.0)
    assert refused.value.field == "metrics.heat"
    enqueue(stage, study_id, 1.0, cost=1.0, gain=1.0, heat=99.0)


def known(stage: Stage, **changes: Any) -> int:
    fuel = {"name": "fuel", "expression": "2 * x", "limit": 600.0}
    return stage.study(space=BOX, objectives=[{"name": "cost"}, fuel], **changes)


def test_a_known_objective_is_computed_and_not_asked_for(stage: Stage) -> None:
    study_id = known(stage)
    trial = enqueue(stage, study_id, 100.0)
    assert trial.known == {"fuel": 200.0}
    lease = stage.lease()
    assert lease.work["metrics"] == ["cost"]
    with stage.begin() as session:
        alone.complete(session, lease.trial_id, lease.token, {"cost": 3.0}, {}, stage.now)
    stage.advance(study_id)
    assert stage.values(trial.id) == {"cost": 3.0, "fuel": 200.0}
    assert stage.read_trial(trial.id).on_front
    with stage.db.read() as session:
        (row,) = thinking.history_rows(session, studies.get(session, study_id))
    assert row.values == {"cost": 3.0, "fuel": 200.0}


def test_a_point_that_breaks_a_known_constraint_or_limit_is_refused(stage: Stage) -> None:
    study_id = known(stage)
    with pytest.raises(InvalidProposal, match="breaks 'x <= 500'") as refused:
        enqueue(stage, study_id, 501.0)
    assert refused.value.field == "point.constraints.0"
    with pytest.raises(InvalidProposal, match="its fuel is 800, over the limit 600"):
        enqueue(stage, study_id, 400.0)
    with pytest.raises(InvalidProposal, match="breaks 'x <= 500'"):
        enqueue(stage, study_id, 501.0, cost=1.0)


def test_a_constraint_on_a_known_figure_is_kept_before_any_work(stage: Stage) -> None:
    study_id = stage.study(
        space={**BOX, "known": {"fuel": "2 * x"}}, constraints=[{"name": "fuel", "limit": 600.0}]
    )
    assert enqueue(stage, study_id, 100.0).work["metrics"] == ["cost", "gain"]
    with pytest.raises(InvalidProposal, match="its fuel is 800"):
        enqueue(stage, study_id, 400.0)


def test_the_scale_of_a_known_objective_is_fixed_with_the_others(stage: Stage) -> None:
    study_id = known(stage, trials=20)
    for x in range(1, 7):
        enqueue(stage, study_id, float(x), cost=10.0 - x)
    stage.advance(study_id)
    problem = studies.problem_of(stage.read_study(study_id))
    assert problem.scaled
    fuel = problem.objectives[1].scale
    assert fuel is not None
    assert fuel.ideal < 12.0 < fuel.reference or fuel.ideal < 2.0


def replicate(stage: Stage, study_id: int, x: float, **values: float) -> Trial:
    with stage.begin() as session:
        return trials.enqueue(
            session, study_id, {"x": x}, values or None, stage.now, replicate=True
        )


def test_a_point_is_measured_again_when_that_is_wanted(stage: Stage) -> None:
    study_id = stage.study()
    first = enqueue(stage, study_id, 7.0, cost=1.0, gain=1.0)
    second = replicate(stage, study_id, 7.0, cost=1.2, gain=1.0)
    third = replicate(stage, study_id, 7.0)
    assert [t.replicate for t in (first, second, third)] == [0, 1, 2]
    assert first.key == second.key == third.key
    assert stage.read_trial(third.id).work["replicate"] == 2
    stage.advance(study_id)
    with stage.db.read() as session:
        study = studies.get(session, study_id)
        history = History(tuple(thinking.history_rows(session, study)))
        problem = studies.problem_of(study)
    assert [o.values["cost"] for o in history.observations] == [1.0, 1.2]
    assert history.keys(problem.space) == {first.key}


def test_a_first_measurement_may_be_called_a_replicate(stage: Stage) -> None:
    assert replicate(stage, stage.study(), 7.0).replicate == 0
