"""Studies: created once, found, changed, ended, deleted."""

from typing import Any

import pytest
from sqlalchemy import func, select

from service import studies, trials
from service.errors import (
    IllegalChange,
    IllegalMove,
    InvalidDefinition,
    NameTaken,
    StudyChanged,
    StudyEnded,
    StudyNotFound,
)
from service.models import Attempt, Base, Study
from service.states import Ended, Order, Outcome, Status, StudyStatus
from tests.service.stage import Stage, definition


def patch(stage: Stage, study_id: int, **change: Any) -> Study:
    with stage.begin() as session:
        return studies.patch(session, study_id, stage.now, **change)


def create(stage: Stage, **changes: Any) -> tuple[Study, bool]:
    with stage.begin() as session:
        return studies.create(session, definition(**changes), stage.now)


def test_a_definition_is_completed_with_defaults(stage: Stage) -> None:
    study, is_new = create(stage)
    assert is_new
    assert study.definition["objectives"][0] == {
        "name": "cost",
        "goal": "minimize",
        "bound": None,
        "limit": None,
        "ideal": None,
        "reference": None,
        "log": None,
        "expression": None,
    }
    assert study.definition["max_attempts"] == 3
    assert study.definition["space"]["parameters"][0]["log"] is False


def test_the_same_definition_again_returns_the_study(stage: Stage) -> None:
    first, _ = create(stage)
    again, is_new = create(stage, seed=0, ahead=0)
    assert (again.id, is_new) == (first.id, False)


def test_a_study_of_an_earlier_release_is_found_again_by_its_definition(stage: Stage) -> None:
    first, _ = create(stage)
    with stage.begin() as session:
        study = session.get_one(Study, first.id)
        study.definition = {
            name: value for name, value in study.definition.items() if name != "designer_options"
        }
    assert create(stage)[0].id == first.id


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"trials": 101}, "trials"),
        ({"seed": 1}, "seed"),
        ({"objectives": [{"name": "cost"}, {"name": "gain"}]}, "objectives.1.goal"),
        ({"objectives": [{"name": "cost"}]}, "objectives"),
        (
            {
                "space": {
                    "kind": "parameters",
                    "parameters": [{"name": "x", "kind": "real", "low": 0.0, "high": 9.0}],
                }
            },
            "space.parameters.0.high",
        ),
    ],
)
def test_another_definition_of_that_name_is_refused_where_it_differs(
    stage: Stage, change: dict[str, Any], field: str
) -> None:
    create(stage)
    with pytest.raises(NameTaken) as refused:
        create(stage, **change)
    assert refused.value.field == field


def test_a_study_is_found_by_number_or_name(stage: Stage) -> None:
    study_id = stage.study(name="hill")
    with stage.db.read() as session:
        assert studies.get(session, study_id).id == study_id
        assert studies.get(session, str(study_id)).id == study_id
        assert studies.get(session, "hill").id == study_id
        for ref in ("hills", 999, "9" * 30, "²", ""):
            with pytest.raises(StudyNotFound):
                studies.get(session, ref)


def test_a_name_of_digits_is_found_unless_it_is_a_number(stage: Stage) -> None:
    study_id = stage.study(name="2026")
    with stage.db.read() as session:
        assert studies.get(session, "2026").id == study_id


def test_studies_are_listed_newest_first(stage: Stage) -> None:
    ids = [stage.study(name=f"s{n}") for n in range(5)]
    with stage.db.read() as session:
        page = studies.listing(session, limit=2)
        assert [study.id for study in page] == [ids[4], ids[3]]
        page = studies.listing(session, after=page[-1].id, limit=9)
        assert [study.id for study in page] == [ids[2], ids[1], ids[0]]


def test_counts_name_every_status(stage: Stage) -> None:
    study_id = stage.study()
    stage.enqueue(study_id, 3)
    stage.complete(stage.lease())
    stage.lease()
    with stage.db.read() as session:
        counts = studies.counts(session, [study_id])[study_id]
    assert counts == {
        **dict.fromkeys(Status, 0),
        Status.QUEUED: 1,
        Status.RUNNING: 1,
        Status.COMPLETED: 1,
    }


def test_each_change_raises_the_version_and_a_stale_one_is_refused(stage: Stage) -> None:
    study_id = stage.study()
    assert patch(stage, study_id, status=StudyStatus.PAUSED, version=1).version == 2
    assert patch(stage, study_id, status=StudyStatus.PAUSED).version == 2
    with pytest.raises(StudyChanged, match="at version 2, not 1"):
        patch(stage, study_id, trials=7, version=1)
    assert patch(stage, study_id, trials=7, version=2).trials == 7


