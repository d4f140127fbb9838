"""A server that only says what a test told it to say, behind the SDK's transport seam.

It knows no rules of the service, so it cannot drift from them; `test_real_app.py` runs the same
package against the real application.
"""

import json
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tinyfront import Client

Say = httpx.Response | httpx.TransportError | Callable[[httpx.Request], httpx.Response]


@dataclass
class Scripted:
    """Answers in the order they were given for a route; the last one is repeated."""

    requests: list[httpx.Request] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    answers: dict[tuple[str, str], deque[Say]] = field(default_factory=lambda: defaultdict(deque))

    def say(self, method: str, path: str, *answers: Say) -> None:
        self.answers[method, path].extend(answers)

    def client(self, **options: Any) -> Client:
        """A client of this server that never sleeps."""
        client = Client("http://tinyfront.test", transport=httpx.MockTransport(self), **options)
        client.connection.pause = self.pauses.append
        return client

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path.removeprefix("/api/v1")
        script = self.answers.get((request.method, path))
        if not script:
            return problem(404, f"No answer is written for {request.method} {path}.")
        answer = script.popleft() if len(script) > 1 else script[0]
        if isinstance(answer, httpx.TransportError):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    def sent(self, method: str, path: str) -> list[Any]:
        """The JSON bodies that came to a route."""
        return [
            json.loads(request.content) if request.content else None
            for request in self.requests
            if (request.method, request.url.path) == (method, f"/api/v1{path}")
        ]


def ok(body: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=body)


def nothing() -> httpx.Response:
    return httpx.Response(204)


def problem(status: int, detail: str, **more: Any) -> httpx.Response:
    body = {"type": "/problems/test", "title": "Test", "status": status, "detail": detail} | more
    return httpx.Response(status, json=body, headers={"content-type": "application/problem+json"})


def study_json(**changes: Any) -> dict[str, Any]:
    """A study of a black box as the wire shows it."""
    space = {"kind": "parameters", "parameters": [{"name": "x", "kind": "real", "low": 0.0}]}
    return {
        "id": 7,
        "name": "toy",
        "status": "active",
        "ended_reason": None,
        "definition": {"name": "toy", "space": space, "designer": "bayes", "seed": 0},
        "objectives": [objective_json("cost"), objective_json("size", unit="B", bound=16000.0)],
        "constraints": [],
        "counts": {"queued": 0, "running": 1, "completed": 3, "failed": 0},
        "trials": 40,
        "finished": 3,
        "front_size": 2,
        "hypervolume": 0.51234,
        "best": {"cost": 0.25, "size": None},
        "data": None,
        "created_at": "2030-01-02T03:04:05Z",
        "ended_at": None,
        "version": 3,
    } | changes


def objective_json(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "role": "measured",
        "goal": "minimize",
        "unit": None,
        "bound": None,
        "limit": None,
        "ideal": 0.0,
        "reference": 1.0,
        "log": False,
        "ideal_given": False,
        "reference_given": False,
        "expression": None,
    } | changes


def trial_json(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "id": 100 + number,
        "study_id": 7,
        "number": number,
        "status": "completed",
        "key": "k",
        "purpose": "search",
        "replicate": 0,
        "point": {"x": 0.5},
        "values": {"cost": 0.25, "size": 1200.0},
        "on_front": True,
        "feasible": True,
        "finish_no": number,
        "reason": None,
        "designer": "bayes",
        "origin": "model",
        "prediction": {"cost": {"mean": 0.3, "sd": 0.1}},
        "worker": "w1",
        "attempts": 1,
        "created_at": "2030-01-02T03:04:05Z",
        "finished_at": "2030-01-02T03:05:05Z",
    } | changes


def lease_json(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "attempt_id": 500 + number,
        "trial_id": 100 + number,
        "study_id": 7,
        "study": "toy",
        "number": number,
        "attempt": 1,
        "token": f"token-{number}",
        "expires_at": "2030-01-02T04:04:05Z",
        "lease_s": 3600,
        "work": {"kind": "parameters", "parameters": {"x": 0.5}, "metrics": ["cost", "size"]},
    } | changes


def leases(*numbers: int) -> httpx.Response:
    return ok({"leases": [lease_json(number) for number in numbers]})
