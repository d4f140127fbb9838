"""The files of the page, held in memory: a browser that knows none asks for fifty at once."""

import gzip
import hashlib
import posixpath
import re
from pathlib import Path
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

WEB = Path(__file__).parent.parent / "web"
MEDIA = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
SHEET = re.compile(rb'^@import "([^"]+)";\n', re.MULTILINE)
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


class Held(NamedTuple):
    """A file as it was read."""

    state: list[tuple[int, int]]  # when it and what it imports were written, and their sizes
    tag: str
    plain: bytes
    packed: bytes


class WebFiles(StaticFiles):
    """The files of a folder, with the page's headers; neither thread nor disk for each answer.

    A sheet of styles stands in the place of the line that imports it: it would be asked for only
    when the one with that line is there.

    Args:
        folder: with all below it; what is added later is not served, what changes is read again.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder)
        found = (path for path in folder.rglob("*") if path.suffix in MEDIA)
        self._files = {path.relative_to(folder).as_posix(): [path, *sheets(path)] for path in found}
        self._held: dict[str, Held] = {}

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer with a file, or with 304 to a browser that has it."""
        if path not in self._files or scope["method"] not in ("GET", "HEAD"):
            return await super().get_response(path, scope)  # refused, and how
        held, asked = self.held(path), Headers(scope=scope)
        headers = {**HEADERS, "ETag": f'W/"{held.tag}"', "Vary": "Accept-Encoding"}
        if f'"{held.tag}"' in asked.get("If-None-Match", ""):
            return Response(status_code=304, headers=headers)
        body = held.plain
        if "gzip" in asked.get("Accept-Encoding", ""):
            body, headers["Content-Encoding"] = held.packed, "gzip"
        headers["Content-Length"] = f"{len(body)}"
        sent = body if scope["method"] == "GET" else b""
        return Response(sent, headers=headers, media_type=MEDIA[Path(path).suffix])

    def held(self, name: str) -> Held:
        """Return a file as it is now."""
        files = self._files[name]
        state = [(each.st_mtime_ns, each.st_size) for each in (file.stat() for file in files)]
        held = self._held.get(name)
        if held is None or held.state != state:
            plain = flat(files[0])
            tag = hashlib.sha256(plain).hexdigest()[:20]
            held = self._held[name] = Held(state, tag, plain, gzip.compress(plain, mtime=0))
        return held


def sheets(path: Path) -> list[Path]:
    """Return the sheets of styles that a file imports; only such a sheet does."""
    return [path.parent / name.decode() for name in SHEET.findall(path.read_bytes())]


def flat(path: Path) -> bytes:
    """Return the content of a file, and of the sheets that it imports in their places."""
    return SHEET.sub(lambda line: (path.parent / line[1].decode()).read_bytes(), path.read_bytes())


def modules(*first: str) -> list[str]:
    """Return modules and those that they import, directly or not, those next to them first."""
    found = list(first)
    for module in found:
        for named in IMPORTED.findall((WEB / module).read_text(encoding="utf-8")):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(module), named))
            if path not in found:
                found.append(path)
    return found
