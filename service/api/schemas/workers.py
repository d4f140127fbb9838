"""Workers, the data they hold, and devices."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from resource_models.devices import Device
from resource_models.footprint import offered
from service.api.schemas.body import NAME, Body, Part

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
        default_factory=list, description="What it has leased; the list of workers tells it."
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
