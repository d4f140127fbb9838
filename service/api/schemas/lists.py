"""What lists are asked for: filters, order, and the cursor of the page before."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from optimizer.errors import InvalidProblem
from optimizer.problem import Constraint
from service import keys
from service.api.schemas.access import KeyOut, RoleName
from service.api.schemas.body import CURSOR, METRIC_NAME, NAME, text_fault
from service.api.schemas.leases import Kind
from service.api.schemas.studies import StudyStatus
from service.api.schemas.trials import Purpose, TrialStatus
from service.api.schemas.workers import WorkerOut
from service.trial_lists import Place, Range
from service.workers import Place as Seen

# Of a list by a value: the value, if there is one, and what tells equal ones apart.
RANKED = re.compile(r"(?P<value>[-+.\deE]{0,32})~(?P<id>\d{1,18})")
# Of a list by time: when, and what tells equal ones apart.
TIMED = re.compile(rf"(?P<us>\d{{1,18}})~(?P<name>{NAME[1:-1]})")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Query(BaseModel):
    """What all lists are asked for."""

    model_config = ConfigDict(extra="forbid")

    cursor: str | None = Field(None, pattern=CURSOR, description="`next` of the page before.")
    limit: int = Field(100, ge=1, le=1000)


def _no_fault(text: str) -> str:
    fault = text_fault(text)
    if fault is not None:
        raise PydanticCustomError("plain_value", "{fault}", {"fault": fault})
    return text


Contained = Annotated[
    str | None,
    BeforeValidator(_no_fault),
    Field(max_length=64, description="Part of the name; small and capital letters are alike."),
]


class StudyQuery(Query):
    """Which studies a list shows, and in which order."""

    limit: int = Field(50, ge=1, le=200)
    status: StudyStatus | None = None
    kind: Kind | None = None
    contains: Contained = None
    order: Literal["newest", "oldest"] = "newest"


def _range(text: str) -> str:
    try:
        Constraint.read(text)
    except InvalidProblem as error:
        raise PydanticCustomError("range", "{why}", {"why": str(error)}) from error
    return text


class TrialQuery(Query):
    """Which trials a list shows, and in which order."""

    cursor: str | None = Field(None, max_length=64, description="`next` of the page before.")
    status: TrialStatus | None = None
    purpose: Purpose = "search"
    where: list[Annotated[str, BeforeValidator(_range)]] = Field(
        default_factory=list,
        max_length=8,
        description="What metrics must keep: `cost <= 0.3`; each time it is given.",
    )
    number: list[Annotated[int, Field(ge=1, lt=2**31)]] = Field(
        default_factory=list,
        max_length=100,
        description="Only the trial of this number in its study; each time it is given.",
    )
    sort: str | None = Field(
        None,
        pattern=METRIC_NAME,
        description="A metric to rank by. Trials without it come last in either order.",
    )
    order: Literal["oldest", "newest", "lowest", "highest"] | None = Field(
        None, description="By the number of the trial; with `sort`: lowest or highest first."
    )
    skip: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Leave out so many first, for a page by its number; a cursor is steadier.",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        """Refuse an order or a cursor of the other kind of list."""
        orders = ("oldest", "newest") if self.sort is None else ("lowest", "highest")
        if self.order not in (None, *orders):
            words = {"expected": " or ".join(orders), "at": ("order",)}
            raise PydanticCustomError("literal_error", "Need {expected} here", words)
        if self.cursor is not None and self.skip:
            words = {"at": ("skip",)}
            raise PydanticCustomError("one_place", "Give either `cursor` or `skip`", words)
        if self.cursor is not None and not self._readable(self.cursor):
            words = {"pattern": "`next` of the page before, asked for alike", "at": ("cursor",)}
            raise PydanticCustomError("string_pattern_mismatch", "Need {pattern}", words)
        return self

    def _readable(self, cursor: str) -> bool:
        if self.sort is None:
            return re.fullmatch(CURSOR, cursor) is not None
        return _place(cursor) is not None

    @property
    def ranges(self) -> tuple[Range, ...]:
        """The ranges that metrics must lie in."""
        wanted = [Constraint.read(text) for text in self.where]
        return tuple(
            Range(each.name, high=each.limit)
            if each.goal == "minimize"
            else Range(each.name, low=each.limit)
            for each in wanted
        )

    @property
    def place(self) -> Place | None:
        """Where the page before ended, of a list that is ranked."""
        return None if self.cursor is None else _place(self.cursor)


def _place(cursor: str) -> Place | None:
    match = RANKED.fullmatch(cursor)
    if match is None:
        return None
    if not match["value"]:
        return Place(None, int(match["id"]))
    try:
        value = float(match["value"])
    except ValueError:
        return None
    return Place(value, int(match["id"])) if math.isfinite(value) else None


def cursor_of(place: Place) -> str:
    """Name a place, so that the next page goes on behind it."""
    value = "" if place.value is None else repr(place.value)
    return f"{value}~{place.trial_id}"


class TimedQuery(Query):
    """What lists by time are asked for."""

    cursor: str | None = Field(None, max_length=100, description="`next` of the page before.")

    @field_validator("cursor")
    @classmethod
    def _be_readable(cls, cursor: str | None) -> str | None:
        if cursor is not None and _timed(cursor) is None:
            raise PydanticCustomError(
                "string_pattern_mismatch", "Need {pattern}", {"pattern": "`next` of a page"}
            )
        return cursor

    @property
    def moment(self) -> tuple[datetime, str] | None:
        """When and at which name the page before ended."""
        return None if self.cursor is None else _timed(self.cursor)


def _timed(cursor: str) -> tuple[datetime, str] | None:
    match = TIMED.fullmatch(cursor)
    if match is None:
        return None
    try:
        return EPOCH + timedelta(microseconds=int(match["us"])), match["name"]
    except OverflowError:
        return None


def _timed_cursor(at: datetime, name: str) -> str:
    return f"{(at - EPOCH) // timedelta(microseconds=1)}~{name}"


class KeyQuery(TimedQuery):
    """Which keys a list shows."""

    role: RoleName | None = None
    revoked: bool | None = Field(None, description="Only those that were, or only the others.")

    @property
    def place(self) -> keys.Place | None:
        """Where the page before ended."""
        return None if self.moment is None else keys.Place(*self.moment)

    def cursor_of(self, last: KeyOut) -> str:
        """Name the place of a page's last key, so that the next page goes on behind it."""
        return _timed_cursor(last.created_at, last.id)


class WorkerQuery(TimedQuery):
    """Which workers a list shows, and in which order."""

    limit: int = Field(1000, ge=1, le=1000)
    accelerator: Literal["cpu", "cuda"] | None = None
    contains: Contained = None
    order: Literal["seen", "name"] = Field(
        "seen",
        description="The one heard of last first; or by name, which misses none that is heard of "
        "while pages are read.",
    )

    @property
    def place(self) -> Seen | None:
        """Where the page before ended."""
        if self.moment is None:
            return None
        seen_at, name = self.moment
        return Seen(name, seen_at)

    def cursor_of(self, last: WorkerOut) -> str:
        """Name the place of a page's last worker, so that the next page goes on behind it."""
        return _timed_cursor(last.seen_at, last.name)
