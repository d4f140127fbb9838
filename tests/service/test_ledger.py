"""The ledger: places without a gap, the front, the hypervolume, the scale, events, the end."""

from itertools import pairwise
from typing import Any

import pytest

from optimizer.history import History
from optimizer.pareto import hypervolume
from service import events, fronts, ledger, studies, thinking, trials
from service.models import Event
from service.states import Ended, EventKind, Status, StudyStatus
from tests.service.stage import Stage

GIVEN = [
    {"name": "cost", "ideal": 0.0, "reference": 10.0},
    {"name": "gain", "goal": "maximize", "ideal": 10.0, "reference": 0.0},
]


def read_events(stage: Stage, study_id: int) -> list[Event]:
    with stage.db.read() as session:
        return list(events.after(session, study_id, 0, limit=10_000))


def front_values(stage: Stage, study_id: int) -> list[tuple[float, float]]:
    with stage.db.read() as session:
        front = fronts.front(session, study_id)
        values = trials.values_of(session, front)
        return sorted((values[t.id]["cost"], values[t.id]["gain"]) for t in front)


def hypervolumes(stage: Stage, study_id: int) -> list[tuple[int, Any]]:
    with stage.db.read() as session:
        return [(p.finish_no, p.value) for p in fronts.hypervolume(session, study_id)]


def test_finished_trials_get_places_in_the_order_in_which_they_finished(stage: Stage) -> None:
    study_id = stage.study()
    stage.enqueue(study_id, 3)
    first, second, third = stage.claim(count=3)
    for lease in (third, first, second):
        stage.wait(1)
        stage.complete(lease)
    assert stage.advance(study_id) == 3
    places = [stage.read_trial(lease.trial_id).finish_no for lease in (third, first, second)]
    assert places == [1, 2, 3]
    assert stage.read_study(study_id).finish_no == 3
    assert stage.advance(study_id) == 0


def test_only_studies_with_something_to_enter_are_due(stage: Stage) -> None:
    idle, busy = stage.study(name="idle"), stage.study(name="busy")
    stage.enqueue(idle)
    stage.finish(busy, 1.0, 1.0)
    with stage.db.read() as session:
        assert ledger.due(session, stage.now) == [busy]
    stage.advance(busy)
    with stage.db.read() as session:
        assert ledger.due(session, stage.now) == []


def test_all_that_finished_counts_but_not_what_was_cancelled(stage: Stage) -> None:
    study_id = stage.study(max_attempts=1)
    stage.enqueue(study_id, 4)
    good, bad, impossible, unwanted = stage.claim(count=4)
    stage.complete(good)
    stage.fail(bad)
    stage.fail(impossible, infeasible=True)
    with stage.begin() as session:
        trials.cancel(session, unwanted.trial_id, stage.now)
    stage.advance(study_id)
    assert stage.read_study(study_id).finish_no == 3
    assert stage.read_trial(unwanted.trial_id).finish_no is None
    assert stage.read_trial(unwanted.trial_id).entered_at is not None


def test_the_front_holds_what_no_other_trial_dominates(stage: Stage) -> None:
    study_id = stage.study()
    for cost, gain in [(5, 5), (6, 4), (4, 4), (5, 6), (1, 1), (1, 1), (9, 9)]:
        stage.finish(study_id, cost, gain)
        stage.advance(study_id)
    assert front_values(stage, study_id) == [(1, 1), (1, 1), (4, 4), (5, 6), (9, 9)]
    assert stage.read_study(study_id).front_size == 5


def test_a_batch_gives_the_same_as_one_by_one(stage: Stage) -> None:
    one, many = (
        stage.study(name="one", objectives=GIVEN),
        stage.study(name="many", objectives=GIVEN),
    )
    results = [((7 * n) % 11, (5 * n) % 13) for n in range(40)]
    for study_id, batch in ((one, 1), (many, 7)):
        for n, (cost, gain) in enumerate(results):
            stage.finish(study_id, cost, gain)
            if n % batch == 0:
                stage.advance(study_id)
        stage.advance(study_id)
    assert front_values(stage, one) == front_values(stage, many)
    assert hypervolumes(stage, one) == hypervolumes(stage, many)


