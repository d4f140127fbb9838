"""The tables. What two processes could break is a constraint here, not an `if` elsewhere."""

from service.models.base import Base
from service.models.projects import Idempotency, Key, Project, SchemaRow, Worker, WorkerLine
from service.models.studies import Event, Fit, Hypervolume, Study
from service.models.trials import Artefact, Attempt, Metric, Report, Trial

__all__ = [
    "Artefact",
    "Attempt",
    "Base",
    "Event",
    "Fit",
    "Hypervolume",
    "Idempotency",
    "Key",
    "Metric",
    "Project",
    "Report",
    "SchemaRow",
    "Study",
    "Trial",
    "Worker",
    "WorkerLine",
]
