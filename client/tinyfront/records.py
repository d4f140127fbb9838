"""What the server answers, as frozen values.

They are read tolerantly: fields that this release does not know are left out, fields that an older
server does not send get their default. So servers can be upgraded before their users.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from tinyfront.calls import Call
from tinyfront.connection import Connection
from tinyfront.errors import UnreadableAnswer

Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class StudyObjective:
    """An objective of a study, complete: role, unit and scale as the server decided them."""

    name: str
    role: str = "measured"
    goal: str = "minimize"
    unit: str | None = None
    bound: float | None = None
    limit: float | None = None
    ideal: float | None = None
    reference: float | None = None
    log: bool | None = None
    ideal_given: bool | None = None
    reference_given: bool | None = None
    expression: str | None = None

    def within_bound(self, value: float) -> bool:
        """Whether a value keeps the bound; without a bound every value does."""
        if self.bound is None:
            return True
        return value <= self.bound if self.goal == "minimize" else value >= self.bound


@dataclass(frozen=True, slots=True)
class StudyConstraint:
    """A limit on a figure that is reported beside the objectives."""

    name: str
    limit: float
    goal: str = "minimize"


@dataclass(frozen=True, slots=True)
class StudyState:
    """What the server last said about a study."""

    id: int
    name: str
    status: str
    trials: int  # the budget
    ended_reason: str | None = None
    ended_because: str | None = None  # the reason in words
    definition: Mapping[str, Any] = field(default_factory=dict)
    objectives: tuple[StudyObjective, ...] = ()
    constraints: tuple[StudyConstraint, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    finished: int = 0
    # Further budgets, None where there is none, and what is used of the epochs.
    epochs: int | None = None
    epochs_done: int = 0
    hours: float | None = None
    started_at: datetime | None = None
    plateau: int | None = None
    front_size: int = 0
    hypervolume: float | None = None
    test_reads: int = 0
    best: Mapping[str, float | None] = field(default_factory=dict)
    data: Mapping[str, Any] | None = None
    created_at: datetime | None = None
    ended_at: datetime | None = None
    wire: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_black_box(self) -> bool:
        """Whether it searches parameters, not networks."""
        space = self.definition.get("space")
        return isinstance(space, Mapping) and space.get("kind") == "parameters"


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file that belongs to a trial."""

    name: str
    size_bytes: int
    sha256: str
    media_type: str = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Lease:
    """One attempt at a trial, held by this program."""

    attempt_id: int
    trial_id: int
    number: int
    token: str
    work: Mapping[str, Any]
    study: str = ""
    attempt: int = 1
    lease_s: float = 60.0


def read(kind: type[Record], body: Any, url: str, **own: Any) -> Record:
    """Read one record; `url` is named when the answer does not fit, `own` is added to it."""
    if not isinstance(body, Mapping):
        raise UnreadableAnswer(url, f"no {kind.__name__}")
    try:
        names = [each.name for each in dataclasses.fields(kind)]  # type: ignore[arg-type]
        known = {name: _value(name, body[name], url) for name in names if name in body}
        return kind(**known, **own)
    except (TypeError, ValueError) as error:
        raise UnreadableAnswer(url, f"no {kind.__name__} ({error})") from None


def state_of(body: Any, url: str) -> StudyState:
    """Read a study, and keep the answer as it came."""
    return read(StudyState, body, url, wire=body)


def pages(connection: Connection, listing: Callable[[str | None], Call]) -> Iterator[Any]:
    """Every item of a list that the server hands out page by page, from a cursor on."""
    cursor = None
    while True:
        page = connection.json(listing(cursor))
        yield from items(page, connection.url)
        cursor = page.get("next")
        if cursor is None:
            return


def items(page: Any, url: str) -> list[Any]:
    """The `items` of an answer."""
    found = page.get("items") if isinstance(page, Mapping) else None
    if not isinstance(found, list):
        raise UnreadableAnswer(url, "no list of items")
    return found


def _value(name: str, value: Any, url: str) -> Any:
    if name == "objectives":
        return tuple(read(StudyObjective, each, url) for each in value)
    if name == "constraints":
        return tuple(read(StudyConstraint, each, url) for each in value)
    if (name == "at" or name.endswith("_at")) and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value
