"""Studies as they are asked for and as they are shown."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from optimizer.errors import InvalidProblem
from optimizer.problem import MOST_OBJECTIVES, Constraint
from service.api.schemas.body import METRIC_NAME, NAME, Body, Part
from service.api.schemas.workers import DataOut

Goal = Literal["minimize", "maximize"]
StudyStatus = Literal["active", "paused", "ended"]
Trials = Annotated[int, Field(ge=1, le=100_000)]
Epochs = Annotated[int, Field(ge=1, lt=2**31)]
Hours = Annotated[float, Field(gt=0, le=100_000)]


class ObjectiveIn(Part):
    """One objective of a new study."""

    name: str = Field(pattern=METRIC_NAME)
    goal: Goal = "minimize"
    bound: float | None = Field(None, description="A wish: good enough from here on.")
    limit: float | None = Field(None, description="A must: what breaks it is not on the front.")
    ideal: float | None = Field(None, description="Where the scale has its best end.")
    reference: float | None = Field(None, description="From where the hypervolume counts.")
    log: bool | None = Field(None, description="Whether ratios count; default by the objective.")
    expression: str | None = Field(
        None,
        max_length=1000,
        description="What it is, computed from the parameters: `2*x + y`. Nobody measures it then.",
    )


class ConstraintIn(Part):
    """A limit on a figure that is reported beside the objectives; `temperature <= 80` for short."""

    name: str = Field(pattern=METRIC_NAME)
    limit: float
    goal: Goal = Field("minimize", description="To minimize: at most the limit; else at least.")


def _read(value: Any) -> Any:
    """Read the short form of a constraint."""
    if not isinstance(value, str):
        return value
    try:
        return Constraint.read(value).to_json()
    except InvalidProblem as error:
        raise PydanticCustomError("constraint", "{why}", {"why": str(error)}) from error


class ConfirmWish(Part):
    """What is confirmed of a front, and by how many trainings each."""

    networks: int = Field(20, ge=1, le=100, description="At most so many of the front.")
    seeds: int = Field(3, ge=1, le=20, description="Trainings from scratch of each network.")


class NeedsIn(Part):
    """What a worker must have to get trials of a study."""

    accelerator: Literal["cpu", "cuda"] | None = None
    memory_mib: int | None = Field(
        None, ge=1, lt=2**31, description="Of what it trains on: of the GPU with cuda."
    )


class Stopping(Part):
    """The rule by which trainings end early."""

    rule: Literal["halving"] = "halving"
    eta: int = Field(3, ge=2, le=100, description="About one in so many goes on at a rung.")
    least_trials: int = Field(8, ge=2, le=100_000, description="Fewer of a kind stop nobody.")
    first_epoch: int | None = Field(
        None, ge=1, lt=2**31, description="The first rung; default by the recipe."
    )


class StudyCreate(Body):
    """The definition of a new study."""

    name: str = Field(pattern=NAME)
    space: dict[str, Any] = Field(
        description='What may be tried; its field "kind" names the form: parameters, or tiny, '
        "sparse or munas for networks, with every range that shall differ."
    )
    objectives: Annotated[list[ObjectiveIn], Field(min_length=1, max_length=MOST_OBJECTIVES)]
    constraints: Annotated[
        list[
            Annotated[
                ConstraintIn, BeforeValidator(_read, json_schema_input_type=str | ConstraintIn)
            ]
        ],
        Field(max_length=16),
    ] = Field(default_factory=list, description="What results must keep: `temperature <= 80`.")
    trials: Trials = Field(description="The budget: so many trials are finished.")
    stopping: Stopping | None = Field(None, description="Ends trainings that fall behind.")
    epochs: Epochs | None = Field(None, description="A budget of training in all trials.")
    hours: Hours | None = Field(None, description="A budget of time since the first claim.")
    plateau: Trials | None = Field(
        None, description="End when the hypervolume has not grown for so many trials."
    )
    plateau_growth: float | None = Field(
        None, ge=0, le=1, description="Growth up to this share is none; default 0.001."
    )
    data: str | None = Field(None, pattern=NAME, description="A data set; networks only.")
    binary: int | None = Field(
        None,
        ge=1,
        lt=100_000,
        description="Labels below it become one class, all others the second; networks only.",
    )
    device: str | None = Field(None, pattern=NAME, description="A device; networks only.")
    needs: NeedsIn | None = Field(None, description="Only workers that have this get its trials.")
    designer: str = Field("bayes", pattern=NAME)
    designer_options: dict[str, Any] = Field(
        default_factory=dict, description="What the designer lets its user set."
    )
    training: dict[str, Any] = Field(
        default_factory=dict, description="What the recipe sets; networks only."
    )
    seed: int = Field(0, ge=0, lt=2**63)
    ahead: int = Field(0, ge=0, le=1000, description="So many proposals are made before asked.")
    think_s: float = Field(5.0, gt=0, le=600, description="After this the cheap designer answers.")
    max_attempts: int = Field(3, ge=1, le=100)
    confirm: ConfirmWish | None = Field(
        None, description="Confirm the front when the study ends by itself; networks only."
    )


class StudyPatch(Body):
    """What may change in a study."""

    status: StudyStatus | None = None
    trials: Trials | None = None
    epochs: Epochs | None = None
    hours: Hours | None = None
    plateau: Trials | None = None


class ObjectiveOut(BaseModel):
    """One objective and its scale; `ideal` and `reference` are null until they are fixed.

    They are inferred where they were not given by the user.
    """

    name: str
    role: Literal["measured", "known"]
    goal: Goal
    unit: str | None
    bound: float | None
    limit: float | None
    ideal: float | None
    reference: float | None
    log: bool | None
    ideal_given: bool
    reference_given: bool
    expression: str | None = Field(description="Of a known figure of a black box.")


class ConstraintOut(BaseModel):
    """A limit on a figure that is reported beside the objectives."""

    name: str
    limit: float
    goal: Goal


class Counts(BaseModel):
    """How many trials stand where."""

    queued: int = 0
    running: int = 0
    completed: int = 0
    stopped: int = 0
    infeasible: int = 0
    failed: int = 0
    cancelled: int = 0


class StudyOut(BaseModel):
    """A study and where it stands."""

    id: int
    name: str
    status: StudyStatus
    ended_reason: str | None
    ended_because: str | None = Field(description="The reason in words.")
    definition: dict[str, Any]
    objectives: list[ObjectiveOut]
    constraints: list[ConstraintOut]
    counts: Counts
    trials: int
    finished: int
    epochs: int | None
    epochs_done: int = Field(description="Of all attempts that counted, as they were reported.")
    hours: float | None
    started_at: datetime | None = Field(description="The first claim, if hours are limited.")
    plateau: int | None
    front_size: int
    hypervolume: float | None
    test_reads: int = Field(description="So often networks were frozen to read the test set.")
    best: dict[str, float | None]
    data: DataOut | None
    created_at: datetime
    ended_at: datetime | None
    version: int


class StudyPage(BaseModel):
    """Some studies, newest first, and the cursor of the next page."""

    items: list[StudyOut]
    next: str | None


class HypervolumePoint(BaseModel):
    """The front after one finished trial."""

    finish_no: int
    value: float
    front_size: int
    at: datetime


class HypervolumeOut(BaseModel):
    """The growth of the front, with the scale that gives the number its meaning."""

    ideal: dict[str, float | None]
    reference: dict[str, float | None]
    points: list[HypervolumePoint]
