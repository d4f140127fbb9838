"""What was checked of a trial's network: in one word for lists, and level by level."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

# `oldest_server` stays: a server that does not know the columns leaves them empty.


def upgrade() -> None:
    op.add_column("trials", sa.Column("verified", sa.String(16)))
    # In plain SQL, as in revision 0004: Alembic would copy the table on SQLite.
    op.execute(
        sa.text(
            "ALTER TABLE trials ADD COLUMN verification JSON CONSTRAINT ck_trials_verified "
            "CHECK ((verified IS NULL) = (verification IS NULL))"
        )
    )
