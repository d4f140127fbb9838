"""Artefacts: files that attempts deliver. Bytes lie under their hash, rows say whose they are."""

import errno
import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Self

import fsspec
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service import attempts, tokens
from service.errors import (
    ArtefactConflict,
    ArtefactLost,
    ArtefactNotFound,
    ArtefactStoreFull,
    ArtefactTooLarge,
    AttemptTooLarge,
    InvalidArtefact,
    WrongToken,
)
from service.models import Artefact, Attempt

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")
CHUNK_BYTES = 2**18
INCOMING = "incoming"  # the folder of what has not wholly arrived
# Any number will do, if only entries and collections take the same.
BLOBS_LOCK = 0x7F10B5


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that the store keeps."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file in the store: a blob, or with `sha256` None one that has not wholly arrived."""

    path: str
    sha256: str | None
    size_bytes: int


class Store:
    """Blobs by their sha256, in a folder or at any other address that fsspec opens."""

    def __init__(self, url: str, max_bytes: int, max_attempt_bytes: int | None = None) -> None:
        self._files, self._root = fsspec.url_to_fs(url)
        self.max_bytes = max_bytes
        self.max_attempt_bytes = max_attempt_bytes  # of all artefacts of one attempt

    def upload(self) -> "Upload":
        """Begin to receive a blob.

        Raises:
            ArtefactStoreFull: there is no room.
        """
        path = f"{self._root}/{INCOMING}/{secrets.token_hex(16)}"
        with _room():
            self._files.makedirs(f"{self._root}/{INCOMING}", exist_ok=True)
            return Upload(self, path, self._files.open(path, "wb"))

    def read(self, sha256: str) -> Iterator[bytes]:
        """Yield the bytes of a blob in chunks."""
        with self._files.open(self._path(sha256), "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def holds(self, sha256: str) -> bool:
        """Tell whether a blob is there."""
        return bool(self._files.exists(self._path(sha256)))

    def files(self) -> Iterator[StoredFile]:
        """Yield the blobs, and what was never wholly received; nothing that is not ours."""
        for path, info in self._files.find(self._root, detail=True).items():
            folder, _, name = path.rpartition("/")
            folder = folder.rpartition("/")[2]
            is_blob = SHA256.fullmatch(name) is not None and folder == name[:2]
            if is_blob or folder == INCOMING:
                yield StoredFile(path, name if is_blob else None, info["size"])

    def modified_at(self, path: str) -> datetime | None:
        """Return when a file was last written; None if it is gone by now."""
        try:
            moment: datetime = self._files.modified(path)
        except FileNotFoundError:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment

    def remove(self, path: str) -> None:
        """Remove a file of `files`."""
        self._forget(path)

    def drop(self, sha256: str) -> None:
        """Forget a blob for which there is no row."""
        self._files.rm_file(self._path(sha256))

    def _path(self, sha256: str) -> str:
        # Folders of 256: some file systems are slow with very many files in one.
        return f"{self._root}/{sha256[:2]}/{sha256}"

    def _keep(self, incoming: str, sha256: str) -> None:
        """Move received bytes to where they are found.

        Over equal bytes, too: so they are as young as this upload, and no collection takes them.
        """
        path = self._path(sha256)
        folder = path.rpartition("/")[0]
        self._files.makedirs(folder, exist_ok=True)
        self._files.mv(incoming, path)
        if "file" in self._files.protocol:
            _sync_folder(folder)

    def _forget(self, incoming: str) -> None:
        if self._files.exists(incoming):
            self._files.rm_file(incoming)


def _sync_folder(path: str) -> None:
    """Make a rename durable; without this a power cut may lose the name, though not the bytes."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _room() -> Iterator[None]:
    """Tell a full disk, or a used up quota, from errors that do not pass by waiting."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise ArtefactStoreFull from error
        raise


class Upload:
    """A blob on its way in: written aside, so that nobody ever reads half of it."""

    def __init__(self, store: Store, path: str, file: IO[bytes]) -> None:
        self._store = store
        self._path = path
        self._file = file
        self._hash = hashlib.sha256()
        self._size_bytes = 0
        self._kept = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._kept:
            with suppress(OSError):  # what is in its buffer may not fit any more
                self._file.close()
            self._store._forget(self._path)

    def write(self, chunk: bytes) -> None:
        """Add bytes.

        Raises:
            ArtefactTooLarge: there are more than the store accepts.
            ArtefactStoreFull: there is no room.
        """
        self._size_bytes += len(chunk)
        if self._size_bytes > self._store.max_bytes:
            raise ArtefactTooLarge(self._store.max_bytes)
        self._hash.update(chunk)
        with _room():
            self._file.write(chunk)

    def keep(self) -> Blob:
        """Store what was written for good; without this it is forgotten when the block ends.

        Raises:
            ArtefactStoreFull: there is no room.
        """
        blob = Blob(self._hash.hexdigest(), self._size_bytes)
        with _room():
            self._file.flush()
            if "file" in self._store._files.protocol:
                os.fsync(self._file.fileno())
            self._file.close()
            self._store._keep(self._path, blob.sha256)
        self._kept = True
        return blob


def check(session: Session, attempt_id: int, name: str, token: str) -> Attempt:
    """Return the attempt that may deliver an artefact of that name; to be asked before the bytes.

    Raises:
        InvalidArtefact: the name is malformed.
        AttemptNotFound: there is no such attempt.
        WrongToken: the token is not of this attempt.
        AttemptEnded: it has delivered, without an artefact of that name.
    """
    if NAME.fullmatch(name) is None:
        raise InvalidArtefact(
            "name",
            f"name: need up to 64 of a-z, 0-9, '.', '_' and '-', first a letter or digit, got "
            f"{name!r}.",
            "Choose a name such as weights.safetensors.",
        )
    attempt = attempts.get(session, attempt_id)
    if not tokens.same(tokens.digest(token), attempt.token_sha256):
        raise WrongToken(attempt.trial_id)
    if session.get(Artefact, (attempt.id, name)) is None:
        attempts.refuse_if_delivered(attempt)
    return attempt


def enter(
    session: Session, attempt: Attempt, name: str, blob: Blob, media_type: str, now: datetime
) -> Artefact:
    """Note that an attempt delivered a blob that the store keeps. Twice the same is fine.

    Late deliveries are taken, as late results are, but none behind a result.

    Raises:
        AttemptEnded: the attempt delivered its result while the bytes arrived.
        ArtefactConflict: the attempt holds other bytes under that name.
    """
    attempts.lock_trial(session, attempt.trial_id)
    present = session.get(Artefact, (attempt.id, name))
    if present is not None:
        if present.sha256 != blob.sha256:
            raise ArtefactConflict(name)
        return present
    session.refresh(attempt)  # it was read before the lock
    attempts.refuse_if_delivered(attempt)
    artefact = Artefact(
        attempt_id=attempt.id,
        name=name,
        sha256=blob.sha256,
        size_bytes=blob.size_bytes,
        media_type=media_type,
        created_at=now,
    )
    session.add(artefact)
    session.flush()
    return artefact


def check_kept(session: Session, store: Store, attempt_id: int, blob: Blob) -> None:
    """Check in the transaction that entered a blob that it is there and its attempt not too large.

    Raises:
        ArtefactLost: a collection removed the blob before it was entered.
        AttemptTooLarge: the artefacts of this attempt are too large together.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock_shared(BLOBS_LOCK)))
    if not store.holds(blob.sha256):
        raise ArtefactLost()
    if store.max_attempt_bytes is None:
        return
    of_attempt = select(func.sum(Artefact.size_bytes)).where(Artefact.attempt_id == attempt_id)
    if session.scalars(of_attempt).one() > store.max_attempt_bytes:
        raise AttemptTooLarge(store.max_attempt_bytes)


def listing(session: Session, trial_id: int) -> Sequence[Artefact]:
    """Return a trial's artefacts by name: of the attempt that counted, or else of the last."""
    shown = attempts.shown(session, trial_id)
    if shown is None:
        return []
    of_attempt = select(Artefact).where(Artefact.attempt_id == shown.id)
    return session.scalars(of_attempt.order_by(Artefact.name)).all()


def get(session: Session, trial_id: int, name: str) -> Artefact:
    """Return one artefact of a trial.

    Raises:
        ArtefactNotFound: the trial holds none of that name.
    """
    for artefact in listing(session, trial_id):
        if artefact.name == name:
            return artefact
    raise ArtefactNotFound(trial_id, name)
