"""What the commands share: settings, the database, and JSON for programs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from service.config import Settings

if TYPE_CHECKING:  # the commands of a worker run where no database is installed
    from service.db import Database

# Without a terminal there is no width to keep to: a table in a file or a pipe is not cut.
WIDTH_WITHOUT_TERMINAL = 240


def settings_with(**given: object) -> Settings:
    """Settings from the environment, and over them what the command line gives."""
    return Settings.model_validate(
        Settings().model_dump()
        | {name: value for name, value in given.items() if value is not None}
    )


DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="sqlite:///FILE or postgresql://…; by default sqlite:///tinyfront.db.",
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@contextmanager
def opened(url: str | None) -> Iterator["Database"]:
    """The database at a URL, or the one of the settings; a server may use it meanwhile.

    Raises:
        CommandFailed: its tables are not of this release; the message says what to do.
    """
    from service import schema
    from service.db import Database

    db = Database(settings_with(database_url=url).database_url)
    try:
        schema.check(db)
        yield db
    finally:
        db.close()


def console() -> Console:
    """A console on standard output; made late, so that tests and pipes get theirs."""
    plain = Console(emoji=False, markup=False, highlight=False)
    if not plain.is_terminal:
        plain.width = WIDTH_WITHOUT_TERMINAL
    return plain


def say_json(value: object) -> None:
    """Print a value on one line."""
    typer.echo(json.dumps(value, allow_nan=False))
