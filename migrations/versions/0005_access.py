"""Access: keys that are found by the part that is no secret, and workers of a project."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

# The oldest server that these tables still serve: an older one would ask nobody for a key.
OLDEST_SERVER = "0.2.0"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    make_keys()
    give_workers_a_project()
    op.execute(sa.text(f"UPDATE tinyfront_schema SET oldest_server = '{OLDEST_SERVER}'"))


def make_keys() -> None:
    """Make the table anew: no release has written a key."""
    op.drop_table("keys")
    roles = sa.Enum(
        *("admin", "user", "worker", "viewer"),
        name="ck_keys_role",
        native_enum=False,
        create_constraint=True,
        length=16,
    )
    op.create_table(
        "keys",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("role", roles, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("used_at", TIME),
        sa.Column("revoked_at", TIME),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_keys_project_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
        sa.UniqueConstraint("sha256", name="uq_keys_sha256"),
    )
    op.create_index("ix_keys_project_id", "keys", ["project_id"])


def give_workers_a_project() -> None:
    """Copy the table, since a primary key cannot be changed on SQLite; so far, all are of one."""
    op.create_table(
        "workers_of_projects",
        sa.Column("project_id", ID, nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("accelerator", sa.Text()),
        sa.Column("host", sa.Text()),
        sa.Column("pid", sa.Integer()),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("first_seen_at", TIME, nullable=False),
        sa.Column("seen_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name="fk_workers_project_id", ondelete="CASCADE"
        ),
        # PostgreSQL keeps the index of the old key under its name until that table is gone.
        sa.PrimaryKeyConstraint("project_id", "name", name="pk_workers_of_projects"),
    )
    columns = "name, accelerator, host, pid, versions, data, first_seen_at, seen_at"
    op.execute(
        sa.text(
            f"INSERT INTO workers_of_projects (project_id, {columns}) SELECT projects.id, "
            f"{columns.replace('name', 'workers.name', 1)} FROM workers CROSS JOIN projects "
            "WHERE projects.name = 'default'"
        )
    )
    op.drop_table("workers")
    op.rename_table("workers_of_projects", "workers")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            sa.text("ALTER TABLE workers RENAME CONSTRAINT pk_workers_of_projects TO pk_workers")
        )
