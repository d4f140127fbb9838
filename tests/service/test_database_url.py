"""Which databases there are, and that nobody reads a password in what is said of one."""

import stat
from pathlib import Path

import pytest

from service import backup, checkup, database_url
from service.command_errors import BackupFailed, DatabaseUrlInvalid
from service.config import Settings
from service.db import Database

UNREADABLE = (
    "nonsense",
    "u:SECRET@h",
    "postgres//u:SECRET@h/db",
    "postgresql:/u:SECRET@h/db",
    "postgresql:///u:SECRET@h/db",
    "postgresql://u:S@SECRET@h/db",
    "postgresql://u:SECRET@h:notaport/db",
    "postgresql://u:SECRET/h/db",
)
OTHERS = (
    "mysql://u:SECRET@host/name",
    "postgres://u:SECRET@host/name",
    "sqlite://",
    "sqlite:///:memory:",
    "sqlite:///file:name?uri=true",
)


@pytest.mark.parametrize("url", [*UNREADABLE, *OTHERS])
def test_other_databases_are_refused_with_what_is_needed(url: str) -> None:
    with pytest.raises(DatabaseUrlInvalid, match="need sqlite:///FILE or postgresql://") as refused:
        Database(url)
    assert "SECRET" not in str(refused.value)


def test_a_kind_that_is_none_of_ours_is_named() -> None:
    with pytest.raises(DatabaseUrlInvalid, match=r"got postgres://…\."):
        Database("postgres://u:p@h/db")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:SECRET@h/db?sslmode=require",
        "postgresql://u@h/db?password=SECRET&sslmode=require",
        "postgresql://u@h/db?Password=SECRET&sslpassword=SECRET&sslmode=require",
        "postgresql://u:S%40SECRET@h/db?password=SECRET&password=SECRET&sslmode=require",
    ],
)
def test_a_password_is_not_shown(url: str) -> None:
    parsed = database_url.parse(url)
    for said in (database_url.shown(parsed), database_url.for_command_line(parsed)):
        assert "SECRET" not in said
        assert said.startswith("postgresql://u")
        assert said.endswith("@h/db?sslmode=require")


def test_what_is_examined_says_no_password(postgres_url: str, tmp_path: Path) -> None:
    url = f"{postgres_url}&password=SECRET"
    settings = Settings(database_url=url, artefact_url=str(tmp_path / "blobs"))
    findings = checkup.examine(settings)
    assert [finding.state for finding in (next(findings), next(findings))] == ["ok", "ok"]
    findings.close()
    first = next(checkup.examine(settings))
    assert first.text.startswith("postgresql://postgres@/")
    assert "SECRET" not in first.text


PROGRAM = """#!/bin/sh
echo "$PGPASSWORD" > "{folder}/password"
echo "$@" > "{folder}/arguments"
exit 1
"""


@pytest.mark.parametrize(
    "url", ["postgresql://u:SECRET@h/db", "postgresql://u@h/db?password=SECRET"]
)
def test_pg_dump_gets_the_password_where_nobody_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(PROGRAM.format(folder=tmp_path))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    with pytest.raises(BackupFailed):
        backup.write(Database(url), tmp_path / "copy")
    assert (tmp_path / "password").read_text() == "SECRET\n"
    assert "SECRET" not in (tmp_path / "arguments").read_text()
    assert "--dbname=postgresql://u@h/db\n" in (tmp_path / "arguments").read_text()
