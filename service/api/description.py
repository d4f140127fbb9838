"""What the OpenAPI description says beyond the routes: refusals, keys, links between answers."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel, Field

from service.api.links import add_links
from service.api.problems import MEDIA_TYPE


class FieldProblem(BaseModel):
    """One of several mistakes in a request."""

    field: str | None
    message: str


class ProblemOut(BaseModel):
    """Why a request was refused, and what would help (RFC 9457)."""

    type: str = Field(description="/problems/<kind>; stable.")
    title: str
    status: int
    detail: str
    field: str | None = Field(description="Where: a path such as objectives.1.name.")
    remedy: str | None
    request_id: str | None = Field(None, description="As in the header X-Request-ID and the log.")
    errors: list[FieldProblem] | None = Field(None, description="All mistakes, if several.")


TEMPLATE = "#/components/schemas/{model}"
REFUSED: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "Refused",
        "content": {MEDIA_TYPE: {"schema": {"$ref": TEMPLATE.format(model="ProblemOut")}}},
    }
}


def describe(app: FastAPI) -> None:
    """Let the description say what FastAPI cannot know."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        description = original()
        _add_problems(description)
        _add_keys(description)
        add_links(description)
        return description

    app.openapi = openapi  # type: ignore[method-assign]


def _add_problems(description: dict[str, Any]) -> None:
    """Add the schema that `REFUSED` refers to."""
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    if "ProblemOut" not in schemas:
        problem = ProblemOut.model_json_schema(ref_template=TEMPLATE)
        schemas.update(problem.pop("$defs"))
        schemas["ProblemOut"] = problem


def _add_keys(description: dict[str, Any]) -> None:
    """Say how a key is sent, and that a server of one machine may need none."""
    description["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    description["security"] = [{"key": []}, {}]
