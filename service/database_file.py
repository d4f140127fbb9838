"""Who may read an SQLite file. It holds secrets: whoever reads it can open the server's door."""

import stat
from pathlib import Path

from service.db import Database

BESIDE = ("", "-wal", "-shm")
OTHERS_READ = stat.S_IRGRP | stat.S_IROTH


def exposed(db: Database) -> str | None:
    """Say which files of a database others than its owner may read, and what to do; None if none.

    A new file is made for its owner alone, but one of an earlier release, or a copy, may be open.
    """
    if not db.sqlite:
        return None
    paths = [Path(f"{db.url.database}{ending}") for ending in BESIDE]
    found = [str(path) for path in paths if path.exists() and path.stat().st_mode & OTHERS_READ]
    if not found:
        return None
    names = " ".join(found)
    return (
        f"{names}: others than the owner may read this, and it holds secrets that open the server. "
        f"Run: chmod 600 {names}"
    )
