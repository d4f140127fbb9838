"""The database keeps the promises, whoever writes."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tests.service.stage import Stage


def refuse(stage: Stage, statement: str, **values: Any) -> None:
    with pytest.raises(IntegrityError), stage.begin() as session:
        session.execute(text(statement), values)


@pytest.fixture
def running(stage: Stage) -> int:
    """A trial with an open attempt."""
    stage.enqueue(stage.study(), 2)
    return stage.lease().trial_id


def test_a_trial_has_one_open_attempt(stage: Stage, running: int) -> None:
    refuse(
        stage,
        "INSERT INTO attempts (trial_id, number, worker, request_id, slot, token_sha256, lease_s,"
        " started_at, expires_at, counts) SELECT trial_id, 2, worker, 'other', 0, 'x', 60,"
        " started_at, expires_at, counts FROM attempts WHERE trial_id = :trial",
        trial=running,
    )


@pytest.mark.parametrize(
    "change",
    [
        "status = 'unheard'",
        "status = 'completed'",  # without a time
        "finished_at = created_at",  # while it runs
        "finish_no = 1",  # while it runs
        "on_front = TRUE",  # without a result
        "failed_through = 'objective'",  # without having failed
        "worker_order = 'dance'",
        "number = 2",  # is another trial's
        "study_id = 999",
    ],
)
def test_a_trial_that_cannot_be_is_refused(stage: Stage, running: int, change: str) -> None:
    refuse(stage, f"UPDATE trials SET {change} WHERE id = :trial", trial=running)


def test_keys_and_places_are_given_once_in_a_study(stage: Stage, running: int) -> None:
    refuse(stage, "UPDATE trials SET key = 'the same'")
    refuse(stage, "UPDATE trials SET status = 'failed', finished_at = created_at, finish_no = 1")


@pytest.mark.parametrize("change", ["ended_at = started_at", "outcome = 'failed'", "counts = TRUE"])
def test_an_attempt_that_cannot_be_is_refused(stage: Stage, running: int, change: str) -> None:
    refuse(stage, f"UPDATE attempts SET {change} WHERE trial_id = :trial", trial=running)


@pytest.mark.parametrize("value", ["9e999", "-9e999"])
def test_a_metric_is_finite(stage: Stage, running: int, value: str) -> None:
    if not stage.db.sqlite:
        value = value.replace("9e999", "infinity")
        value = f"'{value}'"
    refuse(
        stage,
        "INSERT INTO metrics (trial_id, study_id, name, value)"
        f" SELECT id, study_id, 'cost', {value} FROM trials WHERE id = :trial",
        trial=running,
    )


def test_a_study_name_is_given_once_in_a_project(stage: Stage) -> None:
    stage.study(name="one")
    stage.study(name="two")
    refuse(stage, "UPDATE studies SET name = 'two'")


def test_the_schema_has_one_row(stage: Stage) -> None:
    refuse(
        stage,
        "INSERT INTO tinyfront_schema (id, oldest_server, token_secret)"
        " SELECT 2, oldest_server, token_secret FROM tinyfront_schema",
    )


def test_numbers_of_deleted_rows_are_not_given_again(stage: Stage) -> None:
    first = stage.study(name="one")
    with stage.begin() as session:
        session.execute(text("DELETE FROM studies"))
    assert stage.study(name="two") > first
