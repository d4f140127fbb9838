"""Probes for supervisors and load balancers."""

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import text

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
    """Tell whether the process takes requests: it reaches its database and is not shutting down."""
    if parts.watcher.closing:
        return Problem(
            503, "shutting-down", "This server is shutting down.", remedy="Use another one."
        ).response({"Retry-After": "5"})
    with parts.db.read() as session:
        session.execute(text("SELECT 1"))
    return Health(status="ready")
