"""Gives each request an id, and notes how it was answered: a line of the log, and the figures."""

import logging
import random
import re
import time
from collections.abc import Callable

from anyio import BrokenResourceError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import logs

LOG = logging.getLogger(__name__)

HEADER = b"x-request-id"
# No secret: whoever sends a request may choose its id. The kernel takes longer.
ID = random.Random()
SANE = re.compile(rb"[A-Za-z0-9._-]{1,64}")
API = "/api/v1"
# No route of ours: an unknown address, or a file of the page. Addresses themselves are never
# counted by: anybody could make as many as memory holds.
OTHER = "other"
# Asked every few seconds by machines that watch, and of interest to nobody when it works.
QUIET = frozenset({"/health/live", "/health/ready", "/metrics"})

# Told of each answer: method, template of the route, status and seconds.
Answered = Callable[[str, str, int, float], None]


class AccessLog:
    """The outermost of the middlewares.

    The id is the caller's `X-Request-ID` if that is a plain word, else a new one. It stands in the
    answer's header, in problems and in every line of the log that the request causes.
    """

    def __init__(self, app: ASGIApp, answered: Answered) -> None:
        self.app = app
        self.answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on, and note how it was answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = given_id(scope) or f"{ID.getrandbits(64):016x}"
        logs.begin_request(request_id, scope)
        header = (HEADER, request_id.encode())
        begun_s = time.perf_counter()
        status = 500  # unless an answer says otherwise: an error of ours is answered further out

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except ExceptionGroup as errors:
            # FastAPI's own stream of events, when its client goes away while one is handed over.
            if errors.split(BrokenResourceError)[1] is not None:
                raise
        finally:
            seconds = time.perf_counter() - begun_s
            template = template_of(scope)
            self.answered(scope["method"], template, status, seconds)
            _log(scope, template, status, seconds)


def given_id(scope: Scope) -> str | None:
    """Return the id that the caller gave the request; None without one that is a plain word."""
    for name, value in scope["headers"]:
        if name == HEADER and SANE.fullmatch(value):
            return bytes(value).decode()
    return None


def template_of(scope: Scope) -> str:
    """Return the route of a request as it is written in the code, such as /api/v1/trials/{id}."""
    path = getattr(scope.get("route"), "path", None)
    if not isinstance(path, str):
        return OTHER
    # FastAPI keeps the path of an included router without what it was included under.
    inside = scope["path"].startswith(f"{API}/") and not path.startswith(f"{API}/")
    return f"{API}{path}" if inside else path


def _log(scope: Scope, template: str, status: int, seconds: float) -> None:
    level = logging.DEBUG if template in QUIET and status < 400 else logging.INFO
    if LOG.isEnabledFor(level):
        facts = {"method": scope["method"], "route": template, "status": status}
        LOG.log(level, "request", extra={**facts, "ms": round(seconds * 1000, 1)})
