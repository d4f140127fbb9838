"""What `serve` looks at before it forks, without any process of a server."""

import logging
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service import artefacts, serve, store_check
from service.command_errors import HostInvalid, PortTaken, StoreUnusable
from service.config import Settings
from service.errors import ArtefactStoreFull


def test_a_database_file_that_others_may_read_is_logged(
    sqlite_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with serve._database(Settings(database_url=sqlite_url)):
        assert caplog.messages == []
    (tmp_path / "tinyfront.db").chmod(0o644)
    with serve._database(Settings(database_url=sqlite_url)):
        [line] = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "chmod 600" in line.getMessage()


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.1", "a..b", "x" * 70])
def test_a_host_that_is_not_of_this_machine_is_told_as_such(host: str) -> None:
    with pytest.raises(HostInvalid, match=r"^host: .*--host"), serve._listen(host, 0):
        pass


def test_a_port_that_is_taken_is_told_as_such() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"^port: {port} on .*--port"):
            with serve._listen("127.0.0.1", port):
                pass


def test_a_store_that_works_is_left_as_it_was(tmp_path: Path) -> None:
    store_check.try_out_aside(str(tmp_path / "blobs"))
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


def bad_stores(folder: Path) -> dict[str, str]:
    """Addresses that are of no use, and a word of the reason."""
    (folder / "file").touch()
    return {
        "zz://x": "Protocol not known: zz",
        "zz://u:SECRET@x": "ValueError",
        str(folder / "file"): "file",
        "/proc/none": "/proc/none",
    }


def test_a_store_that_does_not_work_is_told_in_a_line(tmp_path: Path) -> None:
    for url, reason in bad_stores(tmp_path).items():
        with pytest.raises(StoreUnusable) as refused:
            store_check.try_out_aside(url)
        said = str(refused.value)
        assert said.startswith(f"artefact_url: {url.partition('u:SECRET')[0]}")
        assert reason in said
        assert "--artefacts" in said
        assert "SECRET" not in said
        assert "\n" not in said


def test_a_store_whose_package_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(StoreUnusable, match="s3fs"):
        store_check.try_out_aside("s3://bucket")


def test_a_store_that_gives_back_other_bytes_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artefacts.Store, "read", lambda self, sha256: iter([b"other"]))
    with pytest.raises(StoreUnusable, match="other bytes"):
        store_check.try_out(str(tmp_path / "blobs"))


def test_a_store_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_check, "PATIENCE_S", 0.1)
    monkeypatch.setattr(store_check, "try_out", lambda url: time.sleep(60))  # it is killed before
    with pytest.raises(StoreUnusable, match=r"no answer within 0\.1 s"):
        store_check.try_out_aside(str(tmp_path / "blobs"))


def test_a_full_store_does_not_keep_a_server_from_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: artefacts.Store) -> None:
        raise ArtefactStoreFull

    monkeypatch.setattr(artefacts.Store, "upload", full)
    with pytest.raises(ArtefactStoreFull):
        store_check.try_out(str(tmp_path))
    store_check.try_out_aside(str(tmp_path))


def test_who_tried_a_store_may_still_fork(tmp_path: Path) -> None:
    code = f"""
import sys, threading
from service import serve, store_check
store_check.try_out_aside({str(tmp_path / "blobs")!r})
print(threading.active_count(), {{"numpy", "fsspec"}} & set(sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "1 set()"


def test_serve_ends_with_a_line_before_it_listens(sqlite_url: str) -> None:
    words = ["serve", "--port", "0", "--database", sqlite_url, "--artefacts", "zz://x"]
    run = subprocess.run(
        [sys.executable, "-m", "service", *words], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 1
    assert run.stderr.startswith("artefact_url: zz://x cannot be used")
    assert "listens" not in run.stdout
