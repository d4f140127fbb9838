"""What ends a study: trials, epochs, hours, or a hypervolume that no longer grows."""

import pytest

from service import budgets, ledger, studies, thinking
from service.budgets import Budgets
from service.errors import IllegalChange, InvalidDefinition
from service.models import Study
from service.states import Ended, Status, StudyStatus
from tests.service import network_study as net
from tests.service.stage import Stage

HOUR_S = 3600.0
GIVEN = [
    {"name": "cost", "ideal": 0.0, "reference": 10.0},
    {"name": "gain", "goal": "maximize", "ideal": 10.0, "reference": 0.0},
]


def trained(stage: Stage, study_id: int, epochs: int, cost: float = 1.0, gain: float = 1.0) -> None:
    stage.enqueue(study_id)
    lease = stage.lease(study_id=study_id)
    if epochs:
        stage.report(lease, epochs, cost=cost)
    stage.complete(lease, cost, gain)
    stage.advance(study_id)


def patch(stage: Stage, study_id: int, **wanted: float) -> Study:
    with stage.begin() as session:
        return studies.patch(session, study_id, stage.now, **Budgets(**wanted))  # type: ignore[typeddict-item]


def ended(stage: Stage, study_id: int) -> tuple[Ended | None, str | None]:
    study = stage.read_study(study_id)
    assert (study.status is StudyStatus.ENDED) == (study.ended_reason is not None)
    return study.ended_reason, budgets.because(study)


def room(stage: Stage, study_id: int) -> int:
    with stage.db.read() as session:
        return thinking.room(session, session.get_one(Study, study_id))


def due(stage: Stage) -> list[int]:
    with stage.db.read() as session:
        return ledger.due(session, stage.now)


def test_the_epochs_of_all_that_counted_end_a_study(stage: Stage) -> None:
    study_id = stage.study(epochs=25, max_attempts=1)
    trained(stage, study_id, 10)
    stage.enqueue(study_id, 3)
    diverged, lost, running = stage.claim(count=3)
    stage.report(lost, 7, cost=1.0)
    stage.expire()  # what a lost worker trained counts for nobody
    stage.report(diverged, 5, cost=1.0)
    stage.fail(diverged, infeasible=True)
    stage.advance(study_id)
    assert (stage.read_study(study_id).epochs_done, ended(stage, study_id)[0]) == (15, None)
    again = next(each for each in stage.claim(count=2) if each.trial_id == lost.trial_id)
    stage.report(again, 10, cost=1.0)
    stage.complete(again)
    stage.enqueue(study_id)
    stage.advance(study_id)
    assert ended(stage, study_id) == (Ended.EPOCHS, "25 epochs trained")
    assert stage.read_study(study_id).finish_no == 3
    stage.complete(running)
    stage.advance(study_id)
    assert stage.read_study(study_id).finish_no == 4
    with stage.db.read() as session:
        assert studies.counts(session, [study_id])[study_id][Status.CANCELLED] == 1


def test_a_late_result_adds_its_epochs_once(stage: Stage) -> None:
    study_id = stage.study(epochs=100)
    stage.enqueue(study_id)
    leases = []
    for _ in range(6):
        leases.append(stage.lease())
        stage.report(leases[-1], 3, cost=1.0)
        stage.expire()
    stage.advance(study_id)
    assert stage.read_study(study_id).epochs_done == 0
    stage.complete(leases[0])
    stage.advance(study_id)
    stage.advance(study_id)
    assert stage.read_study(study_id).epochs_done == 3


def test_steps_beyond_all_epochs_are_counted_as_far_as_can_be(stage: Stage) -> None:
    study_id = stage.study()
    for _ in range(2):
        trained(stage, study_id, 2**31 - 1)
    study = stage.read_study(study_id)
    assert (study.epochs_done, study.finish_no) == (2**31 - 1, 2)


def test_open_trainings_take_their_room_of_the_epochs_before_they_end(stage: Stage) -> None:
    study_id = net.network(stage, epochs=45, training={"epochs": 20, "inherit_epochs": None})
    rooms = [room(stage, study_id)]
    for seed in range(3):
        net.enqueue(stage, study_id, net.point(stage, study_id, seed))
        rooms.append(room(stage, study_id))
    assert rooms == [3, 2, 1, 0]
    lease = stage.lease(study_id=study_id, can=net.ALL)
    stage.report(lease, 4, error=0.1)
    net.complete(stage, lease, {"error": 0.1})
    stage.advance(study_id)
    assert room(stage, study_id) == 1  # it had only 4 of its 20


def test_the_hours_count_from_the_first_claim_and_end_a_study_by_themselves(stage: Stage) -> None:
    study_id = stage.study(hours=1.5)
    stage.enqueue(study_id, 2)
    stage.wait(9 * HOUR_S)
    assert due(stage) == []
    begun = stage.now
    lease = stage.lease(lease_s=7200)
    stage.wait(60)
    assert due(stage) == [study_id]
    stage.advance(study_id)
    assert stage.read_study(study_id).started_at == begun
    assert due(stage) == []
    stage.wait(1.5 * HOUR_S - 61)
    assert due(stage) == []
    stage.wait(1)
    assert due(stage) == [study_id]
    stage.advance(study_id)
    assert ended(stage, study_id) == (Ended.HOURS, "1.5 h passed")
    stage.advance(study_id)  # the queue that was cancelled
    assert due(stage) == []
    assert stage.complete(lease).status is Status.COMPLETED


