"""Files of the artefact store that nothing refers to: of deleted studies and of broken uploads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import func, select

from service.artefacts import BLOBS_LOCK, Store, StoredFile
from service.db import Database
from service.models import Artefact

# A blob is entered within seconds after it was kept; a day also outlasts clocks that differ.
AGE = timedelta(days=1)
# Files per transaction: an upload that ends meanwhile waits for it to be entered.
BATCH = 20


@dataclass(frozen=True, slots=True)
class Garbage:
    """What nothing refers to."""

    files: int
    size_bytes: int


def collect(db: Database, store: Store, now: datetime, delete: bool) -> Garbage:
    """Find the files that are older than a day and that no artefact refers to.

    Args:
        delete: remove them. What an upload under way may still enter is never removed: it is
            young, and an entry and a removal exclude each other.
    """
    found = [
        file
        for batch in _in_batches(store.files(), BATCH)
        for file in _of_batch(db, store, batch, now, delete)
    ]
    return Garbage(len(found), sum(file.size_bytes for file in found))


def _of_batch(
    db: Database, store: Store, batch: Sequence[StoredFile], now: datetime, delete: bool
) -> list[StoredFile]:
    old = [file for file in batch if _is_old(store, file, now)]
    if not old:
        return []
    hashes = [file.sha256 for file in old if file.sha256 is not None]
    with db.begin() as session:
        if not db.sqlite:  # where writers are one at a time anyway
            session.execute(select(func.pg_advisory_xact_lock(BLOBS_LOCK)))
        held = select(Artefact.sha256).where(Artefact.sha256.in_(hashes)).distinct()
        entered = set(session.scalars(held))
        # Looked at again: an upload of equal bytes may have made it young.
        garbage = [file for file in old if file.sha256 not in entered and _is_old(store, file, now)]
        if delete:
            for file in garbage:
                store.remove(file.path)
    return garbage


def _is_old(store: Store, file: StoredFile, now: datetime) -> bool:
    modified_at = store.modified_at(file.path)
    return modified_at is not None and now - modified_at > AGE


def _in_batches(files: Iterator[StoredFile], size: int) -> Iterator[list[StoredFile]]:
    while batch := list(islice(files, size)):
        yield batch
