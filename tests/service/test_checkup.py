"""`doctor` without a study: whether a server can work here, and what to do if not."""

import errno
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileOpener
from typer.testing import CliRunner

from service import checkup, workers
from service.checkup import Finding
from service.cli import app
from service.config import Settings
from service.db import Database
from service.planner.pool import Planner


@pytest.fixture(autouse=True)
def quick_planner(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process; one test below starts a real one."""
    monkeypatch.setattr(Planner, "start", lambda self: None)
    monkeypatch.setattr(Planner, "await_ready", lambda self: True)


def settings(folder: Path, url: str, **more: object) -> Settings:
    given = {"database_url": url, "artefact_url": str(folder / "blobs"), **more}
    return Settings.model_validate(given)


def found(settings: Settings) -> dict[str, Finding]:
    return {finding.name: finding for finding in checkup.examine(settings)}


def test_a_good_place_has_no_failure(database_url: str, tmp_path: Path) -> None:
    findings = found(settings(tmp_path, database_url))
    file = {"file": "ok"} if database_url.startswith("sqlite") else {}
    assert {name: finding.state for name, finding in findings.items()} == {
        "database": "ok",
        **file,
        "schema": "ok",
        "clock": "ok",
        "artefacts": "ok",
        "planner": "ok",
        "workers": "note",
        "data": "note",
    }
    assert "MB are free" in findings["artefacts"].text
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


def test_a_database_without_tables_is_told_with_the_command(tmp_path: Path) -> None:
    findings = found(settings(tmp_path, f"sqlite:///{tmp_path / 'empty.db'}"))
    assert findings["schema"].state == "failed"
    assert "tinyfront-server db upgrade" in findings["schema"].text


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_database_file_that_others_may_read_is_told_with_the_command(
    sqlite_url: str, tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "tinyfront.db"
    path.chmod(mode)
    file = found(settings(tmp_path, sqlite_url))["file"]
    assert file.state == "failed"
    assert file.text.startswith(f"{path}")
    assert "Run: chmod 600 " in file.text
    assert "\n" not in file.text


def test_a_database_that_is_away_is_told_and_the_rest_is_checked(tmp_path: Path) -> None:
    url = f"postgresql://me:secret@/none?host={tmp_path}"
    findings = found(settings(tmp_path, url))
    assert set(findings) == {"database", "artefacts", "planner"}
    assert findings["database"].state == "failed"
    assert "secret" not in findings["database"].text


def test_a_clock_that_is_off_is_told(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Database, "now", lambda self, session: datetime.now(UTC) - timedelta(seconds=60)
    )
    clock = found(settings(tmp_path, sqlite_url))["clock"]
    assert clock.state == "failed"
    assert "60.0 s behind ours" in clock.text


def test_a_store_that_is_full_or_nearly_so_is_told(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tight = settings(tmp_path, sqlite_url, max_artefact_bytes=2**60)
    assert "make room" in found(tight)["artefacts"].text

    def full(file: object, chunk: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(LocalFileOpener, "write", full)
    artefacts = found(settings(tmp_path, sqlite_url))["artefacts"]
    assert (artefacts.state, "is full" in artefacts.text) == ("failed", True)


def test_a_store_that_cannot_be_written_is_told(sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file in place of the folder")
    artefacts = found(settings(tmp_path, sqlite_url))["artefacts"]
    assert artefacts.state == "failed"
    unknown = found(settings(tmp_path, sqlite_url, artefact_url="zz://x"))["artefacts"]
    assert (unknown.state, "Protocol not known" in unknown.text) == ("failed", True)


def announce(url: str, age: timedelta, problem: str | None = None) -> None:
    db = Database(url)
    item = {"name": "digits", "sha256": "0", "problem": problem}
    with db.begin() as session:
        announcement = workers.Announcement("cpu", "host", 1, data=[item])
        workers.announce(session, "w", announcement, db.now(session) - age)
    db.close()


def test_workers_and_their_data_are_told(sqlite_url: str, tmp_path: Path) -> None:
    announce(sqlite_url, timedelta(seconds=10))
    findings = found(settings(tmp_path, sqlite_url))
    assert findings["workers"].text == "1 of 1 were seen within 5 minutes."
    assert (findings["data"].state, findings["data"].text) == ("ok", "Usable: digits.")


def test_workers_that_are_gone_and_data_that_is_of_no_use_are_told(
    sqlite_url: str, tmp_path: Path
) -> None:
    announce(sqlite_url, timedelta(hours=1), problem="no labels")
    findings = found(settings(tmp_path, sqlite_url))
    assert "the last of 1 was seen 60 minutes ago" in findings["workers"].text
    assert "Not usable: digits (no labels)" in findings["data"].text


def test_the_command_prints_a_line_each_and_fails_with_status_1(
    sqlite_url: str, tmp_path: Path
) -> None:
    command = ["doctor", "--database", sqlite_url, "--artefacts", str(tmp_path / "blobs")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert [line.split()[1] for line in done.stdout.splitlines()][:3] == [
        "database",
        "file",
        "schema",
    ]
    (tmp_path / "file").touch()
    done = CliRunner().invoke(app, [*command[:-1], str(tmp_path / "file"), "--json"])
    assert done.exit_code == 1
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["name"] for line in lines if line["state"] == "failed"] == ["artefacts"]


@pytest.fixture
def real_planner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()


@pytest.mark.usefixtures("real_planner")
def test_a_real_planner_process_is_started_and_ended() -> None:
    finding = checkup._planner()
    assert finding.state == "ok", finding.text
    assert "was ready after" in finding.text
