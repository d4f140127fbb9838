"""What browsers are told about every answer, and what never leaves the service."""

import http.client
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from service.db import Database
from service.states import Role
from tests.access.conftest import Keyed
from tests.api.conftest import BLACK_BOX, assert_problem, new_id


@pytest.mark.parametrize(
    "path",
    ["/api/v1/studies", "/api/v1/none", "/health/live", "/docs", "/openapi.json", "/", "/nothing"],
)
def test_every_answer_is_shown_as_what_it_is_and_in_no_frame(
    shared_keyed: Keyed, path: str
) -> None:
    for headers in ({}, shared_keyed.header("one")):
        answer = shared_keyed.served.http.get(path, headers=headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers.get("cache-control") == "no-store" or not path.startswith("/api/")


@pytest.mark.parametrize(
    "name",
    [
        "..%2F..%2Fetc%2Fpasswd",
        "%2e%2e",
        ".hidden",
        "a%5C..%5Cb",
        "a%00b",
        "UPPER",
        "x" * 65,
        "a%0D%0ASet-Cookie:%20x",
        "%22;x=%22",
        "caf%C3%A9",
    ],
)
def test_a_hostile_name_of_a_file_never_leaves_the_store(shared_keyed: Keyed, name: str) -> None:
    headers = shared_keyed.header("one") | {"X-Lease-Token": "t"}
    path = f"/api/v1/attempts/1/artefacts/{name}"
    answer = shared_keyed.served.http.put(path, content=b"x", headers=headers)
    assert answer.status_code in {404, 422}, answer.text
    answer = shared_keyed.served.http.get(f"/api/v1/trials/1/artefacts/{name}", headers=headers)
    assert answer.status_code == 404


class Everything(logging.Handler):
    """Keeps each record as it would be written, with its arguments and its traceback."""

    def __init__(self) -> None:
        super().__init__(level=1)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{self.format(record)} {record.args!r}")


@pytest.fixture
def everything() -> Iterator[Everything]:
    """All that any logger says, at any level."""
    handler, root = Everything(), logging.getLogger()
    theirs = ("uvicorn", "sqlalchemy", "asyncio", "service")
    names = [name for name in logging.root.manager.loggerDict if name.startswith(theirs)]
    before = {name: logging.getLogger(name).level for name in ["", *names]}
    for name in before:
        logging.getLogger(name).setLevel(1)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


class Plain:
    """A client that logs nothing itself, unlike httpx."""

    def __init__(self, port: int, key: str) -> None:
        self.port, self.key = port, key

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        own = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, f"/api/v1{path}", content, own | headers)
        answer = connection.getresponse()
        self.cookie = answer.getheader("Set-Cookie")
        text = answer.read()
        connection.close()
        return json.loads(text) if text else None


def rename(db: Database, table: str, name: str) -> None:
    with db.begin() as session:
        session.execute(sa.text(f"ALTER TABLE {table} RENAME TO {name}"))


def test_no_key_session_or_token_is_ever_logged(keyed: Keyed, everything: Everything) -> None:
    admin = Plain(keyed.served.port, keyed.texts["default", Role.ADMIN])
    made = admin.ask("POST", "/keys", {"name": "fresh", "role": "user"})["key"]
    user = Plain(keyed.served.port, made)
    user.ask("POST", "/studies", BLACK_BOX)
    for x in (0.1, 0.2):
        user.ask("POST", "/studies/toy/trials", {"parameters": {"x": x}})
    claim = {"worker": "w", "request_id": new_id(), "count": 2}
    first, second = user.ask("POST", "/leases", claim)["leases"]
    token = {"token": first["token"]}
    user.ask("POST", "/session", {"key": made})
    assert user.cookie is not None
    session = user.cookie.split(";")[0].split("=", 1)[1]
    path = f"/trials/{first['trial_id']}"
    user.ask("POST", f"{path}/renew", token)
    user.ask("POST", f"{path}/reports", {**token, "step": 1, "metrics": {"cost": 1.0}})
    file = f"/attempts/{first['attempt_id']}/artefacts/a.bin"
    user.ask("PUT", file, b"x", **{"X-Lease-Token": first["token"]})
    user.ask("POST", f"{path}/complete", {**token, "metrics": {"cost": 1.0}})  # refused
    # Errors of ours are logged with all that is known of them.
    rename(keyed.served.db, "reports", "gone")
    broken = user.ask("POST", f"{path}/reports", {**token, "step": 2, "metrics": {"cost": 1.0}})
    assert broken["status"] in {500, 503}
    rename(keyed.served.db, "gone", "reports")
    user.ask("POST", f"{path}/complete", {**token, "metrics": {"cost": 1.0, "size": 1.0}})
    failed = {"token": second["token"], "reason": "broke"}
    user.ask("POST", f"/trials/{second['trial_id']}/fail", failed)
    wrong = Plain(keyed.served.port, made[:-1] + ("a" if made[-1] != "a" else "b"))
    wrong.ask("GET", "/studies")
    user.ask("POST", "/keys", {"name": "x", "role": "user", "project": made})
    written = "\n".join(everything.lines)
    assert "FROM reports" in written, "the error was not logged at all"
    secrets = [made, made.split("_", 2)[2], session, first["token"], second["token"], wrong.key]
    assert [secret for secret in secrets if secret in written] == []


def test_a_refusal_does_not_repeat_the_key(keyed_sqlite: Keyed) -> None:
    wrong = "tf_000000000000_" + "y" * 43
    headers = {"Authorization": f"Bearer {wrong}"}
    answer = keyed_sqlite.served.ask("GET", "/studies", headers=headers)
    assert_problem(answer, 401)
    assert "yyy" not in answer.text
    signed = keyed_sqlite.served.ask("POST", "/session", {"key": wrong})
    assert "yyy" not in signed.text
