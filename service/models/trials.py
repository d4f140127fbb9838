"""Trials, their attempts, and what those deliver."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service import needs
from service.columns import Id, one_of
from service.models.base import NEVER_REUSED, Base, belongs_to
from service.states import SEARCH, FailedThrough, Order, Outcome, Status


class Trial(Base):
    """One proposal and what became of it."""

    __tablename__ = "trials"
    __table_args__ = (
        UniqueConstraint("study_id", "number"),
        UniqueConstraint("study_id", "key", "purpose", "replicate"),
        UniqueConstraint("study_id", "finish_no"),
        CheckConstraint("(finished_at IS NULL) = (status IN ('queued', 'running'))", name="open"),
        CheckConstraint(
            "finish_no IS NULL OR status NOT IN ('queued', 'running', 'cancelled')",
            name="finish_no",
        ),
        CheckConstraint(
            "NOT on_front OR (status = 'completed' AND feasible IS TRUE)", name="on_front"
        ),
        CheckConstraint("failed_through IS NULL OR status = 'failed'", name="failed_status"),
        CheckConstraint("(purpose = 'confirm') = (confirms_id IS NOT NULL)", name="confirms"),
        CheckConstraint(
            "confirms_id IS NULL OR (finish_no IS NULL AND NOT on_front)", name="unranked"
        ),
        CheckConstraint("(verified IS NULL) = (verification IS NULL)", name="verified"),
        # What claims and the watcher look at, so that they need not open rows of many kilobytes.
        Index("ix_trials_status_id_study_id_needs", "status", "id", "study_id", "needs"),
        Index("ix_trials_study_id_status_id_needs", "study_id", "status", "id", "needs"),
        Index(
            "ix_trials_front",
            *("study_id", "number"),
            postgresql_where=text("on_front"),
            sqlite_where=text("on_front = 1"),
        ),
        # All that a chart draws of a trial, so that its row of many kilobytes stays closed.
        Index(
            "ix_trials_chart",
            *("study_id", "finish_no", "on_front", "id", "number", "status", "feasible", "origin"),
            postgresql_where=text("finish_no IS NOT NULL"),
            sqlite_where=text("finish_no IS NOT NULL"),
        ),
        Index(
            "ix_trials_unentered",
            "study_id",
            postgresql_where=text("finished_at IS NOT NULL AND entered_at IS NULL"),
            sqlite_where=text("finished_at IS NOT NULL AND entered_at IS NULL"),
        ),
        NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    study_id: Mapped[int] = mapped_column(Id, belongs_to("studies.id"))
    number: Mapped[int]  # in its study, from 1
    key: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(16), default=SEARCH)
    replicate: Mapped[int] = mapped_column(default=0)
    status: Mapped[Status] = mapped_column(one_of(Status, "status"), default=Status.QUEUED)
    point: Mapped[dict[str, Any]]
    # Figures computed from the point before any work; of a pruned network, a prediction.
    known: Mapped[dict[str, Any]]
    work: Mapped[dict[str, Any]] = mapped_column(deferred=True)  # what a worker is sent
    needs: Mapped[int] = mapped_column(default=0, server_default="0")  # bits of service/needs.py
    # Whose weights this one inherits: a trial of the same study, deleted with it or never.
    parent_id: Mapped[int | None] = mapped_column(Id, ForeignKey("trials.id"), index=True)
    # Whose network this one trains anew: a trial of the same study, as above.
    confirms_id: Mapped[int | None] = mapped_column(Id, ForeignKey("trials.id"), index=True)
    epochs: Mapped[float] = mapped_column(
        default=0.0
    )  # of training in all, inherited ones included
    designer: Mapped[str]
    origin: Mapped[str]
    prediction: Mapped[dict[str, Any] | None]
    details: Mapped[dict[str, Any]]
    fit_id: Mapped[int | None] = mapped_column(Id, ForeignKey("fits.id", ondelete="SET NULL"))
    order: Mapped[Order] = mapped_column(
        "worker_order", one_of(Order, "worker_order"), default=Order.CONTINUE
    )
    worker: Mapped[str | None]  # of the last attempt, or of the one that counted
    reason: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)  # attempts that failed by themselves
    losses: Mapped[int] = mapped_column(default=0)  # attempts whose worker was lost
    failed_through: Mapped[FailedThrough | None] = mapped_column(
        one_of(FailedThrough, "failed_through")
    )
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    # Written by the ledger only.
    entered_at: Mapped[datetime | None]
    finish_no: Mapped[int | None]
    feasible: Mapped[bool | None]
    on_front: Mapped[bool] = mapped_column(default=False)
    # Of its network: in one word for lists, and level by level. The worker says so afterwards.
    verified: Mapped[str | None] = mapped_column(String(16))
    verification: Mapped[dict[str, Any] | None] = mapped_column(deferred=True)

    @property
    def pruned(self) -> bool:
        """Whether the network is cut in its training, so that `known` is only a prediction."""
        return bool(self.needs & needs.PRUNING)


class Metric(Base):
    """One value of a finished trial, known figures included."""

    __tablename__ = "metrics"
    __table_args__ = (
        # Beyond these lie infinity and, on PostgreSQL, NaN; SQLite makes NaN a NULL.
        CheckConstraint(
            "value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308", name="finite"
        ),
        # With the trial, so that a page sorted by a metric is read in its order.
        Index("ix_metrics_study_id_name_value_trial_id", "study_id", "name", "value", "trial_id"),
        # The rows lie in the order of the primary key: one search finds a value, not two.
        {"sqlite_with_rowid": False},
    )

    trial_id: Mapped[int] = mapped_column(Id, belongs_to("trials.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    study_id: Mapped[int] = mapped_column(Id, belongs_to("studies.id"))
    value: Mapped[float]


class Attempt(Base):
    """One worker's try at a trial; while it is open, it is the lease."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("trial_id", "number"),
        UniqueConstraint("worker", "request_id", "slot"),
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="ended"),
        CheckConstraint("NOT counts OR ended_at IS NOT NULL", name="counts"),
        Index(
            "uq_attempts_open",
            "trial_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index(
            "uq_attempts_counts",
            "trial_id",
            unique=True,
            postgresql_where=text("counts"),
            sqlite_where=text("counts"),
        ),
        Index(
            "ix_attempts_expiry",
            "expires_at",
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    trial_id: Mapped[int] = mapped_column(Id, belongs_to("trials.id"))
    number: Mapped[int]
    worker: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(64))
    slot: Mapped[int]  # place among the leases of that request
    token_sha256: Mapped[str] = mapped_column(String(64))
    lease_s: Mapped[int]
    started_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None] = mapped_column(one_of(Outcome, "outcome"))
    reason: Mapped[str | None]
    counts: Mapped[bool] = mapped_column(default=False)  # the one that finished the trial
    result: Mapped[
        dict[str, Any] | None
    ]  # the metrics as delivered; of a replicate, their only home
    details: Mapped[dict[str, Any] | None]
    # The step whose report the stopping rule reads next, and why it ended this attempt early.
    rung: Mapped[int | None]
    stop_reason: Mapped[str | None]


class Report(Base):
    """All metrics of one step of an attempt."""

    __tablename__ = "reports"

    attempt_id: Mapped[int] = mapped_column(Id, belongs_to("attempts.id"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    metrics: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class Artefact(Base):
    """A file that an attempt delivered; its bytes lie in the blob store under their hash."""

    __tablename__ = "artefacts"
    __table_args__ = (Index("ix_artefacts_sha256", "sha256"),)

    attempt_id: Mapped[int] = mapped_column(Id, belongs_to("attempts.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int] = mapped_column(Id)
    media_type: Mapped[str]
    created_at: Mapped[datetime]
