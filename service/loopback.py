"""Keeps other machines and other web sites out of a server that has no keys.

Such a server listens on loopback only. That alone does not stop a web page in the user's browser:
it can send requests to 127.0.0.1 (cross-site request forgery), or give its own name that address
(DNS rebinding) and then read the answers too.
"""

import re
from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.problems import Problem

OWN_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PROXY_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto")
REMEDY = "Open the service on its own machine as http://127.0.0.1 or http://localhost."


class LoopbackOnly:
    """Lets through only what a user of this machine sent on purpose."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 403 to a stranger, hand everything else on."""
        if scope["type"] == "http":
            headers = {name.decode("latin-1"): value for name, value in text_headers(scope)}
            refused = refusal(scope["method"], headers)
            if refused is not None:
                await refused.response()(scope, receive, send)
                return
        await self.app(scope, receive, send)


def text_headers(scope: Scope) -> list[tuple[bytes, str]]:
    """Return the headers of a request with readable values."""
    return [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]


def refusal(method: str, headers: Mapping[str, str]) -> Problem | None:
    """Say why a request is refused; None if it may pass."""
    host = headers.get("host", "").lower()
    if OWN_HOST.fullmatch(host) is None:
        return _refused(
            "foreign-host", f"This server does not answer to the name {host!r}.", "Host"
        )
    for name in PROXY_HEADERS:
        if name in headers:
            detail = f"This request came through a proxy ({name}), but the server has no keys."
            return _refused("proxied-request", detail, name)
    if method in SAFE_METHODS:
        return None
    # A program sends neither header; a browser sends `Origin` with every unsafe method.
    origin = headers.get("origin")
    if origin is not None and origin.lower() not in {f"http://{host}", f"https://{host}"}:
        detail = f"A page of {origin!r} may not change anything here."
        return _refused("foreign-origin", detail, "Origin")
    if headers.get("sec-fetch-site") == "cross-site":
        detail = "A page of another site may not change anything here."
        return _refused("foreign-origin", detail, "Sec-Fetch-Site")
    return None


def _refused(slug: str, detail: str, field: str) -> Problem:
    return Problem(403, slug, detail, field, REMEDY)