def test_closing_a_study_cancels_what_is_open_and_tells_its_workers(stage: Stage) -> None:
    study_id = stage.study()
    stage.enqueue(study_id, 2)
    lease = stage.lease()
    study = patch(stage, study_id, status=StudyStatus.ENDED)
    assert (study.status, study.ended_reason) == (StudyStatus.ENDED, Ended.CLOSED)
    with stage.db.read() as session:
        assert studies.counts(session, [study_id])[study_id][Status.CANCELLED] == 2
    assert stage.renew(lease).order is Order.CANCEL
    assert stage.attempts(lease.trial_id)[0].outcome is Outcome.CANCELLED


def test_an_ended_study_takes_no_proposals(stage: Stage) -> None:
    study_id = stage.study()
    patch(stage, study_id, status=StudyStatus.ENDED)
    with pytest.raises(StudyEnded):
        stage.enqueue(study_id)


def test_raising_the_budget_lets_an_ended_study_go_on(stage: Stage) -> None:
    study_id = stage.study(trials=1)
    stage.finish(study_id, 1.0, 1.0)
    stage.advance(study_id)
    assert stage.read_study(study_id).status is StudyStatus.ENDED
    with pytest.raises(IllegalChange) as refused:
        patch(stage, study_id, status=StudyStatus.ACTIVE)
    assert refused.value.field == "status"
    study = patch(stage, study_id, trials=2)
    assert (study.status, study.ended_reason, study.ended_at) == (StudyStatus.ACTIVE, None, None)
    stage.finish(study_id, 2.0, 2.0)


def test_a_designer_is_told_the_budget_as_it_is_now(stage: Stage) -> None:
    study_id = stage.study(trials=5)
    assert studies.problem_of(stage.read_study(study_id)).budget == 5
    patch(stage, study_id, trials=8)
    assert studies.problem_of(stage.read_study(study_id)).budget == 8


def test_a_closed_study_goes_on_only_if_told(stage: Stage) -> None:
    study_id = stage.study(trials=5)
    patch(stage, study_id, status=StudyStatus.ENDED)
    assert patch(stage, study_id, trials=6).status is StudyStatus.ENDED
    with pytest.raises(IllegalChange):
        patch(stage, study_id, status=StudyStatus.PAUSED)
    assert patch(stage, study_id, status=StudyStatus.ACTIVE).status is StudyStatus.ACTIVE


def test_lowering_the_budget_to_what_has_finished_ends_the_study(stage: Stage) -> None:
    study_id = stage.study(trials=5)
    stage.finish(study_id, 1.0, 1.0)
    stage.advance(study_id)
    assert patch(stage, study_id, trials=1).ended_reason is Ended.BUDGET


def test_what_returns_to_the_queue_of_an_ended_study_is_cancelled(stage: Stage) -> None:
    study_id = stage.study(trials=1)
    stage.enqueue(study_id, 2)
    first, second = stage.claim(count=2)
    stage.complete(first)
    stage.advance(study_id)
    stage.fail(second)
    stage.expire()
    assert stage.read_trial(second.trial_id).status is Status.CANCELLED


def test_deleting_a_study_leaves_nothing_of_it(stage: Stage) -> None:
    kept = stage.study(name="kept")
    study_id = stage.study(name="gone", trials=2)
    stage.enqueue(study_id)
    lease = stage.lease()
    stage.report(lease, 1, loss=1.0)
    stage.complete(lease)
    stage.advance(study_id)
    with stage.begin() as session:
        studies.delete(session, study_id)
    with stage.db.read() as session:
        for table in ("trials", "attempts", "reports", "metrics", "hypervolume"):
            rows = select(func.count()).select_from(Base.metadata.tables[table])
            assert session.scalars(rows).one() == 0, table
        assert studies.get(session, kept).name == "kept"
        assert session.scalars(select(func.count()).select_from(Attempt)).one() == 0
    with pytest.raises(StudyNotFound), stage.begin() as session:
        studies.delete(session, study_id)


def test_trials_are_listed_by_number_and_status(stage: Stage) -> None:
    study_id = stage.study()
    ids = stage.enqueue(study_id, 5)
    stage.complete(stage.lease())
    with stage.db.read() as session:
        page = trials.listing(session, study_id, limit=2)
        assert ([t.id for t in page.trials], page.total, page.more) == (ids[:2], 5, True)
        page = trials.listing(session, study_id, after=2, limit=3)
        assert ([t.id for t in page.trials], page.more) == (ids[2:], False)
        page = trials.listing(session, study_id, newest_first=True, after=3)
        assert [t.id for t in page.trials] == [ids[1], ids[0]]
        page = trials.listing(session, study_id, trials.Wanted(status=Status.COMPLETED))
        assert ([t.id for t in page.trials], page.total) == ([ids[0]], 1)


def test_an_invalid_definition_leaves_nothing(stage: Stage) -> None:
    with pytest.raises(InvalidDefinition):
        stage.study(designer="oracle")
    with pytest.raises(IllegalMove), stage.begin() as session:
        raise IllegalMove("queued", "queued", [])
    with stage.db.read() as session:
        assert studies.listing(session) == []
