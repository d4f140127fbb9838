"""What belongs to nothing is removed; what an upload may still enter is not."""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest

from service import artefacts, garbage
from service.artefacts import Blob, Store
from service.db import utc_now
from service.errors import ArtefactLost
from service.garbage import Garbage
from service.models import Artefact, Attempt
from tests.service.stage import Stage

TWO_DAYS_S = 2 * 24 * 3600


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "blobs"), 1000)


def keep(store: Store, content: bytes) -> Blob:
    with store.upload() as upload:
        upload.write(content)
        return upload.keep()


def enter(stage: Stage, store: Store, blob: Blob) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    with stage.begin() as session:
        attempt = session.get_one(Attempt, lease.attempt_id)
        artefacts.enter(session, attempt, "a.bin", blob, "text/plain", stage.now)
        artefacts.check_kept(session, store, attempt.id, blob)


def make_old(folder: Path) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - TWO_DAYS_S,) * 2)


def test_only_old_files_that_belong_to_nothing_are_removed(
    stage: Stage, store: Store, tmp_path: Path
) -> None:
    entered, lost = keep(store, b"entered"), keep(store, b"lost")
    enter(stage, store, entered)
    broken = store.upload()
    broken.write(b"half")
    broken._file.flush()
    foreign = tmp_path / "blobs" / "notes.txt"
    foreign.write_text("not ours")
    make_old(tmp_path / "blobs")
    young = keep(store, b"young")
    found = Garbage(2, len(b"lost") + len(b"half"))
    assert garbage.collect(stage.db, store, utc_now(), delete=False) == found
    assert store.holds(lost.sha256)
    assert garbage.collect(stage.db, store, utc_now(), delete=True) == found
    assert [store.holds(blob.sha256) for blob in (entered, young, lost)] == [True, True, False]
    assert foreign.exists()
    assert garbage.collect(stage.db, store, utc_now(), delete=True) == Garbage(0, 0)


def test_an_upload_of_equal_bytes_makes_a_file_young(
    stage: Stage, store: Store, tmp_path: Path
) -> None:
    keep(store, b"same")
    make_old(tmp_path / "blobs")
    blob = keep(store, b"same")
    assert garbage.collect(stage.db, store, utc_now(), delete=True).files == 0
    assert store.holds(blob.sha256)


def test_a_file_that_becomes_young_during_a_collection_is_left(
    stage: Stage, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blob = keep(store, b"same")
    make_old(tmp_path / "blobs")
    looks = iter([utc_now() - timedelta(days=2), utc_now()])
    monkeypatch.setattr(store, "modified_at", lambda path: next(looks))
    assert garbage.collect(stage.db, store, utc_now(), delete=True).files == 0
    assert store.holds(blob.sha256)


def test_bytes_that_are_gone_before_they_are_entered_leave_no_row(
    stage: Stage, store: Store, tmp_path: Path
) -> None:
    blob = keep(store, b"gone")
    make_old(tmp_path / "blobs")
    garbage.collect(stage.db, store, utc_now(), delete=True)
    with pytest.raises(ArtefactLost):
        enter(stage, store, blob)
    with stage.db.read() as session:
        assert session.query(Artefact).count() == 0


def test_any_address_of_fsspec_can_be_collected(stage: Stage) -> None:
    store = Store("memory://garbage", 1000)
    blob = keep(store, b"lost")
    later = utc_now() + timedelta(days=2)
    assert garbage.collect(stage.db, store, utc_now(), delete=True).files == 0
    assert garbage.collect(stage.db, store, later, delete=True).files == 1
    assert not store.holds(blob.sha256)


def test_the_command_counts_and_removes_only_when_told(
    stage: Stage, database_url: str, store: Store, tmp_path: Path
) -> None:
    blob = keep(store, b"lost")
    make_old(tmp_path / "blobs")
    command = [sys.executable, "-m", "service", "gc", "--json", "--database", database_url]
    command += ["--artefacts", str(tmp_path / "blobs")]

    def run(*more: str) -> object:
        done = subprocess.run([*command, *more], capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    assert run() == {"files": 1, "size_bytes": 4, "deleted": False}
    assert store.holds(blob.sha256)
    assert run("--delete") == {"files": 1, "size_bytes": 4, "deleted": True}
    assert not store.holds(blob.sha256)