def test_the_front_and_the_hypervolume_are_those_of_the_whole_history(stage: Stage) -> None:
    study_id = stage.study(objectives=[{**GIVEN[0], "limit": 9.0}, GIVEN[1]])
    for n in range(30):
        stage.finish(study_id, (7 * n) % 11, (5 * n) % 13)
    stage.advance(study_id)
    study = stage.read_study(study_id)
    with stage.db.read() as session:
        history = History(tuple(thinking.history_rows(session, study)))
    problem = studies.problem_of(study)
    marked = history.front(problem)
    values = history.values(["cost", "gain"])[marked]
    assert front_values(stage, study_id) == sorted(map(tuple, values.tolist()))
    expected = hypervolume(history.scores(problem)[marked])
    assert study.hypervolume == pytest.approx(expected)
    assert hypervolumes(stage, study_id)[-1][1] == pytest.approx(expected)


def test_the_hypervolume_gets_a_row_only_when_the_front_changes(stage: Stage) -> None:
    study_id = stage.study(objectives=GIVEN)
    for cost, gain in [(5, 5), (6, 5), (7, 4), (4, 6), (5, 5)]:
        stage.finish(study_id, cost, gain)
    stage.advance(study_id)
    assert hypervolumes(stage, study_id) == [(1, pytest.approx(0.25)), (4, pytest.approx(0.36))]


def test_a_result_over_a_limit_is_kept_off_the_front(stage: Stage) -> None:
    study_id = stage.study(objectives=[{"name": "cost", "limit": 3.0}, GIVEN[1]])
    over = stage.finish(study_id, 3.1, 9.0)
    within = stage.finish(study_id, 3.0, 1.0)
    stage.advance(study_id)
    assert front_values(stage, study_id) == [(3.0, 1.0)]
    assert stage.read_trial(over.id).feasible is False
    assert stage.read_trial(within.id).feasible is True


def test_the_scale_of_a_black_box_is_fixed_once_after_its_initial_design(stage: Stage) -> None:
    study_id = stage.study()
    for n in range(5):
        stage.finish(study_id, float(n), float(n))
    stage.advance(study_id)
    study = stage.read_study(study_id)
    assert (studies.problem_of(study).scaled, study.hypervolume) == (False, None)
    assert study.front_size == 5
    stage.finish(study_id, 5.0, 5.0)
    stage.advance(study_id)
    fixed = stage.read_study(study_id)
    assert studies.problem_of(fixed).scaled
    assert fixed.hypervolume is not None
    assert fixed.hypervolume > 0
    assert [place for place, _ in hypervolumes(stage, study_id)] == [6]
    stage.finish(study_id, 5000.0, -5000.0)
    stage.advance(study_id)
    assert stage.read_study(study_id).problem == fixed.problem


def test_the_scale_comes_from_the_initial_design_even_if_a_batch_brings_more(stage: Stage) -> None:
    one, many = stage.study(name="one"), stage.study(name="many")
    for study_id in (one, many):
        for n in range(9):
            stage.finish(study_id, 2.0**n, float(n))
            if study_id == one:
                stage.advance(study_id)
        stage.advance(study_id)
    assert stage.read_study(one).problem == stage.read_study(many).problem


def test_a_budget_below_the_initial_design_still_gets_a_hypervolume(stage: Stage) -> None:
    study_id = stage.study(trials=2)
    stage.finish(study_id, 1.0, 1.0)
    stage.finish(study_id, 2.0, 2.0)
    stage.advance(study_id)
    assert stage.read_study(study_id).hypervolume is not None


def test_only_results_count_for_the_initial_design(stage: Stage) -> None:
    study_id = stage.study(max_attempts=1)
    for n in range(5):
        stage.enqueue(study_id)
        stage.fail(stage.lease())
        stage.finish(study_id, n, n)
    stage.advance(study_id)
    assert not studies.problem_of(stage.read_study(study_id)).scaled
    stage.finish(study_id, 1.0, 1.0)
    stage.advance(study_id)
    assert studies.problem_of(stage.read_study(study_id)).scaled


def test_the_budget_ends_the_study_and_cancels_its_queue(stage: Stage) -> None:
    study_id = stage.study(trials=2)
    queued = stage.enqueue(study_id, 4)
    leases = stage.claim(count=3)
    stage.complete(leases[0])
    stage.complete(leases[1])
    stage.advance(study_id)
    study = stage.read_study(study_id)
    assert (study.status, study.ended_reason) == (StudyStatus.ENDED, Ended.BUDGET)
    assert stage.read_trial(queued[3]).status is Status.CANCELLED
    assert stage.read_trial(queued[2]).status is Status.RUNNING
    assert read_events(stage, study_id)[-1].data["reason"] == "budget"


