"""Runs the revisions on the connection that `service/schema.py` hands over."""

from alembic import context

# A name of our own: programs that share a database overwrite each other's `alembic_version`.
VERSION_TABLE = "tinyfront_alembic_version"


def run() -> None:
    """Run the revisions inside the caller's transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        version_table=VERSION_TABLE,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
