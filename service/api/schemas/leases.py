"""Claims, leases and what a worker sends under one."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from service.api.schemas.body import METRIC_NAME, NAME, Body

REASON_CHARACTERS = 4000
MOST_DATA = 1000

Token = Annotated[str, Field(min_length=1, max_length=200, description="The token of the lease.")]
Metrics = Annotated[
    dict[Annotated[str, Field(pattern=METRIC_NAME)], float], Field(min_length=1, max_length=200)
]


def _cut(text: str) -> str:
    """Keep both ends of a long text: a traceback begins with where and ends with what."""
    if len(text) <= REASON_CHARACTERS:
        return text
    half = REASON_CHARACTERS // 2
    return f"{text[:half]}\n...\n{text[-half:]}"


def _few(data: dict[str, str]) -> dict[str, str]:
    """Refuse more than a statement can compare with.

    Not as `maxLength`, which callers of an earlier release would have to learn of.
    """
    if len(data) > MOST_DATA or any(len(sha256) > 64 for sha256 in data.values()):
        raise ValueError(f"need at most {MOST_DATA} names, each with a sha256 of 64 digits")
    return data


DataSets = Annotated[dict[Annotated[str, Field(pattern=NAME)], str], AfterValidator(_few)]


# Cut, not refused: a worker that fails must get rid of its trial, however long its error is.
Reason = Annotated[str, AfterValidator(_cut)]
LeaseSeconds = Annotated[int, Field(ge=10, le=604_800)]
Kind = Literal["network", "parameters"]


class LeaseRequest(Body):
    """A claim of work."""

    worker: str = Field(pattern=NAME, description="The name of the worker.")
    request_id: str = Field(
        min_length=1, max_length=64, description="The same id returns the same leases again."
    )
    count: int = Field(1, ge=1, le=64, description="At most so many trials.")
    lease_s: LeaseSeconds = 60
    wait_s: float = Field(0, ge=0, le=60, description="Wait so long for work (long poll).")
    kinds: list[Kind] = Field(default=["network", "parameters"], min_length=1, max_length=2)
    data: DataSets | None = Field(
        None,
        description="sha256 by name, at most 1,000; networks only for what the worker holds so.",
    )
    can: list[Annotated[str, Field(max_length=64)]] = Field(
        default_factory=list,
        max_length=64,
        description="What the worker can do beyond release 0.1.0: pruning, parent, binary, "
        "training, confirm, int8, instructions, int4. Other words are ignored.",
    )
    accelerator: Literal["cpu", "cuda"] | None = Field(
        None, description="What the worker trains on; some studies need one."
    )
    memory_mib: int = Field(0, ge=0, lt=2**31, description="Of the accelerator, or of the machine.")
    resume: bool = Field(False, description="First hand out again what this worker had open.")


class Lease(BaseModel):
    """One trial, lent to one worker until it expires."""

    model_config = ConfigDict(from_attributes=True)

    attempt_id: int
    trial_id: int
    study_id: int
    study: str
    number: int
    attempt: int
    token: str
    expires_at: datetime
    lease_s: int
    work: dict[str, Any]


class Leases(BaseModel):
    """What a claim got."""

    leases: list[Lease]


class Renewal(Body):
    """A sign of life."""

    token: Token
    lease_s: LeaseSeconds | None = None


class Order(BaseModel):
    """What the worker shall do next."""

    order: Literal["continue", "stop", "cancel"]


class Renewed(Order):
    """A renewed lease."""

    expires_at: datetime


class Report(Body):
    """Metrics at one step of a trial."""

    token: Token
    step: int = Field(ge=0, lt=2**31)
    metrics: Metrics


class Completion(Body):
    """The result of a trial."""

    token: Token
    metrics: Metrics
    details: dict[str, Any] = Field(default_factory=dict)


class Failure(Body):
    """A trial that came to nothing."""

    token: Token
    reason: Reason = Field(min_length=1)
    infeasible: bool = Field(False, description="No value exists: diverged, or cannot be built.")
    retry: bool = Field(True, description="Another attempt may do better.")


class Release(Body):
    """A trial handed back untried."""

    token: Token
    reason: Reason = ""
