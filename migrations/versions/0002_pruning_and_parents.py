"""Pruning, parents and abilities: what a trial needs, and whose weights it inherits."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# The oldest server that these tables still serve: an older one would refuse the ranges below, and
# hand out trials that its workers cannot do.
OLDEST_SERVER = "0.2.0"

# Ranges of a space of networks that release 0.1.0 did not know. The first three close the space as
# that release had it; the others say something only where those are open, or the recipe is.
ADDED: Mapping[str, Any] = {
    "joins": ["none"],
    "exits": ["none"],
    "pruning_scopes": ["none"],
    "pruning_methods": ["magnitude", "feedback", "variational", "bayesian"],
    "pruning_targets": [0.0, 0.98],
    "pruning_thresholds": [False],
    "pruning_weighting": "none",
    "pruning_epochs": [0.1, 0.6],
    "weight_decay": [1e-5, 1e-1],
    "batch_sizes": [16, 32, 64, 128],
    "schedules": ["one_cycle"],
}

# Claims and the watcher read these alone, instead of rows of many kilobytes.
INDEXES = {
    "ix_trials_status_id": ["status", "id", "study_id", "needs"],
    "ix_trials_study_id_status_id": ["study_id", "status", "id", "needs"],
}


def upgrade() -> None:
    add_columns()
    close_spaces()
    op.execute(sa.text(f"UPDATE tinyfront_schema SET oldest_server = '{OLDEST_SERVER}'"))


def add_columns() -> None:
    op.execute(sa.text("ALTER TABLE trials ADD COLUMN needs INTEGER DEFAULT 0 NOT NULL"))
    # In plain SQL: for a foreign key Alembic would copy the table on SQLite, and dropping the old
    # one would delete all that refers to it.
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        sa.text(
            f"ALTER TABLE trials ADD COLUMN parent_id {kind} CONSTRAINT fk_trials_parent_id "
            "REFERENCES trials (id)"
        )
    )
    op.create_index("ix_trials_parent_id", "trials", ["parent_id"])
    for old, columns in INDEXES.items():
        op.drop_index(old, "trials")
        op.create_index(f"ix_trials_{'_'.join(columns)}", "trials", columns)


def close_spaces() -> None:
    """Let studies of networks go on in the space in which they began."""
    connection = op.get_bind()
    studies = sa.table(
        "studies",
        sa.column("id", sa.BigInteger),
        sa.column("kind", sa.Text),
        sa.column("definition", sa.JSON),
        sa.column("problem", sa.JSON),
    )
    rows = connection.execute(sa.select(studies).where(studies.c.kind == "network")).all()
    for row in rows:
        closed = {
            column: {**whole, "space": {**ADDED, **whole["space"]}}
            for column, whole in (("definition", row.definition), ("problem", row.problem))
        }
        connection.execute(sa.update(studies).where(studies.c.id == row.id).values(closed))
