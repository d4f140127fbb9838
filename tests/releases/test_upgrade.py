"""A database of every release upgrades to this one, is read, and takes one more result."""

import sqlite3
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from service import ledger, schema, studies, workers
from service.command_errors import TablesInUse
from service.db import Database
from service.schema import State
from service.states import Ended
from service.trials import Claim
from tests.api.conftest import wait_until
from tests.postgres import Postgres
from tests.releases.kept import KEPT
from tests.service import alone

RELEASES = sorted(path.name for path in KEPT.iterdir() if (path / "sqlite.sql").exists())


def restored_sqlite(release: str, folder: Path) -> str:
    path = folder / "kept.db"
    connection = sqlite3.connect(path)
    connection.executescript((KEPT / release / "sqlite.sql").read_text())
    connection.close()
    return f"sqlite:///{path}"


def restored_postgresql(release: str, server: Postgres) -> str:
    url = server.url(server.create())
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute((KEPT / release / "postgresql.sql").read_text().encode())
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """The database of the release that the test names, restored."""
    release = request.node.callspec.params["release"]
    if request.param == "sqlite":
        return Database(restored_sqlite(release, tmp_path))
    return Database(restored_postgresql(release, request.getfixturevalue("postgres")))


def test_the_first_release_is_kept() -> None:
    assert "0.1.0" in RELEASES


@pytest.mark.parametrize("release", RELEASES)
def test_a_kept_database_upgrades_and_goes_on(release: str, kept: Database) -> None:
    schema.upgrade(kept)
    schema.check(kept)
    with kept.begin() as session:
        now = kept.now(session)
        study = studies.get(session, "kept")
        assert [worker.name for worker in workers.listing(session)] == ["w"]
        finished, front = study.finish_no, study.front_size
        assert finished == 9
        assert front >= 1
        (lease,) = alone.claim(session, Claim("after", "r-after", study_id=study.id), now)
        best = {"cost": 0.0, "gain": 99.0}
        alone.complete(session, lease.trial_id, lease.token, best, {}, now)
    with kept.begin() as session:
        assert ledger.advance(session, study.id, kept.now(session)) == 1
        study = studies.get(session, "kept")
        assert study.finish_no == finished + 1
        assert study.front_size == 1
    kept.close()


@pytest.mark.parametrize("release", RELEASES)
def test_a_kept_study_can_end_for_every_reason_that_is_known_by_now(
    release: str, kept: Database
) -> None:
    schema.upgrade(kept)
    with kept.begin() as session:
        study = studies.get(session, "kept")
        last_number = study.last_number
    for reason in Ended:
        with kept.begin() as session:
            study = studies.lock(session, study.id)
            studies.end(session, study, reason, kept.now(session))
    with pytest.raises(IntegrityError), kept.begin() as session:
        session.execute(text("UPDATE studies SET ended_reason = 'boredom'"))
    with kept.read() as session:
        study = studies.get(session, "kept")
        assert (study.ended_reason, study.last_number) == (list(Ended)[-1], last_number)
        if kept.sqlite:
            assert session.scalar(text("PRAGMA integrity_check")) == "ok"
            assert session.scalar(text("PRAGMA writable_schema")) == 0
    kept.close()


@pytest.mark.parametrize("tries", [1, 5])
def test_an_upgrade_that_gives_way_to_a_request_is_begun_again(
    tries: int, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "TRIES", tries)
    kept = Database(restored_postgresql(RELEASES[0], postgres))
    waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
    waits += f"AND datname = '{kept.url.database}'"
    with ThreadPoolExecutor(1) as beside:
        with kept.begin() as session:
            session.execute(text("UPDATE studies SET name = name"))
            upgraded = beside.submit(schema.upgrade, kept)
            wait_until(lambda: bool(postgres.value(waits)))
            session.execute(text("UPDATE trials SET number = number"))  # the upgrade holds these
        if tries == 1:
            with pytest.raises(TablesInUse, match="Nothing was changed"):
                upgraded.result(30)
            assert schema.state(kept) is State.OLDER
        else:
            assert upgraded.result(30) == schema.head()
    kept.close()


@pytest.mark.parametrize("release", RELEASES)
def test_client_and_worker_of_a_release_are_kept_whole(release: str) -> None:
    with zipfile.ZipFile(KEPT / release / "client-and-worker.zip") as kept:
        assert kept.testzip() is None
        names = set(kept.namelist())
    assert {"client/tinyfront/client.py", "worker/loop.py", "resource_models/graph.py"} <= names
