"""Large answers, charts above all: made once, and sent only to who has an older one."""

import gzip
import hashlib
import json
from collections.abc import Hashable, Mapping

from fastapi import Request, Response

from service import __version__
from service.api.kept import Kept
from service.figures import Figure
from service.models import Study

QUICK = 3  # a level of gzip: a tenth of the time of the best one, and a few percent larger


class Chart:
    """A chart of a study as it is now, with all that was chosen of it.

    A route asks for what is `known` first; only if it is not, it reads what is drawn, and draws it
    when its transaction has ended.
    """

    def __init__(
        self, request: Request, kept: Kept, study: Study, thing: Hashable, beside: int = 0
    ) -> None:
        """Name a chart.

        Args:
            request: what was asked, with what its sender holds already.
            kept: where charts are kept.
            study: which study is shown.
            thing: which chart of it, and what was chosen.
            beside: a number that only grows, as the events do, and does whenever something is to be
                shown of which no event tells.
        """
        self._asked = request.headers
        self._kept = kept
        self._thing = study.id, thing
        # Whatever the ledger does to a finished trial, it tells by an event in the same
        # transaction, so the number of the last one is the version of a chart.
        self._version = study.event_no + beside
        # One day another database is served at this address, and another release draws otherwise.
        born = int(1e6 * study.created_at.timestamp())
        self._headers = _tagged(f"{__version__}.{study.id}.{born:x}.{self._version}")

    def known(self) -> Response | None:
        """Answer who holds the chart, or with what is kept of it; None if it must be drawn."""
        if _held(self._asked, self._headers):
            return Response(status_code=304, headers=self._headers)
        kept = self._kept.get(self._thing, self._version)
        return None if kept is None else _packed(self._asked, kept, self._headers)

    def drawn(self, figure: Figure) -> Response:
        """Keep the chart, and answer with it."""
        return self.written(_written(figure))

    def written(self, text: bytes) -> Response:
        """The same with JSON that is written already."""
        made = gzip.compress(text, QUICK)
        self._kept.put(self._thing, self._version, made)
        return _packed(self._asked, made, self._headers)


def drawn_now(request: Request, figure: Figure) -> Response:
    """Answer with a chart that time alone changes; not to who holds the very same."""
    text = _written(figure)
    headers = _tagged(hashlib.sha256(text).hexdigest()[:32])
    if _held(request.headers, headers):
        return Response(status_code=304, headers=headers)
    return _packed(request.headers, gzip.compress(text, QUICK), headers)


def _written(figure: Figure) -> bytes:
    return json.dumps(figure, separators=(",", ":")).encode()


def _tagged(tag: str) -> dict[str, str]:
    return {"ETag": f'W/"{tag}"', "Vary": "Accept-Encoding"}


def _held(asked: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    return asked.get("If-None-Match") == headers["ETag"]


def _packed(asked: Mapping[str, str], made: bytes, headers: Mapping[str, str]) -> Response:
    if "gzip" not in asked.get("Accept-Encoding", ""):
        plain = gzip.decompress(made)
        return Response(plain, media_type="application/json", headers=dict(headers))
    packed = {**headers, "Content-Encoding": "gzip"}
    return Response(made, media_type="application/json", headers=packed)
