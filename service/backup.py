"""Copies of the database that are whole, made while servers write."""

import os
import shutil
import subprocess
from pathlib import Path

from service import database_url
from service.command_errors import BackupFailed
from service.db import OWNER_ONLY, Database


def write(db: Database, path: Path) -> None:
    """Write a copy of the database to a new file: SQLite as a database, PostgreSQL as pg_dump does.

    Its owner alone may read it, for it holds secrets.

    Raises:
        BackupFailed: the file is there already, its folder is not, or pg_dump fails or is missing.
    """
    if not path.parent.is_dir():
        raise BackupFailed(f"{path.parent} is no folder.")
    try:
        # SQLite and pg_dump fill an empty file, and would let everybody read one of their own.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
    except FileExistsError:
        raise BackupFailed(f"{path} is there already. Choose another name.") from None
    try:
        _fill(db, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _fill(db: Database, path: Path) -> None:
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
    password = database_url.password(db.url)
    address = database_url.for_command_line(db.url)
    done = subprocess.run(
        [program, "--format=custom", f"--file={path}", f"--dbname={address}"],
        env=os.environ | ({} if password is None else {"PGPASSWORD": password}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BackupFailed(f"pg_dump failed: {done.stderr.strip()}")
