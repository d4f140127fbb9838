"""A server of a few dictionaries: what the worker's own tests need of the real one.

The end-to-end tests run the worker against the real server.
"""

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from worker.api import Api

Call = tuple[str, str, Any]  # method, path below /api/v1, body
CLAIM = re.compile(r"/leases|/studies/[^/]+/leases")


def until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Wait for something that another thread does."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "It never came true."
        time.sleep(0.005)


@dataclass
class FakeServer:
    """Hands out `queue` in order; remembers every call; refuses and keeps silent when told to."""

    queue: list[dict[str, Any]] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    lost: list[Any] = field(default_factory=list)  # bodies that came while it was away
    order: Callable[[str], str] = lambda path: "continue"
    away: Callable[[str], bool] = lambda path: False
    refuse: dict[str, tuple[int, str]] = field(default_factory=dict)  # path: status, detail
    study_status: str = "active"
    study: dict[str, Any] = field(default_factory=dict)  # what else it says of the study
    lease_s: int = 60
    leases: dict[str, dict[str, Any]] = field(default_factory=dict)  # by request_id
    waiting: threading.Event = field(default_factory=threading.Event)  # a claim found nothing
    longest_poll_s: float = 20.0
    files: dict[int, dict[str, bytes]] = field(default_factory=dict)  # by trial and name
    sha256: dict[str, str] = field(default_factory=dict)  # by name, where the list tells another

    device: dict[str, Any] | None = None  # for which whatever is delivered shall be verified

    def api(self) -> Api:
        """A way to this server that needs no socket."""
        return Api("http://fake", transport=httpx.MockTransport(self._respond))

    def of(self, ending: str) -> list[Any]:
        """The bodies of all calls whose path ends so, in order."""
        return [body for _, path, body in self.calls if path.endswith(ending)]

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and JSON for one call."""
        if self.away(path):
            self.lost.append(body)
            return 503, {"detail": "The server is away."}
        self.calls.append((method, path, body))
        for ending, (status, detail) in self.refuse.items():
            if path.endswith(ending):
                return status, {"detail": detail}
        if CLAIM.fullmatch(path):
            return self._claim(body)
        if path.endswith(("/renew", "/reports")):
            return 200, {"order": self.order(path)}
        return self._shown(path) if method == "GET" else (200, {})

    def _shown(self, path: str) -> tuple[int, Any]:
        if "/artefacts" in path:
            return self._file(*path.removeprefix("/trials/").partition("/artefacts")[::2])
        if path.endswith("/verification"):
            return 200, {"wanted": self.device is not None, "device": self.device}
        return 200, {"status": self.study_status, **self.study}

    def _file(self, trial_id: str, name: str) -> tuple[int, Any]:
        held = self.files.get(int(trial_id), {})
        if name:
            return 200, held[name.removeprefix("/")]
        listed = [
            {
                "name": each,
                "size_bytes": len(content),
                "sha256": self.sha256.get(each, hashlib.sha256(content).hexdigest()),
                "media_type": "application/octet-stream",
            }
            for each, content in held.items()
        ]
        return 200, {"items": listed}

    def _claim(self, body: dict[str, Any]) -> tuple[int, Any]:
        again = self.leases.get(body["request_id"])
        deadline_s = time.monotonic() + min(body["wait_s"], self.longest_poll_s)
        while again is None and not self.queue:
            self.waiting.set()
            if time.monotonic() >= deadline_s:
                return 204, None
            time.sleep(0.02)
        lease = again or self._lease(self.queue.pop(0))
        self.leases[body["request_id"]] = lease
        return 200, {"leases": [lease]}

    def _lease(self, work: dict[str, Any]) -> dict[str, Any]:
        number = len(self.leases) + 1
        return {
            "attempt_id": 100 + number,
            "trial_id": number,
            "study_id": 1,
            "study": "toy",
            "number": number,
            "attempt": 1,
            "token": f"token-{number}",
            "expires_at": "2026-01-01T00:00:00Z",
            "lease_s": self.lease_s,
            "work": work,
        }

    def _respond(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/v1")
        status, value = self.answer(request.method, path, _read(path, request.content))
        if isinstance(value, bytes):
            return httpx.Response(status, content=value)
        return httpx.Response(status, json=value) if value is not None else httpx.Response(status)


class Listening:
    """A fake server on a real port of this machine, for workers in processes of their own."""

    def __init__(self, server: FakeServer) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                path = self.path.removeprefix("/api/v1")
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status, value = server.answer(self.command, path, _read(path, content))
                answer = value if isinstance(value, bytes) else _written(value)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                if status != 204:
                    self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_PUT = do_POST = _any

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return self.url

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()


def _written(value: Any) -> bytes:
    return b"" if value is None else json.dumps(value).encode()


def _read(path: str, content: bytes) -> Any:
    if "/artefacts/" in path and content:
        return content
    return json.loads(content) if content else None
