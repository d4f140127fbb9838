"""Confirm runs: whose network a trial trains anew, and how often a study read its test set."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# The oldest server that these tables still serve: an older one would count confirm runs as finished
# trials, and cancel those of a study that has ended.
OLDEST_SERVER = "0.2.0"


def upgrade() -> None:
    op.execute(sa.text("ALTER TABLE studies ADD COLUMN test_reads INTEGER DEFAULT 0 NOT NULL"))
    # In plain SQL, as in revision 0002: Alembic would copy the table on SQLite.
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        sa.text(
            f"ALTER TABLE trials ADD COLUMN confirms_id {kind} CONSTRAINT fk_trials_confirms_id "
            "REFERENCES trials (id) CONSTRAINT ck_trials_confirms "
            "CHECK ((purpose = 'confirm') = (confirms_id IS NOT NULL)) "
            "CONSTRAINT ck_trials_unranked "
            "CHECK (confirms_id IS NULL OR (finish_no IS NULL AND NOT on_front))"
        )
    )
    op.create_index("ix_trials_confirms_id", "trials", ["confirms_id"])
    op.execute(sa.text(f"UPDATE tinyfront_schema SET oldest_server = '{OLDEST_SERVER}'"))
