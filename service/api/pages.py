"""The page: one shell for all its addresses, its files, and Plotly's own script."""

import gzip
import importlib.metadata
import importlib.util
import posixpath
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from service import __version__

WEB = Path(__file__).parent.parent / "web"
PLOTLY_VERSION = importlib.metadata.version("plotly")
YEAR_S = 365 * 24 * 3600
IMPORTED = re.compile(r'^(?:import|export|\}) .*?from "(\.[^"]+)";$', re.MULTILINE)

# No script stands in a document, and none comes from elsewhere. Plotly compiles functions for what
# it draws by the graphics card, hence `unsafe-eval`: without it, large scatters and parallel
# coordinates stay empty. It makes elements of style, and its camera a picture (data:, blob:).
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # Asked anew each time, which costs a 304: after an upgrade the files fit together.
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False)


class WebFiles(StaticFiles):
    """The files of the page, with its headers."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file, or with 304 to a browser that has it."""
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response


def mount_pages(app: FastAPI) -> None:
    """Add the page and its files to the application."""
    app.include_router(router)
    app.mount("/static", WebFiles(directory=WEB), name="static")


@cache
def shell(drawn: bool) -> str:
    """Return the document that the addresses of the page answer with.

    Args:
        drawn: whether the view has a chart of Plotly's. Its script is then fetched beside all else
            and run after the first numbers stand.
    """
    text = (WEB / "index.html").read_text(encoding="utf-8")
    text = text.replace("{preloads}", "\n  ".join(preloads(drawn)))
    return text.replace("{plotly}", PLOTLY_VERSION).replace("{version}", __version__)


def preloads(drawn: bool) -> Iterator[str]:
    """Yield links to what the document needs, of which a browser would hear later."""
    # Else each module waits for the one that imports it, eight times one after the other.
    for module in modules("page.js"):
        yield f'<link rel="modulepreload" href="/static/{module}">'
    if drawn:
        address = "/static/plotly-{plotly}.js"
        yield f'<link rel="preload" as="script" href="{address}" fetchpriority="low">'


def modules(first: str) -> list[str]:
    """Return the modules that one imports, directly or not, those next to it first."""
    found = [first]
    for module in found:
        for named in IMPORTED.findall((WEB / module).read_text(encoding="utf-8")):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(module), named))
            if path not in found:
                found.append(path)
    return found[1:]


@cache
def plotly_path() -> Path:
    """Return Plotly's script as the package brings it; found without importing the package."""
    found = importlib.util.find_spec("plotly")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


@cache
def plotly_gzip() -> bytes:
    """Return Plotly's script compressed: 5 MB become 1.5 MB."""
    return gzip.compress(plotly_path().read_bytes(), compresslevel=6, mtime=0)


# What an address shows is found by the page's own script; it also says what does not exist.
@router.api_route("/", methods=["GET", "HEAD"])
@router.api_route("/new", methods=["GET", "HEAD"])
@router.api_route("/workers", methods=["GET", "HEAD"])
@router.api_route("/studies/{study}/compare", methods=["GET", "HEAD"])
def page() -> Response:
    """Answer with the page, and compress what it asks for next."""
    return _page(drawn=False)


@router.api_route("/studies/{study}", methods=["GET", "HEAD"])
@router.api_route("/studies/{study}/trials", methods=["GET", "HEAD"])
@router.api_route("/studies/{study}/parameters", methods=["GET", "HEAD"])
@router.api_route("/studies/{study}/timeline", methods=["GET", "HEAD"])
@router.api_route("/compare", methods=["GET", "HEAD"])
@router.api_route("/trials/{trial}", methods=["GET", "HEAD"])
def drawn_page() -> Response:
    """The same for a view with charts."""
    return _page(drawn=True)


def _page(drawn: bool) -> Response:
    return HTMLResponse(shell(drawn), headers=HEADERS, background=BackgroundTask(plotly_gzip))


@router.get("/static/plotly-{version}.js")
def plotly(version: str, request: Request) -> Response:
    """Answer with Plotly's script, to be kept for ever: another version has another address."""
    if version != PLOTLY_VERSION:
        raise HTTPException(404, "Not Found")
    headers = {
        **HEADERS,
        "Cache-Control": f"public, max-age={YEAR_S}, immutable",
        "Vary": "Accept-Encoding",
    }
    media_type = "text/javascript"
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return FileResponse(plotly_path(), media_type=media_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(plotly_gzip(), media_type=media_type, headers=headers)
