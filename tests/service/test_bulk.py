"""Changed rows are written by one statement for each table and set of columns."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from service import bulk
from service.db import Database
from service.models import Attempt, Metric, Project, Report, Trial
from service.states import Order, Outcome, Status
from tests.service.stage import Stage


@pytest.fixture
def statements(db: Database) -> Iterator[list[str]]:
    heard: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        heard.append(statement.split(" ")[0])

    event.listen(db.engine, "before_cursor_execute", note)
    yield heard
    event.remove(db.engine, "before_cursor_execute", note)


def trials(session: Session) -> list[Trial]:
    return list(session.scalars(select(Trial).order_by(Trial.id)))


def test_changes_of_many_rows_are_one_statement(stage: Stage, statements: list[str]) -> None:
    stage.enqueue(stage.study(), 5)
    with stage.db.begin() as session:
        for trial in trials(session):
            trial.worker, trial.order = f"w{trial.number}", Order.CANCEL
        statements.clear()
        bulk.flush(session)
        assert statements.count("UPDATE") == 1
    with stage.db.read() as session:
        assert [(t.worker, t.order) for t in trials(session)] == [
            (f"w{number}", Order.CANCEL) for number in range(1, 6)
        ]


def test_rows_with_other_changes_keep_what_nobody_changed(stage: Stage) -> None:
    stage.enqueue(stage.study(), 3)
    with stage.db.begin() as session:
        first, second, third = trials(session)
        first.reason, second.worker, third.worker = "because", "w", third.worker
        second.worker = "v"
        bulk.flush(session)
    with stage.db.read() as session:
        assert [(t.reason, t.worker) for t in trials(session)] == [
            ("because", None),
            (None, "v"),
            (None, None),
        ]


def test_new_rows_get_their_defaults_and_their_json(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    with stage.db.begin() as session:
        number, *_ = bulk.numbers(session, Attempt, 2)
        old = session.get_one(Attempt, lease.attempt_id)
        old.ended_at, old.outcome = old.started_at, Outcome.RELEASED
        old.result = {"cost": 1, "loss": [0.5, None]}
        session.add(
            Attempt(
                id=number,
                trial_id=lease.trial_id,
                number=2,
                worker="w",
                request_id="again",
                slot=0,
                token_sha256="",
                lease_s=60,
                started_at=old.started_at,
                expires_at=old.expires_at,
            )
        )
        session.add(Report(attempt_id=number, step=1, metrics={"a": 1.0}, at=old.started_at))
        bulk.flush(session)
    with stage.db.read() as session:
        old, new = session.scalars(select(Attempt).order_by(Attempt.id)).all()
        assert old.result == {"cost": 1, "loss": [0.5, None]}
        assert (new.id, new.counts, new.outcome, new.details) == (number, False, None, None)
        assert session.get_one(Report, (number, 1)).metrics == {"a": 1.0}


def test_a_whole_number_beside_others_is_a_number(stage: Stage) -> None:
    stage.enqueue(stage.study())
    with stage.db.begin() as session:
        (trial,) = trials(session)
        for name, value in {"a": 3, "b": 0.5}.items():
            session.add(Metric(trial_id=trial.id, study_id=trial.study_id, name=name, value=value))
        bulk.flush(session)
    with stage.db.read() as session:
        assert session.scalars(select(Metric.value).order_by(Metric.name)).all() == [3.0, 0.5]


def test_numbers_are_nobody_elses(stage: Stage) -> None:
    study_id = stage.study()
    with stage.db.begin() as session:
        reserved = bulk.numbers(session, Trial, 3)
        assert reserved == sorted(set(reserved))
        assert bulk.numbers(session, Trial, 0) == []
        given = trials_of(stage, session, study_id, reserved)
        session.add_all(given)
        bulk.flush(session)
    stage.enqueue(study_id)
    with stage.db.read() as session:
        *made, next_one = trials(session)
        assert [trial.id for trial in made] == reserved
        assert next_one.id > reserved[-1]


def trials_of(stage: Stage, session: Session, study_id: int, ids: list[int]) -> list[Trial]:
    """Trials that a planner might have made."""
    now = stage.db.now(session)
    return [
        Trial(
            id=trial_id,
            study_id=study_id,
            number=1000 + trial_id,
            key=f"k{trial_id}",
            point={"x": 0.5},
            known={},
            work={},
            designer="random",
            origin="random",
            details={},
            created_at=now,
        )
        for trial_id in ids
    ]


def test_nothing_changed_is_no_statement(stage: Stage, statements: list[str]) -> None:
    stage.enqueue(stage.study())
    with stage.db.begin() as session:
        (trial,) = trials(session)
        trial.status = Status.QUEUED  # as it was
        session.scalars(select(Project)).all()
        statements.clear()
        bulk.flush(session)
        assert statements == []
