"""Bodies that mean something to the service, sound or with one to three mistakes in them.

What a schema alone yields is refused at the door: hardly ever is a random object a search space.
"""

import json
import operator
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.spoiled import BLACK_BOX, spoiled
from tests.service import network_study
from tests.service.stage import definition

Made = st.SearchStrategy[Any]

DEFINITIONS = (
    definition(constraints=["heat <= 5"]),
    definition(hours=1.5, plateau=9, plateau_growth=0.01, ahead=3),
    definition(space=BLACK_BOX, objectives=[{"name": "cost"}, {"name": "size"}]),
    {**network_study.NETWORK, "stopping": {"eta": 3}, "confirm": {"seeds": 1}},
)
# A study that is there already, as it was asked for.
CREATED = definition(constraints=[{"name": "heat", "limit": 5.0}])
PROPOSALS = (
    {},
    {"values": {"cost": 1.0, "gain": 2.0, "heat": 1.0}},
    {"replicate": True},
)
RESULT = {"cost": 1.5, "gain": -2.0, "heat": 1.0, "error": 0.5}
CLAIM = {
    "worker": "w",
    "kinds": ["parameters", "network"],
    "count": 2,
    "can": ["pruning", "parent"],
}
WORKER = {
    "accelerator": "cpu",
    "host": "here",
    "pid": 1,
    "versions": {"torch": "2"},
    "data": [network_study.DIGITS],
}


def made(sound: Any) -> Made:
    """A body as it should be, or almost."""
    return st.integers(0, 3).flatmap(lambda at: st.just(sound) if at else spoiled(sound))


def lines(export: list[Any]) -> Made:
    """The file of a study, with mistakes in some of its lines."""
    return made(export).map(_written)


def _written(records: Any) -> bytes:
    texts = (json.dumps(record) for record in records)
    return "\n".join(texts).encode("utf-8")


def claim(_body: Any) -> Made:
    """A claim of a worker that can do much; hardly ever a repeated one."""
    return st.integers(0, 10**6).flatmap(lambda at: made({**CLAIM, "request_id": f"r{at}"}))


def completion(body: Any) -> Made:
    """The same body, with metrics that our studies know."""
    if not isinstance(body, dict):
        return st.just(body)
    return made(RESULT).map(lambda metrics: {**body, "metrics": metrics})


def report(body: Any) -> Made:
    """The same at one of a few steps, some of them twice."""
    if not isinstance(body, dict):
        return st.just(body)
    return st.integers(0, 9).flatmap(lambda step: completion({**body, "step": step}))


def proposal(_body: Any) -> Made:
    """A point that the study hardly holds yet."""
    points = st.integers(0, 100_000).map(lambda at: {"point": {"x": at / 100}})
    proposals = st.builds(operator.or_, st.sampled_from(PROPOSALS), points)
    return proposals.flatmap(made)


def meant(export: list[Any]) -> Mapping[str, Callable[[Any], Made]]:
    """By route: bodies beside the one that its schema yielded."""
    names = st.integers(0, 999).map(lambda at: {"name": f"new-{at}"})
    fresh = st.builds(operator.or_, st.sampled_from(DEFINITIONS), names)
    definitions = (fresh | st.just(CREATED)).flatmap(made)
    imported = lines(export)
    return {
        "POST /api/v1/studies": lambda _: definitions,
        "POST /api/v1/studies/{study}/trials": proposal,
        "POST /api/v1/studies/import": lambda _: imported,
        "POST /api/v1/leases": claim,
        "POST /api/v1/studies/{study}/leases": claim,
        "POST /api/v1/trials/{trial_id}/reports": report,
        "POST /api/v1/trials/{trial_id}/complete": completion,
        "PUT /api/v1/workers/{name}": lambda _: made(WORKER),
    }
