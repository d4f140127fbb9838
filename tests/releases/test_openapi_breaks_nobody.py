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
        )
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


CHANGES: dict[str, Callable[[Description], Any]] = {
    "GET /api/v1/devices: is gone": lambda d: d["paths"]["/api/v1/devices"].pop("get"),
    "GET /api/v1/studies limit: maximum is 10 now": lambda d: d["paths"]["/api/v1/studies"]["get"][
        "parameters"
    ][1]["schema"].update(maximum=10),
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
    after["paths"]["/api/v1/colours"] = after["paths"]["/api/v1/devices"]
    assert breaks(before, after) == []
