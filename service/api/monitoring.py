"""Figures for Prometheus. They name studies, so with keys they need one, and are of its project."""

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from service.api.parts import PartsDep

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(parts: PartsDep) -> Response:
    """Show the figures of this server, of all its processes, in the text format of Prometheus."""
    return Response(parts.monitor.text(parts.db), media_type=CONTENT_TYPE_LATEST)
