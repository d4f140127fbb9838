"""Problem details (RFC 9457): the one form in which this service says no."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse

from service import logs

MEDIA_TYPE = "application/problem+json"


class ProblemResponse(JSONResponse):
    """A problem as an answer."""

    media_type = MEDIA_TYPE

    def render(self, content: Any) -> bytes:
        """Write ASCII only: a refused text may hold what UTF-8 cannot carry."""
        return json.dumps(content, allow_nan=False).encode("ascii")


@dataclass(frozen=True, slots=True)
class Problem:
    """What went wrong, where, and what would help."""

    status: int
    slug: str
    detail: str
    field: str | None = None
    remedy: str | None = None
    title: str | None = None
    more: Mapping[str, Any] | None = None

    def response(self, headers: Mapping[str, str] | None = None) -> ProblemResponse:
        """Write the problem as an answer, with more headers if given."""
        content = {
            "type": f"/problems/{self.slug}",
            "title": self.title or self.slug.replace("-", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "field": self.field,
            "remedy": self.remedy,
            "request_id": logs.request_id(),
            **(self.more or {}),
        }
        return ProblemResponse(content, self.status, dict(headers or {}))


def slug(error: type[Exception]) -> str:
    """Name a kind of error for its address: `TrialNotFound` is `trial-not-found`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", error.__name__).lower()
