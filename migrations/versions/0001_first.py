"""The first tables: projects, studies, trials and all that belongs to them."""

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# The oldest server that these tables still serve.
OLDEST_SERVER = "0.1.0"

# SQLite numbers rows by itself only if the type is exactly INTEGER.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INT, BOOL, TEXT = sa.Integer(), sa.Boolean(), sa.Text()
REAL: sa.Double[float] = sa.Double()
TIME = sa.DateTime(timezone=True)
JSON = sa.JSON()
SHORT = sa.String(64)


def one_of(table: str, column: str, words: str, nullable: bool = False) -> sa.Column[Any]:
    name = f"ck_{table}_{column}"
    kind = sa.Enum(*words.split(), name=name, native_enum=False, create_constraint=True, length=16)
    return sa.Column(column, kind, nullable=nullable)


def check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=f"ck_{table}_{name}")


def need(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind, nullable=False) for name in names]


def number(name: str) -> sa.Column[Any]:
    """A part of a primary key that the service counts itself."""
    return sa.Column(name, INT, nullable=False, autoincrement=False)


def maybe(kind: sa.types.TypeEngine[Any], *names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, kind) for name in names]


def primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def belongs_to(
    table: str, column: str, parent: str, ondelete: str = "CASCADE"
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{parent}.id"], name=f"fk_{table}_{column}", ondelete=ondelete
    )


def index(name: str, table: str, column: str, where: str, unique: bool = False) -> None:
    options: Any = {"postgresql_where": sa.text(where), "sqlite_where": sa.text(where)}
    op.create_index(name, table, [column], unique=unique, **options)


def upgrade() -> None:
    create_common()
    create_studies()
    create_trials()
    add_first_rows()


