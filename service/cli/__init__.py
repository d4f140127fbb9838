"""The command line `tinyfront-server`: what runs beside a database or on a machine that trains."""

import importlib.metadata
import inspect
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from service import __version__
from service.cli.commands import (
    AWAY,
    FAILED,
    PROGRAM,
    WRONG_USE,
    Command,
    command,
    group,
)
from service.cli.database import db_app
from service.cli.demo import demo
from service.cli.doctor import doctor
from service.cli.edge import Artefacts, AsJson, ConfigFile, DatabaseUrl, settings_with
from service.cli.gc import gc
from service.cli.keys import keys_app, projects_app
from service.cli.replay import replay

# Commands of packages that the service must not import, such as the worker.
PLUGINS = "tinyfront_server.commands"

app = group("Tinyfront: server, workers and database.", PROGRAM)
app.add_typer(db_app, name="db")
app.add_typer(keys_app, name="keys")
app.add_typer(projects_app, name="projects")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Tinyfront: server, workers and database."""


@command(
    app,
    "serve",
    "tinyfront-server serve",
    "tinyfront-server serve --with-worker --port 9000",
    "tinyfront-server serve --database postgresql://db/tinyfront --processes 4 --host 0.0.0.0",
)
def serve(  # noqa: PLR0913  as many arguments as the command has options
    *,
    host: Annotated[
        str | None, typer.Option(help="Address; beyond loopback only if there are keys.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="0 takes any free port.")
    ] = None,
    database: DatabaseUrl = None,
    artefacts: Artefacts = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="That answer requests; more on PostgreSQL only.")
    ] = None,
    planners: Annotated[int | None, typer.Option(min=1, help="Processes that propose.")] = None,
    config: ConfigFile = None,
    with_worker: Annotated[bool, typer.Option(help="Start one worker beside the server.")] = False,
    as_json: AsJson = False,
) -> None:
    """Serve the API and the page, and propose trials."""
    from service.serve import run

    settings = settings_with(
        config,
        host=host,
        port=port,
        database_url=database,
        artefact_url=artefacts,
        processes=processes,
        planners=planners,
        log="json" if as_json else None,
    )
    raise typer.Exit(run(settings, with_worker=with_worker, as_json=as_json))


command(
    app,
    "demo",
    "tinyfront-server demo",
    "tinyfront-server demo --device stm32f446re --trials 100",
    "tinyfront-server demo --data my-set.npz --exit",
    "tinyfront-server demo --data fashion --trials 20     # fetched from openml.org",
)(demo)
command(app, "replay", "tinyfront-server replay 17")(replay)
command(app, "doctor", "tinyfront-server doctor", "tinyfront-server doctor digits")(doctor)
command(app, "gc", "tinyfront-server gc", "tinyfront-server gc --delete")(gc)


def add_plugins() -> None:
    """Add the commands that other packages bring, or what they need if it is missing."""
    for entry in sorted(importlib.metadata.entry_points(group=PLUGINS), key=lambda e: e.name):
        try:
            found = entry.load()
        except ImportError as error:
            missing = f"Not installed: needs {error.name}."
            app.command(entry.name, help=missing, cls=Command)(_missing(str(error)))
        else:
            examples = getattr(inspect.getmodule(found), "EXAMPLES", ())
            command(app, entry.name, *examples)(found)


def _missing(reason: str) -> Callable[[], None]:
    def command() -> None:
        typer.echo(
            f"This command is not installed: {reason}. Install tinyfront-server[worker].", err=True
        )
        raise typer.Exit(FAILED)

    return command


def main() -> None:
    """Run the command line; an expected error is one line and an exit code."""
    from sqlalchemy.exc import SQLAlchemyError

    from service import command_errors
    from service.errors import ServiceError

    wrong_settings = (
        command_errors.ConfigUnreadable,
        command_errors.DatabaseUrlInvalid,
        command_errors.HostInvalid,
        command_errors.InvalidSetting,
        command_errors.OneProcessOnly,
        command_errors.UnknownSetting,
    )

    add_plugins()
    try:
        app(prog_name=PROGRAM)
    except ServiceError as error:
        _fail(f"{error} {error.where().get('remedy') or ''}", FAILED)
    except wrong_settings as error:
        _fail(str(error), WRONG_USE)
    except command_errors.CommandFailed as error:
        _fail(str(error), FAILED)
    except SQLAlchemyError as error:
        _fail(f"The database does not answer: {str(error).splitlines()[0]}", AWAY)
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        _fail(f"{named}{error.strerror or error}.", FAILED)


def _fail(text: str, code: int) -> None:
    typer.echo(text.strip(), err=True)
    sys.exit(code)
