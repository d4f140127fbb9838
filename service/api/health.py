"""Probes for supervisors and load balancers."""

from fastapi import APIRouter, Response
from pydantic import BaseModel

from service import __version__, schema
from service.api.parts import PartsDep
from service.api.problems import Problem

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """How the process feels."""

    status: str


@router.get("/live")
async def live() -> Health:
    """Tell that the process answers."""
    return Health(status="alive")


@router.get("/ready", response_model=Health)
def ready(parts: PartsDep) -> Health | Response:
    """Tell whether the process takes requests.

    It does if it is not shutting down, reaches its database, and that one still serves it: the
    tables may have been upgraded meanwhile.
    """
    if parts.watcher.closing:
        return Problem(
            503, "shutting-down", "This server is shutting down.", remedy="Use another one."
        ).response({"Retry-After": "5"})
    with parts.db.read() as session:
        if not schema.serves(session.connection()):
            return Problem(
                503,
                "schema-too-new",
                f"The tables no longer serve a server of version {__version__}.",
                remedy="Upgrade this server.",
            ).response({"Retry-After": "60"})
    return Health(status="ready")