def test_a_trial_that_runs_when_the_study_ends_still_counts(stage: Stage) -> None:
    study_id = stage.study(trials=1)
    stage.enqueue(study_id, 2)
    first, second = stage.claim(count=2)
    stage.complete(first, cost=5.0)
    stage.advance(study_id)
    stage.complete(second, cost=4.0)
    stage.advance(study_id)
    assert stage.read_study(study_id).finish_no == 2
    assert front_values(stage, study_id) == [(4.0, 1.0)]


def test_a_late_result_of_a_failed_trial_keeps_its_place_and_joins_the_front(stage: Stage) -> None:
    study_id = stage.study(objectives=GIVEN)
    stage.enqueue(study_id)
    leases = []
    for _ in range(6):
        leases.append(stage.lease())
        stage.expire()
    stage.advance(study_id)
    stage.finish(study_id, 5.0, 5.0)
    stage.advance(study_id)
    stage.complete(leases[0], cost=1.0, gain=9.0)
    stage.advance(study_id)
    trial = stage.read_trial(leases[0].trial_id)
    assert (trial.status, trial.finish_no, trial.on_front) == (Status.COMPLETED, 1, True)
    assert stage.read_study(study_id).finish_no == 2
    assert hypervolumes(stage, study_id) == [(2, pytest.approx(0.81))]


def test_events_tell_what_happened_and_have_no_gap(stage: Stage) -> None:
    study_id = stage.study(trials=2, objectives=GIVEN)
    stage.finish(study_id, 5.0, 5.0)
    stage.finish(study_id, 6.0, 4.0)
    stage.advance(study_id)
    found = read_events(stage, study_id)
    assert [event.number for event in found] == list(range(1, len(found) + 1))
    assert [event.kind for event in found] == [
        EventKind.STUDY,
        EventKind.TRIAL,
        EventKind.FRONT,
        EventKind.HYPERVOLUME,
        EventKind.TRIAL,
        EventKind.STUDY,
    ]
    assert found[1].data["values"] == {"cost": 5.0, "gain": 5.0}
    assert stage.read_study(study_id).event_no == len(found)


def test_more_than_a_batch_is_entered_in_several_steps(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "BATCH", 3)
    study_id = stage.study()
    for n in range(7):
        stage.finish(study_id, n, n)
    assert [stage.advance(study_id) for _ in range(4)] == [3, 3, 1, 0]
    with stage.db.read() as session:
        chart = fronts.points(session, study_id, after_finish_no=1)
    assert chart.finish_no == [2, 3, 4, 5, 6, 7]


def test_points_begin_with_the_front_then_the_newest(stage: Stage) -> None:
    study_id = stage.study()
    for cost in (1.0, 5.0, 6.0, 7.0):
        stage.finish(study_id, cost, 1.0)
    stage.advance(study_id)
    with stage.db.read() as session:
        chart = fronts.points(session, study_id, limit=3, names=["cost"])
    assert chart.finish_no == [1, 4, 3]
    assert chart.on_front == [True, False, False]
    assert chart.values == {"cost": [1.0, 7.0, 6.0]}


def test_the_best_of_each_objective_is_shown(stage: Stage) -> None:
    study_id = stage.study(objectives=[{"name": "cost", "limit": 3.0}, GIVEN[1]])
    with stage.db.read() as session:
        study = studies.get(session, study_id)
        assert fronts.best(session, study) == {"cost": None, "gain": None}
    for cost, gain in [(1.0, 1.0), (3.0, 5.0), (4.0, 9.0)]:
        stage.finish(study_id, cost, gain)
    stage.advance(study_id)
    with stage.db.read() as session:
        assert fronts.best(session, studies.get(session, study_id)) == {"cost": 1.0, "gain": 5.0}


def test_the_hypervolume_never_falls(stage: Stage) -> None:
    study_id = stage.study(objectives=GIVEN)
    for n in range(25):
        stage.finish(study_id, (7 * n) % 11, (5 * n) % 13)
    stage.advance(study_id)
    values = [value for _, value in hypervolumes(stage, study_id)]
    assert all(later >= earlier for earlier, later in pairwise(values))
