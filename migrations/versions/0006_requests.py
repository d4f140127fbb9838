"""Keys of requests with owner and route, needs of studies, indexes for 100,000 trials."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# `oldest_server` stays: a server that does not know the new columns writes their defaults.


def upgrade() -> None:
    remake_idempotency()
    add_needs()
    remake_indexes()


def remake_idempotency() -> None:
    """Make the table anew: no release has ever written a row into the old one."""
    identity: sa.types.TypeEngine[int] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.drop_table("idempotency")
    op.create_table(
        "idempotency",
        sa.Column("project_id", identity, nullable=False),
        sa.Column("owner", sa.String(16), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("request_sha256", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.id"],
            name="fk_idempotency_project_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("project_id", "owner", "route", "key", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_created_at", "idempotency", ["created_at"])


def add_needs() -> None:
    op.add_column("studies", sa.Column("needs_accelerator", sa.Text()))
    op.add_column(
        "studies",
        sa.Column("needs_memory_mib", sa.Integer(), server_default="0", nullable=False),
    )
    op.add_column("workers", sa.Column("memory_mib", sa.Integer()))


def remake_indexes() -> None:
    """Let pages by a metric, fronts and charts be read without sorting or opening all trials."""
    op.drop_index("ix_metrics_study_id_name_value", "metrics")
    if op.get_bind().dialect.name == "sqlite":
        remake_metrics_on_sqlite()
    op.create_index(
        "ix_metrics_study_id_name_value_trial_id",
        "metrics",
        ["study_id", "name", "value", "trial_id"],
    )
    # Written as each database is asked for it.
    where: Any = {"postgresql_where": sa.text("on_front"), "sqlite_where": sa.text("on_front = 1")}
    op.create_index("ix_trials_front", "trials", ["study_id", "number"], **where)
    placed = sa.text("finish_no IS NOT NULL")
    drawn = ["study_id", "finish_no", "on_front", "id", "number", "status", "feasible"]
    where = {"postgresql_where": placed, "sqlite_where": placed}
    op.create_index("ix_trials_chart", "trials", drawn, **where)


def remake_metrics_on_sqlite() -> None:
    """Keep the rows in the order of their key (no other table refers to this one)."""
    connection = op.get_bind()
    made = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'metrics'"
    table = str(connection.exec_driver_sql(made).scalar())
    columns = "trial_id, name, study_id, value"
    for statement in (
        "ALTER TABLE metrics RENAME TO metrics_before",
        f"{table} WITHOUT ROWID",
        f"INSERT INTO metrics ({columns}) SELECT {columns} FROM metrics_before",
        "DROP TABLE metrics_before",
    ):
        connection.exec_driver_sql(statement)
