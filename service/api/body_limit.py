"""Refuses request bodies that are too large, before they fill the memory."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import Problem

# Written aside while they arrive, never held whole; these routes have limits of their own.
STREAMED = ("/api/v1/attempts/", "/api/v1/studies/import")


def too_large(limit_bytes: int) -> Problem:
    """Say how large a body may be."""
    return Problem(
        413,
        "body-too-large",
        f"The body of this request is larger than {limit_bytes} bytes.",
        remedy="Send less; files belong to PUT /api/v1/attempts/{id}/artefacts/{name}.",
    )


class BodyTooLarge(HTTPException):
    """More bytes arrived than the route takes."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(413)
        self.problem = too_large(limit_bytes)


class BodyLimit:
    """Counts the bytes of a body as they arrive; what is streamed has a limit of its own.

    An announced length that is too large is refused at once. Without one the bytes are counted;
    FastAPI lets the `HTTPException` of a middleware through while it reads a body.
    """

    def __init__(self, app: ASGIApp, limit_bytes: int) -> None:
        self.app = app
        self.limit_bytes = limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 413, or hand the request on with a counting `receive`."""
        if scope["type"] != "http" or scope["path"].startswith(STREAMED):
            await self.app(scope, receive, send)
            return
        if announced_bytes(scope) > self.limit_bytes:
            await too_large(self.limit_bytes).response()(scope, receive, send)
            return
        seen_bytes = 0

        async def counted() -> Message:
            nonlocal seen_bytes
            message = await receive()
            seen_bytes += len(message.get("body", b""))
            if seen_bytes > self.limit_bytes:
                raise BodyTooLarge(self.limit_bytes)
            return message

        await self.app(scope, counted, send)


def announced_bytes(scope: Scope) -> int:
    """Return the announced length of the body; 0 if there is none (the server checks its form)."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0
