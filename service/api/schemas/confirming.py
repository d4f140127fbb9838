"""Confirming as it is asked for and as it is shown."""

from typing import Annotated

from pydantic import BaseModel, Field

from service.api.schemas.body import Body
from service.api.schemas.studies import ConfirmWish, ObjectiveOut
from service.api.schemas.trials import RelativeOut

TrialNumber = Annotated[int, Field(ge=1, lt=2**31)]


class ConfirmIn(Body, ConfirmWish):
    """A wish to confirm networks of a study."""

    trials: list[TrialNumber] | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Numbers of completed trials, instead of a choice from the front.",
    )
    again: bool = Field(False, description="Needed to read the test set once more.")


class RunOut(RelativeOut):
    """One training of a frozen network, and what came of it."""

    replicate: int
    reason: str | None
    values: dict[str, float]


class ConfirmedNetwork(BaseModel):
    """A frozen network: what the search saw, and mean and deviation over its completed runs."""

    trial: RelativeOut
    observed: dict[str, float]
    runs: list[RunOut]
    completed: int = Field(description="0: this network is not confirmed.")
    mean: dict[str, float]
    sd: dict[str, float | None] = Field(description="Of a sample; null of a single run.")
    feasible: bool | None = Field(description="Whether the mean values keep all limits.")


class ConfirmedOut(BaseModel):
    """The frozen networks, the best on the test set first, and how much of the front holds."""

    test_reads: int = Field(description="So often networks were frozen to read the test set.")
    open: int = Field(description="So many runs are still to come.")
    observed_hypervolume: float | None = Field(
        description="Of the frozen networks, as the search saw them."
    )
    confirmed_hypervolume: float | None = Field(
        description="Of their mean values, with the error on the test set."
    )
    optimism: float | None = Field(description="The difference; null while runs are open.")
    objectives: list[ObjectiveOut]
    items: list[ConfirmedNetwork]
