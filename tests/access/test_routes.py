"""No route that writes lies outside of what asks for a key."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from service.api.access import GUARDED
from service.app import create_app
from service.config import Settings
from service.db import Database
from service.loopback import SAFE_METHODS
from service.watcher import Watcher
from tests.access.conftest import Keyed

# Routes that may write and need no key, with the reason.
OPEN: dict[tuple[str, str], str] = {}
# Applications of others inside of ours, by what they do with all methods.
MOUNTED = {"/static": "files of the page; other methods than GET and HEAD are refused"}


def writing_routes(app: FastAPI) -> set[tuple[str, str]]:
    """Method and path of each route that may write; a route that names no method may."""
    return {
        (method, str(route.path))
        for route in iter_route_contexts(app.routes)
        if str(route.path) not in MOUNTED
        for method in (route.methods or {"ANY"})
        if method not in SAFE_METHODS
    }


def application(url: str, folder: Path) -> FastAPI:
    db = Database(url)
    return create_app(Settings(artefact_url=str(folder)), db, Watcher(db))


def test_every_route_that_writes_asks_for_a_key(sqlite_url: str, tmp_path: Path) -> None:
    app = application(sqlite_url, tmp_path)
    writing = writing_routes(app)
    assert ("POST", "/api/v1/studies") in writing
    assert {place for place in writing if not place[1].startswith("/api/v1/")} == set(OPEN)
    assert "/api/v1/".startswith(GUARDED)
    app.post("/elsewhere")(lambda: None)
    assert ("POST", "/elsewhere") in writing_routes(app)


def test_what_is_mounted_is_known_and_takes_no_writing(keyed_sqlite: Keyed, tmp_path: Path) -> None:
    app = application(keyed_sqlite.served.db.url.render_as_string(), tmp_path)
    assert {route.path for route in app.routes if isinstance(route, Mount)} == set(MOUNTED)
    for path in MOUNTED:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = keyed_sqlite.served.http.request(method, f"{path}/page.js")
            assert answer.status_code == 405, (method, path)
