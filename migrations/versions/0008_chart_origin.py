"""The index of charts with the origin of a trial, which every point tells."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

# `oldest_server` stays: an index changes no answer.
NAME = "ix_trials_chart"
DRAWN = ["study_id", "finish_no", "on_front", "id", "number", "status", "feasible", "origin"]


def upgrade() -> None:
    placed = sa.text("finish_no IS NOT NULL")
    where: Any = {"postgresql_where": placed, "sqlite_where": placed}
    op.drop_index(NAME, "trials")
    op.create_index(NAME, "trials", DRAWN, **where)
