"""A short way for what workers send all the time: claims of a study, renewals, reports, results.

A route of FastAPI costs 0.3 ms of CPU before its body runs: routers are matched one after the
other, each twice, and every dependency is solved anew. The routes here are found by one pattern and
called with what their dependencies would have given them. Only requests without any fault come this
way; all others go on to FastAPI, which says what is wrong, as it does for the other routes.
"""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api import leases, trials
from service.api.access import ROOT, authorize
from service.api.body_limit import announced_bytes
from service.api.errors import answer_database_error, let_go, refuse
from service.api.parts import LARGEST_ID, Parts, parts_of
from service.api.schemas.body import NAME
from service.api.schemas.leases import Completion, LeaseRequest, Renewal, Report
from service.errors import ServiceError

# What is larger is rare, and worth the longer way with its limits.
MOST_BYTES = 64 * 2**10
PATH = re.compile(
    rf"{ROOT}/(?:trials/(?P<trial_id>[1-9][0-9]{{0,18}})/(?P<verb>renew|reports|complete)"
    rf"|studies/(?P<study>{NAME[1:-1]})/(?P<claim>leases))"
)
JSON = b"application/json"

Call = Callable[[Request, Parts, Any], Awaitable[Response]]


async def _renew(request: Request, parts: Parts, body: Renewal) -> Response:
    return await trials.renew(request.path_params["trial_id"], body, parts)


async def _report(request: Request, parts: Parts, body: Report) -> Response:
    return await trials.report(request.path_params["trial_id"], body, parts)


async def _complete(request: Request, parts: Parts, body: Completion) -> Response:
    return await trials.complete(request.path_params["trial_id"], body, parts)


async def _claim(request: Request, parts: Parts, body: LeaseRequest) -> Response:
    return await leases.claim_of_study(request.path_params["study"], body, parts, request)


# By the last word of the address: the template of the route, its body, and how to call it.
LANES: Mapping[str, tuple[str, type[BaseModel], Call]] = MappingProxyType(
    {
        "renew": ("/trials/{trial_id}/renew", Renewal, _renew),
        "reports": ("/trials/{trial_id}/reports", Report, _report),
        "complete": ("/trials/{trial_id}/complete", Completion, _complete),
        "leases": ("/studies/{study}/leases", LeaseRequest, _claim),
    }
)


class Template:
    """The route of a request, as far as the log, the figures and the table of roles ask for it."""

    def __init__(self, path: str) -> None:
        self.path = path


TEMPLATES = {path: Template(path) for path, _, _ in LANES.values()}


class Express:
    """The innermost of the middlewares; `parts` are those of the application."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self.app = app
        self.parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand the request on as it came."""
        match = PATH.fullmatch(scope["path"]) if _is_plain(scope) else None
        if match is None:
            await self.app(scope, receive, send)
            return
        template, model, call = LANES[match["verb"] or match["claim"]]
        content = await _content(receive)
        if content is None:
            scope["route"] = TEMPLATES[template]
            gone = await let_go(Request(scope), ClientDisconnect())
            await gone(scope, receive, send)
            return
        path_params = _path_params(match)
        body = _body(model, content)
        if body is None or path_params is None:
            await self.app(scope, _again(content, receive), send)
            return
        scope["route"], scope["path_params"] = TEMPLATES[template], path_params
        request = Request(scope, receive, send)
        response = await self._answer(request, call, body)
        await response(scope, receive, send)

    async def _answer(self, request: Request, call: Call, body: BaseModel) -> Response:
        try:
            await authorize(request)
            return await call(request, parts_of(self.parts, request), body)
        except ServiceError as error:
            return await refuse(request, error)
        except SQLAlchemyError as error:
            return await answer_database_error(request, error)


def _is_plain(scope: Scope) -> bool:
    """Whether a request has a small JSON body and asks for nothing else."""
    if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"]:
        return False
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    return kind == JSON and 0 < announced_bytes(scope) <= MOST_BYTES


async def _content(receive: Receive) -> bytes | None:
    """Read a body; None if it did not come in full."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _path_params(match: re.Match[str]) -> dict[str, Any] | None:
    if match["study"] is not None:
        return {"study": match["study"]}
    trial_id = int(match["trial_id"])
    return {"trial_id": trial_id} if trial_id <= LARGEST_ID else None


def _body(model: type[BaseModel], content: bytes) -> BaseModel | None:
    try:
        return model.model_validate(json.loads(content))
    except (ValidationError, ValueError, RecursionError):
        return None


def _again(content: bytes, receive: Receive) -> Receive:
    """Give a body that was read once more."""
    left: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again
