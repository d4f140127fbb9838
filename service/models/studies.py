"""Studies, and what belongs to a study as a whole."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Id, one_of
from service.models.base import NEVER_REUSED, Base, belongs_to
from service.states import Ended, EventKind, Kind, StudyStatus


class Study(Base):
    """One search: what is asked, how far it is, and who thinks for it."""

    __tablename__ = "studies"
    __table_args__ = (
        UniqueConstraint("project_id", "name"),
        CheckConstraint("(ended_at IS NULL) = (status <> 'ended')", name="ended"),
        CheckConstraint("trials > 0", name="budget"),
        NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    project_id: Mapped[int] = mapped_column(Id, belongs_to("projects.id"))
    name: Mapped[str] = mapped_column(String(64))
    kind: Mapped[Kind] = mapped_column(one_of(Kind, "kind"))
    status: Mapped[StudyStatus] = mapped_column(
        one_of(StudyStatus, "status"), default=StudyStatus.ACTIVE
    )
    ended_reason: Mapped[Ended | None] = mapped_column(one_of(Ended, "ended_reason"))
    version: Mapped[int] = mapped_column(default=1)  # grows with each change by a user
    definition: Mapped[dict[str, Any]]  # complete, as asked
    problem: Mapped[
        dict[str, Any]
    ]  # optimizer.problem as JSON, with the scales once they are fixed
    data: Mapped[dict[str, Any] | None]  # facts of the data set that all its trials share
    data_name: Mapped[str | None]
    data_sha256: Mapped[str | None] = mapped_column(String(64))
    # What its workers must be, from the definition.
    needs_accelerator: Mapped[str | None]
    needs_memory_mib: Mapped[int] = mapped_column(default=0, server_default="0")
    # From the definition, as columns because every request reads them.
    designer: Mapped[str]
    trials: Mapped[int]  # the budget of finished trials
    stopping: Mapped[dict[str, Any] | None]  # the rule by which trainings end early
    # Further budgets; what is used up first ends the study.
    epochs: Mapped[int | None]  # of training in all attempts that counted
    hours: Mapped[float | None]  # since the first claim
    plateau: Mapped[int | None]  # finished trials without growth of the hypervolume
    ahead: Mapped[int] = mapped_column(default=0)
    think_s: Mapped[float] = mapped_column(default=5.0)
    max_attempts: Mapped[int] = mapped_column(default=3)
    # Counters; their holder has locked this row, so none has a gap.
    last_number: Mapped[int] = mapped_column(default=0)  # of a trial
    finish_no: Mapped[int] = mapped_column(default=0)
    event_no: Mapped[int] = mapped_column(default=0)
    front_size: Mapped[int] = mapped_column(default=0)
    hypervolume: Mapped[float | None]
    # So often networks were frozen to be judged by the test set.
    test_reads: Mapped[int] = mapped_column(default=0, server_default="0")
    epochs_done: Mapped[int] = mapped_column(default=0, server_default="0")
    started_at: Mapped[datetime | None]  # of the first claim; written where `hours` are limited
    # One thinker per study: whoever holds this token may write proposals until then.
    thinker_token: Mapped[str | None] = mapped_column(String(64))
    thinker_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Fit(Base):
    """Fitted hyperparameters of a designer, which proposals name."""

    __tablename__ = "fits"
    __table_args__ = NEVER_REUSED

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    study_id: Mapped[int] = mapped_column(Id, belongs_to("studies.id"), index=True)
    version: Mapped[int]
    values: Mapped[dict[str, Any]]
    history_version: Mapped[int]
    observations: Mapped[int]
    libraries: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Hypervolume(Base):
    """The hypervolume after a finished trial that changed the front."""

    __tablename__ = "hypervolume"

    study_id: Mapped[int] = mapped_column(Id, belongs_to("studies.id"), primary_key=True)
    finish_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[float]
    front_size: Mapped[int]
    at: Mapped[datetime]


class Event(Base):
    """Something that happened in a study; the numbers have no gap."""

    __tablename__ = "events"

    study_id: Mapped[int] = mapped_column(Id, belongs_to("studies.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[EventKind] = mapped_column(one_of(EventKind, "kind"))
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]
