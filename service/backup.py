"""Copies of the database that are whole, made while servers write."""

import os
import shutil
import subprocess
from pathlib import Path

from service.command_errors import BackupFailed
from service.db import Database


def write(db: Database, path: Path) -> None:
    """Write a copy of the database to a new file: SQLite as a database, PostgreSQL as pg_dump does.

    Raises:
        BackupFailed: the file is there already, its folder is not, or pg_dump fails or is missing.
    """
    if path.exists():
        raise BackupFailed(f"{path} is there already. Choose another name.")
    if not path.parent.is_dir():
        raise BackupFailed(f"{path.parent} is no folder.")
    if db.sqlite:
        _copy_sqlite(db, path)
    else:
        _dump_postgresql(db, path)


def _copy_sqlite(db: Database, path: Path) -> None:
    # Outside of transactions, as SQLite demands; it reads one state, whatever is written meanwhile.
    connection = db.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA query_only=OFF")  # as the reader before may have left it
        cursor.execute("VACUUM INTO ?", (str(path),))
    finally:
        connection.close()


def _dump_postgresql(db: Database, path: Path) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        raise BackupFailed(
            "pg_dump is not installed here: sudo apt-get install postgresql-client, or run it "
            f"where it is: pg_dump --format=custom --file={path} DATABASE"
        )
    # In the environment: what stands on a command line is seen by everybody on the machine.
    password = {} if db.url.password is None else {"PGPASSWORD": str(db.url.password)}
    address = db.url.set(drivername="postgresql", password=None).render_as_string()
    done = subprocess.run(
        [program, "--format=custom", f"--file={path}", f"--dbname={address}"],
        env=os.environ | password,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        path.unlink(missing_ok=True)
        raise BackupFailed(f"pg_dump failed: {done.stderr.strip()}")
