"""Says in words what is wrong with a request, where, and what would help."""

from collections.abc import Mapping, Sequence
from typing import Any

from service.api.problems import Problem

# By kind of error, as Pydantic and `schemas/body.py` name them.
REMEDIES = {
    "missing": "Add this field.",
    "unknown_field": "Remove it, or use one of: {known}.",
    "extra_forbidden": "Remove it, or correct its name; /docs lists what the route takes.",
    "plain_value": "Send finite numbers, 64-bit integers and plain text. A trial without a finite "
    'value is ended by POST /api/v1/trials/{id}/fail with "infeasible": true.',
    "string_pattern_mismatch": "Use a text of the form {pattern}.",
    "literal_error": "Use one of: {expected}.",
    "model_attributes_type": "Send a JSON object with the header Content-Type: application/json.",
}
DEFAULT_REMEDY = "Correct the value; /docs describes every field."
SHOWN_CHARACTERS = 80


def problem_of(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """Turn the findings of a validation into one problem, told by the first of them."""
    first = errors[0]
    if first["type"] == "json_invalid":
        return Problem(
            400,
            "not-json",
            f"The body is not JSON: {first['ctx']['error']} at character {first['loc'][-1]}.",
            remedy="Send a JSON object in UTF-8.",
        )
    told = [{"field": path_of(error), "message": message_of(error)} for error in errors]
    field = path_of(first)
    return Problem(
        422,
        "invalid-request",
        f"{field or 'body'}: {message_of(first)}",
        field=field,
        remedy=remedy_of(first),
        more={"errors": told} if len(told) > 1 else {},
    )


def path_of(error: Mapping[str, Any]) -> str | None:
    """Return the dotted path of a finding, such as `objectives.1.name`; None for the whole body."""
    inside = error.get("ctx", {}).get("at", ())
    return ".".join(str(step) for step in (*error["loc"][1:], *inside)) or None


def message_of(error: Mapping[str, Any]) -> str:
    """Say what is wrong and what was sent."""
    if error["type"] == "missing":
        return "This field is required."
    if error["type"] in {"plain_value", "unknown_field"}:
        return str(error["msg"])
    sent = ascii(error.get("input"))
    if len(sent) > SHOWN_CHARACTERS:
        sent = sent[:SHOWN_CHARACTERS] + "..."
    return f"{error['msg']}, got {sent}."


def remedy_of(error: Mapping[str, Any]) -> str:
    """Say what would help."""
    remedy = REMEDIES.get(error["type"], DEFAULT_REMEDY)
    for name, value in error.get("ctx", {}).items():
        remedy = remedy.replace("{" + name + "}", str(value))
    return remedy
