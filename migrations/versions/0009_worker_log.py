"""The last lines of each worker's log."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

# `oldest_server` stays: a server that does not know the table leaves it empty.


def upgrade() -> None:
    identity: sa.types.TypeEngine[int] = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "worker_lines",
        sa.Column("id", identity, nullable=False),
        sa.Column("project_id", identity, nullable=False),
        sa.Column("worker", sa.String(64), nullable=False),
        sa.Column("process", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "worker"],
            ["workers.project_id", "workers.name"],
            name="fk_worker_lines_project_id_worker",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_worker_lines"),
        sa.UniqueConstraint(
            "project_id",
            "worker",
            "process",
            "number",
            name="uq_worker_lines_project_id_worker_process_number",
        ),
        sqlite_autoincrement=True,
    )
