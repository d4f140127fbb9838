"""`tinyfront-server db`: the tables of a database."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.commands import command, group
from service.cli.edge import AsJson, ConfigFile, DatabaseUrl, opened, say_json, settings_with

db_app = group("The database.")


@command(
    db_app,
    "upgrade",
    "tinyfront-server db upgrade",
    "tinyfront-server db upgrade --database postgresql://db/tinyfront",
)
def upgrade(
    database: DatabaseUrl = None, config: ConfigFile = None, as_json: AsJson = False
) -> None:
    """Bring the tables to this release, or create them."""
    from service import schema
    from service.db import Database as Db

    db = Db(settings_with(config, database_url=database).database_url)
    try:
        with db.exclusive():
            revision = schema.upgrade(db)
    finally:
        db.close()
    if as_json:
        say_json({"revision": revision})
    else:
        typer.echo(f"The database is at revision {revision}.")


@command(db_app, "show", "tinyfront-server db show", "tinyfront-server db show --json")
def show(database: DatabaseUrl = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show which tables a database holds, and whether this release can use them."""
    from service import database_url, schema
    from service.db import Database as Db

    db = Db(settings_with(config, database_url=database).database_url)
    try:
        with db.read() as session:
            revision = schema.revision_of(session.connection())
        state = schema.state(db)
        url = database_url.shown(db.url)
    finally:
        db.close()
    if as_json:
        found = {"database": url, "state": state.value, "revision": revision}
        say_json({**found, "wanted": schema.head()})
        return
    typer.echo(f"{url}: {SAID[state.value]}")
    typer.echo(f"revision {revision or 'none'}, this release was written for {schema.head()}")


SAID = {
    "empty": "it has no tables yet; `db upgrade` makes them, and so does `serve`.",
    "current": "its tables are those of this release.",
    "older": "its tables are older than this release; run `db upgrade`.",
    "newer": "its tables are of a later release, which still serves this one.",
    "too_new": "its tables are of a later release, which needs a newer server.",
    "foreign": "it holds tables of another program and none of Tinyfront.",
}


@command(db_app, "backup", "tinyfront-server db backup /backup/tinyfront.db")
def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes; it must not exist yet.")],
    database: DatabaseUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Write a whole copy of the database while servers run; artefacts are copied after it."""
    from service import backup

    with opened(database, config) as db:
        backup.write(db, file)
    if as_json:
        say_json({"file": str(file), "size_bytes": file.stat().st_size})
    else:
        typer.echo(f"The copy is {file}. Now copy the artefacts; docs/operation.md says how.")
