"""Large charts: made once for each state of a study, and sent only to who has an older one."""

import gzip
import json
from collections.abc import Callable, Hashable

from fastapi import Request, Response

from service.api.kept import Kept
from service.figures import Figure
from service.models import Study

QUICK = 3  # a level of gzip: a tenth of the time of the best one, and a few percent larger


def chart(
    request: Request, kept: Kept, study: Study, thing: Hashable, draw: Callable[[], Figure]
) -> Response:
    """Answer with a chart of a study.

    Args:
        thing: which chart it is, with all that was chosen.
        draw: makes it, if it is not held as it is now.
    """
    # Whatever the ledger does to a finished trial, it tells by an event in the same transaction,
    # so the number of the last one is the version of a chart.
    version = study.event_no
    headers = {"ETag": f'W/"{study.id}.{version}"', "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    held = kept.get((study.id, thing), version)
    if held is None:
        held = gzip.compress(json.dumps(draw(), separators=(",", ":")).encode(), QUICK)
        kept.put((study.id, thing), version, held)
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return Response(gzip.decompress(held), media_type="application/json", headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(held, media_type="application/json", headers=headers)
