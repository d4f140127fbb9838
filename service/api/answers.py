"""Answers of the routes that workers call all the time."""

from fastapi import Response
from pydantic import BaseModel


def answer(body: BaseModel) -> Response:
    """Answer with a model that was just built.

    What a route returns as a model is checked and turned into JSON anew by FastAPI.
    """
    return Response(body.model_dump_json(), media_type="application/json")
