"""Workers, the data they hold, and devices."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from resource_models.devices import Device
from resource_models.footprint import offered
from service.api.schemas.body import NAME, Body, Part
from service.worker_log import MOST_CHARACTERS, MOST_LINES

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=1, le=10**9)]
ShortText = Annotated[str, Field(max_length=200)]


class DataIn(Part):
    """A data set as a worker announces it; with a `problem` the other fields may be null."""

    name: str = Field(pattern=NAME)
    sha256: Sha256 | None = None
    shape: Annotated[list[Size], Field(min_length=1, max_length=3)] | None = None
    classes: int | None = Field(None, ge=2, le=100_000)
    train: int | None = Field(None, ge=0, le=10**12)
    validation: int | None = Field(None, ge=0, le=10**12)
    test: int | None = Field(None, ge=0, le=10**12)
    split_sha256: Sha256 | None = None
    problem: str | None = Field(None, max_length=2000)

    @model_validator(mode="after")
    def _be_complete(self) -> Self:
        """Require every fact of a data set that can be used: studies are built on them."""
        for name in type(self).model_fields:
            if name != "problem" and self.problem is None and getattr(self, name) is None:
                raise PydanticCustomError(
                    "missing_fact", "A usable data set needs this field.", {"at": (name,)}
                )
        return self


class WorkerAnnouncement(Body):
    """What a worker says about itself when it starts."""

    accelerator: Literal["cpu", "cuda"]
    host: str = Field(max_length=255)
    pid: int = Field(ge=0, lt=2**31)
    memory_mib: int | None = Field(None, ge=0, lt=2**31, description="Of what it trains on.")
    versions: dict[ShortText, ShortText] = Field(default_factory=dict, max_length=100)
    data: list[DataIn] = Field(default_factory=list, max_length=1000)


# A terminal that shows a line would obey these; line breaks and tabs are harmless.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def _harmless(text: Any) -> Any:
    if isinstance(text, str) and (found := CONTROL.search(text)) is not None:
        fault = f"This line holds the control character U+{ord(found[0]):04X}."
        raise PydanticCustomError("control_character", "{fault}", {"fault": fault})
    return text


class LineIn(Part):
    """A line of a worker's log."""

    number: int = Field(ge=1, lt=2**31, description="Its place among those of the process.")
    at_ms: int = Field(
        ge=0, lt=2**43, description="When, by the worker's clock: milliseconds since 1970 in UTC."
    )
    level: Literal["debug", "info", "warning", "error", "critical"]
    text: Annotated[str, BeforeValidator(_harmless)] = Field(
        max_length=MOST_CHARACTERS,
        description="May have line breaks and tabs, but no other control characters.",
    )


class WorkerLogIn(Body):
    """What is new in a worker's log. A line that arrives again is kept once."""

    process: str = Field(
        pattern=r"^[0-9a-f]{8,32}$",
        description="Drawn anew by each process of a worker; its lines are numbered from 1.",
    )
    lines: list[LineIn] = Field(min_length=1, max_length=MOST_LINES)


class LineOut(BaseModel):
    """A line of a worker's log."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime = Field(description="By the worker's clock.")
    level: str
    text: str


class WorkerLogOut(BaseModel):
    """The last lines of a worker's log, the oldest first; none of one that tells nothing."""

    items: list[LineOut]


class DataOut(BaseModel):
    """A data set that workers hold."""

    name: str
    sha256: str | None = None
    shape: list[int] | None = None
    classes: int | None = None
    train: int | None = None
    validation: int | None = None
    test: int | None = None
    split_sha256: str | None = None
    problem: str | None = None


class DataList(BaseModel):
    """Every announced data set."""

    items: list[DataOut]


class RunningOut(BaseModel):
    """A trial that a worker has leased."""

    model_config = ConfigDict(from_attributes=True)

    trial_id: int
    number: int
    study_id: int
    study: str
    since: datetime
    heard_at: datetime = Field(description="The claim, or the last renewal of its lease.")


class WorkerOut(BaseModel):
    """A worker and when it was last heard of; one that never announced itself has only a name."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    accelerator: str | None
    host: str | None
    pid: int | None
    memory_mib: int | None
    versions: dict[str, str]
    data: list[DataOut]
    first_seen_at: datetime
    seen_at: datetime
    running: list[RunningOut] = Field(
        default_factory=list, description="What it has leased; an announcement is answered without."
    )


class WorkerDetail(WorkerOut):
    """A worker, what it has leased, and what its state is judged by."""

    now: datetime = Field(description="By the clock that told when the worker was heard of.")
    server_version: str = Field(
        description="The release of this server; that of the worker is `versions.tinyfront`."
    )


class WorkerList(BaseModel):
    """Some workers, and the cursor of the next page."""

    items: list[WorkerOut]
    next: str | None
    now: datetime = Field(description="By the clock that told when workers were heard of.")
    server_version: str = Field(
        description="The release of this server; that of a worker is `versions.tinyfront`."
    )


class DeviceOut(BaseModel):
    """A microcontroller."""

    name: str
    title: str
    core: str
    clock_hz: int
    sram_bytes: int
    flash_bytes: int
    source: str
    figures: list[str] = Field(description="Of a network on it; each may be an objective.")

    @classmethod
    def of(cls, device: Device) -> Self:
        """Show a device."""
        same = {name: getattr(device, name) for name in cls.model_fields if name != "figures"}
        return cls(**same, figures=list(offered(device)))


class DeviceList(BaseModel):
    """Every known device."""

    items: list[DeviceOut]
