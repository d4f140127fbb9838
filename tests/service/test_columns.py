"""Times are UTC on every database, and never naive."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from service.db import Database
from service.models import Worker

EAST = timezone(timedelta(hours=5, minutes=30))
MOMENT = datetime(2026, 3, 4, 5, 6, 7, 890123, tzinfo=EAST)


def worker(name: str, at: datetime) -> Worker:
    return Worker(project_id=1, name=name, versions={}, data=[], first_seen_at=at, seen_at=at)


def test_a_time_comes_back_as_utc_to_the_microsecond(db: Database) -> None:
    with db.begin() as session:
        session.add(worker("w", MOMENT))
    with db.read() as session:
        (found,) = session.scalars(select(Worker.seen_at))
    assert found == MOMENT
    assert found.tzinfo is UTC


def test_a_naive_time_is_refused(db: Database) -> None:
    with db.begin() as session:
        session.add(worker("w", MOMENT.replace(tzinfo=None)))
        with pytest.raises(StatementError, match="naive"):
            session.flush()


def test_times_of_different_zones_compare_as_moments(db: Database) -> None:
    with db.begin() as session:
        session.add(worker("east", MOMENT))
        session.add(worker("later", MOMENT.astimezone(UTC) + timedelta(seconds=1)))
    with db.read() as session:
        later = session.scalars(select(Worker.name).where(Worker.seen_at > MOMENT)).all()
    assert later == ["later"]
