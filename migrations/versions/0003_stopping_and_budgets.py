"""Stopping rules, and budgets of epochs, hours and growth beside that of trials."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# The oldest server that these tables still serve: an older one would not know why a study ended.
OLDEST_SERVER = "0.2.0"

BEFORE = "'budget', 'closed', 'exhausted'"
AFTER = f"{BEFORE}, 'epochs', 'hours', 'plateau'"


def upgrade() -> None:
    admit_reasons()
    add_columns()
    op.execute(sa.text(f"UPDATE tinyfront_schema SET oldest_server = '{OLDEST_SERVER}'"))


def admit_reasons() -> None:
    """Let a study end for a reason that revision 0001 did not know."""
    if op.get_bind().dialect.name == "sqlite":
        admit_on_sqlite()
        return
    op.drop_constraint("ck_studies_ended_reason", "studies", type_="check")
    op.create_check_constraint("ck_studies_ended_reason", "studies", f"ended_reason IN ({AFTER})")


def admit_on_sqlite() -> None:
    """Change the text of the constraint, which is all that SQLite stores of it.

    This is the way that SQLite describes for constraints ("Making Other Kinds Of Table Schema
    Changes"). To copy the table, as Alembic would, is none: dropping the old one would delete all
    that refers to it, and forget the largest number that was ever given.
    """
    connection = op.get_bind()
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :before, :after) "
            "WHERE type = 'table' AND name = 'studies' AND instr(sql, :before) > 0"
        ),
        {"before": f"ended_reason IN ({BEFORE})", "after": f"ended_reason IN ({AFTER})"},
    )
    if changed.rowcount != 1:
        raise LookupError("The table studies has no constraint ck_studies_ended_reason.")
    connection.execute(sa.text("PRAGMA writable_schema = RESET"))  # off, and read again


def add_columns() -> None:
    real: sa.Double[float] = sa.Double()
    for column in (
        sa.Column("stopping", sa.JSON(none_as_null=True)),
        sa.Column("epochs", sa.Integer()),
        sa.Column("hours", real),
        sa.Column("plateau", sa.Integer()),
        sa.Column("epochs_done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True)),
    ):
        op.add_column("studies", column)
    op.add_column("attempts", sa.Column("rung", sa.Integer()))
    op.add_column("attempts", sa.Column("stop_reason", sa.Text()))
