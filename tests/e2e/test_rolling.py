"""Two servers on one PostgreSQL become those of a later release, one by one, under work."""

import importlib.resources
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from service import schema
from service.db import Database
from tests.e2e.conftest import PATHS, Site, until
from tests.e2e.test_processes import box, check_books, pair
from tinyfront import Client, Study

__all__ = ["pair"]

MORE = 60  # trials that are under way at each step
# What a revision may do under servers that do not know of it: only add (docs/operation.md).
LATER = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade():
    op.add_column("trials", sa.Column("later", sa.Integer()))
    op.add_column("studies", sa.Column("later", sa.Text(), server_default="x", nullable=False))
    op.add_column("attempts", sa.Column("later", sa.Integer()))
    op.add_column("reports", sa.Column("later", sa.Integer()))
    op.create_index("ix_trials_later", "trials", ["later"])
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
"""


@pytest.fixture
def later(tmp_path: Path) -> str:
    """The paths of a later release: this one with one more revision."""
    folder = tmp_path / "later"
    ignored = shutil.ignore_patterns("__pycache__")
    with importlib.resources.as_file(importlib.resources.files("migrations")) as ours:
        shutil.copytree(ours, folder / "migrations", ignore=ignored)
    revision = folder / "migrations" / "versions" / "9999_later.py"
    revision.write_text(LATER.format(head=schema.head()))
    return os.pathsep.join((str(folder), PATHS))


def upgrade(url: str, later: str, folder: Path) -> None:
    """The command that whoever brings up a later release gives."""
    command = [sys.executable, "-m", "service", "db", "upgrade", "--database", url]
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": later},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def revision_of(url: str) -> str:
    db = Database(url)
    try:
        with db.read() as session:
            found: str = session.scalars(
                text(f"SELECT version_num FROM {schema.VERSION_TABLE}")
            ).one()
            return found
    finally:
        db.close()


def at_work(study: Study) -> None:
    """Give the study so much to do that its hands are busy in what comes next."""
    before = study.extend(trials=MORE).state.finished
    until(lambda: study.refresh().state.finished > before, "work is under way")


def test_a_later_release_takes_over_server_by_server_and_nothing_is_lost(
    pair: list[Site], later: str
) -> None:
    first, second = pair
    for site in pair:
        site.start_server()
    with Client(first.url) as client:
        study = box(client, trials=1)
        asked = study.ask(worker="patient")  # open through all of it, so the study goes on
        held = next(asked)
        held.report(1, {"cost": 1.0})
        for site in pair:
            site.start_hands("hands", "box", 3, site.url)

        at_work(study)
        upgrade(first.database_url, later, first.folder)
        assert revision_of(first.database_url) == "9999"
        held.report(2, {"cost": 0.9})
        for step, site in enumerate((second, first), start=3):
            at_work(study)
            assert site.end("server") == 0
            site.start_server(PYTHONPATH=later)
            assert held.report(step, {"cost": 0.8}) == "continue"
        x, y = held.parameters["x"], held.parameters["y"]
        held.complete({"cost": x + y * y, "loss": (1 - x) ** 2 + y})
        study.wait(progress=False, timeout=120)
        assert list(asked) == []
        detail = client.trial(held.id).detail()
    assert (detail["status"], detail["attempts"]) == ("completed", 1)
    assert [each["step"] for each in detail["reports"]] == [1, 2, 3, 4]
    check_books(first, [site.folder for site in pair], trials=1 + 3 * MORE)
    for site in pair:
        assert "schema-too-new" not in (site.folder / "server.log").read_text()