def create_common() -> None:
    op.create_table(
        "projects",
        *need(ID, "id"),
        *need(TEXT, "name"),
        *need(TIME, "created_at"),
        primary("projects", "id"),
        unique("projects", "name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "tinyfront_schema",
        *need(TEXT, "oldest_server"),
        *need(sa.LargeBinary(), "token_secret"),
        number("id"),
        check("tinyfront_schema", "one_row", "id = 1"),
        primary("tinyfront_schema", "id"),
    )
    op.create_table(
        "workers",
        *need(SHORT, "name"),
        *maybe(TEXT, "accelerator", "host"),
        *maybe(INT, "pid"),
        *need(JSON, "versions", "data"),
        *need(TIME, "first_seen_at", "seen_at"),
        primary("workers", "name"),
    )
    op.create_table(
        "idempotency",
        *need(ID, "project_id"),
        *need(sa.String(length=128), "key"),
        *need(SHORT, "request_sha256"),
        *need(INT, "status"),
        *need(JSON, "answer"),
        *need(TIME, "created_at"),
        belongs_to("idempotency", "project_id", "projects"),
        primary("idempotency", "project_id", "key"),
    )
    op.create_index("ix_idempotency_created_at", "idempotency", ["created_at"])
    op.create_table(
        "keys",
        *need(ID, "id", "project_id"),
        *need(TEXT, "name"),
        *need(SHORT, "sha256"),
        *need(TIME, "created_at"),
        *maybe(TIME, "revoked_at"),
        one_of("keys", "role", "admin user worker viewer"),
        belongs_to("keys", "project_id", "projects"),
        primary("keys", "id"),
        unique("keys", "sha256"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_keys_project_id", "keys", ["project_id"])


def create_studies() -> None:
    op.create_table(
        "studies",
        *need(ID, "id", "project_id"),
        *need(SHORT, "name"),
        *need(INT, "version", "trials", "ahead", "max_attempts"),
        *need(INT, "last_number", "finish_no", "event_no", "front_size"),
        *need(JSON, "definition", "problem"),
        *maybe(JSON, "data"),
        *maybe(TEXT, "data_name"),
        *maybe(SHORT, "data_sha256", "thinker_token"),
        *need(TEXT, "designer"),
        *need(REAL, "think_s"),
        *maybe(REAL, "hypervolume"),
        *maybe(TIME, "thinker_until", "ended_at"),
        *need(TIME, "created_at"),
        one_of("studies", "kind", "network parameters"),
        one_of("studies", "status", "active paused ended"),
        one_of("studies", "ended_reason", "budget closed exhausted", nullable=True),
        check("studies", "ended", "(ended_at IS NULL) = (status <> 'ended')"),
        check("studies", "budget", "trials > 0"),
        belongs_to("studies", "project_id", "projects"),
        primary("studies", "id"),
        unique("studies", "project_id", "name"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "events",
        *need(ID, "study_id"),
        *need(JSON, "data"),
        *need(TIME, "at"),
        number("number"),
        one_of("events", "kind", "trial front hypervolume study"),
        belongs_to("events", "study_id", "studies"),
        primary("events", "study_id", "number"),
    )
    op.create_table(
        "fits",
        *need(ID, "id", "study_id"),
        *need(INT, "version", "history_version", "observations"),
        *need(JSON, "values", "libraries"),
        *need(TIME, "created_at"),
        belongs_to("fits", "study_id", "studies"),
        primary("fits", "id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_fits_study_id", "fits", ["study_id"])
    op.create_table(
        "hypervolume",
        *need(ID, "study_id"),
        *need(REAL, "value"),
        *need(INT, "front_size"),
        *need(TIME, "at"),
        number("finish_no"),
        belongs_to("hypervolume", "study_id", "studies"),
        primary("hypervolume", "study_id", "finish_no"),
    )


def create_trials() -> None:
    placed = "finish_no IS NULL OR status NOT IN ('queued', 'running', 'cancelled')"
    outcomes = "completed infeasible failed expired released cancelled superseded"
    op.create_table(
        "trials",
        *need(ID, "id", "study_id"),
        *need(INT, "number", "replicate", "attempts", "failures", "losses"),
        *need(SHORT, "key"),
        *need(sa.String(length=16), "purpose"),
        *need(JSON, "point", "known", "work", "details"),
        *need(REAL, "epochs"),
        *need(TEXT, "designer", "origin"),
        *maybe(JSON, "prediction"),
        *maybe(ID, "fit_id"),
        *maybe(TEXT, "worker", "reason"),
        *need(TIME, "created_at"),
        *maybe(TIME, "started_at", "finished_at", "entered_at"),
        *maybe(INT, "finish_no"),
        *maybe(BOOL, "feasible"),
        *need(BOOL, "on_front"),
        one_of("trials", "status", "queued running completed stopped infeasible failed cancelled"),
        one_of("trials", "worker_order", "continue stop cancel"),
        one_of("trials", "failed_through", "objective lost_workers", nullable=True),
        check("trials", "open", "(finished_at IS NULL) = (status IN ('queued', 'running'))"),
        check("trials", "on_front", "NOT on_front OR (status = 'completed' AND feasible IS TRUE)"),
        check("trials", "failed_status", "failed_through IS NULL OR status = 'failed'"),
        check("trials", "finish_no", placed),
        belongs_to("trials", "fit_id", "fits", "SET NULL"),
        belongs_to("trials", "study_id", "studies"),
        primary("trials", "id"),
        unique("trials", "study_id", "finish_no"),
        unique("trials", "study_id", "key", "purpose", "replicate"),
        unique("trials", "study_id", "number"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_trials_status_id", "trials", ["status", "id"])
    op.create_index("ix_trials_study_id_status_id", "trials", ["study_id", "status", "id"])
    unentered = "finished_at IS NOT NULL AND entered_at IS NULL"
    index("ix_trials_unentered", "trials", "study_id", unentered)
    op.create_table(
        "attempts",
        *need(ID, "id", "trial_id"),
        *need(INT, "number", "slot", "lease_s"),
        *need(SHORT, "worker", "request_id", "token_sha256"),
        *need(TIME, "started_at", "expires_at"),
        *maybe(TIME, "ended_at"),
        *maybe(TEXT, "reason"),
        *need(BOOL, "counts"),
        *maybe(JSON, "result", "details"),
        one_of("attempts", "outcome", outcomes, nullable=True),
        check("attempts", "ended", "(ended_at IS NULL) = (outcome IS NULL)"),
        check("attempts", "counts", "NOT counts OR ended_at IS NOT NULL"),
        belongs_to("attempts", "trial_id", "trials"),
        primary("attempts", "id"),
        unique("attempts", "trial_id", "number"),
        unique("attempts", "worker", "request_id", "slot"),
        sqlite_autoincrement=True,
    )
    index("ix_attempts_expiry", "attempts", "expires_at", "ended_at IS NULL")
    index("uq_attempts_counts", "attempts", "trial_id", "counts", unique=True)
    index("uq_attempts_open", "attempts", "trial_id", "ended_at IS NULL", unique=True)
    op.create_table(
        "metrics",
        *need(ID, "trial_id", "study_id"),
        *need(SHORT, "name"),
        *need(REAL, "value"),
        check(
            "metrics", "finite", "value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308"
        ),
        belongs_to("metrics", "study_id", "studies"),
        belongs_to("metrics", "trial_id", "trials"),
        primary("metrics", "trial_id", "name"),
    )
    op.create_index("ix_metrics_study_id_name_value", "metrics", ["study_id", "name", "value"])
    op.create_table(
        "artefacts",
        *need(ID, "attempt_id", "size_bytes"),
        *need(SHORT, "name", "sha256"),
        *need(TEXT, "media_type"),
        *need(TIME, "created_at"),
        belongs_to("artefacts", "attempt_id", "attempts"),
        primary("artefacts", "attempt_id", "name"),
    )
    op.create_index("ix_artefacts_sha256", "artefacts", ["sha256"])
    op.create_table(
        "reports",
        *need(ID, "attempt_id"),
        *need(JSON, "metrics"),
        *need(TIME, "at"),
        number("step"),
        belongs_to("reports", "attempt_id", "attempts"),
        primary("reports", "attempt_id", "step"),
    )


def add_first_rows() -> None:
    connection = op.get_bind()
    schema = sa.table(
        "tinyfront_schema",
        sa.column("id", sa.Integer),
        sa.column("oldest_server", sa.Text),
        sa.column("token_secret", sa.LargeBinary),
    )
    row = {"id": 1, "oldest_server": OLDEST_SERVER, "token_secret": secrets.token_bytes(32)}
    connection.execute(sa.insert(schema).values(row))
    connection.execute(
        sa.text("INSERT INTO projects (name, created_at) VALUES ('default', CURRENT_TIMESTAMP)")
    )
