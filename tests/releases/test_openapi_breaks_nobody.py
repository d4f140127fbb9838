"""Today's API serves the clients of every kept release."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service import openapi
from tests.releases.breaking import breaks

KEPT = Path(__file__).parent
RELEASES = sorted(path.parent.name for path in KEPT.glob("*/openapi.json"))
# What may break, and why nobody is hurt. An entry goes when its release is kept no longer.
ALLOWED: dict[str, dict[str, str]] = {
    "0.1.0": {
        "GET /api/v1/studies/{study}/trials cursor: maxLength is 64 now": (
            "a pattern, which is gone, allowed 18 digits before"
        ),
        "GET /api/v1/studies/{study}/trials order: default is null now": (
            "without `sort`, which is new, it still means `oldest`"
        ),
        "POST /api/v1/studies body.objectives[].name: pattern is "
        "^[A-Za-z_][A-Za-z0-9_:.@-]{0,63}$ now": "it takes `@`, too, and all it took before",
    }
}

Description = dict[str, Any]


def kept(release: str) -> Description:
    description: Description = json.loads((KEPT / release / "openapi.json").read_text())
    return description


def today() -> Description:
    description: Description = json.loads(openapi.description())
    return description


def test_every_kept_release_has_its_description() -> None:
    folders = {path.name for path in KEPT.iterdir() if (path / "sqlite.sql").exists()}
    assert set(RELEASES) == folders


@pytest.mark.parametrize("release", RELEASES)
def test_nothing_that_a_kept_release_relies_on_is_gone(release: str) -> None:
    """Whoever breaks something on purpose enters it in ALLOWED with the reason."""
    found = breaks(kept(release), today())
    allowed = ALLOWED.get(release, {})
    assert [each for each in found if each not in allowed] == []
    assert [each for each in allowed if each not in found] == []


def schema(description: Description, name: str) -> Description:
    found: Description = description["components"]["schemas"][name]
    return found


def parameter(description: Description, path: str, name: str) -> Description:
    """The schema of a parameter of a GET."""
    parameters = description["paths"][path]["get"]["parameters"]
    found: Description = next(each["schema"] for each in parameters if each["name"] == name)
    return found


CHANGES: dict[str, Callable[[Description], Any]] = {
    "GET /api/v1/devices: is gone": lambda d: d["paths"]["/api/v1/devices"].pop("get"),
    "GET /api/v1/studies limit: maximum is 10 now": lambda d: parameter(
        d, "/api/v1/studies", "limit"
    ).update(maximum=10),
    "POST /api/v1/studies body.seed: is gone": lambda d: schema(d, "StudyCreate")["properties"].pop(
        "seed"
    ),
    "POST /api/v1/studies body.data: is newly required": lambda d: schema(d, "StudyCreate")[
        "required"
    ].append("data"),
    "POST /api/v1/studies body.objectives[].goal: may not be maximize any more": lambda d: schema(
        d, "ObjectiveIn"
    )["properties"]["goal"].update(enum=["minimize"]),
    "POST /api/v1/studies body.trials: takes no integer any more": lambda d: schema(
        d, "StudyCreate"
    )["properties"]["trials"].update(type="string"),
    "GET /api/v1/studies/{study} 200.counts.queued: is gone": lambda d: schema(d, "Counts")[
        "properties"
    ].pop("queued"),
    "GET /api/v1/trials/{trial_id} 200.number: may be null now": lambda d: schema(d, "TrialDetail")[
        "properties"
    ].update(number={"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    "GET /api/v1/workers 200.items[].name: may be missing now": lambda d: schema(d, "WorkerOut")[
        "required"
    ].remove("name"),
    "GET /api/v1/studies/{study} 200.objectives[].role: may be guessed now": lambda d: schema(
        d, "ObjectiveOut"
    )["properties"]["role"]["enum"].append("guessed"),
    'POST /api/v1/studies body.designer: default is "random" now': lambda d: schema(
        d, "StudyCreate"
    )["properties"]["designer"].update(default="random"),
    "POST /api/v1/studies body.seed: default is null now": lambda d: schema(d, "StudyCreate")[
        "properties"
    ]["seed"].pop("default"),
    "GET /api/v1/studies limit: default is 7 now": lambda d: parameter(
        d, "/api/v1/studies", "limit"
    ).update(default=7),
    "POST /api/v1/studies body.name: format is uuid now": lambda d: schema(d, "StudyCreate")[
        "properties"
    ]["name"].update(format="uuid"),
    "GET /api/v1/studies/{study} 200.created_at: format is None now": lambda d: schema(
        d, "StudyOut"
    )["properties"]["created_at"].pop("format"),
    "POST /api/v1/trials/{trial_id}/complete body.details: takes no other fields any more": (
        lambda d: schema(d, "Completion")["properties"]["details"].update(
            additionalProperties=False
        )
    ),
    "POST /api/v1/trials/{trial_id}/complete body.details.*: takes no anything any more": (
        lambda d: schema(d, "Completion")["properties"]["details"].update(
            additionalProperties={"type": "string"}
        )
    ),
    "GET /api/v1/studies/{study} 200.definition: has no other fields now": lambda d: schema(
        d, "StudyOut"
    )["properties"]["definition"].update(additionalProperties=False),
    "GET /api/v1/studies: needs key now": lambda d: d.update(security=[{"key": []}]),
    "GET /api/v1/devices: needs key now": lambda d: d["paths"]["/api/v1/devices"]["get"].update(
        security=[{"key": []}]
    ),
    "GET /api/v1/studies default.remedy: is gone": lambda d: schema(d, "ProblemOut")[
        "properties"
    ].pop("remedy"),
    "GET /api/v1/studies/{study}/events 200[].data: may be object now": lambda d: d["paths"][
        "/api/v1/studies/{study}/events"
    ]["get"]["responses"]["200"]["content"]["text/event-stream"]["itemSchema"]["properties"][
        "data"
    ].update(type="object"),
}


@pytest.mark.parametrize("told", CHANGES)
def test_a_break_is_told_by_its_path(told: str) -> None:
    before = today()
    after = copy.deepcopy(before)
    CHANGES[told](after)
    assert told in breaks(before, after)


def test_what_only_adds_breaks_nobody() -> None:
    before = today()
    after = copy.deepcopy(before)
    schema(after, "StudyCreate")["properties"]["colour"] = {"type": "string"}
    schema(after, "StudyOut")["properties"]["colour"] = {"type": "string"}
    schema(after, "StudyCreate")["required"].remove("trials")
    schema(after, "StudyCreate")["properties"]["data"]["default"] = None
    schema(after, "Completion")["properties"]["metrics"]["additionalProperties"] = True
    after["security"] = []
    after["paths"]["/api/v1/colours"] = after["paths"]["/api/v1/devices"]
    assert breaks(before, after) == []
