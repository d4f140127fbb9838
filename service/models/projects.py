"""Projects and what belongs to the service as a whole: keys, workers, the database itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Id, one_of
from service.models.base import NEVER_REUSED, Base, belongs_to
from service.states import Role


class SchemaRow(Base):
    """The one row about the database itself."""

    __tablename__ = "tinyfront_schema"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    oldest_server: Mapped[str]  # the oldest version that these tables still serve
    token_secret: Mapped[bytes] = mapped_column(LargeBinary)


class Project(Base):
    """The name space of a team."""

    __tablename__ = "projects"
    __table_args__ = NEVER_REUSED

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]


class Key(Base):
    """A key of a person or a worker; only its hash is stored."""

    __tablename__ = "keys"

    # The part of the key that is no secret: it names the key in lists and finds its row.
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    project_id: Mapped[int] = mapped_column(Id, belongs_to("projects.id"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[Role] = mapped_column(one_of(Role, "role"))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]  # to the minute
    revoked_at: Mapped[datetime | None]


class Worker(Base):
    """What a worker said of itself; nothing if it only claimed, as a user's own loop does."""

    __tablename__ = "workers"

    project_id: Mapped[int] = mapped_column(Id, belongs_to("projects.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    accelerator: Mapped[str | None]
    host: Mapped[str | None]
    pid: Mapped[int | None]
    memory_mib: Mapped[int | None]  # of what it trains on
    versions: Mapped[dict[str, Any]]
    data: Mapped[list[Any]]
    first_seen_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class WorkerLine(Base):
    """A line of a worker's log; the last ones are kept, in the order of their arrival."""

    __tablename__ = "worker_lines"
    __table_args__ = (
        ForeignKeyConstraint(
            ["project_id", "worker"], ["workers.project_id", "workers.name"], ondelete="CASCADE"
        ),
        # A line that arrives twice is kept once.
        UniqueConstraint("project_id", "worker", "process", "number"),
        NEVER_REUSED,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    project_id: Mapped[int] = mapped_column(Id)
    worker: Mapped[str] = mapped_column(String(64))
    process: Mapped[str] = mapped_column(String(32))  # a worker that comes back numbers anew
    number: Mapped[int]
    at: Mapped[datetime]  # by the worker's clock
    level: Mapped[str] = mapped_column(String(16))
    text: Mapped[str]


class Idempotency(Base):
    """The answer to a creating request, kept for a day under the key its sender chose."""

    __tablename__ = "idempotency"

    project_id: Mapped[int] = mapped_column(Id, belongs_to("projects.id"), primary_key=True)
    # The id of the API key that asked; empty without one. No reference: a key is only revoked.
    owner: Mapped[str] = mapped_column(String(16), primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(index=True)
