"""What mattered in a study, as JSON."""

from pydantic import BaseModel, Field


class ShareOut(BaseModel):
    """A feature and its share of the variance."""

    name: str
    share: float


class ObjectiveImportance(BaseModel):
    """How the variance of one objective is shared out."""

    name: str
    basis: int = Field(description="So many completed trials were looked at.")
    explained: float | None = Field(
        description="The share of the variance that the model foresees of results it has not seen."
    )
    features: list[ShareOut] = Field(
        description="Largest share first, together 1; none where shares would mean nothing."
    )
    note: str


class ImportanceOut(BaseModel):
    """Which features mattered, objective by objective."""

    objectives: list[ObjectiveImportance]
