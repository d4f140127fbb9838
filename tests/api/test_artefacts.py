"""Files go in and out as streams, under the lease of the attempt that made them."""

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import Served, assert_problem, wait_until

WEIGHTS = bytes(range(256)) * 8000  # 2 MB, in several chunks


@pytest.fixture
def lease(served: Served) -> dict[str, Any]:
    served.study()
    served.enqueue(0.1)
    [lease] = served.claim()
    return lease


def put(
    served: Served, lease: dict[str, Any], name: str, body: Any, **headers: str
) -> httpx.Response:
    return served.http.put(
        f"/api/v1/attempts/{lease['attempt_id']}/artefacts/{name}",
        content=body,
        headers={"X-Lease-Token": lease["token"], **headers},
    )


def blobs(served: Served) -> list[Path]:
    root = Path(served.settings.artefact_url)
    return [path for path in root.rglob("*") if path.is_file()]


def test_a_file_comes_back_as_it_was_sent(served: Served, lease: dict[str, Any]) -> None:
    answer = put(served, lease, "weights.safetensors", WEIGHTS)
    assert answer.status_code == 201
    kept = answer.json()
    assert kept == {
        "name": "weights.safetensors",
        "size_bytes": len(WEIGHTS),
        "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
        "media_type": "application/octet-stream",
    }
    trial = f"/trials/{lease['trial_id']}"
    assert served.get(f"{trial}/artefacts") == {"items": [kept]}
    assert served.get(trial)["artefacts"] == [kept]
    file = served.ask("GET", f"{trial}/artefacts/weights.safetensors")
    assert file.content == WEIGHTS


def test_a_file_is_never_shown_as_a_page(served: Served, lease: dict[str, Any]) -> None:
    put(served, lease, "report.html", b"<script>", **{"Content-Type": "text/html"})
    file = served.ask("GET", f"/trials/{lease['trial_id']}/artefacts/report.html")
    assert file.headers["Content-Disposition"] == 'attachment; filename="report.html"'
    assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_a_file_may_be_sent_without_its_length(served: Served, lease: dict[str, Any]) -> None:
    def pieces() -> Iterator[bytes]:
        for start in range(0, len(WEIGHTS), 100_000):
            yield WEIGHTS[start : start + 100_000]

    assert put(served, lease, "weights", pieces()).json()["size_bytes"] == len(WEIGHTS)


def test_a_delivered_attempt_takes_its_files_again_but_no_other(
    served: Served, lease: dict[str, Any]
) -> None:
    assert put(served, lease, "weights", WEIGHTS).status_code == 201
    served.complete(lease, 1.0, 2.0)
    assert put(served, lease, "weights", WEIGHTS).status_code == 201, "its answer was lost"
    assert_problem(put(served, lease, "late.txt", b"x"), 409, "token")
    assert_problem(put(served, lease, "weights", b"x"), 409, "name")


def test_a_file_that_arrives_while_the_result_is_delivered_is_refused(
    served: Served, lease: dict[str, Any]
) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        wait_until(lambda: any(path.parent.name == "incoming" for path in blobs(served)))
        served.complete(lease, 1.0, 2.0)
        yield b"half"

    with httpx.Client(base_url=served.http.base_url, timeout=30) as other:
        path = f"/api/v1/attempts/{lease['attempt_id']}/artefacts/late.txt"
        headers = {"X-Lease-Token": lease["token"]}
        assert_problem(other.put(path, content=pieces(), headers=headers), 409, "token")
    assert served.get(f"/trials/{lease['trial_id']}/artefacts") == {"items": []}


def test_an_empty_file_is_a_file(served: Served, lease: dict[str, Any]) -> None:
    assert put(served, lease, "log.txt", b"").status_code == 201
    assert served.ask("GET", f"/trials/{lease['trial_id']}/artefacts/log.txt").content == b""


def test_the_same_file_twice_is_fine_and_another_is_refused(
    served: Served, lease: dict[str, Any]
) -> None:
    for _ in range(2):
        assert put(served, lease, "graph.json", b"{}").status_code == 201
    assert_problem(put(served, lease, "graph.json", b"[]"), 409, "name")


def test_a_wrong_token_delivers_nothing(served: Served, lease: dict[str, Any]) -> None:
    assert_problem(put(served, lease | {"token": "stolen"}, "a", b"x"), 403, "token")
    assert_problem(put(served, lease | {"attempt_id": 99}, "a", b"x"), 404)
    assert blobs(served) == []


def test_a_delivery_without_a_token_is_refused(served: Served, lease: dict[str, Any]) -> None:
    answer = served.http.put(f"/api/v1/attempts/{lease['attempt_id']}/artefacts/a", content=b"x")
    assert_problem(answer, 422, "X-Lease-Token")


@pytest.mark.parametrize("name", ["Weights", "..", ".hidden", "a b", "x" * 65, "%2e%2e%2fetc"])
def test_a_malformed_name_is_refused(served_sqlite: Served, name: str) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.1)
    [lease] = served_sqlite.claim()
    assert put(served_sqlite, lease, name, b"x").status_code in {404, 405, 422}
    assert blobs(served_sqlite) == []


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_a_file_that_is_too_large_is_refused_and_forgotten(
    served_sqlite: Served, announced: bool
) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.1)
    [lease] = served_sqlite.claim()
    body = b"x" * (served_sqlite.settings.max_artefact_bytes + 1)
    answer = put(served_sqlite, lease, "huge", body if announced else iter([body]))
    assert_problem(answer, 413, "body")
    assert blobs(served_sqlite) == []


def test_an_upload_that_breaks_off_is_forgotten(served_sqlite: Served) -> None:
    served_sqlite.study()
    served_sqlite.enqueue(0.1)
    [lease] = served_sqlite.claim()
    with socket.create_connection(("127.0.0.1", served_sqlite.port)) as connection:
        head = (
            f"PUT /api/v1/attempts/{lease['attempt_id']}/artefacts/half HTTP/1.1\r\n"
            f"Host: 127.0.0.1\r\nX-Lease-Token: {lease['token']}\r\nContent-Length: 2000000\r\n\r\n"
        )
        connection.sendall(head.encode() + b"x" * 1_500_000)
        wait_until(lambda: blobs(served_sqlite) != [])
    wait_until(lambda: blobs(served_sqlite) == [])
    assert served_sqlite.get(f"/trials/{lease['trial_id']}/artefacts") == {"items": []}


def test_a_file_that_a_trial_does_not_have_is_not_found(
    served: Served, lease: dict[str, Any]
) -> None:
    assert_problem(served.ask("GET", f"/trials/{lease['trial_id']}/artefacts/none"), 404)
    assert_problem(served.ask("GET", "/trials/999/artefacts"), 404)


def test_the_files_of_one_attempt_are_limited_together(
    served: Served, lease: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served.store, "max_attempt_bytes", 10)
    assert put(served, lease, "a.bin", b"123456").status_code == 201
    problem = assert_problem(put(served, lease, "b.bin", b"12345"), 413, "body")
    assert problem["type"] == "/problems/attempt-too-large"
    assert put(served, lease, "c.bin", b"1234").status_code == 201
