"""Tables are upgraded under a running server: it goes on, or says that it no longer can."""

import pytest
from sqlalchemy import text

from service import __version__, schema
from service.command_errors import DatabaseTooNew
from tests.api.conftest import Served, assert_problem, served

__all__ = ["served"]


def upgraded_under(served: Served, oldest_server: str) -> None:
    """What a later release does: new columns first (expand), and who is still served."""
    with served.db.begin() as session:
        session.execute(text("ALTER TABLE trials ADD COLUMN later INTEGER"))
        session.execute(text("ALTER TABLE studies ADD COLUMN later VARCHAR DEFAULT 'x'"))
        session.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'"))
        oldest = {"oldest": oldest_server}
        session.execute(text("UPDATE tinyfront_schema SET oldest_server = :oldest"), oldest)


def test_a_running_server_goes_on_with_newer_tables_that_serve_it(served: Served) -> None:
    served.study()
    served.enqueue(0.1)
    [before] = served.claim()
    upgraded_under(served, __version__)
    assert served.http.get("/health/ready").status_code == 200
    served.complete(before, 1.0, 2.0)
    served.enqueue(0.2)
    [after] = served.claim()
    served.complete(after, 2.0, 1.0)
    served.study(name="later")
    schema.check(served.db)  # and starts again


def test_a_running_server_is_not_ready_once_the_tables_no_longer_serve_it(served: Served) -> None:
    upgraded_under(served, "99.0.0")
    problem = assert_problem(served.http.get("/health/ready"), 503)
    assert problem["type"] == "/problems/schema-too-new"
    assert served.http.get("/health/live").status_code == 200
    with pytest.raises(DatabaseTooNew, match=r"needs a server of version 99\.0\.0"):
        schema.check(served.db)  # nor does another one start


def test_a_server_that_shuts_down_is_not_ready(served: Served) -> None:
    served.watcher.close()
    problem = assert_problem(served.http.get("/health/ready"), 503)
    assert problem["type"] == "/problems/shutting-down"
