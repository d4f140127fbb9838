"""Stands before every route: who sends this, may they, and what browsers are told about answers."""

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import cookies
from service.access_errors import ForeignOrigin, KeyNeeded, RoleForbids
from service.api.errors import refuse, say_database_is_away
from service.api.parts import CALLER
from service.api.roles import MAY, PUBLIC
from service.door import Door
from service.errors import ServiceError
from service.keyring import Caller
from service.loopback import foreign_page, stranger

ROOT = "/api/v1"
# All else is the page without any data, its files, the description of the API, and the probes.
GUARDED = ("/api/", "/metrics")

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
FRAMES_POLICY = "frame-ancestors 'none'"  # the description loads its viewer from elsewhere


class Access:
    """Lets a request pass with the caller in its scope, or answers 401, 403 or 429."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self.app = app
        self.door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask who it is before anything is read of the body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        try:
            scope[CALLER] = await self._caller(request)
        except ServiceError as error:
            response = await refuse(request, error)
        except SQLAlchemyError as error:
            response = await say_database_is_away(request, error)
        else:
            await self.app(scope, receive, send)
            return
        await response(scope, receive, send)

    async def _caller(self, request: Request) -> Caller | None:
        """Return who sends a request; None if it goes where nobody is asked.

        Raises:
            KeyNeeded, TooManyFailures: no valid key came.
            ForeignHost, ForeignOrigin, ProxiedRequest: a page of another site may have sent it.
        """
        keyring, path = self.door.keyring, request.scope["path"]  # `url` follows the header Host
        guarded = path.startswith(GUARDED)
        # Probes and the page without data must answer while the database is away.
        asks = await keyring.asks() if guarded else keyring.asked()
        if not asks:
            refused = stranger(request.method, request.headers)
            if refused is not None:
                raise refused
            return await keyring.local() if guarded else None
        return await self._known(request, path) if guarded else None

    async def _known(self, request: Request, path: str) -> Caller | None:
        sent = request.headers.get("authorization")
        if sent is not None:
            # Browsers never add this header by themselves, so the page of origin does not matter.
            return await self.door.by_key(_bearer(sent), address_of(request))
        foreign = foreign_page(request.method, request.headers)
        if foreign is not None:
            raise ForeignOrigin(foreign)
        if (request.method, path.removeprefix(ROOT)) in PUBLIC:
            return None
        text = cookie_parser(request.headers.get("cookie", "")).get(cookies.NAME)
        caller = None if text is None else await self.door.by_cookie(text)
        if caller is None:
            raise KeyNeeded(sent=False)
        return caller


def _bearer(header: str) -> str:
    scheme, _, text = header.partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


def address_of(request: Request) -> str:
    """Return the address whose failures are counted together."""
    return "unknown" if request.client is None else request.client.host


async def authorize(request: Request) -> None:
    """Check the role of the caller against the table; every route under /api/v1 depends on this.

    Raises:
        KeyNeeded: nobody was let in.
        RoleForbids: the role does not include the route.
    """
    place = (request.method, request.scope["route"].path)
    if place in PUBLIC:
        return
    caller: Caller | None = request.scope.get(CALLER)
    if caller is None:
        raise KeyNeeded(sent=False)
    roles = MAY[place]
    if caller.role not in roles:
        raise RoleForbids(caller.role, " ".join(place), sorted(roles))


class SecurityHeaders:
    """Tells browsers what no answer of ours is for; what a route has said itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add headers to the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        api = scope["path"].startswith(GUARDED)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Referrer-Policy", "same-origin")
                headers.setdefault("Content-Security-Policy", API_POLICY if api else FRAMES_POLICY)
                if api:
                    # What one key may see, nobody else may find in a cache, nor after a sign-out.
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self.app(scope, receive, with_headers)
