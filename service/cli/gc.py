"""`tinyfront-server gc`: what lies in the artefact store and belongs to nothing."""

from dataclasses import asdict
from typing import Annotated

import typer

from service.cli.edge import (
    Artefacts,
    AsJson,
    ConfigFile,
    DatabaseUrl,
    opened,
    say_json,
    settings_with,
)


def gc(
    delete: Annotated[bool, typer.Option("--delete", help="Remove them; else only count.")] = False,
    database: DatabaseUrl = None,
    artefacts: Artefacts = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Count the files of the artefact store that are older than a day and belong to nothing.

    They are left by deleted studies and by uploads that broke off. A server may run meanwhile. Name
    the database that belongs to the store: to another one all files are foreign.
    """
    from service import garbage, store_check
    from service.db import utc_now

    settings = settings_with(config, artefact_url=artefacts)
    with opened(database, config) as db, store_check.in_use(settings.artefact_url) as store:
        found = garbage.collect(db, store, utc_now(), delete)
    if as_json:
        say_json({**asdict(found), "deleted": delete})
        return
    typer.echo(
        f"{found.files:,} files of {found.size_bytes:,} bytes belong to nothing"
        + (" and were removed." if delete else "; --delete removes them.")
    )
