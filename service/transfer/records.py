"""The lines of an exported study, as both sides know them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic_core import PydanticCustomError

from service.api.schemas.body import METRIC_NAME, NAME, Body, Part
from service.api.schemas.leases import LeaseSeconds, Metrics
from service.api.schemas.studies import Epochs, Hours, StudyCreate, StudyStatus, Trials
from service.api.schemas.trials import Purpose, TrialStatus
from service.api.schemas.verifications import Verification
from service.api.schemas.workers import DataIn
from service.states import Ended

FORMAT = 1
# Databases and zones have their own last year, and a budget of hours is added to a time.
FIRST_TIME, TIMES_END = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
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


def _of_our_time(value: datetime) -> datetime:
    if not FIRST_TIME <= value < TIMES_END:
        raise ValueError(f"need a time from {FIRST_TIME:%Y} to {TIMES_END.year - 1}")
    return value


def _written(text: str) -> str:
    """Leave a time as it is written, but only if it can be read."""
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("need a time with a zone")
    return text


Time = Annotated[AwareDatetime, AfterValidator(_of_our_time), Field(strict=False)]
# What goes on counting here needs room to do so: columns have 31 bits.
Count = Annotated[int, Field(ge=0, le=10**9)]
Number = Annotated[int, Field(ge=1, le=10**9)]
Step = Annotated[int, Field(ge=0, lt=2**31)]
MetricName = Annotated[str, Field(pattern=METRIC_NAME)]
Figures = dict[MetricName, float]
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
    ended_reason: Annotated[Ended, Field(strict=False)] | None
    scales: dict[str, ScaleRecord]
    data: DataIn | None
    instructions: dict[str, dict[str, list[float]]] | None = Field(
        None, description="What each step of a kernel costs, by core and form, where that is asked."
    )
    trials: Trials
    epochs: Epochs | None
    hours: Hours | None
    plateau: Trials | None
    last_number: Count
    finish_no: Count
    front_size: Count
    hypervolume: float | None
    test_reads: Count
    epochs_done: Step
    started_at: Time | None
    created_at: Time
    ended_at: Time | None


class ReportRecord(Part):
    """Metrics at a step."""

    step: Step
    metrics: Metrics
    at: Time


class AttemptRecord(Part):
    """One worker's try, with its reports."""

    number: Number
    worker: str = Field(pattern=NAME)
    lease_s: LeaseSeconds
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
    rung: Step | None
    stop_reason: str | None
    reports: list[ReportRecord]


class BasisRecord(Part):
    """What `service.planner.basis.Basis` reads of the details of a trial."""

    designer: str
    read_at: Annotated[str, AfterValidator(_written)]
    pending: list[Annotated[list[Number], Field(min_length=2, max_length=2)]]
    unscaled: list[str]
    budget: Number | None
    count: Number
    place: Count
    surroundings: dict[str, str]


class TrialDetails(BaseModel):
    """What was noted with a proposal: the fields that we read again; all others are only shown."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    think_s: float | None = None
    fallback: str | None = None
    value: float | None = None
    orphaned: bool = False
    history_version: Count | None = None
    seed: int | None = None
    basis: BasisRecord | None = None

    @model_validator(mode="after")
    def _be_whole(self) -> Self:
        """A basis is read together with what stands beside it."""
        for name in ("history_version", "seed"):
            if self.basis is not None and getattr(self, name) is None:
                raise PydanticCustomError("no_basis", "A basis needs this field", {"at": (name,)})
        return self


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
    epochs: Annotated[float, Field(ge=0, lt=2**31)]
    designer: ShortText
    origin: ShortText
    prediction: dict[MetricName, Figures] | None
    details: TrialDetails
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
    verification: Verification | None = None
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
