"""The books that are read after a storm would show each broken promise."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.requests import Request

from service.api.errors import confess
from service.db import Database
from tests.chaos import books
from tests.service.stage import Stage

TRIALS = 6


@pytest.fixture
def told(sqlite_url: str) -> tuple[Stage, list[dict[str, Any]]]:
    """A study with some results, and what its workers were told."""
    stage, notes = Stage(Database(sqlite_url)), []
    scale = {"ideal": 0.0, "reference": 10.0}
    study_id = stage.study(objectives=[{"name": "cost", **scale}, {"name": "gain", **scale}])
    for number in range(TRIALS):
        stage.enqueue(study_id)
        lease = stage.lease()
        stage.report(lease, 1, cost=1.0)
        stage.complete(lease, cost=9.0 - number, gain=9.0 - number % 3)
        told = {"attempt": lease.attempt_id, "trial": lease.trial_id}
        notes += [{"kind": "report", "step": 1, **told}, {"kind": "complete", **told}]
        stage.advance(study_id)
    return stage, notes


def check(stage: Stage, notes: list[dict[str, Any]]) -> None:
    try:
        with stage.db.read() as session:
            books.check(session, "hill", TRIALS, notes)
    finally:
        stage.db.close()


def test_books_that_are_right_are_found_right(
    told: tuple[Stage, list[dict[str, Any]]],
) -> None:
    check(*told)


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE trials SET finish_no = 9 WHERE number = 3",
        "DELETE FROM reports WHERE attempt_id = 2",
        "UPDATE attempts SET result = NULL WHERE id = 2",
        "UPDATE attempts SET counts = 0 WHERE id = 2",
        "UPDATE attempts SET counts = 0, outcome = NULL, ended_at = NULL WHERE id = 2",
        "UPDATE hypervolume SET value = value + 0.001 WHERE finish_no = 2",
        "UPDATE studies SET hypervolume = 0.5",
        "DELETE FROM events WHERE number = 2",
        "UPDATE trials SET number = 99 WHERE number = 6",
        "UPDATE trials SET key = 'x', replicate = number WHERE number > 4",
    ],
)
def test_each_broken_promise_shows(told: tuple[Stage, list[dict[str, Any]]], harm: str) -> None:
    stage, notes = told
    with stage.db.begin() as session:
        session.execute(text(harm))
    with pytest.raises(AssertionError):
        check(stage, notes)


def test_what_the_sdk_was_told_is_looked_for(told: tuple[Stage, list[dict[str, Any]]]) -> None:
    stage, notes = told
    notes += [{"kind": "complete", "trial": notes[1]["trial"], "number": 1}]
    check(stage, notes)
    with stage.db.begin() as session:
        session.execute(text("UPDATE attempts SET result = NULL WHERE id = 1"))
    with pytest.raises(AssertionError):
        check(stage, notes[-1:])


def test_an_error_of_the_service_shows_in_its_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = tmp_path / "server.log"
    log.write_text("Tinyfront listens\n")
    books.check_log(log)
    asyncio.run(confess(Request({"type": "http"}), ValueError("ours")))
    log.write_text(caplog.text)
    with pytest.raises(AssertionError, match=books.OUR_ERROR):
        books.check_log(log)
