"""The lines of an exported study, as both sides know them."""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from service.api.schemas.body import METRIC_NAME, NAME, Body, Part
from service.api.schemas.leases import Metrics
from service.api.schemas.studies import StudyCreate, StudyStatus
from service.api.schemas.trials import Purpose, TrialStatus
from service.api.schemas.workers import DataIn

FORMAT = 1
# Columns of a trial that stand in its line as they do in its row.
KEPT = (
    "number",
    "key",
    "purpose",
    "replicate",
    "point",
    "known",
    "epochs",
    "designer",
    "origin",
    "prediction",
    "details",
    "worker",
    "reason",
    "attempts",
    "failures",
    "losses",
    "failed_through",
    "created_at",
    "started_at",
    "finished_at",
    "entered_at",
    "finish_no",
    "feasible",
    "on_front",
)

Time = Annotated[AwareDatetime, Field(strict=False)]
Count = Annotated[int, Field(ge=0, lt=2**31)]
Number = Annotated[int, Field(ge=1, lt=2**31)]
Figures = dict[Annotated[str, Field(pattern=METRIC_NAME)], float]
ShortText = Annotated[str, Field(max_length=64)]


class ScaleRecord(Part):
    """The scale of one objective."""

    ideal: float
    reference: float
    log: bool


class StudyRecord(Body):
    """The first line: what was asked, and where the study stood."""

    record: Literal["study"]
    format: Literal[1]
    server: ShortText = Field(description="The version that wrote the file.")
    definition: StudyCreate
    status: StudyStatus
    ended_reason: ShortText | None
    scales: dict[str, ScaleRecord]
    data: DataIn | None
    trials: Number
    epochs: Number | None
    hours: float | None
    plateau: Number | None
    last_number: Count
    finish_no: Count
    front_size: Count
    hypervolume: float | None
    test_reads: Count
    epochs_done: Count
    started_at: Time | None
    created_at: Time
    ended_at: Time | None


class ReportRecord(Part):
    """Metrics at a step."""

    step: Count
    metrics: Metrics
    at: Time


class AttemptRecord(Part):
    """One worker's try, with its reports."""

    number: Number
    worker: str = Field(pattern=NAME)
    lease_s: Number
    started_at: Time
    expires_at: Time
    ended_at: Time
    outcome: Literal[
        "completed", "infeasible", "failed", "expired", "released", "cancelled", "superseded"
    ]
    reason: str | None
    counts: bool
    result: Figures | None
    details: dict[str, Any] | None
    rung: Count | None
    stop_reason: str | None
    reports: list[ReportRecord]


class TrialRecord(Body):
    """One proposal and what became of it. What ran is written as waiting in the queue."""

    record: Literal["trial"]
    number: Number
    key: str = Field(pattern=r"^[0-9a-f]{64}$")
    purpose: Purpose
    replicate: Count
    status: TrialStatus
    point: dict[str, Any]
    known: Figures
    work: dict[str, Any]
    parent: Number | None
    confirms: Number | None
    epochs: float
    designer: ShortText
    origin: ShortText
    prediction: dict[str, Any] | None
    details: dict[str, Any]
    worker: str | None
    reason: str | None
    attempts: Count
    failures: Count
    losses: Count
    failed_through: Literal["objective", "lost_workers"] | None
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    entered_at: Time | None
    finish_no: Number | None
    feasible: bool | None
    on_front: bool
    values: Figures
    tries: list[AttemptRecord]


class HypervolumeRecord(Body):
    """The hypervolume after a trial that changed the front."""

    record: Literal["hypervolume"]
    finish_no: Number
    value: float
    front_size: Count
    at: Time


class EndRecord(Body):
    """The last line."""

    record: Literal["end"]
    trials: Count
