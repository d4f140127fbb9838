"""Trials as they are asked for and as they are shown."""

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from service.api.schemas.body import Body
from service.api.schemas.leases import Metrics
from service.api.schemas.studies import ObjectiveOut
from service.api.schemas.verifications import Verification, Verified

TrialStatus = Literal[
    "queued", "running", "completed", "stopped", "infeasible", "failed", "cancelled"
]

Purpose = Literal["search", "confirm"]


class TrialCreate(Body):
    """A user's own proposal, or with `values` a finished trial from elsewhere."""

    point: dict[str, Any] | None = Field(None, description="A point of the study's space.")
    parameters: dict[str, Any] | None = Field(None, description="The same, for black boxes.")
    values: Metrics | None = Field(None, description="Results that are known already.")
    parent: int | None = Field(
        None,
        ge=1,
        lt=2**31,
        description="The number of the trial whose weights it inherits; networks only.",
    )

    replicate: bool = Field(
        False, description="Whether a point that the study holds already is measured again."
    )

    @model_validator(mode="after")
    def _propose_once(self) -> Self:
        """Take the proposal under one of its two names."""
        if (self.point is None) == (self.parameters is None):
            raise PydanticCustomError(
                "one_point", "Give either `point` or `parameters`.", {"at": ("point",)}
            )
        return self

    def proposal(self) -> dict[str, Any]:
        """Return the point, whichever name it came under."""
        return self.point or self.parameters or {}


class TrialOut(BaseModel):
    """One trial."""

    id: int
    study_id: int
    number: int
    status: TrialStatus
    key: str
    purpose: str
    replicate: int
    confirms_id: int | None
    point: dict[str, Any]
    values: dict[str, float]
    on_front: bool
    feasible: bool | None
    verified: Verified
    finish_no: int | None
    reason: str | None
    designer: str | None
    origin: str | None
    think_s: float | None = Field(
        description="From the wish to the proposal; of a batch, that of the whole batch."
    )
    fallback: str | None = Field(
        description="Which designer did not answer, and why; `designer` proposed in its place."
    )
    prediction: dict[str, Any] | None
    predicted_figures: dict[str, float] | None = Field(
        description="Of a network that is pruned: what it was expected to cost after the cut."
    )
    worker: str | None
    attempts: int
    created_at: datetime
    finished_at: datetime | None


class TrialPage(BaseModel):
    """Some trials, the cursor of the next page, and how many there are in all."""

    items: list[TrialOut]
    next: str | None
    total: int


class AttemptOut(BaseModel):
    """One worker's try at a trial."""

    id: int
    number: int
    worker: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    reason: str | None
    metrics: dict[str, float] | None = Field(description="As delivered, counted or not.")
    details: dict[str, Any] | None


class ReportOut(BaseModel):
    """Metrics at one step."""

    attempt: int
    step: int
    metrics: dict[str, float]
    at: datetime


class ArtefactOut(BaseModel):
    """A file that a trial left."""

    name: str
    size_bytes: int
    sha256: str
    media_type: str


class RelativeOut(BaseModel):
    """A trial that another one inherits from or confirms, or one that does so."""

    id: int
    number: int
    status: TrialStatus


class MemberOut(RelativeOut):
    """A trial as one of a family."""

    generation: int = Field(description="From the trial that was asked for; ancestors below 0.")
    parent_id: int | None
    origin: str | None
    on_front: bool
    values: dict[str, float]
    changes: list[str] = Field(description="What a morph made of its parent, if that is shown.")
    children: int = Field(description="All of them, shown or not.")


class LineageOut(BaseModel):
    """Ancestors, the eldest first, the trial itself, and its descendants by generation."""

    items: list[MemberOut]
    older: bool = Field(description="Whether the eldest that is shown has a parent.")
    more: bool = Field(description="Whether descendants were left out.")


class TrialDetail(TrialOut):
    """One trial with everything that is known about it."""

    graph: dict[str, Any] | None = Field(
        description="The network; of a completed trial, what came out of its training."
    )
    training: dict[str, Any] | None
    pruning: dict[str, Any] | None
    needs: list[str] = Field(description="What its worker must be able to do, as `can` of a claim.")
    epochs: float = Field(description="Of training in all, those of its parents included.")
    parent: RelativeOut | None
    children: list[RelativeOut]
    confirms: RelativeOut | None = Field(description="Of a confirm run: whose network it trains.")
    confirmed_by: list[RelativeOut]
    preference: dict[str, float] | None = Field(
        description="Of a proposal in one direction: how much it sought each objective; sums to 1."
    )
    details: dict[str, Any]
    attempts_list: list[AttemptOut]
    reports: list[ReportOut]
    artefacts: list[ArtefactOut]
    verification: Verification | None = Field(
        description="What its worker checked of its network, level by level."
    )
    memory_timeline: list[tuple[str, int]] | None


class FrontOut(BaseModel):
    """The trials that no other dominates, sorted by the first objective."""

    objectives: list[ObjectiveOut]
    items: list[TrialOut]


class Columns(BaseModel):
    """The finished trials of a study as columns for charts."""

    finish_no: list[int]
    trial_id: list[int]
    number: list[int]
    status: list[TrialStatus]
    on_front: list[bool]
    feasible: list[bool | None]
    values: dict[str, list[float | None]]


class Points(BaseModel):
    """Columns, wrapped so that more can be said later."""

    columns: Columns
