"""A store without room: said clearly, nothing half kept, and nothing lost once there is room."""

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
from fsspec.implementations.local import LocalFileOpener, LocalFileSystem

from tests.api.conftest import Served, assert_problem
from worker.api import Api, Lease
from worker.errors import ServerAway


@dataclass
class Quota:
    """What the store's file system still takes, and how it says that it does not."""

    bytes_left: int = 2**30
    names: bool = True
    number: int = errno.ENOSPC

    def write(self, count: int) -> None:
        self.check(count <= self.bytes_left)
        self.bytes_left -= count

    def check(self, fits: bool) -> None:
        if not fits:
            raise OSError(self.number, os.strerror(self.number))


@pytest.fixture
def quota(monkeypatch: pytest.MonkeyPatch) -> Iterator[Quota]:
    """Lets the local file system count what is written through it."""
    found = Quota()
    write = LocalFileOpener.write
    move: Callable[..., Any] = LocalFileSystem.mv

    def counted(file: IO[bytes], chunk: bytes) -> int:
        found.write(len(chunk))
        written: int = write(file, chunk)
        return written

    def moved(files: LocalFileSystem, *arguments: Any, **more: Any) -> Any:
        found.check(found.names)
        return move(files, *arguments, **more)

    monkeypatch.setattr(LocalFileOpener, "write", counted)
    monkeypatch.setattr(LocalFileSystem, "mv", moved)
    return found


def put(served: Served, lease: dict[str, Any], content: bytes) -> Any:
    return served.http.put(
        f"/api/v1/attempts/{lease['attempt_id']}/artefacts/weights.safetensors",
        content=content,
        headers={"X-Lease-Token": lease["token"]},
    )


def leftovers(folder: Path) -> list[Path]:
    return [path for path in (folder / "blobs").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "full",
    [
        Quota(bytes_left=0),
        Quota(bytes_left=1_500_000),
        Quota(names=False),  # there is room for the bytes alone
        Quota(bytes_left=0, number=errno.EDQUOT),
    ],
)
def test_a_full_store_says_503_keeps_no_half_and_takes_the_file_later(
    served_sqlite: Served, quota: Quota, tmp_path: Path, full: Quota
) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.5)
    [lease] = served_sqlite.claim()
    content = os.urandom(2_000_000)
    quota.__dict__.update(vars(full))
    problem = assert_problem(put(served_sqlite, lease, content), 503)
    assert problem["type"] == "/problems/artefact-store-full"
    assert "TINYFRONT_ARTEFACT_URL" in problem["remedy"]
    assert leftovers(tmp_path) == []
    assert served_sqlite.get(f"/trials/{lease['trial_id']}/artefacts")["items"] == []
    quota.__dict__.update(vars(Quota()))
    assert put(served_sqlite, lease, content).status_code == 201
    found = f"/api/v1/trials/{lease['trial_id']}/artefacts/weights.safetensors"
    assert served_sqlite.http.get(found).content == content


def test_a_worker_takes_a_full_store_for_a_server_that_is_away_and_keeps_its_file(
    served_sqlite: Served, quota: Quota
) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.5)
    [lease] = served_sqlite.claim()
    api = Api(f"http://127.0.0.1:{served_sqlite.port}")
    quota.bytes_left = 0
    with pytest.raises(ServerAway, match="store is full"):
        api.upload(Lease.from_json(lease), "a", b"bytes")
    quota.bytes_left = 100
    api.upload(Lease.from_json(lease), "a", b"bytes")
    api.close()


def test_other_errors_of_the_store_are_not_taken_for_a_lack_of_room(
    served_sqlite: Served, quota: Quota
) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.5)
    [lease] = served_sqlite.claim()
    quota.bytes_left, quota.number = 0, errno.EIO
    assert_problem(put(served_sqlite, lease, b"x"), 500)
