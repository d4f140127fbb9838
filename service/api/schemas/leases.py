"""Claims, leases and what a worker sends under one."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from service.api.schemas.body import METRIC_NAME, NAME, Body

Token = Annotated[str, Field(min_length=1, max_length=200, description="The token of the lease.")]
Metrics = Annotated[
    dict[Annotated[str, Field(pattern=METRIC_NAME)], float], Field(min_length=1, max_length=200)
]
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
    data: dict[Annotated[str, Field(pattern=NAME)], str] | None = Field(
        None, description="sha256 by name; networks only for data that the worker holds unchanged."
    )
    resume: bool = Field(False, description="First hand out again what this worker had open.")


class Lease(BaseModel):
    """One trial, lent to one worker until it expires."""

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
    reason: str = Field(min_length=1, max_length=4000)
    infeasible: bool = Field(False, description="No value exists: diverged, or cannot be built.")
    retry: bool = Field(True, description="Another attempt may do better.")


class Release(Body):
    """A trial handed back untried."""

    token: Token
    reason: str = Field("", max_length=4000)
