"""The page: one shell for all its addresses, its files, and Plotly's own script."""

import gzip
import importlib.metadata
import importlib.util
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Request
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

from service import __version__
from service.api.web_files import HEADERS, WEB, WebFiles, modules

PLOTLY_VERSION = importlib.metadata.version("plotly")
YEAR_S = 365 * 24 * 3600
CHART = "charts/chart.js"
# The addresses of the page, and the module that shows each: page.js has the same, and what it shows
# is found there; what an address names may not exist.
VIEWS: Mapping[str, str] = MappingProxyType(
    {
        "/": "studies/list.js",
        "/new": "new/view.js",
        "/workers": "workers/list.js",
        "/workers/{worker}": "workers/worker.js",
        "/compare": "analysis/overlay.js",
        "/studies/{study}": "study/overview.js",
        "/studies/{study}/trials": "study/trials.js",
        "/studies/{study}/compare": "study/compare.js",
        "/studies/{study}/parameters": "analysis/parameters.js",
        "/studies/{study}/timeline": "analysis/timeline.js",
        "/trials/{trial}": "trial/trial.js",
    }
)

router = APIRouter(include_in_schema=False)


def mount_pages(app: FastAPI) -> None:
    """Add the page and its files to the application."""
    app.include_router(router)
    app.mount("/static", WebFiles(WEB), name="static")


@cache
def shell(view: str) -> str:
    """Return the document that an address of the page answers with.

    Args:
        view: the module that shows the address. If it has a chart of Plotly's, that script is
            fetched beside all else, and run after the first numbers stand.
    """
    text = (WEB / "index.html").read_text(encoding="utf-8")
    text = text.replace("{preloads}", "\n  ".join(preloads(view)))
    return text.replace("{plotly}", PLOTLY_VERSION).replace("{version}", __version__)


def preloads(view: str) -> Iterator[str]:
    """Yield links to what the document needs, of which a browser would hear later."""
    # Else each module waits for the one that imports it, eight times one after the other.
    _, *needed = modules("page.js", view)
    for module in needed:
        yield f'<link rel="modulepreload" href="/static/{module}">'
    if CHART in needed:
        address = "/static/plotly-{plotly}.js"
        yield f'<link rel="preload" as="script" href="{address}" fetchpriority="low">'


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


def _page(view: str) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        """Answer with the page, and compress what it asks for next."""
        text = shell(view).replace("{asked}", _asked(request.path_params.get("study")))
        return HTMLResponse(text, headers=HEADERS, background=BackgroundTask(plotly_gzip))

    return page


def _asked(study: str | None) -> str:
    """A link to what every view of a study asks for first, which need not wait for the modules."""
    if study is None:
        return ""
    address = f"/api/v1/studies/{quote(study, safe='')}"
    return f'<link rel="preload" as="fetch" crossorigin href="{address}">'


for address, module in VIEWS.items():
    router.add_api_route(address, _page(module), methods=["GET", "HEAD"])


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
