"""What the commands share: settings, the database, and JSON for programs."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from service.config import FILE_VARIABLE, Settings, load

if TYPE_CHECKING:  # the commands of a worker run where no database is installed
    from service.db import Database

# Without a terminal there is no width to keep to: a table in a file or a pipe is not cut.
WIDTH_WITHOUT_TERMINAL = 240


def settings_with(config: Path | None = None, **given: object) -> Settings:
    """Settings from a file and the environment, and over them what the command line gives."""
    return load(given, os.environ, config)


DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="sqlite:///FILE or postgresql://…; by default sqlite:///tinyfront.db.",
    ),
]

Artefacts = Annotated[str | None, typer.Option(help="Folder or fsspec address of artefacts.")]

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", envvar=FILE_VARIABLE, metavar="FILE", help="Settings, such as tinyfront.toml."
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


@contextmanager
def opened(url: str | None, config: Path | None) -> Iterator["Database"]:
    """The database at a URL, or the one of the settings; a server may use it meanwhile.

    Raises:
        CommandFailed: its tables are not of this release; the message says what to do.
    """
    from service import schema
    from service.db import Database

    db = Database(settings_with(config, database_url=url).database_url)
    try:
        schema.check(db)
        yield db
    finally:
        db.close()


class Printer(Console):
    """A console whose broken pipe ends a command as any other broken pipe does."""

    def on_broken_pipe(self) -> None:
        """Pass it on, and do not exit here with a code of its own."""
        raise BrokenPipeError


def console() -> Console:
    """A console on standard output; made late, so that tests and pipes get theirs."""
    width = None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL
    return Printer(emoji=False, markup=False, highlight=False, width=width)


def say_json(value: object) -> None:
    """Print a value on one line."""
    typer.echo(json.dumps(value, allow_nan=False))
