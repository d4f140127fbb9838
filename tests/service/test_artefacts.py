"""Artefacts: written aside, kept under their hash, entered for the attempt that delivered them."""

import hashlib
from pathlib import Path

import pytest

from service import artefacts
from service.artefacts import Blob, Store
from service.errors import (
    ArtefactConflict,
    ArtefactNotFound,
    ArtefactTooLarge,
    AttemptEnded,
    AttemptNotFound,
    InvalidArtefact,
    WrongToken,
)
from service.models import Artefact
from service.trials import Lease
from tests.service.stage import Stage


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "blobs"), max_bytes=1000)


def keep(store: Store, *chunks: bytes) -> Blob:
    with store.upload() as upload:
        for chunk in chunks:
            upload.write(chunk)
        return upload.keep()


def deliver(stage: Stage, lease: Lease, name: str, sha256: str = "a" * 64) -> Artefact:
    with stage.begin() as session:
        attempt = artefacts.check(session, lease.attempt_id, name, lease.token)
        blob = Blob(sha256, 5)
        return artefacts.enter(session, attempt, name, blob, "text/plain", stage.now)


def names(stage: Stage, trial_id: int) -> list[str]:
    with stage.db.read() as session:
        return [artefact.name for artefact in artefacts.listing(session, trial_id)]


def test_bytes_come_back_as_they_were(store: Store) -> None:
    blob = keep(store, b"one", b"", b"two")
    assert blob == Blob(hashlib.sha256(b"onetwo").hexdigest(), 6)
    assert b"".join(store.read(blob.sha256)) == b"onetwo"


def test_equal_bytes_are_kept_once(store: Store, tmp_path: Path) -> None:
    assert keep(store, b"same") == keep(store, b"sa", b"me")
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_an_upload_that_breaks_off_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with store.upload() as upload:
        upload.write(b"half")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_too_many_bytes_are_refused_and_leave_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ArtefactTooLarge, match="at most 1000 bytes"):
        keep(store, b"x" * 600, b"x" * 401)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert keep(store, b"x" * 1000).size_bytes == 1000


def test_any_address_of_fsspec_is_a_store() -> None:
    store = Store("memory://tinyfront-test", max_bytes=1000)
    blob = keep(store, b"in memory")
    assert b"".join(store.read(blob.sha256)) == b"in memory"


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "A.txt", "ä", "a" * 65, "a\n"])
def test_a_malformed_name_is_refused(stage: Stage, name: str) -> None:
    stage.enqueue(stage.study())
    with pytest.raises(InvalidArtefact) as refused:
        deliver(stage, stage.lease(), name)
    assert refused.value.field == "name"


def test_only_the_attempts_own_token_opens_it(stage: Stage) -> None:
    stage.enqueue(stage.study(), 2)
    mine, other = stage.claim(count=2)
    with stage.begin() as session:
        with pytest.raises(WrongToken):
            artefacts.check(session, mine.attempt_id, "a", other.token)
        with pytest.raises(AttemptNotFound):
            artefacts.check(session, 999, "a", mine.token)


def test_the_same_again_is_fine_and_other_bytes_are_not(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    deliver(stage, lease, "weights.safetensors")
    deliver(stage, lease, "weights.safetensors")
    with pytest.raises(ArtefactConflict):
        deliver(stage, lease, "weights.safetensors", "b" * 64)
    assert names(stage, lease.trial_id) == ["weights.safetensors"]


def test_a_result_that_comes_between_check_and_entry_closes_the_attempt(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    with stage.db.read() as session:
        seen = artefacts.check(session, lease.attempt_id, "late", lease.token)
    stage.complete(lease)
    with stage.begin() as session:
        attempt = session.merge(seen, load=False)  # as it was read
        with pytest.raises(AttemptEnded):
            artefacts.enter(session, attempt, "late", Blob("a" * 64, 5), "text/plain", stage.now)
    assert names(stage, lease.trial_id) == []


def test_a_trial_shows_the_artefacts_of_the_attempt_that_counted(stage: Stage) -> None:
    stage.enqueue(stage.study())
    late = stage.lease()
    deliver(stage, late, "of-the-late-one")
    stage.expire()
    current = stage.lease(worker="other")
    deliver(stage, current, "of-the-current-one")
    assert names(stage, late.trial_id) == ["of-the-current-one"]
    stage.complete(late)
    assert names(stage, late.trial_id) == ["of-the-late-one"]


def test_one_artefact_is_found_by_name(stage: Stage) -> None:
    stage.enqueue(stage.study())
    lease = stage.lease()
    deliver(stage, lease, "graph.json")
    with stage.db.read() as session:
        found = artefacts.get(session, lease.trial_id, "graph.json")
        assert (found.sha256, found.size_bytes, found.media_type) == ("a" * 64, 5, "text/plain")
        with pytest.raises(ArtefactNotFound):
            artefacts.get(session, lease.trial_id, "graph.yaml")