def test_a_hypervolume_that_does_not_grow_ends_a_study(stage: Stage) -> None:
    study_id = stage.study(objectives=GIVEN, plateau=3)
    for n in range(5):
        trained(stage, study_id, 0, cost=9.0 - n, gain=1.0 + n)
    for _ in range(3):  # six make the initial design, so the first of these does not count
        trained(stage, study_id, 0, cost=9.9, gain=0.1)
        assert ended(stage, study_id) == (None, None)
    trained(stage, study_id, 0, cost=4.9995, gain=5.0)  # a growth of a ten-thousandth
    assert ended(stage, study_id) == (
        Ended.PLATEAU,
        "the hypervolume grew by no more than 0.1 % in 3 trials",
    )


def test_growth_beyond_the_share_lets_a_study_go_on(stage: Stage) -> None:
    study_id = stage.study(objectives=GIVEN, plateau=2, plateau_growth=0.2)
    for cost in (5, 5, 5, 5, 5, 5, 4.9, 3.9):
        trained(stage, study_id, 0, cost=cost, gain=5)
    assert ended(stage, study_id)[0] is None  # from 25 % to 30.5 %
    trained(stage, study_id, 0, cost=3.8, gain=5)
    assert ended(stage, study_id)[0] is None  # since 4.9: 21 %
    trained(stage, study_id, 0, cost=3.7, gain=5)
    assert ended(stage, study_id)[1] == "the hypervolume grew by no more than 20 % in 2 trials"


def test_nothing_that_beats_the_reference_is_no_plateau(stage: Stage) -> None:
    study_id = stage.study(objectives=GIVEN, plateau=1)
    for _ in range(10):
        trained(stage, study_id, 0, cost=11.0, gain=1.0)
    assert ended(stage, study_id)[0] is None


def test_the_trials_end_a_study_first_if_they_are_used_up_first(stage: Stage) -> None:
    study_id = stage.study(trials=1, epochs=5, hours=1)
    trained(stage, study_id, 5)
    assert ended(stage, study_id) == (Ended.BUDGET, "1 trial finished")


def test_a_study_that_ends_before_its_initial_design_still_gets_a_hypervolume(
    stage: Stage,
) -> None:
    study_id = stage.study(epochs=4)
    trained(stage, study_id, 2, 1.0, 1.0)
    assert stage.read_study(study_id).hypervolume is None
    trained(stage, study_id, 2, 2.0, 2.0)
    assert ended(stage, study_id)[0] is Ended.EPOCHS
    assert stage.read_study(study_id).hypervolume is not None


@pytest.mark.parametrize(
    ("definition", "more", "reason"),
    [
        ({"epochs": 2}, {"epochs": 3}, Ended.EPOCHS),
        ({"hours": 1.0}, {"hours": 3.0}, Ended.HOURS),
        ({"plateau": 2}, {"plateau": 90}, Ended.PLATEAU),
    ],
)
def test_raising_the_budget_that_is_used_up_lets_a_study_go_on(
    stage: Stage, definition: dict[str, float], more: dict[str, float], reason: Ended
) -> None:
    study_id = stage.study(objectives=GIVEN, **definition)
    for _ in range({Ended.EPOCHS: 2, Ended.HOURS: 5, Ended.PLATEAU: 8}[reason]):
        trained(stage, study_id, 1)
        stage.wait(0.2 * HOUR_S)
    stage.advance(study_id)
    assert ended(stage, study_id)[0] is reason
    version = stage.read_study(study_id).version
    with pytest.raises(IllegalChange, match=rf"budget of {reason}\.") as refused:
        with stage.begin() as session:
            studies.patch(session, study_id, stage.now, status=StudyStatus.ACTIVE)
    assert f"Raise `{reason}`" in refused.value.remedy
    assert patch(stage, study_id, trials=200).status is StudyStatus.ENDED
    study = patch(stage, study_id, **more)
    assert (study.status, study.version) == (StudyStatus.ACTIVE, version + 2)
    trained(stage, study_id, 0)


def test_a_budget_can_be_set_later_and_ends_what_has_used_it_up(stage: Stage) -> None:
    study_id = stage.study()
    trained(stage, study_id, 7)
    assert patch(stage, study_id, epochs=8).status is StudyStatus.ACTIVE
    stage.wait(HOUR_S)
    assert patch(stage, study_id, hours=0.5).ended_reason is Ended.HOURS
    assert patch(stage, study_id, hours=2).status is StudyStatus.ACTIVE
    assert patch(stage, study_id, epochs=7).ended_reason is Ended.EPOCHS


def test_the_growth_of_a_plateau_is_stored_only_where_there_is_one(stage: Stage) -> None:
    plain, level = stage.study(), stage.study(name="level", plateau=9)
    assert stage.read_study(plain).definition["plateau_growth"] is None
    assert stage.read_study(level).definition["plateau_growth"] == 0.001
    with pytest.raises(InvalidDefinition, match="says nothing without plateau"):
        stage.study(name="odd", plateau_growth=0.1)
