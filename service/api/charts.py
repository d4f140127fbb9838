"""Large charts: made once for each state of a study, and sent only to who has an older one."""

import gzip
import json
from collections.abc import Hashable

from fastapi import Request, Response

from service.api.kept import Kept
from service.figures import Figure
from service.models import Study

QUICK = 3  # a level of gzip: a tenth of the time of the best one, and a few percent larger


class Chart:
    """A chart of a study as it is now, with all that was chosen of it.

    A route asks for what is `known` first; only if it is not, it reads what is drawn, and draws it
    when its transaction has ended.
    """

    def __init__(self, request: Request, kept: Kept, study: Study, thing: Hashable) -> None:
        self._asked = request.headers
        self._kept = kept
        self._thing = study.id, thing
        # Whatever the ledger does to a finished trial, it tells by an event in the same
        # transaction, so the number of the last one is the version of a chart.
        self._version = study.event_no
        self._headers = {
            "ETag": f'W/"{study.id}.{self._version}"',
            "Vary": "Accept-Encoding",
        }

    def known(self) -> Response | None:
        """Answer who holds the chart, or with what is kept of it; None if it must be drawn."""
        if self._asked.get("If-None-Match") == self._headers["ETag"]:
            return Response(status_code=304, headers=self._headers)
        held = self._kept.get(self._thing, self._version)
        return None if held is None else self._packed(held)

    def drawn(self, figure: Figure) -> Response:
        """Keep the chart, and answer with it."""
        held = gzip.compress(json.dumps(figure, separators=(",", ":")).encode(), QUICK)
        self._kept.put(self._thing, self._version, held)
        return self._packed(held)

    def _packed(self, held: bytes) -> Response:
        if "gzip" not in self._asked.get("Accept-Encoding", ""):
            plain = gzip.decompress(held)
            return Response(plain, media_type="application/json", headers=self._headers)
        headers = self._headers | {"Content-Encoding": "gzip"}
        return Response(held, media_type="application/json", headers=headers)
